/*
 * smpp.c - submit_sm as fast as windows allow, or at a rate; see smpp.h.
 *
 * Each message has its own destination and, with {n}, its own text. What is
 * accepted is remembered by its id, so that receipts that never come, come
 * twice or belong to nobody are counted. Messages are never sent again.
 */
#include "bench/load/smpp.h"

#include "bench/load/lane.h"
#include "bench/smsc/args.h"
#include "bench/smsc/submit.h"
#include "bench/smsc/tls.h"
#include "proto/gsm7.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TEXT_MAX_SEPTETS = 160,
    NUMBER_ROOM = 12, /* digits that {n} may take */
    AFTERMATH_US = 200 * 1000,
};

/* How many may have been sent by now. */
static uint64_t
allowance(const struct load *load)
{
    const struct smpp_options *o = &load->o;
    if (o->rate == 0)
        return o->count;
    uint64_t us = hub_mono_us(load->hub) - load->started_us;
    uint64_t n = us * o->rate / 1000000 + 1;
    return n < o->count ? n : o->count;
}

static void
fill(struct load *load)
{
    uint64_t allowed = allowance(load);
    for (uint64_t i = 0; i < load->o.binds; i++) {
        struct lane *l = &load->lanes[i];
        /* A paced load takes its binds by turns. */
        uint64_t share = load->o.rate
                             ? (allowed - load->sent) / (load->o.binds - i) + 1
                             : UINT64_MAX;
        while (load->sent < allowed && share-- > 0 && lane_has_room(l))
            lane_submit(l, load->o.start + load->sent++);
    }
}

/* All is answered and receipted, or there is nothing left to wait for. */
static bool
is_done(const struct load *load)
{
    const struct smpp_options *o = &load->o;
    uint64_t now_us = hub_mono_us(load->hub);
    if (load->ended == o->binds)
        return true;
    if (o->seconds && now_us - load->started_us > o->seconds * 1000000)
        return true;
    if (load->sent < o->count || load->answered < load->sent)
        return false;
    uint64_t last = load->last_receipt_us > load->last_answer_us
                        ? load->last_receipt_us
                        : load->last_answer_us;
    /* When nothing is missing, what comes twice gets a moment still. */
    bool complete =
        o->no_receipts || load->tally.receipted >= load->tally.accepted;
    uint64_t patience_us = o->linger * 1000000;
    if (complete && patience_us > AFTERMATH_US)
        patience_us = AFTERMATH_US;
    return now_us - last > patience_us;
}

static void
show_progress(const struct load *load, uint64_t *shown_us)
{
    uint64_t now_us = hub_mono_us(load->hub);
    if (!load->o.progress || now_us - *shown_us < 1000000)
        return;
    *shown_us = now_us;
    fprintf(stderr, "sent=%llu answered=%llu receipts=%llu refused=%llu\n",
            (unsigned long long)load->sent, (unsigned long long)load->answered,
            (unsigned long long)load->tally.receipts,
            (unsigned long long)load->tally.refused);
}

/* False when nobody could bind. */
static bool
run(struct load *load)
{
    const struct smpp_options *o = &load->o;
    uint64_t shown_us = 0;
    uint64_t began_us = hub_mono_us(load->hub);
    while (load->bound < o->binds && load->ended == 0) {
        hub_turn(load->hub, 10);
        if (hub_mono_us(load->hub) - began_us > 10000000)
            return snprintf(load->why, sizeof load->why,
                            "no answer to bind in 10 s"),
                   false;
    }
    if (load->ended)
        return false;
    load->started_us = hub_mono_us(load->hub);
    while (!is_done(load)) {
        fill(load);
        hub_turn(load->hub, 1);
        show_progress(load, &shown_us);
    }
    for (uint64_t i = 0; i < o->binds; i++)
        if (load->lanes[i].bound)
            lane_unbind(&load->lanes[i]);
    uint64_t until_us = hub_mono_us(load->hub) + 1000000;
    while (load->ended < o->binds && hub_mono_us(load->hub) < until_us)
        hub_turn(load->hub, 10);
    return true;
}

