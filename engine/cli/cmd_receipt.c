/*
 * cmd_receipt.c - `volley receipt`: the text of a delivery receipt, read.
 *
 * Promise: the same parser as the daemon's. Control characters of the text
 * never reach the terminal.
 */
#include "engine/cli/cmd_receipt.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/cli/lines.h"
#include "engine/cli/text_json.h"
#include "engine/cli/width.h"
#include "proto/smpp.h"

enum { EXIT_GOOD = 0, EXIT_BAD_INPUT = 1, EXIT_USAGE = 2 };

struct tool {
    bool json;
    bool shown; /* an answer is above: leave a line free */
};

static void
usage(FILE *to)
{
    fputs("usage: volley receipt [--json] [TEXT...]\n"
          "\n"
          "Reads the text of a delivery receipt as the daemon does: labels in\n"
          "any order and letter case, any of them missing, dates of six "
          "forms.\n"
          "Without TEXT, each line of standard input is a receipt.\n"
          "\n"
          "  --json  one line of JSON a receipt; a line of standard input may\n"
          "          be {\"text\": …} then\n"
          "\n"
          "Dates are shown as written: a receipt does not tell its time "
          "zone.\n"
          "A state that is not final is followed by another receipt.\n"
          "\n"
          "  volley receipt 'id:42 sub:001 dlvrd:001 submit date:2601010000 "
          "done\n"
          "      date:2601010001 stat:DELIVRD err:000 text:Hello'\n",
          to);
}

static void
print_slice(const char *label, struct slice s)
{
    if (!s.p)
        return;
    json_t *string = text_json_string(s);
    printf("%-9s ", label);
    width_put(stdout, json_string_value(string), WIDTH_ALL);
    putchar('\n');
    json_decref(string);
}

static void
print_date(const char *label, const struct receipt_date *d)
{
    const struct smpptime_civil *c = &d->civil;
    if (d->known)
        printf("%-9s %04d-%02d-%02d %02d:%02d:%02d\n", label, c->year, c->month,
               c->day, c->hour, c->minute, c->second);
}

static void
print_state(const struct receipt *r)
{
    if (r->message_state >= 0)
        printf("state     %d %s, %s\n", r->message_state,
               smpp_state_name(r->message_state),
               r->final ? "final" : "not final");
    else if (r->stat.p)
        printf("state     unknown word: kept, treated as not final\n");
}

static void
show(struct slice text)
{
    struct receipt r;
    receipt_parse(text, &r);
    print_slice("id", r.id);
    print_slice("stat", r.stat);
    print_state(&r);
    print_slice("err", r.err);
    print_date("submitted", &r.submit);
    print_date("done", &r.done);
    if (r.sub >= 0)
        printf("sub       %d\n", r.sub);
    if (r.dlvrd >= 0)
        printf("dlvrd     %d\n", r.dlvrd);
    print_slice("text", r.text);
    if (!r.looks_like_receipt)
        printf("by its text alone this is no receipt: %s missing\n",
               r.id.n     ? "stat is"
               : r.stat.n ? "id is"
                          : "id and stat are");
}

static bool
answer_json(json_t *answer)
{
    bool good = json_object_get(answer, "error") == NULL;
    lines_print(answer);
    return good;
}

static bool
answer(void *arg, struct slice line)
{
    struct tool *t = arg;
    char why[256];
    if (line.n == 0)
        return true;
    if (!t->json) {
        if (t->shown)
            putchar('\n');
        t->shown = true;
        show(line);
        return true;
    }
    if (line.p[0] != '{')
        return answer_json(text_json_receipt(line));
    json_t *request = lines_json(line, why, sizeof why);
    if (!request)
        return answer_json(text_json_error(why));
    json_t *read = text_json_receipt_request(request);
    json_decref(request);
    return answer_json(read);
}

int
cmd_receipt(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct tool t = {0};
    bool good = true;
    int option;
    optind = 0; /* getopt starts afresh */
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
        if (option == 'h') {
            usage(stdout);
            return EXIT_GOOD;
        }
        if (option != 'j') {
            fputs("volley receipt --help shows how it is used\n", stderr);
            return EXIT_USAGE;
        }
        t.json = true;
    }
    if (optind == argc)
        good = lines_each(answer, &t);
    for (int i = optind; i < argc; i++)
        good &= answer(&t, slice_str(argv[i]));
    return good ? EXIT_GOOD : EXIT_BAD_INPUT;
}
