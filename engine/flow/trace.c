/*
 * trace.c - PDUs of one bind or of one phone number, as they pass.
 *
 * Promise: as in trace.h.
 *
 *   ring:   record*, wrapping; head and tail count octets for ever
 *   record: length u32 (of all that follows) | at u64 | session u64 |
 *           flags u8 (1 out, 2 client) | bind: length u8, octets |
 *           peer: length u8, octets | the PDU
 *
 * Invariant: the engine alone moves tail, the reader alone moves head.
 */
#include "engine/flow/trace.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/desk.h"
#include "engine/flow/flow.h"
#include "engine/flow/login.h"
#include "proto/addr.h"
#include "proto/smpp.h"

enum {
    OUT = 1,
    CLIENT = 2,
    RECORD_MAX = 66 * 1024,
    LOOK_US = 5000, /* between looks for binds that are new */
    ASKED = 1024,   /* requests whose answers belong to a number's trace */
};

/* A request that was traced: its answer names no number. */
struct asked {
    uint64_t session;
    uint32_t sequence;
    bool out;
};

struct trace {
    /* shared */
    _Atomic unsigned shares;
    _Atomic bool closed, over;
    _Atomic uint64_t head, tail, missed;
    uint8_t ring[TRACE_RING];

    /* the reader's */
    uint8_t record[RECORD_MAX];

    /* the engine's: what is wanted */
    char carrier[64]; /* "" none */
    int bind;         /* of the carrier; -1: all */
    char system_id[17];
    uint64_t client; /* its number; 0: all binds of system_id */
    char number[24]; /* digits without "+"; "" none */
    struct asked asked[ASKED];
    unsigned asked_next;
};

/* One session that is listened to. */
struct trace_tap {
    struct flow *flow;
    struct session *session;
    uint64_t number; /* of the session */
    uint64_t round;  /* of looking, when it was there */
    bool client;
    char carrier[32];
    unsigned bind;
    char label[TRACE_LABEL];
    char system_id[17];
};

/* ---- the ring --------------------------------------------------------------
 */

struct trace *
trace_create(void)
{
    struct trace *t = calloc(1, sizeof *t);
    if (t)
        atomic_init(&t->shares, 1);
    return t;
}

static void
let_go(struct trace *t)
{
    if (atomic_fetch_sub(&t->shares, 1) == 1)
        free(t);
}

void
trace_close(struct trace *t)
{
    atomic_store(&t->closed, true);
    let_go(t);
}

bool
trace_is_over(const struct trace *t)
{
    return atomic_load(&t->over);
}

uint64_t
trace_missed(const struct trace *t)
{
    return atomic_load(&t->missed);
}

static void
ring_write(struct trace *t, uint64_t at, struct slice octets)
{
    size_t i = at % TRACE_RING;
    size_t first = TRACE_RING - i < octets.n ? TRACE_RING - i : octets.n;
    if (octets.n == 0)
        return;
    memcpy(t->ring + i, octets.p, first);
    memcpy(t->ring, octets.p + first, octets.n - first);
}

static void
ring_read(const struct trace *t, uint64_t at, uint8_t *out, size_t n)
{
    size_t i = at % TRACE_RING;
    size_t first = TRACE_RING - i < n ? TRACE_RING - i : n;
    memcpy(out, t->ring + i, first);
    memcpy(out + first, t->ring, n - first);
}

/* A record of head and PDU, or one more that was missed. */
static void
ring_put(struct trace *t, struct slice head, struct slice pdu)
{
    uint8_t length[4];
    struct writer w = writer_of(length, sizeof length);
    uint64_t tail = atomic_load_explicit(&t->tail, memory_order_relaxed);
    uint64_t used = tail - atomic_load(&t->head);
    size_t n = head.n + pdu.n;
    if (n + 4 > TRACE_RING - used || n > RECORD_MAX) {
        atomic_fetch_add(&t->missed, 1);
        return;
    }
    writer_le32(&w, (uint32_t)n);
    ring_write(t, tail, writer_slice(&w));
    ring_write(t, tail + 4, head);
    ring_write(t, tail + 4 + head.n, pdu);
    atomic_store_explicit(&t->tail, tail + 4 + n, memory_order_release);
}

static void
take_words(struct cursor *c, char *out, size_t cap)
{
    slice_to_str(cursor_take(c, cursor_u8(c)), out, cap);
}

