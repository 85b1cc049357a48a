/*
 * bind.c - one bind kept up: tries, waits, stops.
 *
 * Promise: at most one socket for a bind; tries are spread by back-off and
 * jitter, never sooner than the error's floor, and at most so many binds of
 * the process are being opened at once. A bind that lasted less than 10 s
 * counts as a failed try.
 */
#include <stdarg.h>
#include <stdio.h>

#include "engine/carrier/carrier_inside.h"
#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"

enum {
    LASTED_MS = 10000,
    OPENING_MAX = 16, /* TLS handshakes cost 2 ms each on this thread */
    FIRST_SPREAD_MS = 20,
    FULL_RETRY_MS = 10,
};

/* Binds in CONNECTING and BINDING, over all carriers; engine thread only. */
static unsigned opening;

void
bind_init(struct bind *b, struct carrier *c, unsigned index)
{
    const struct carrier_timers *t = &c->settings->timers;
    *b = (struct bind){.carrier = c, .index = index, .wanted = true};
    b->version = c->settings->version;
    b->since = clock_wall();
    uint64_t seed =
        b->since.ms * 1000003 + index * 7919 + (uint64_t)(uintptr_t)c;
    backoff_init(&b->backoff, t->reconnect_min_ms, t->reconnect_max_ms, seed);
}

static void
set_opening(struct bind *b, bool on)
{
    if (b->counted_opening == on)
        return;
    b->counted_opening = on;
    if (on)
        opening++;
    else
        opening--;
}

void
bind_note(struct bind *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(b->last_error, sizeof b->last_error, format, args);
    va_end(args);
    b->erred = true;
}

void
bind_fini(struct bind *b)
{
    if (b->session)
        session_orphan(b->session);
    b->session = NULL;
    set_opening(b, false);
    metric_add(METRIC_BINDS_BOUND, -(b->state == BIND_BOUND));
    b->state = BIND_DOWN;
}

/* When to try next. A first try goes nearly at once. */
static void
arm(struct bind *b)
{
    struct mono now = loop_mono(b->carrier->loop);
    uint32_t ms;
    if (b->was_bound && mono_since_ms(b->bound_at, now) >= LASTED_MS)
        backoff_reset(&b->backoff);
    if (b->reconnects == 0 && !b->erred)
        ms = (b->index * 7) % FIRST_SPREAD_MS;
    else
        ms = backoff_next(&b->backoff);
    b->was_bound = false;
    b->try_at = mono_add_ms(now, ms);
    if (b->erred)
        log_info(ROOM_CARRIER, "bind_waits",
                 "carrier=%s bind=%u retry_ms=%u error=\"%s\"",
                 b->carrier->settings->name, b->index, ms, b->last_error);
}

static void
act(struct bind *b, enum bind_act what)
{
    switch (what) {
    case BIND_ACT_NONE:
    case BIND_ACT_MIND: return; /* noted by bind_session.c */
    case BIND_ACT_ARM: arm(b); return;
    case BIND_ACT_DIAL:
        b->reconnects++;
        b->mode = carrier_mode_of(b->carrier->settings, b->index);
        bind_dial(b);
        return;
    case BIND_ACT_LOG_IN: bind_log_in(b); return;
    case BIND_ACT_CHEER:
        b->was_bound = true;
        b->refusals = 0;
        b->bound_at = b->moved_at = loop_mono(b->carrier->loop);
        b->waits_since_answer = false;
        b->erred = false;
        return;
    case BIND_ACT_UNBIND: session_unbind(b->session, b->stop_wait_ms); return;
    case BIND_ACT_HANG_UP:
        session_close(b->session, CLOSE_ASKED, "stopped before it was bound",
                      false);
        return;
    }
}

bool
bind_move(struct bind *b, enum bind_event event)
{
    const struct bind_edge *e = bind_edge_at(b->state, event);
    const char *name = b->carrier->settings->name;
    if (!e->legal) {
        log_error(ROOM_CARRIER, "bind_illegal",
                  "carrier=%s bind=%u state=%s event=%s", name, b->index,
                  bind_state_name(b->state), bind_event_name(event));
        return false;
    }
    enum bind_state before = b->state;
    b->state = e->next;
    if (before != e->next) {
        b->since = loop_wall(b->carrier->loop);
        log_info(ROOM_CARRIER, "bind_moved",
                 "carrier=%s bind=%u kind=%s %s -> %s (%s)", name, b->index,
                 session_mode_name(b->mode), bind_state_name(before),
                 bind_state_name(e->next), bind_event_name(event));
        set_opening(b, e->next == BIND_CONNECTING || e->next == BIND_BINDING);
        metric_add(METRIC_BINDS_BOUND,
                   (e->next == BIND_BOUND) - (before == BIND_BOUND));
    }
    act(b, e->act);
    if ((before == BIND_BOUND) != (b->state == BIND_BOUND))
        carrier_update(b->carrier, b->index);
    return true;
}

void
bind_stop(struct bind *b, unsigned wait_ms)
{
    b->stop_wait_ms = wait_ms;
    bind_move(b, BIND_EV_STOP);
}

/* Work, bound, nothing moving: the peer keeps the connection and does no
 * work, which enquire_link alone cannot tell. */
static bool
has_stalled(const struct bind *b, struct mono now)
{
    const struct carrier *c = b->carrier;
    unsigned stall_ms = c->settings->timers.stall_ms;
    if (!stall_ms || !bind_may_submit(b) || c->backlog == 0)
        return false;
    if (session_in_flight(b->session) == 0 && !b->waits_since_answer)
        return false;
    return mono_since_ms(b->moved_at, now) >= stall_ms;
}

static void
recycle_stalled(struct bind *b)
{
    metric_add(METRIC_STALLS, 1);
    bind_note(b, "stalled: nothing answered for %u s with work waiting",
              b->carrier->settings->timers.stall_ms / 1000);
    log_warn(ROOM_CARRIER, "bind_stalled",
             "carrier=%s bind=%u in_flight=%u backlog=%llu",
             b->carrier->settings->name, b->index,
             session_in_flight(b->session),
             (unsigned long long)b->carrier->backlog);
    bind_stop(b, 0);
}

static void
tick_waiting(struct bind *b, struct mono now)
{
    if (!mono_reached(now, b->try_at)) {
        loop_wake_at(b->carrier->loop, b->try_at);
        return;
    }
    if (opening >= OPENING_MAX) {
        loop_wake_at(b->carrier->loop, mono_add_ms(now, FULL_RETRY_MS));
        return;
    }
    bind_move(b, BIND_EV_DUE);
    if (!b->session) /* never left the ground */
        bind_move(b, BIND_EV_FAILED);
}

void
bind_tick(struct bind *b, struct mono now)
{
    if (b->state == BIND_DOWN && b->wanted)
        bind_move(b, BIND_EV_WANT);
    if (b->state == BIND_WAITING)
        tick_waiting(b, now);
    if (has_stalled(b, now))
        recycle_stalled(b);
    if (b->session)
        session_tick(b->session, now);
}
