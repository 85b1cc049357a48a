/*
 * carrier.c - all binds of a carrier as one way out.
 *
 * Promise: as in carrier.h.
 */
#include "engine/carrier/carrier.h"

#include <stdlib.h>
#include <string.h>

#include "engine/carrier/carrier_inside.h"
#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"
#include "engine/core/tls.h"

enum {
    REBIND_WAIT_MS = 5000, /* a person asked: answers get a moment */
    /* A peer that reads so slowly gets nothing more until it has caught up,
     * else it would all arrive in one burst. */
    BACKED_UP_BYTES = 64 * 1024,
};

/* How many binds the settings ask for, and what each does. */
static unsigned
binds_wanted(const struct carrier_settings *s)
{
    unsigned n = s->binds < 1 ? 1 : s->binds > 64 ? 64 : s->binds;
    return s->bind == CARRIER_BIND_PAIR ? n * 2 : n;
}

enum session_mode
carrier_mode_of(const struct carrier_settings *s, unsigned index)
{
    if (s->bind != CARRIER_BIND_PAIR)
        return SESSION_TRANSCEIVER;
    return index % 2 == 0 ? SESSION_TRANSMITTER : SESSION_RECEIVER;
}

/* Makes the binds that are new, lets those go that are not asked for any
 * more. Modes take effect at the next dial. */
static void
fit_binds(struct carrier *c)
{
    unsigned n = binds_wanted(c->settings);
    for (unsigned i = c->binds; i < n; i++)
        bind_init(&c->bind[i], c, i);
    if (n > c->binds)
        c->binds = n;
    for (unsigned i = 0; i < c->binds; i++) {
        struct bind *b = &c->bind[i];
        b->wanted = i < n && !c->closing && !c->drained;
        if (!b->session)
            b->mode = carrier_mode_of(c->settings, i);
        if (i >= n)
            bind_stop(b, c->settings->timers.response_ms);
    }
}

struct carrier *
carrier_create(struct loop *loop, const struct carrier_settings *settings,
               const struct carrier_ops *ops, void *flow,
               struct mono not_before)
{
    struct carrier *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->loop = loop;
    c->settings = settings;
    c->ops = ops;
    c->flow = flow;
    c->not_before = not_before;
    c->state = CARRIER_DOWN;
    gate_init(&c->gate);
    throttle_init(&c->throttle);
    if (!rate_init(&c->rate, settings->rate, settings->burst)) {
        free(c);
        return NULL;
    }
    rate_use_gate(&c->rate, &c->gate);
    fit_binds(c);
    return c;
}

void
carrier_close(struct carrier *c, bool drain)
{
    c->closing = true;
    for (unsigned i = 0; i < c->binds; i++) {
        c->bind[i].wanted = false;
        bind_stop(&c->bind[i], drain ? c->settings->timers.response_ms : 0);
    }
}

bool
carrier_is_closed(const struct carrier *c)
{
    for (unsigned i = 0; i < c->binds; i++)
        if (c->bind[i].session)
            return false;
    return c->closing;
}

void
carrier_destroy(struct carrier *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < c->binds; i++)
        bind_fini(&c->bind[i]);
    tls_context_release(c->tls);
    rate_fini(&c->rate);
    free(c);
}

bool
carrier_reload(struct carrier *c, const struct carrier_settings *settings)
{
    bool keep = carrier_settings_keep_binds(c->settings, settings);
    if (!rate_set(&c->rate, settings->rate, settings->burst))
        log_error(ROOM_CARRIER, "reload_rate",
                  "carrier=%s error=\"out of memory, the old rate stays\"",
                  settings->name);
    rate_use_gate(&c->rate, &c->gate);
    c->settings = settings;
    c->credit = 0;
    if (!keep) {
        tls_context_release(c->tls);
        c->tls = NULL;
    }
    for (unsigned i = 0; i < c->binds && !keep; i++) {
        c->bind[i].version = settings->version;
        backoff_init(&c->bind[i].backoff, settings->timers.reconnect_min_ms,
                     settings->timers.reconnect_max_ms,
                     c->bind[i].backoff.seed);
        bind_stop(&c->bind[i], REBIND_WAIT_MS);
    }
    fit_binds(c);
    carrier_update(c, 0);
    return keep;
}