bool
trace_next(struct trace *t, struct trace_pdu *out)
{
    uint8_t length[4];
    uint64_t head = atomic_load_explicit(&t->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&t->tail, memory_order_acquire);
    if (head == tail)
        return false;
    ring_read(t, head, length, sizeof length);
    struct cursor l = cursor_of(slice_of(length, sizeof length));
    size_t n = cursor_le32(&l);
    if (n > sizeof t->record) /* cannot be: the ring is ours alone */
        return false;
    ring_read(t, head + 4, t->record, n);
    atomic_store(&t->head, head + 4 + n);
    struct cursor c = cursor_of(slice_of(t->record, n));
    out->at_us = cursor_le64(&c);
    out->session = cursor_le64(&c);
    uint8_t flags = cursor_u8(&c);
    out->out = flags & OUT;
    out->client = flags & CLIENT;
    take_words(&c, out->bind, sizeof out->bind);
    take_words(&c, out->peer, sizeof out->peer);
    out->octets = cursor_rest(&c);
    return true;
}

/* ---- what passes -----------------------------------------------------------
 */

static void
put_words(struct writer *w, const char *words)
{
    struct slice s = slice_str(words);
    if (s.n > 63)
        s.n = 63;
    writer_u8(w, (uint8_t)s.n);
    writer_put(w, s);
}

static void
copy_to(struct trace *t, const struct trace_tap *tap, bool out,
        struct slice pdu)
{
    uint8_t head[160];
    struct writer w = writer_of(head, sizeof head);
    writer_le64(&w, tap->flow->wall.ms * 1000 +
                        (clock_mono().us - tap->flow->now.us));
    writer_le64(&w, tap->number);
    writer_u8(&w, (uint8_t)((out ? OUT : 0) | (tap->client ? CLIENT : 0)));
    put_words(&w, tap->label);
    put_words(&w, session_peer(tap->session));
    ring_put(t, writer_slice(&w), pdu);
}

/* "+1212..." and "1212..." are the same number. */
static bool
is_number(struct slice address, const char *digits)
{
    if (address.n && address.p[0] == '+') {
        address.p++;
        address.n--;
    }
    return slice_eq(address, slice_str(digits));
}

/* Requests that name the number, and their answers. */
static bool
names_number(struct trace *t, const struct trace_tap *tap, bool out,
             const struct pdu *p)
{
    if (p->id & SMPP_RESPONSE_BIT) {
        for (unsigned i = 0; i < ASKED; i++)
            if (t->asked[i].session == tap->number &&
                t->asked[i].sequence == p->sequence && t->asked[i].out != out)
                return true;
        return false;
    }
    if (!is_number(pdu_slice(p, FIELD_SOURCE_ADDR), t->number) &&
        !is_number(pdu_slice(p, FIELD_DESTINATION_ADDR), t->number))
        return false;
    t->asked[t->asked_next++ % ASKED] =
        (struct asked){tap->number, p->sequence, out};
    return true;
}

static bool
wants(struct trace *t, const struct trace_tap *tap, bool out,
      const struct pdu *p)
{
    if (t->number[0])
        return names_number(t, tap, out, p);
    if (tap->client)
        return (t->client && t->client == tap->number) ||
               (!t->client && t->system_id[0] &&
                strcmp(t->system_id, tap->system_id) == 0);
    return t->carrier[0] && strcmp(t->carrier, tap->carrier) == 0 &&
           (t->bind < 0 || (unsigned)t->bind == tap->bind);
}

/* A bind request's password stands between two others in its body. */
static struct slice
blank_password(struct slice whole, const struct pdu *p, uint8_t *room,
               size_t cap)
{
    struct slice password = pdu_slice(p, FIELD_PASSWORD);
    if (password.n == 0 || whole.n > cap)
        return whole;
    memcpy(room, whole.p, whole.n);
    memset(room + (password.p - whole.p), '*', password.n);
    return slice_of(room, whole.n);
}

static void
on_pdu(void *arg, bool out, struct slice whole)
{
    struct trace_tap *tap = arg;
    struct flow *f = tap->flow;
    uint8_t room[1024];
    struct pdu p;
    struct pdu_error error;
    if (f->traces == 0)
        return;
    enum pdu_fault fault = pdu_decode(whole, PDU_LENIENT, &p, &error);
    if (fault != PDU_OK && !pdu_peek(whole, &p))
        return;
    struct slice shown = blank_password(whole, &p, room, sizeof room);
    for (unsigned i = 0; i < f->traces; i++)
        if (wants(f->trace[i], tap, out, &p))
            copy_to(f->trace[i], tap, out, shown);
}

/* ---- taps ------------------------------------------------------------------
 */

static struct trace_tap *
tap_of(struct flow *f, struct session *s)
{
    uint64_t number = session_number(s), at;
    struct trace_tap *tap;
    if (map_get(&f->taps, number, &at)) {
        tap = (struct trace_tap *)(uintptr_t)at;
    } else {
        tap = calloc(1, sizeof *tap);
        if (!tap)
            abort();
        *tap = (struct trace_tap){.flow = f, .session = s, .number = number};
        map_put(&f->taps, number, (uintptr_t)tap);
        session_set_tap(s, on_pdu, tap);
    }
    tap->round = f->tap_round;
    return tap;
}

