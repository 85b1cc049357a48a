/*
 * session.c - the life of a session: who begins it, what moves it, its end.
 *
 * Promise: as in session.h. session_move() alone changes the state, as the
 * table of fsm.c says, and acts last.
 */
#include "engine/session/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/session/session_inside.h"

/* To read what came while we did not listen. */
enum { LISTEN_MS = 1000 };

/* Sessions get their numbers on the engine thread alone. */
static uint64_t last_number;

const char *
session_mode_name(enum session_mode mode)
{
    return mode == SESSION_TRANSMITTER ? "transmitter"
           : mode == SESSION_RECEIVER  ? "receiver"
                                       : "transceiver";
}

void
session_settings_default(struct session_settings *out, enum session_side side)
{
    *out = (struct session_settings){
        .side = side,
        .version = side == SESSION_SMSC ? SMPP_V50 : SMPP_V34,
        .window = 10,
        .pdu_max = PDU_DEFAULT_MAX_BYTES,
        .bind_ms = side == SESSION_SMSC ? 5000 : 10000,
        .response_ms = 60000,
        .enquire_ms = 30000,
        .enquire_answer_ms = 10000,
        .idle_ms = 120000,
        .read_ms = 10000,
        .unbind_ms = 5000,
    };
}

static void
release_session(void *p)
{
    struct session *s = p;
    window_fini(&s->window);
    free(s);
}

/* One PDU that did not leave: a request of the window, or something else. */
static void
mark_unsent(void *arg, struct slice pdu)
{
    struct session *s = arg;
    struct cursor c = cursor_of(pdu);
    cursor_take(&c, 4);
    uint32_t id = cursor_be32(&c);
    cursor_take(&c, 4);
    uint32_t sequence = cursor_be32(&c);
    if (!c.failed && !smpp_is_response(id))
        window_mark_unsent(&s->window, sequence);
}

static void
finish(struct session *s)
{
    struct session_note note;
    bool unsent;
    conn_unsent(s->conn, mark_unsent, s);
    while (window_take(&s->window, &note, &unsent)) {
        if (s->ops->lost)
            s->ops->lost(s->owner, &note,
                         unsent ? SESSION_NOT_SENT : SESSION_UNKNOWN);
    }
    s->ops->closed(s->owner, s->why, s->detail);
    loop_reap(s->loop, s, release_session);
}

static void
act(struct session *s, enum session_act what)
{
    switch (what) {
    case ACT_NONE: return;
    case ACT_TELL_OPENED: s->ops->opened(s->owner); return;
    case ACT_SEND_BIND:
        s->counts.pdus_out++;
        session_tell_tap(s, true, s->bind_wire);
        if (!conn_urgent(s->conn, s->bind_wire))
            conn_close(s->conn, CLOSE_FULL, "no room for the bind", false);
        return;
    case ACT_TELL_ASKED: s->ops->bind_asked(s->owner, s->mode, s->pdu); return;
    case ACT_TELL_BOUND:
        s->phase_by.us = 0;
        if (s->ops->bound)
            s->ops->bound(s->owner, s->pdu);
        return;
    case ACT_TELL_REFUSED:
        conn_close(s->conn, CLOSE_ASKED, "the bind was refused", true);
        if (s->ops->refused)
            s->ops->refused(s->owner, s->refused_status);
        return;
    case ACT_REFUSE_BIND: /* a second bind: 0x05 */
        session_refuse(s, &s->second, ESME_RALYBND);
        return;
    case ACT_SEND_UNBIND:
        s->unbind_sequence = window_skip(&s->window);
        s->phase_by = mono_add_ms(loop_mono(s->loop), s->settings.unbind_ms);
        session_send_header(s, SMPP_UNBIND, 0, s->unbind_sequence);
        return;
    case ACT_ANSWER_UNBIND:
        session_send_header(s, SMPP_UNBIND_RESP, 0, s->unbind_sequence);
        conn_close(s->conn, s->why, s->detail, true);
        return;
    case ACT_NACK_CLOSE: /* SMPP 3.4, 4.3: sequence_number 0 */
        session_send_header(s, SMPP_GENERIC_NACK, ESME_RINVCMDLEN, 0);
        conn_close(s->conn, s->why, s->detail, true);
        return;
    case ACT_FLUSH_CLOSE:
        conn_close(s->conn, s->why, s->detail, s->close_drain);
        return;
    case ACT_DROP: conn_close(s->conn, s->why, s->detail, false); return;
    case ACT_FINISH: finish(s); return;
    }
}

bool
session_move(struct session *s, enum session_event event)
{
    const struct session_edge *e = session_edge_at(s->state, event);
    if (!e->legal) {
        log_error(ROOM_SESSION, "session_illegal",
                  "session=%llu peer=%s state=%s event=%s",
                  (unsigned long long)s->number, session_peer(s),
                  session_state_name(s->state), session_event_name(event));
        return false;
    }
    if (e->next != s->state)
        log_debug(ROOM_SESSION, "session_moved",
                  "session=%llu peer=%s %s -> %s (%s)",
                  (unsigned long long)s->number, session_peer(s),
                  session_state_name(s->state), session_state_name(e->next),
                  session_event_name(event));
    s->state = e->next;
    act(s, e->act);
    return true;
}

void
session_end(struct session *s, enum session_event event, enum close_reason why,
            const char *detail, bool drain)
{
    if (s->state < SESSION_ENDING) {
        s->why = why;
        snprintf(s->detail, sizeof s->detail, "%s", detail ? detail : "");
    }
    s->close_drain = drain;
    session_move(s, event);
}

