/*
 * carrier_view.c - a carrier as people see it.
 *
 * Promise: as carrier_look() in carrier.h; nothing here changes anything.
 */
#include <stdio.h>
#include <string.h>

#include "engine/carrier/carrier_inside.h"
#include "engine/core/loop.h"

const char *
carrier_name(const struct carrier *c)
{
    return c->settings->name;
}

const struct carrier_settings *
carrier_get_settings(const struct carrier *c)
{
    return c->settings;
}

enum carrier_state
carrier_get_state(const struct carrier *c)
{
    return c->state;
}

const char *
carrier_state_name(enum carrier_state state)
{
    static const char *const names[] = {
        [CARRIER_UP] = "up",
        [CARRIER_DEGRADED] = "degraded",
        [CARRIER_DOWN] = "down",
        [CARRIER_PAUSED] = "paused",
    };
    return names[state];
}

/* When a throttled carrier will be at its own rate again, by climbing. */
static struct wall
throttled_until(const struct carrier *c)
{
    const struct throttle *t = &c->throttle;
    if (!throttle_is_on(t))
        return (struct wall){0};
    double top = c->settings->rate ? c->settings->rate : t->limit * 2;
    double seconds = (top - t->limit) / (t->climb * 0.01);
    struct wall now = loop_wall(c->loop);
    return (struct wall){now.ms + (uint64_t)(seconds * 1000)};
}

void
carrier_look(const struct carrier *c, struct carrier_view *out)
{
    struct second sent = c->sent; /* counting rolls the slots: on a copy */
    struct mono now = loop_mono(c->loop);
    *out = (struct carrier_view){
        .name = c->settings->name,
        .state = c->state,
        .rate_now = second_count(&sent, now),
        .rate_limit = throttle_is_on(&c->throttle) ? (unsigned)c->throttle.limit
                                                   : c->settings->rate,
        .throttled_until = throttled_until(c),
        .backlog = c->backlog,
        .binds = c->binds,
        .drained = c->drained,
        .at_rest = true,
    };
    for (unsigned i = 0; i < c->binds; i++)
        out->at_rest = out->at_rest && !c->bind[i].session;
}

unsigned
carrier_binds(const struct carrier *c)
{
    return c->binds;
}

struct session *
carrier_session(const struct carrier *c, unsigned bind)
{
    return bind < c->binds ? c->bind[bind].session : NULL;
}

void
carrier_look_bind(const struct carrier *c, unsigned bind, struct bind_view *out)
{
    memset(out, 0, sizeof *out);
    if (bind >= c->binds)
        return;
    const struct bind *b = &c->bind[bind];
    enum bind_state state = b->state == BIND_WAITING ? BIND_DOWN : b->state;
    *out = (struct bind_view){
        .index = bind,
        .state = bind_state_name(state), /* waiting is down, to people */
        .kind = session_mode_name(b->mode),
        .since = b->since,
        .version = b->session ? session_version(b->session) : b->version,
        .tls = b->session ? session_tls(b->session) : "",
        .window = c->settings->window,
        .in_flight = b->session ? session_in_flight(b->session) : 0,
        .submitted = b->submitted,
        .answered = b->answered,
        .delivered_in = b->delivered_in,
        .reconnects = b->reconnects > 1 ? b->reconnects - 1 : 0,
    };
    memcpy(out->last_error, b->last_error, sizeof out->last_error);
}
