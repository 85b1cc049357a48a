/*
 * client_view.c - what others may know of a client.
 *
 * Promise: looking changes nothing.
 */
#include <stdio.h>

#include "engine/client/client_inside.h"
#include "engine/core/loop.h"

static const char *const state_names[CLIENT_STATE_N] = {
#define X(symbol, name) [CLIENT_##symbol] = #name,
    CLIENT_STATES(X)
#undef X
};

void
client_rate_add(struct client_rate *r, uint64_t second)
{
    if (r->second != second) {
        r->last = r->second + 1 == second ? r->now : 0;
        r->now = 0;
        r->second = second;
    }
    r->now++;
}

/* In the last whole second. */
static unsigned
rate_of(const struct client_rate *r, uint64_t second)
{
    return r->second == second ? r->last : r->second + 1 == second ? r->now : 0;
}

uint32_t
client_login(const struct client *c)
{
    return c->grant.login;
}

uint32_t
client_account(const struct client *c)
{
    return c->grant.account;
}

uint8_t
client_version(const struct client *c)
{
    return c->session ? session_version(c->session) : SMPP_V34;
}

enum session_mode
client_mode(const struct client *c)
{
    return c->session ? session_get_mode(c->session) : SESSION_TRANSCEIVER;
}

uint64_t
client_number(const struct client *c)
{
    return c->number;
}

bool
client_is_bound(const struct client *c)
{
    return c->state == CLIENT_BOUND;
}

void
client_set_owner(struct client *c, void *owner)
{
    c->owner = owner;
}

void *
client_owner(const struct client *c)
{
    return c->owner;
}

struct session *
client_session(struct client *c)
{
    return c->session;
}

void
client_look(const struct client *c, struct client_view *out)
{
    uint64_t second = loop_wall(c->server->loop).ms / 1000;
    *out = (struct client_view){
        .number = c->number,
        .login = c->grant.login,
        .account = c->grant.account,
        .state = state_names[c->state],
        .kind = session_mode_name(client_mode(c)),
        .version = client_version(c),
        .since = c->since,
        .window_in = c->grant.window_in,
        .held_in = client_held_in(c),
        .window_out = c->grant.window_out,
        .in_flight = c->session ? session_in_flight(c->session) : 0,
        .requests = c->counts.requests,
        .answered_bad = c->counts.answered_bad,
        .delivered = c->counts.delivered,
        .delivered_bad = c->counts.delivered_bad,
        .rate_in = rate_of(&c->counts.in, second),
        .rate_out = rate_of(&c->counts.out, second),
        .last_status = c->counts.last_status,
        .paused = c->paused,
    };
    snprintf(out->system_id, sizeof out->system_id, "%s", c->system_id);
    snprintf(out->system_type, sizeof out->system_type, "%s", c->system_type);
    snprintf(out->last_error, sizeof out->last_error, "%s", c->last_error);
    if (!c->session)
        return;
    snprintf(out->peer, sizeof out->peer, "%.63s", session_peer(c->session));
    snprintf(out->tls, sizeof out->tls, "%.15s", session_tls(c->session));
}