static unsigned
room_of(const struct bind *b)
{
    if (!bind_may_submit(b) || session_backed_up(b->session) > BACKED_UP_BYTES)
        return 0;
    return session_room(b->session);
}

unsigned
carrier_room(struct carrier *c, struct mono now)
{
    c->credit = 0;
    c->credit_at = now;
    if (c->paused || c->closing || !mono_reached(now, c->not_before))
        return 0;
    uint64_t room = 0;
    for (unsigned i = 0; i < c->binds; i++)
        room += room_of(&c->bind[i]);
    if (room == 0)
        return 0;
    uint32_t rated = rate_room(&c->rate, now);
    uint32_t throttled = throttle_room(&c->throttle, now);
    room = room < rated ? room : rated;
    room = room < throttled ? room : throttled;
    c->credit = (unsigned)room;
    return c->credit;
}

struct mono
carrier_room_at(const struct carrier *c, struct mono now)
{
    struct mono never = {UINT64_MAX};
    if (c->paused || c->closing)
        return never;
    bool any = false;
    for (unsigned i = 0; i < c->binds && !any; i++)
        any = room_of(&c->bind[i]) > 0;
    if (!any)
        return never;
    struct mono at = rate_next(&c->rate, now);
    struct mono other = throttle_next(&c->throttle, now);
    at = other.us > at.us ? other : at;
    return c->not_before.us > at.us ? c->not_before : at;
}

/* The hinted bind while it has room, else the next in turn that has. */
static struct bind *
choose(struct carrier *c, int hint)
{
    if (hint >= 0 && (unsigned)hint < c->binds && room_of(&c->bind[hint]))
        return &c->bind[hint];
    for (unsigned i = 0; i < c->binds; i++) {
        struct bind *b = &c->bind[c->next_bind];
        c->next_bind = c->next_bind + 1 < c->binds ? c->next_bind + 1 : 0;
        if (room_of(b))
            return b;
    }
    return NULL;
}

int
carrier_submit(struct carrier *c, struct pdu *submit,
               const struct part_ref *part, int bind_hint, struct mono now)
{
    if ((c->credit == 0 || c->credit_at.us != now.us) &&
        carrier_room(c, now) == 0)
        return -1;
    struct bind *b = choose(c, bind_hint);
    if (!b)
        return -1;
    struct session_note note = {{0}};
    memcpy(&note, part, sizeof *part);
    enum pdu_fault fault;
    bool idle = session_in_flight(b->session) == 0;
    if (session_request(b->session, submit, &note, &fault) == 0)
        return fault == PDU_OK ? -1 : CARRIER_CANNOT_ENCODE;
    if (idle && !b->waits_since_answer)
        b->moved_at = now;
    rate_take(&c->rate, now, 1);
    throttle_take(&c->throttle, now, 1);
    second_add(&c->sent, now, 1);
    b->submitted++;
    c->credit--;
    metric_add(METRIC_PARTS_SUBMITTED, 1);
    return (int)b->index;
}

/* Lets go what is durable and, with a rate, has waited its even delay. */
static void
pump(struct carrier *c, struct mono now)
{
    gate_flushed(&c->gate, loop_flushed(c->loop));
    uint64_t upto = gate_release(&c->gate, c->durable, now);
    for (unsigned i = 0; i < c->binds; i++)
        if (c->bind[i].session)
            session_release(c->bind[i].session, upto);
    struct mono next = gate_next(&c->gate);
    if (next.us != UINT64_MAX)
        loop_wake_at(c->loop, next);
}