static void
on_opened(void *session)
{
    struct session *s = session;
    struct mono now = loop_mono(s->loop);
    const struct session_settings *t = &s->settings;
    bool mute = t->enquire_unanswered;
    keepalive_init(&s->keepalive, t->enquire_ms,
                   mute ? 0 : t->enquire_answer_ms, mute ? 0 : t->idle_ms, now);
    if (t->bind_ms)
        s->phase_by = mono_add_ms(now, t->bind_ms);
    session_due_by(s, now);
    session_move(s, SESSION_EV_OPENED);
}

static void
on_closed(void *session, enum close_reason why, const char *detail)
{
    struct session *s = session;
    if (s->state < SESSION_ENDING || s->why != why) {
        s->why = why;
        snprintf(s->detail, sizeof s->detail, "%s", detail);
    }
    session_move(s, SESSION_EV_CONN_CLOSED);
}

static const struct conn_ops conn_ops = {
    .opened = on_opened,
    .readable = session_readable,
    .closed = on_closed,
};

static struct session *
make(struct loop *loop, const struct session_settings *settings,
     const struct session_ops *ops, void *owner)
{
    struct session *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    window_init(&s->window, settings->window);
    s->loop = loop;
    s->ops = ops;
    s->owner = owner;
    s->settings = *settings;
    if (!s->settings.pdu_max)
        s->settings.pdu_max = PDU_DEFAULT_MAX_BYTES;
    s->version = settings->version;
    s->mode = SESSION_TRANSCEIVER;
    s->number = ++last_number;
    s->why = CLOSE_ASKED;
    s->due.us = UINT64_MAX;
    return s;
}

struct session *
session_dial(struct loop *loop, const struct conn_settings *where,
             const struct session_settings *settings,
             const struct session_ops *ops, void *owner)
{
    struct session *s = make(loop, settings, ops, owner);
    if (!s)
        return NULL;
    s->conn = conn_dial(loop, where, &conn_ops, s);
    if (!s->conn) {
        release_session(s);
        return NULL;
    }
    return s;
}

struct session *
session_accept(struct loop *loop, int fd, const struct conn_settings *how,
               const struct session_settings *settings,
               const struct session_ops *ops, void *owner)
{
    struct session *s = make(loop, settings, ops, owner);
    if (!s)
        return NULL;
    s->conn = conn_accept(loop, fd, how, &conn_ops, s);
    if (!s->conn) {
        release_session(s);
        return NULL;
    }
    return s;
}

void
session_pause(struct session *s, bool paused)
{
    struct mono now = loop_mono(s->loop);
    if (s->paused && !paused)
        s->judge_from = mono_add_ms(now, LISTEN_MS);
    s->paused = paused;
    if (!paused)
        s->retry = false;
    conn_pause(s->conn, paused);
    session_due_by(s, now);
}

void
session_unbind(struct session *s, unsigned wait_ms)
{
    if (s->state == SESSION_BOUND)
        s->phase_by = mono_add_ms(loop_mono(s->loop), wait_ms);
    session_due_by(s, loop_mono(s->loop));
    session_end(s, SESSION_EV_DRAIN, CLOSE_ASKED, "unbound by us", true);
}

void
session_close(struct session *s, enum close_reason why, const char *detail,
              bool drain)
{
    if (s->state != SESSION_CLOSED)
        session_end(s, SESSION_EV_CLOSE, why, detail, drain);
}

static void
ignore_closed(void *owner, enum close_reason why, const char *detail)
{
    (void)owner, (void)why, (void)detail;
}

static void
ignore_opened(void *owner)
{
    (void)owner;
}

void
session_orphan(struct session *s)
{
    /* Dropped at once, so nothing but the end can still be told. */
    static const struct session_ops nobody = {.opened = ignore_opened,
                                              .closed = ignore_closed};
    s->ops = &nobody;
    s->owner = NULL;
    session_close(s, CLOSE_ASKED, "its owner went away", false);
}

void
session_set_limits(struct session *s, const struct session_limits *l)
{
    s->settings.window = l->window;
    s->settings.enquire_ms = l->enquire_ms;
    s->settings.idle_ms = l->idle_ms;
    s->settings.response_ms = l->response_ms;
    window_set_limit(&s->window, l->window);
    keepalive_set(&s->keepalive, l->enquire_ms, l->idle_ms);
    conn_set_limits(s->conn, l->read_turn, l->output_max);
    session_due_by(s, loop_mono(s->loop));
}

void
session_set_tap(struct session *s,
                void (*tap)(void *arg, bool out, struct slice pdu), void *arg)
{
    s->tap = tap;
    s->tap_arg = arg;
    s->tapped = false;
}

enum session_state
session_get_state(const struct session *s)
{
    return s->state;
}

bool
session_is_bound(const struct session *s)
{
    return s->state == SESSION_BOUND;
}

enum session_mode
session_get_mode(const struct session *s)
{
    return s->mode;
}

uint8_t
session_version(const struct session *s)
{
    return s->version;
}

unsigned
session_room(const struct session *s)
{
    return s->state == SESSION_BOUND ? window_room(&s->window) : 0;
}

unsigned
session_in_flight(const struct session *s)
{
    return s->window.open;
}

size_t
session_backed_up(const struct session *s)
{
    return conn_stuck_bytes(s->conn);
}

const char *
session_peer(const struct session *s)
{
    return s->conn ? conn_peer(s->conn) : "?";
}

const char *
session_tls(const struct session *s)
{
    return conn_tls(s->conn);
}

char *
session_certificate(const struct session *s, char *dst, size_t cap)
{
    return conn_certificate(s->conn, dst, cap);
}

uint64_t
session_number(const struct session *s)
{
    return s->number;
}

const struct session_counts *
session_counts(const struct session *s)
{
    return &s->counts;
}
