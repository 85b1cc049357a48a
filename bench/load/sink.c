/*
 * sink.c - `volley-load sink`: an app that is told of receipts over HTTP.
 *
 * Gateways that call an URL for each receipt (Kannel's dlr-url) are measured
 * to the end with it: a final state is known when the app has been told.
 *
 *     GET /told?id=N&state=S   counted: a state that is final, once an id
 *     GET /counts              what was counted so far, as JSON
 *
 * Promise: an answer costs a few microseconds: connections are kept alive,
 * requests may be pipelined, nothing is allocated or written for one. What
 * cannot be read is answered with 400 and counted as bad.
 *
 * Threads: one.
 */
#include "bench/load/sink.h"

#include "bench/smsc/args.h"
#include "bench/smsc/wire.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    REQUEST_MAX = 8192, /* a request that is longer is none of ours */
    IDS_MAX = 100000000,
};

/* States as Kannel counts them: 1 delivered, 2 not, 16 refused by the
 * carrier; 4 and 8 (buffered, taken by the carrier) end nothing. */
enum { FINAL = 1 | 2 | 16 };

struct caller;
struct sink {
    uint64_t port, ids, seconds;
    struct hub *hub;
    struct caller *callers;
    uint8_t *seen; /* by id: told of its final state */
    uint64_t calls, final, doubled, bad, connections;
    uint64_t first_us, last_us; /* since 1970; of calls, of new final ones */
};

/* A connection, in the sink's list until it has ended. */
struct caller {
    struct sink *sink;
    struct wire *wire;
    struct caller *next, *prev;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int signal)
{
    (void)signal;
    stopped = 1;
}

/* The number behind name in a query; false when there is none. */
static bool
find_number(struct slice query, const char *name, uint64_t *n)
{
    const uint8_t *at = memmem(query.p, query.n, name, strlen(name));
    char digits[24] = "";
    if (!at)
        return false;
    size_t from = (size_t)(at - query.p) + strlen(name), i = 0;
    while (from + i < query.n && i < sizeof digits - 1 &&
           query.p[from + i] >= '0' && query.p[from + i] <= '9') {
        digits[i] = (char)query.p[from + i];
        i++;
    }
    return args_number(digits, 0, UINT64_MAX / 10, n);
}

static void
answer(struct caller *c, const char *status, const char *body)
{
    char text[512];
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     status, strlen(body), body);
    wire_put(c->wire, slice_of(text, (size_t)n));
}

static bool
begins(struct slice text, struct slice with)
{
    return text.n >= with.n && memcmp(text.p, with.p, with.n) == 0;
}

/* False when it says nothing that can be counted. */
static bool
count(struct sink *s, struct slice query)
{
    uint64_t id, state;
    if (!find_number(query, "id=", &id) ||
        !find_number(query, "state=", &state) || id >= s->ids)
        return false;
    uint64_t now = hub_wall_us(s->hub);
    s->calls++;
    if (s->first_us == 0)
        s->first_us = now;
    if (!(state & FINAL))
        return true;
    s->doubled += s->seen[id];
    if (s->seen[id])
        return true;
    s->seen[id] = 1;
    s->final++;
    s->last_us = now;
    return true;
}

static void
counts_text(const struct sink *s, char text[256])
{
    snprintf(text, 256,
             "{\"calls\":%" PRIu64 ",\"final\":%" PRIu64 ",\"doubled\":%" PRIu64
             ",\"bad\":%" PRIu64 ",\"connections\":%" PRIu64
             ",\"first_us\":%" PRIu64 ",\"last_us\":%" PRIu64 "}\n",
             s->calls, s->final, s->doubled, s->bad, s->connections,
             s->first_us, s->last_us);
}

/* One request, up to the blank line: bodies are not for us. */
static void
serve(struct caller *c, struct slice head)
{
    struct sink *s = c->sink;
    char text[256];
    const uint8_t *end = memchr(head.p, '\r', head.n);
    struct slice line = slice_of(head.p, end ? (size_t)(end - head.p) : head.n);
    struct slice told = slice_str("GET /told?");
    if (begins(line, told) &&
        count(s, slice_of(line.p + told.n, line.n - told.n))) {
        answer(c, "200 OK", "");
        return;
    }
    if (begins(line, slice_str("GET /counts "))) {
        counts_text(s, text);
        answer(c, "200 OK", text);
        return;
    }
    s->bad++;
    answer(c, "400 Bad Request", "");
    wire_close(c->wire, "a request that is none of ours");
}