static void
print_refused(const struct tally *t, bool json)
{
    printf(json ? "\"statuses\":{" : "");
    for (unsigned i = 0; i < t->statuses_n; i++) {
        const char *name = smpp_status_name(t->statuses[i].status);
        if (json)
            printf("%s\"0x%08x\":%llu", i ? "," : "", t->statuses[i].status,
                   (unsigned long long)t->statuses[i].count);
        else
            printf("  0x%08x %-28s %llu\n", t->statuses[i].status,
                   name ? name : "", (unsigned long long)t->statuses[i].count);
    }
    printf(json ? "}," : "");
}

/* Prints all; true when nothing was lost, doubled or refused. */
static bool
report(const struct load *load)
{
    const struct tally *t = &load->tally;
    bool json = load->o.json;
    uint64_t unanswered = load->sent - load->answered;
    uint64_t missing = load->o.no_receipts ? 0 : t->accepted - t->receipted;
    double answer_s =
        load->last_answer_us > load->started_us
            ? (double)(load->last_answer_us - load->started_us) / 1e6
            : 0;
    uint64_t last_us = load->last_receipt_us > load->last_answer_us
                           ? load->last_receipt_us
                           : load->last_answer_us;
    double all_s = last_us > load->started_us
                       ? (double)(last_us - load->started_us) / 1e6
                       : 0;
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {{"sent", load->sent},
                {"answered", load->answered},
                {"accepted", t->accepted},
                {"refused", t->refused},
                {"unanswered", unanswered},
                {"ids_doubled", t->doubled},
                {"receipts", t->receipts},
                {"receipts_missing", missing},
                {"receipts_doubled", t->receipts_doubled},
                {"receipts_unknown", tally_unknown_receipts(t)},
                {"replies", load->replies},
                {"protocol_errors", load->broken}};
    printf(json ? "{" : "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf(json ? "\"%s\":%llu," : "%-18s %12llu\n", rows[i].name,
               (unsigned long long)rows[i].n);
    print_refused(t, json);
    printf(json ? "\"seconds\":%.6f,\"answers_per_s\":%.1f,"
                  "\"exchanges_per_s\":%.1f,\"cpu_s\":%.3f,\"latency_us\":{"
                : "seconds            %12.3f\nanswers per s      %12.0f\n"
                  "exchanges per s    %12.0f (receipts included)\n"
                  "CPU seconds        %12.3f\nanswer after       ",
           all_s, answer_s > 0 ? (double)load->answered / answer_s : 0,
           all_s > 0 ? (double)load->answered / all_s : 0,
           (double)tally_cpu_us() / 1e6);
    hist_print(&load->latency, json);
    printf(json ? "}}\n" : "\n");
    return load->sent == load->o.count && !unanswered && !t->doubled &&
           !t->refused && !missing && !t->receipts_doubled;
}

/* Cuts the text at {n} and makes septets of both ends. */
static bool
encode_text(struct load *load, uint8_t *room, size_t cap)
{
    struct crowd_text utf8 = crowd_text_cut(slice_str(load->o.text));
    struct writer w = writer_of(room, cap);
    if (gsm7_from_utf8(utf8.before, 0, 0, &w, NULL) != TEXT_OK)
        return false;
    size_t before = writer_used(&w);
    if (gsm7_from_utf8(utf8.after, 0, 0, &w, NULL) != TEXT_OK)
        return false;
    struct cursor c = cursor_of(writer_slice(&w));
    load->text.before = cursor_take(&c, before);
    load->text.after = cursor_rest(&c);
    load->text.has_n = utf8.has_n;
    return true;
}