static void
tap_carriers(struct flow *f)
{
    for (uint32_t id = 1; id < f->directory.carriers.rows; id++) {
        struct carrier_entry *c = directory_carrier(&f->directory, id);
        struct session *s;
        for (unsigned b = 0; c && c->carrier && b < carrier_binds(c->carrier);
             b++) {
            if (!(s = carrier_session(c->carrier, b)))
                continue;
            struct trace_tap *tap = tap_of(f, s);
            tap->bind = b;
            snprintf(tap->carrier, sizeof tap->carrier, "%.31s", c->name);
            snprintf(tap->label, sizeof tap->label, "%.31s/%u", c->name, b);
        }
    }
}

static void
tap_clients(struct flow *f)
{
    struct client *c = NULL;
    while (f->clients && (c = clients_next(f->clients, c))) {
        struct session *s = client_session(c);
        if (!s)
            continue;
        struct trace_tap *tap = tap_of(f, s);
        const struct login *l = directory_login(&f->directory, client_login(c));
        tap->client = true;
        snprintf(tap->system_id, sizeof tap->system_id, "%s",
                 l ? l->system_id : "");
        snprintf(tap->label, sizeof tap->label, "%.16s#%llu",
                 l ? l->system_id : "", (unsigned long long)client_number(c));
    }
}

/* A session that is gone needs no untapping; its tap is freed. */
static void
sweep_taps(struct flow *f, bool all)
{
    uint64_t gone[64], number, at;
    unsigned n;
    do {
        n = 0;
        for (size_t i = 0; n < sizeof gone / sizeof *gone &&
                           map_next(&f->taps, &i, &number, &at);) {
            struct trace_tap *tap = (struct trace_tap *)(uintptr_t)at;
            if (!all && tap->round == f->tap_round)
                continue;
            if (tap->round == f->tap_round)
                session_set_tap(tap->session, NULL, NULL);
            free(tap);
            gone[n++] = number;
        }
        for (unsigned i = 0; i < n; i++)
            map_take(&f->taps, gone[i], NULL);
    } while (n > 0);
    if (all)
        map_fini(&f->taps);
}

void
trace_tick(struct flow *f)
{
    if (f->traces == 0 && f->taps.used == 0)
        return;
    for (unsigned i = f->traces; i-- > 0;)
        if (atomic_load(&f->trace[i]->closed)) {
            let_go(f->trace[i]);
            f->trace[i] = f->trace[--f->traces];
        }
    bool all = f->traces == 0;
    if (!all && f->now.us < f->tapped_us + LOOK_US)
        return;
    f->tapped_us = f->now.us;
    f->tap_round++;
    tap_carriers(f);
    tap_clients(f);
    sweep_taps(f, all);
}

void
trace_end_all(struct flow *f)
{
    while (f->traces > 0) {
        struct trace *t = f->trace[--f->traces];
        atomic_store(&t->over, true);
        let_go(t);
    }
    trace_tick(f);
}

/* ---- beginning -------------------------------------------------------------
 */

/* "acme", "acme/1", "app1", "app1#12". */
static bool
find_bind(struct flow *f, struct trace *t, struct slice bind)
{
    char text[TRACE_LABEL], *mark;
    slice_to_str(bind, text, sizeof text);
    t->bind = -1;
    if ((mark = strrchr(text, '/')) != NULL) {
        *mark = '\0';
        t->bind = atoi(mark + 1);
    }
    if (directory_find_carrier(&f->directory, slice_str(text))) {
        snprintf(t->carrier, sizeof t->carrier, "%s", text);
        return true;
    }
    if ((mark = strrchr(text, '#')) != NULL) {
        *mark = '\0';
        t->client = strtoull(mark + 1, NULL, 10);
    }
    snprintf(t->system_id, sizeof t->system_id, "%.16s", text);
    return directory_find_login(&f->directory, slice_str(text)) != NULL;
}

void
trace_begin(struct flow *f, struct mail *m)
{
    struct mail_trace *q = &m->trace;
    struct addr a;
    if (f->traces == TRACES_MAX) {
        mail_refuse(m, MAIL_CONFLICT, "too_many_traces", NULL,
                    "eight traces run already; end one of them");
        return;
    }
    if (q->bind.n && !find_bind(f, q->trace, q->bind)) {
        mail_refuse(m, MAIL_INVALID, "unknown_bind", "/bind",
                    "bind is a carrier (acme, acme/0) or a client's "
                    "system_id (app1, app1#12)");
        return;
    }
    if (q->number.n) {
        addr_from_text(q->number, NULL, &a);
        snprintf(q->trace->number, sizeof q->trace->number, "%.23s",
                 a.text[0] == '+' ? a.text + 1 : a.text);
    }
    atomic_fetch_add(&q->trace->shares, 1);
    f->trace[f->traces++] = q->trace;
    trace_tick(f);
    m->result = MAIL_OK;
}
