/*
 * traces.c - PDUs of one bind or phone number as they pass, for the admin:
 * annotated text, JSON lines, or a capture file.
 *
 * A trace lasts as long as its connection, ?seconds= or ?count= of PDUs.
 */
#include <stdlib.h>

#include "engine/core/clock.h"
#include "engine/door/pcap.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/flow/trace.h"
#include "proto/dump.h"
#include "proto/smpp.h"

enum {
    POLL_MS = 20,
    BEAT_MS = 15000,
    PDUS_A_CALL = 64,
    LINE_MAX_OCTETS = 8192,
    HEX_MAX_OCTETS = 64 << 10,
    SECONDS_MAX = 86400,
};

enum trace_format { TRACE_TEXT, TRACE_LINES, TRACE_PCAP };

struct tracing {
    struct door *door;
    struct trace *trace;
    struct pcap pcap;
    enum trace_format format;
    bool brief;
    uint64_t left;     /* PDUs; UINT64_MAX: no end */
    uint64_t until_ms; /* monotonic; 0: no end */
    uint64_t beat_ms, missed;
    bool streams;
};

static void
tracing_free(void *state)
{
    struct tracing *t = state;
    if (t->trace)
        trace_close(t->trace);
    if (t->streams)
        atomic_fetch_sub(&t->door->streams, 1);
    free(t);
}

static uint64_t
now_ms(void)
{
    return clock_mono().us / 1000;
}

static void
put_text(struct emit *e, const struct tracing *t, const struct trace_pdu *x)
{
    char at[25], *text = malloc(HEX_MAX_OCTETS);
    struct pdu p;
    struct pdu_error error;
    if (!text)
        return;
    enum pdu_fault fault = pdu_decode(x->octets, PDU_LENIENT, &p, &error);
    dump_line(&p, DUMP_NUMBERS | DUMP_TEXTS, text, LINE_MAX_OCTETS);
    wall_to_rfc3339((struct wall){x->at_us / 1000}, at);
    emit_format(e, "%s %s %s %s ", at, x->bind, x->out ? "->" : "<-", x->peer);
    emit_text(e, text);
    emit_text(e, "\n");
    if (!t->brief) {
        dump_hex(x->octets, &p, fault == PDU_OK ? NULL : &error,
                 DUMP_NUMBERS | DUMP_TEXTS, text, HEX_MAX_OCTETS);
        emit_text(e, text);
        emit_text(e, "\n");
    }
    free(text);
}

static void
put_line(struct emit *e, const struct trace_pdu *x)
{
    char line[LINE_MAX_OCTETS], *hex = malloc(2 * x->octets.n + 1);
    struct pdu p;
    struct pdu_error error;
    if (!hex)
        return;
    bool whole = pdu_decode(x->octets, PDU_LENIENT, &p, &error) == PDU_OK;
    dump_line(&p, DUMP_NUMBERS | DUMP_TEXTS, line, sizeof line);
    bytes_to_hex(x->octets, hex);
    e->comma = false;
    emit_open(e, '{');
    emit_member_time(e, "at", x->at_us / 1000);
    emit_member_word(e, "bind", x->bind);
    emit_member_word(e, "peer", x->peer);
    emit_member_word(e, "direction", x->out ? "out" : "in");
    emit_member_word(e, "command", smpp_command_name(p.id));
    emit_member_number(e, "sequence", p.sequence);
    emit_member_number(e, "status", p.status);
    emit_member_bool(e, "sound", whole);
    emit_member_string(e, "text", slice_str(line));
    emit_member_word(e, "octets", hex);
    emit_close(e, '}');
    emit_text(e, "\n");
    free(hex);
}

static void
put(struct request *r, struct tracing *t, const struct trace_pdu *x)
{
    switch (t->format) {
    case TRACE_TEXT: put_text(&r->out, t, x); break;
    case TRACE_LINES: put_line(&r->out, x); break;
    case TRACE_PCAP: pcap_put(&t->pcap, &r->out, x); break;
    }
}

/* What a reader that was too slow did not get. */
static void
tell_missed(struct request *r, struct tracing *t)
{
    uint64_t missed = trace_missed(t->trace);
    if (missed == t->missed || t->format != TRACE_TEXT)
        return;
    emit_format(&r->out, "# %llu PDUs were missed: the reader is too slow\n",
                (unsigned long long)(missed - t->missed));
    t->missed = missed;
}