void
carrier_tick(struct carrier *c, struct mono now)
{
    throttle_tick(&c->throttle, now, c->settings->rate);
    for (unsigned i = 0; i < c->binds; i++)
        bind_tick(&c->bind[i], now);
    /* After the last turn of a bind that is not asked for any more. */
    unsigned n = binds_wanted(c->settings);
    unsigned before = c->binds;
    while (c->binds > n && !c->bind[c->binds - 1].session)
        c->binds--;
    if (c->binds < before)
        carrier_update(c, c->binds);
    pump(c, now);
}

void
carrier_hold(struct carrier *c, uint64_t pos)
{
    gate_hold(&c->gate, pos, loop_mono(c->loop));
    for (unsigned i = 0; i < c->binds; i++)
        if (c->bind[i].session)
            session_hold(c->bind[i].session, pos);
}

void
carrier_release(struct carrier *c, uint64_t durable)
{
    if (durable > c->durable)
        c->durable = durable;
    pump(c, clock_mono());
}

void
carrier_pause_reading(struct carrier *c, bool paused)
{
    if (c->reading_paused == paused)
        return;
    c->reading_paused = paused;
    for (unsigned i = 0; i < c->binds; i++)
        if (c->bind[i].state == BIND_BOUND)
            session_pause(c->bind[i].session, paused);
}

void
carrier_pause(struct carrier *c, bool paused)
{
    c->paused = paused;
    c->credit = 0;
    if (!paused && c->drained) {
        c->drained = false;
        fit_binds(c);
    }
    carrier_update(c, 0);
}

void
carrier_drain(struct carrier *c)
{
    c->drained = true;
    for (unsigned i = 0; i < c->binds; i++) {
        c->bind[i].wanted = false;
        bind_stop(&c->bind[i], c->settings->timers.response_ms);
    }
    carrier_pause(c, true);
}

void
carrier_rebind(struct carrier *c)
{
    for (unsigned i = 0; i < c->binds; i++) {
        backoff_reset(&c->bind[i].backoff);
        c->bind[i].try_at.us = 0;
        if (c->bind[i].session)
            bind_stop(&c->bind[i], REBIND_WAIT_MS);
    }
}

static void
kick(struct bind *b)
{
    backoff_reset(&b->backoff);
    b->try_at.us = 0;
    if (!b->session)
        return;
    bind_note(b, "closed by a person");
    if (b->state == BIND_UNBINDING) /* it waits for answers */
        session_close(b->session, CLOSE_ASKED, "closed by a person", false);
    else
        bind_stop(b, 0);
}

bool
carrier_kick(struct carrier *c, int bind)
{
    if (bind != CARRIER_ALL_BINDS && (bind < 0 || (unsigned)bind >= c->binds))
        return false;
    for (unsigned i = 0; i < c->binds; i++)
        if (bind == CARRIER_ALL_BINDS || (unsigned)bind == i)
            kick(&c->bind[i]);
    return true;
}

void
carrier_set_backlog(struct carrier *c, uint64_t parts)
{
    c->backlog = parts;
}

struct rate_gate *
carrier_gate(struct carrier *c)
{
    return &c->gate;
}

static enum carrier_state
state_of(const struct carrier *c)
{
    unsigned bound = 0, sending = 0;
    for (unsigned i = 0; i < c->binds; i++) {
        bound += c->bind[i].state == BIND_BOUND;
        sending += bind_may_submit(&c->bind[i]);
    }
    if (c->paused)
        return CARRIER_PAUSED;
    if (sending == 0)
        return CARRIER_DOWN;
    return bound == c->binds ? CARRIER_UP : CARRIER_DEGRADED;
}

void
carrier_update(struct carrier *c, unsigned bind)
{
    enum carrier_state before = c->state;
    c->state = state_of(c);
    c->credit = 0;
    if (before != c->state)
        log_info(ROOM_CARRIER, "carrier_state", "carrier=%s binds=%u state=%d",
                 c->settings->name, c->binds, (int)c->state);
    if (c->ops->changed)
        c->ops->changed(c->flow, c, bind, before, c->state);
}
