/*
 * cmd_trace.c - volley trace: PDUs of one bind or phone number as they pass,
 * on the screen or into a capture file.
 */
#include "engine/cli/cmd_trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/cli/api.h"
#include "engine/cli/query.h"
#include "engine/cli/term.h"

struct trace_options {
    const char *bind, *number, *pcap;
    bool brief;
    long seconds, limit;
};

#define AT(field) offsetof(struct trace_options, field)

static const struct option_row trace_rows[] = {
    {"bind", OPTION_TEXT, AT(bind), "BIND",
     "a carrier (acme, acme/0) or a client's system_id (app1, app1#12)"},
    {"number", OPTION_TEXT, AT(number), "NUMBER",
     "PDUs from or to this number, on all binds, and their answers"},
    {"pcap", OPTION_TEXT, AT(pcap), "FILE",
     "write a capture file for Wireshark instead; - is stdout"},
    {"brief", OPTION_FLAG, AT(brief), NULL, "one line a PDU"},
    {"seconds", OPTION_COUNT, AT(seconds), "N", "end after so long"},
    {"limit", OPTION_COUNT, AT(limit), "PDUS", "end after so many"},
    {NULL},
};

struct sink {
    FILE *file;
    bool failed;
};

static bool
on_octets(void *arg, const char *octets, size_t n)
{
    struct sink *sink = arg;
    sink->failed =
        fwrite(octets, 1, n, sink->file) != n || fflush(sink->file) != 0;
    return !sink->failed && !term_interrupted();
}

static void
add_count(struct query *path, const char *name, long count)
{
    char text[24];
    if (count <= 0)
        return;
    snprintf(text, sizeof text, "%ld", count);
    query_add(path, name, text);
}

static enum outcome
stream(const struct call *call, struct sink *sink)
{
    const struct trace_options *o = call->options;
    struct query path;
    query_begin(&path, "/v1/trace");
    query_add(&path, "bind", o->bind);
    query_add(&path, "number", o->number);
    query_add(&path, "format",
              o->pcap != NULL       ? "pcap"
              : call->settings.json ? "ndjson"
                                    : NULL);
    query_add(&path, "brief", o->brief ? "true" : NULL);
    add_count(&path, "seconds", o->seconds);
    add_count(&path, "count", o->limit);
    struct api_request request = {
        .path = query_text(&path),
        .accept = "*/*",
        .write = on_octets,
        .arg = sink,
        .endless = true,
    };
    enum outcome outcome = api_call(call->api, &request, NULL);
    query_end(&path);
    if (sink->failed) {
        fprintf(stderr, "volley: %s: %s\n",
                o->pcap != NULL ? o->pcap : "stdout", strerror(errno));
        return OUTCOME_USAGE;
    }
    return term_interrupted() ? OUTCOME_OK : outcome;
}

static enum outcome
run_trace(const struct call *call)
{
    const struct trace_options *o = call->options;
    struct sink sink = {.file = stdout};
    if ((o->bind == NULL) == (o->number == NULL)) {
        fprintf(stderr, "volley: trace what? --bind BIND or --number NUMBER "
                        "(volley help trace)\n");
        return OUTCOME_USAGE;
    }
    if (o->pcap != NULL && strcmp(o->pcap, "-") == 0 && isatty(1)) {
        fprintf(stderr, "volley: a capture is not for the screen: name a "
                        "file\n");
        return OUTCOME_USAGE;
    }
    if (o->pcap != NULL && strcmp(o->pcap, "-") != 0) {
        sink.file = fopen(o->pcap, "wb");
        if (sink.file == NULL) {
            fprintf(stderr, "volley: %s: %s\n", o->pcap, strerror(errno));
            return OUTCOME_USAGE;
        }
    }
    term_catch_interrupt();
    enum outcome outcome = stream(call, &sink);
    if (sink.file != stdout && fclose(sink.file) != 0 &&
        outcome == OUTCOME_OK) {
        fprintf(stderr, "volley: %s: %s\n", o->pcap, strerror(errno));
        outcome = OUTCOME_USAGE;
    }
    return outcome;
}

const struct command cmd_trace = {
    .name = "trace",
    .summary = "PDUs of a bind or a phone number as they pass",
    .usage = "--bind BIND | --number NUMBER [--pcap FILE] [--brief] "
             "[--seconds N] [--limit PDUS]",
    .help =
        "Shows each PDU with its fields as it is sent (->) and received "
        "(<-), until Ctrl-C. Needs the\nadmin's key. Texts and numbers are "
        "shown, passwords never. Costs the daemon nothing when no\ntrace "
        "runs, and a reader that is too slow misses PDUs rather than hold up "
        "a bind.\n\n"
        "Examples:\n"
        "  volley trace --bind acme/0\n"
        "  volley trace --number +12125550101 --brief\n"
        "  volley trace --bind app1 --seconds 60 --pcap app1.pcap\n",
    .options = trace_rows,
    .options_bytes = sizeof(struct trace_options),
    .run = run_trace,
};
