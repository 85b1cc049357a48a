/*
 * session_timers.c - what the time brings: deadlines, looked at once a turn.
 *
 * Promise: session_tick() costs one comparison before the next deadline. No
 * timer exists per request: the window's oldest stands for all.
 */
#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"
#include "engine/session/session_inside.h"

enum {
    EXPIRE_A_TICK = 1024, /* a whole window that times out at once */
    DRAIN_STEP_MS = 1,
};

void
session_due_by(struct session *s, struct mono when)
{
    if (when.us >= s->due.us)
        return;
    s->due = when;
    if (s->ops->due)
        s->ops->due(s->owner, when);
}

struct mono
session_due(const struct session *s)
{
    return s->due;
}

static void
tick_phase(struct session *s, struct mono now)
{
    bool up = s->phase_by.us && mono_reached(now, s->phase_by);
    if (s->state == SESSION_DRAINING) {
        bool empty = s->window.open == 0 && conn_output_bytes(s->conn) == 0;
        if (empty || up)
            session_move(s, SESSION_EV_DRAINED);
        return;
    }
    if (!up)
        return;
    if (s->state == SESSION_OPEN || s->state == SESSION_BINDING)
        session_end(s, SESSION_EV_TIME_UP, CLOSE_NO_ANSWER,
                    s->settings.side == SESSION_ESME
                        ? "the bind was not answered in time"
                        : "no bind in time",
                    true);
    else if (s->state == SESSION_UNBINDING)
        session_end(s, SESSION_EV_TIME_UP, CLOSE_ASKED,
                    "unbind was not answered in time", true);
}

struct restart {
    struct session *session;
    struct mono now;
};

static void
restart(void *arg, struct slice pdu)
{
    struct restart *r = arg;
    struct cursor c = cursor_of(pdu);
    cursor_take(&c, 4);
    uint32_t id = cursor_be32(&c);
    cursor_take(&c, 4);
    uint32_t sequence = cursor_be32(&c);
    if (!c.failed && !smpp_is_response(id))
        window_restart(&r->session->window, sequence, r->now);
}

/* A peer cannot answer what waits for our own store, and we do not hear it
 * while we do not listen: that time is not the peer's. */
static bool
may_expire(struct session *s, struct mono now)
{
    struct mono opened;
    struct restart r = {s, now};
    if (!s->settings.response_ms || s->paused ||
        !mono_reached(now, s->judge_from) ||
        !window_oldest(&s->window, &opened) ||
        !mono_reached(now, mono_add_ms(opened, s->settings.response_ms)))
        return false;
    if (conn_is_held(s->conn))
        conn_unsent(s->conn, restart, &r);
    return true;
}

static void
tick_window(struct session *s, struct mono now)
{
    if (!may_expire(s, now))
        return;
    struct session_note note;
    for (int i = 0; i < EXPIRE_A_TICK; i++) {
        if (!window_expire(&s->window, now, s->settings.response_ms, &note))
            return;
        s->counts.timed_out++;
        if (s->ops->lost)
            s->ops->lost(s->owner, &note, SESSION_TIMED_OUT);
    }
}

static void
tick_link(struct session *s, struct mono now)
{
    if (s->state == SESSION_OPENING)
        return;
    if (s->paused || s->retry) { /* we do not listen: silence is ours */
        s->keepalive.heard = now;
        s->keepalive.asked.us = 0;
        return;
    }
    switch (keepalive_look(&s->keepalive, now)) {
    case KEEPALIVE_NOTHING: return;
    case KEEPALIVE_ENQUIRE:
        session_send_header(s, SMPP_ENQUIRE_LINK, 0, window_skip(&s->window));
        return;
    case KEEPALIVE_DEAD: break;
    }
    session_end(s, SESSION_EV_SILENT, CLOSE_NO_ANSWER,
                s->keepalive.asked.us ? "enquire_link was not answered"
                                      : "the peer was silent for too long",
                false);
}

static void
tick_input(struct session *s, struct mono now)
{
    bool deaf = s->paused || s->retry; /* we do not listen */
    if (s->half_by.us && deaf)
        s->half_by = mono_add_ms(now, s->settings.read_ms);
    if (s->half_by.us && mono_reached(now, s->half_by)) {
        s->half_by.us = 0;
        session_end(s, SESSION_EV_BROKEN, CLOSE_FRAMING,
                    "a PDU was begun and not finished in time", true);
        return;
    }
    if (s->retry && mono_reached(now, s->retry_at)) {
        s->retry = false;
        if (!s->paused)
            conn_pause(s->conn, false);
    }
}

/* The next deadline of all. */
static struct mono
next_due(const struct session *s, struct mono now)
{
    struct mono due = {UINT64_MAX}, opened;
    if (s->state >= SESSION_ENDING)
        return due;
    if (s->state != SESSION_OPENING)
        due = keepalive_next(&s->keepalive);
    if (s->phase_by.us && s->phase_by.us < due.us)
        due = s->phase_by;
    if (s->half_by.us && s->half_by.us < due.us)
        due = s->half_by;
    if (s->retry && s->retry_at.us < due.us)
        due = s->retry_at;
    if (s->settings.response_ms && !s->paused &&
        window_oldest(&s->window, &opened)) {
        opened = mono_add_ms(opened, s->settings.response_ms);
        if (opened.us < s->judge_from.us)
            opened = s->judge_from;
        if (opened.us < due.us)
            due = opened;
    }
    if (s->state == SESSION_DRAINING)
        due = mono_add_ms(now, DRAIN_STEP_MS);
    return due;
}

void
session_tick(struct session *s, struct mono now)
{
    if (mono_reached(now, s->due) && s->state < SESSION_ENDING) {
        tick_window(s, now);
        tick_input(s, now);
        if (s->state < SESSION_ENDING)
            tick_link(s, now);
        if (s->state < SESSION_ENDING)
            tick_phase(s, now);
        if (s->state < SESSION_ENDING && conn_rest(s->conn))
            window_rest(&s->window);
        s->due = next_due(s, now);
    }
    if (s->due.us != UINT64_MAX)
        loop_wake_at(s->loop, s->due);
}