static enum args_result
read_options(struct smpp_options *o, int argc, char **argv, int first)
{
#define NUMBER(n, v, field, lo, hi, text)                                      \
    {                                                                          \
        ARG_NUMBER, n, v, text, &o->field, lo, hi, NULL                        \
    }
#define TEXT(n, v, field, text)                                                \
    {                                                                          \
        ARG_TEXT, n, v, text, &o->field, 0, 0, NULL                            \
    }
#define FLAG(n, field, text)                                                   \
    {                                                                          \
        ARG_FLAG, n, NULL, text, &o->field, 0, 0, NULL                         \
    }
    const struct arg rows[] = {
        TEXT("host", "ADDR", host, "message centre (127.0.0.1)"),
        NUMBER("port", "N", port, 1, 65535, "its port (2775)"),
        FLAG("tls", use_tls, "over TLS, any certificate"),
        TEXT("source", "ADDR", source, "leave from this address (any)"),
        TEXT("system-id", "ID", system_id,
             "(load); {n} is the number of the bind"),
        TEXT("password", "SECRET", password, "(secret)"),
        NUMBER("version", "N", version, 51, 80,
               "interface_version in decimal: 52 is 3.4, 80 is 5.0 (52)"),
        NUMBER("binds", "N", binds, 1, 10000, "transceivers (1)"),
        NUMBER("window", "N", window, 1, 16384,
               "unanswered submits per bind (100)"),
        NUMBER("count", "N", count, 1, 1000000000, "messages (10000)"),
        NUMBER("rate", "N", rate, 1, 10000000,
               "messages a second over all binds (as fast as it goes)"),
        TEXT("from", "NUMBER", from, "source address (12125550100)"),
        TEXT("to-prefix", "DIGITS", to_prefix,
             "destinations begin with it (44770)"),
        NUMBER("start", "N", start, 0, 10000000000,
               "number of the first destination (0)"),
        TEXT("text", "TEXT", text,
             "GSM 7-bit, one part; {n} is the running number"),
        FLAG("no-receipts", no_receipts, "ask for none"),
        FLAG("mixed-ids", mixed_ids,
             "ids are hexadecimal in answers, decimal in receipts"),
        NUMBER("linger", "S", linger, 0, 86400,
               "wait so long for a next receipt (5)"),
        NUMBER("seconds", "S", seconds, 1, 86400,
               "end after so long whatever happens (600)"),
        FLAG("progress", progress, "a line a second on stderr"),
        FLAG("json", json, "the result as JSON"),
    };
    const struct args a = {
        "volley-load smpp",
        "volley-load smpp: sends submit_sm into a message centre, answers "
        "what\n"
        "it delivers, and counts answers, receipts, lost and doubled by id.\n",
        "Example: volley-load smpp --port 2776 --binds 4 --window 500 \\\n"
        "             --count 1000000 --text 'Your code is {n}'",
        rows, sizeof rows / sizeof *rows};
    return args_parse(&a, argc, argv, first);
}

static int
fail(const struct load *load)
{
    fprintf(stderr, "volley-load smpp: %s:%llu: %s\n", load->o.host,
            (unsigned long long)load->o.port, load->why);
    return 1;
}

int
smpp_main(int argc, char **argv, int first)
{
    static struct load load;
    load.o = (struct smpp_options){
        .host = "127.0.0.1",
        .system_id = "load",
        .password = "secret",
        .from = "12125550100",
        .to_prefix = "44770",
        .text = "Hello, this is message {n} of a load test. It has a length "
                "that is common among real messages, no more.",
        .port = 2775,
        .binds = 1,
        .window = 100,
        .count = 10000,
        .linger = 5,
        .seconds = 600,
        .version = SMPP_V34,
    };
    enum args_result parsed = read_options(&load.o, argc, argv, first);
    if (parsed != ARGS_RUN)
        return parsed == ARGS_DONE ? 0 : 2;
    uint8_t septets[2 * TEXT_MAX_SEPTETS];
    if (!encode_text(&load, septets, sizeof septets) ||
        load.text.before.n + load.text.after.n + NUMBER_ROOM >
            TEXT_MAX_SEPTETS ||
        strlen(load.o.from) > SUBMIT_ADDR_MAX) {
        fprintf(stderr, "volley-load smpp: --text wants GSM 7-bit characters "
                        "that fit one part, --from at most 20 characters\n");
        return 2;
    }
    load.slots = 4;
    while (load.slots < 2 * load.o.window)
        load.slots *= 2;
    load.hub = hub_create();
    idset_reserve(&load.tally.ids, load.o.count);
    load.lanes = calloc(load.o.binds, sizeof *load.lanes);
    SSL_CTX *tls = load.o.use_tls ? tls_client(load.why) : NULL;
    int status = 1;
    if (!load.lanes || (load.o.use_tls && !tls) || !lane_dial_all(&load, tls) ||
        !run(&load))
        status = fail(&load);
    else
        status = report(&load) ? 0 : 1;
    hub_destroy(load.hub);
    for (uint64_t i = 0; load.lanes && i < load.o.binds; i++)
        free(load.lanes[i].slot);
    free(load.lanes);
    tally_fini(&load.tally);
    tls_free(tls);
    return status;
}
