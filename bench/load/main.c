/*
 * main.c - volley-load: load over SMPP or HTTP, and files of recipients.
 */
#include "bench/load/csv.h"
#include "bench/load/guests.h"
#include "bench/load/http.h"
#include "bench/load/sink.h"
#include "bench/load/smpp.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifndef VOLLEY_VERSION
#define VOLLEY_VERSION "0.1.0"
#endif

static const char help[] =
    "volley-load: load for message centres and for Volley's HTTP API; counts\n"
    "what was lost and doubled by id, prints rate and percentiles.\n"
    "\n"
    "  volley-load smpp ...   submit_sm over any number of binds\n"
    "  volley-load http ...   POST /v1/messages, one by one or as NDJSON\n"
    "  volley-load csv ...    a CSV file of recipients on stdout\n"
    "  volley-load guests ... connections that are no load, idle or hostile\n"
    "  volley-load sink ...   an app that is told of receipts over HTTP\n"
    "\n"
    "Each has a --help of its own. Exit status: 0 when all went well, 1 when\n"
    "something was lost, doubled or refused, 2 for wrong options.\n";

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(what, "smpp") == 0)
        return smpp_main(argc, argv, 2);
    if (strcmp(what, "http") == 0)
        return http_main(argc, argv, 2);
    if (strcmp(what, "csv") == 0)
        return csv_main(argc, argv, 2);
    if (strcmp(what, "guests") == 0)
        return guests_main(argc, argv, 2);
    if (strcmp(what, "sink") == 0)
        return sink_main(argc, argv, 2);
    if (strcmp(what, "--version") == 0) {
        printf("volley-load %s\n", VOLLEY_VERSION);
        return 0;
    }
    bool asked = strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0;
    fputs(help, asked ? stdout : stderr);
    return asked ? 0 : 2;
}