static size_t
on_readable(void *owner, struct slice input, uint64_t arrived_us)
{
    struct caller *c = owner;
    size_t used = 0;
    (void)arrived_us;
    while (used < input.n && !wire_is_closing(c->wire)) {
        const uint8_t *from = input.p + used;
        const uint8_t *end = memmem(from, input.n - used, "\r\n\r\n", 4);
        if (!end && input.n - used > REQUEST_MAX)
            wire_reset(c->wire, "a request that is too long");
        if (!end)
            break;
        serve(c, slice_of(from, (size_t)(end - from)));
        used += (size_t)(end - from) + 4;
    }
    return wire_is_closing(c->wire) ? input.n : used;
}

static void
on_opened(void *owner)
{
    (void)owner;
}

static void
forget(struct caller *c)
{
    if (c->next)
        c->next->prev = c->prev;
    if (c->prev)
        c->prev->next = c->next;
    else
        c->sink->callers = c->next;
    free(c);
}

static void
on_closed(void *owner, const char *why)
{
    (void)why;
    forget(owner);
}

static void
on_accepted(void *arg, struct wire *w)
{
    static const struct wire_ops ops = {on_opened, on_readable, on_closed};
    struct sink *s = arg;
    struct caller *c = malloc(sizeof *c);
    if (!c)
        abort();
    *c = (struct caller){.sink = s, .wire = w, .next = s->callers};
    if (c->next)
        c->next->prev = c;
    s->callers = c;
    s->connections++;
    wire_own(w, &ops, c);
}

static enum args_result
read_options(struct sink *s, int argc, char **argv, int first)
{
    const struct arg rows[] = {
        {ARG_NUMBER, "port", "N",
         "listens on 127.0.0.1 (any free one, told "
         "on stdout)",
         &s->port, 0, 65535, NULL},
        {ARG_NUMBER, "ids", "N", "ids are below this (1000000)", &s->ids, 1,
         IDS_MAX, NULL},
        {ARG_NUMBER, "seconds", "S", "ends after so long (600)", &s->seconds, 1,
         86400, NULL},
    };
    const struct args a = {
        "volley-load sink",
        "volley-load sink: an app that a gateway tells of receipts over HTTP,\n"
        "GET /told?id=N&state=S; counts ids whose final state (1, 2 or 16) "
        "came.\n",
        "Example: volley-load sink --port 8099 & \n"
        "         curl http://127.0.0.1:8099/counts\n",
        rows,
        sizeof rows / sizeof *rows,
    };
    return args_parse(&a, argc, argv, first);
}

int
sink_main(int argc, char **argv, int first)
{
    static struct sink s = {.ids = 1000000, .seconds = 600};
    char why[WIRE_WHY_BYTES], text[256];
    enum args_result parsed = read_options(&s, argc, argv, first);
    if (parsed != ARGS_RUN)
        return parsed == ARGS_DONE ? 0 : 2;
    struct sigaction stop = {.sa_handler = on_signal};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    s.hub = hub_create();
    s.seen = calloc(s.ids, 1);
    const struct wire_listen listen = {.host = "127.0.0.1",
                                       .port = (uint16_t)s.port,
                                       .accepted = on_accepted,
                                       .arg = &s};
    uint16_t port = s.seen ? hub_listen(s.hub, &listen, why) : 0;
    if (port == 0) {
        fprintf(stderr, "volley-load sink: %s\n",
                s.seen ? why : "out of memory");
        return 1;
    }
    printf("port %u\n", port);
    fflush(stdout);
    uint64_t began = hub_mono_us(s.hub);
    do
        hub_turn(s.hub, 200);
    while (!stopped && hub_mono_us(s.hub) - began < s.seconds * 1000000);
    counts_text(&s, text);
    fputs(text, stdout);
    hub_destroy(s.hub);
    while (s.callers)
        forget(s.callers);
    free(s.seen);
    return s.bad ? 1 : 0;
}