static enum turn
trace_fill(struct request *r)
{
    struct tracing *t = r->state;
    struct trace_pdu x;
    uint64_t now = now_ms();
    if (atomic_load(&r->door->stopping) || t->left == 0 ||
        (t->until_ms && now >= t->until_ms))
        return TURN_DONE;
    for (unsigned i = 0; i < PDUS_A_CALL && t->left > 0; i++) {
        if (!trace_next(t->trace, &x)) {
            tell_missed(r, t);
            if (r->out.n == 0 && trace_is_over(t->trace))
                return TURN_DONE;
            if (r->out.n == 0 && t->format == TRACE_TEXT && now >= t->beat_ms) {
                emit_text(&r->out, "# still here\n");
                t->beat_ms = now + BEAT_MS;
            }
            r->wake_ms = now + POLL_MS;
            return TURN_WAIT;
        }
        put(r, t, &x);
        t->left--;
        t->beat_ms = now + BEAT_MS;
    }
    return TURN_MORE;
}

static void
begun(struct request *r, struct mail *m)
{
    static const char *const types[] = {
        [TRACE_TEXT] = "text/plain; charset=utf-8",
        [TRACE_LINES] = TYPE_LINES,
        [TRACE_PCAP] = "application/vnd.tcpdump.pcap",
    };
    struct tracing *t = r->state;
    if (!request_is_ok(r, m))
        return;
    t->streams = true;
    t->beat_ms = now_ms() + BEAT_MS;
    atomic_fetch_add(&r->door->streams, 1);
    if (t->format == TRACE_PCAP)
        pcap_begin(&r->out);
    if (t->format == TRACE_TEXT)
        emit_text(&r->out, "# trace of volley: -> we send, <- we receive; "
                           "passwords are blanked\n");
    reply_stream(r, 200, types[t->format], trace_fill);
    reply_header(r, "X-Accel-Buffering", "no");
}

/* 0 when absent; false with 400 as the answer. */
static bool
read_number(struct request *r, const char *name, uint64_t max, uint64_t *out)
{
    struct slice text = request_query(r, name);
    char digits[24], *end;
    *out = 0;
    if (!text.p)
        return true;
    slice_to_str(text, digits, sizeof digits);
    *out = strtoull(digits, &end, 10);
    if (text.n && text.n < sizeof digits && !*end && *out > 0 && *out <= max)
        return true;
    problem_set(&r->problem, "bad_parameter",
                "`%s` is a whole number from 1 to %llu.", name,
                (unsigned long long)max);
    return false;
}

static bool
read_format(struct request *r, struct tracing *t)
{
    static const char *const names[] = {"text", "ndjson", "pcap"};
    struct slice format = request_query(r, "format");
    for (unsigned i = 0; i < 3; i++)
        if (slice_eq(format, slice_str(names[i]))) {
            t->format = (enum trace_format)i;
            return true;
        }
    if (!format.p)
        return true;
    problem_set(&r->problem, "bad_parameter",
                "`format` is text, ndjson or pcap.");
    return false;
}

static bool
read_options(struct request *r, struct tracing *t)
{
    uint64_t seconds;
    if (!read_format(r, t) || !read_number(r, "count", UINT32_MAX, &t->left) ||
        !read_number(r, "seconds", SECONDS_MAX, &seconds))
        return false;
    if (t->left == 0)
        t->left = UINT64_MAX;
    t->until_ms = seconds ? now_ms() + seconds * 1000 : 0;
    t->brief = request_flag(r, "brief");
    return true;
}

void
traces_get(struct request *r)
{
    struct slice bind = request_query(r, "bind");
    struct slice number = request_query(r, "number");
    struct tracing *t = calloc(1, sizeof *t);
    if (t)
        t->trace = trace_create();
    if (!t || !t->trace) {
        free(t);
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    r->state = t;
    r->state_free = tracing_free;
    t->door = r->door;
    if (!read_options(r, t))
        return;
    if ((bind.n == 0) == (number.n == 0)) {
        problem_set(&r->problem, "bad_parameter",
                    "Name one: `bind` (a carrier as acme or acme/0, a "
                    "client's system_id) or `number`.");
        return;
    }
    struct mail *m = request_mail(r, MAIL_TRACE);
    m->trace.trace = t->trace;
    m->trace.bind = bind;
    m->trace.number = number;
    request_ask(r, m, begun);
}
