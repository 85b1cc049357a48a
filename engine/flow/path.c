/*
 * path.c - strategies, over what is measured.
 *
 * Promise: as in path.h.
 */
#include "engine/flow/path.h"

#include "engine/carrier/settings.h"
#include "engine/flow/flow.h"

/* A turn gives at most so many messages in a row, and fewer while little is
 * to be sent, so that shares are exact where one can count them. */
enum { TURN_MOST = 64, TURN_PART = 8 };

bool
path_lives(const struct route_path *p)
{
    for (unsigned i = 0; i < p->carriers; i++)
        if (p->carrier[i] && p->carrier[i]->carrier)
            return true;
    return false;
}

int
path_place(const struct route_path *p, const struct carrier_entry *c)
{
    for (unsigned i = 0; i < p->carriers; i++)
        if (p->carrier[i] == c)
            return (int)i;
    return -1;
}

static enum health_state
state_of(const struct route_path *p, unsigned i)
{
    const struct carrier_entry *c = p->carrier[i];
    return c && c->carrier ? c->health.state : HEALTH_OUT;
}

static bool
has_room(struct flow *f, const struct route_path *p, unsigned i)
{
    return carrier_room(p->carrier[i]->carrier, f->now) > 0;
}

/* None is good, throttled or being probed: those that fail are better than
 * nothing. */
static bool
all_fail(const struct route_path *p)
{
    for (unsigned i = 0; i < p->carriers; i++)
        if (state_of(p, i) <= HEALTH_PROBING)
            return false;
    return true;
}

static enum path_answer
ask_failover(struct flow *f, struct route_path *p, unsigned place)
{
    for (unsigned i = 0; i < place; i++) {
        enum health_state s = state_of(p, i);
        if (s == HEALTH_GOOD)
            return PATH_NO;
        if (s == HEALTH_STRAINED && has_room(f, p, i))
            return PATH_LATER;
    }
    return PATH_YES;
}

static bool
is_eligible(struct flow *f, const struct route_path *p, unsigned i)
{
    return state_of(p, i) <= HEALTH_STRAINED && has_room(f, p, i);
}

static unsigned
next_by_weight(struct flow *f, struct route_path *p)
{
    int64_t total = 0;
    unsigned best = p->carriers;
    for (unsigned i = 0; i < p->carriers; i++) {
        if (!is_eligible(f, p, i))
            continue;
        p->credit[i] += p->weight[i];
        total += p->weight[i];
        if (best == p->carriers || p->credit[i] > p->credit[best])
            best = i;
    }
    if (best < p->carriers)
        p->credit[best] -= total;
    return best;
}

static unsigned
next_by_load(struct flow *f, const struct route_path *p)
{
    unsigned best = p->carriers;
    uint64_t best_load = 0;
    for (unsigned i = 0; i < p->carriers; i++) {
        if (!is_eligible(f, p, i))
            continue;
        const struct carrier_settings *s =
            carrier_get_settings(p->carrier[i]->carrier);
        uint64_t window = (uint64_t)s->window * (s->binds ? s->binds : 1);
        uint64_t load =
            ((uint64_t)p->carrier[i]->health.in_flight << 20) / (window + 1);
        if (best == p->carriers || load < best_load) {
            best = i;
            best_load = load;
        }
    }
    return best;
}

static void
begin_turn(struct route_path *p, uint64_t now_us)
{
    if (p->turn_us == now_us)
        return;
    p->turn_us = now_us;
    p->given_last = p->given;
    p->given = 0;
}

static enum path_answer
ask_by_turns(struct flow *f, struct route_path *p, unsigned place)
{
    begin_turn(p, f->now.us);
    if (p->left == 0 || p->pick >= p->carriers || !is_eligible(f, p, p->pick)) {
        p->pick = p->strategy == ROUTE_LEAST_LOADED ? next_by_load(f, p)
                                                    : next_by_weight(f, p);
        unsigned left = p->given_last / TURN_PART;
        p->left = left < 1 ? 1 : left > TURN_MOST ? TURN_MOST : left;
    }
    /* Nobody has room: nor will this one take anything. */
    return p->pick == place || p->pick >= p->carriers ? PATH_YES : PATH_LATER;
}

enum path_answer
path_ask(struct flow *f, struct route_path *p, const struct carrier_entry *c)
{
    int place = path_place(p, c);
    if (place < 0)
        return PATH_AWAY;
    if (p->carriers == 1)
        return PATH_YES;
    switch (state_of(p, (unsigned)place)) {
    case HEALTH_GOOD:
    case HEALTH_STRAINED: break;
    case HEALTH_PROBING:
        if (c->health.probes_left == 0)
            return PATH_NO;
        return p->strategy == ROUTE_FAILOVER
                   ? ask_failover(f, p, (unsigned)place)
                   : PATH_YES;
    case HEALTH_SKIPPED: return all_fail(p) ? PATH_YES : PATH_NO;
    default: return PATH_NO;
    }
    return p->strategy == ROUTE_FAILOVER ? ask_failover(f, p, (unsigned)place)
                                         : ask_by_turns(f, p, (unsigned)place);
}

bool
path_would_take(struct flow *f, struct route_path *p, unsigned place)
{
    if (p->carriers == 1)
        return true;
    if (p->strategy == ROUTE_FAILOVER)
        return path_ask(f, p, p->carrier[place]) == PATH_YES;
    return is_eligible(f, p, place) ||
           (state_of(p, place) == HEALTH_SKIPPED && all_fail(p));
}

void
path_took(struct route_path *p, uint64_t now_us)
{
    begin_turn(p, now_us);
    p->given++;
    if (p->left)
        p->left--;
}

struct carrier_entry *
path_choose(struct flow *f, struct route_path *p, uint32_t not )
{
    struct carrier_entry *best = NULL;
    unsigned best_score = 0;
    for (unsigned i = 0; i < p->carriers; i++) {
        struct carrier_entry *c = p->carrier[i];
        if (!c || !c->carrier || not >> i & 1)
            continue;
        unsigned score =
            1 + 2 * (HEALTH_N - (unsigned)state_of(p, i)) + has_room(f, p, i);
        if (score > best_score) {
            best = c;
            best_score = score;
        }
    }
    return best;
}

const char *
path_why(struct flow *f, struct route_path *p, unsigned place)
{
    const struct carrier_entry *c = p->carrier[place];
    if (!c || !c->carrier)
        return "not in the settings";
    if (carrier_get_state(c->carrier) == CARRIER_PAUSED)
        return "paused by a person";
    if (carrier_get_state(c->carrier) == CARRIER_DOWN)
        return "no bind that sends";
    bool room = has_room(f, p, place);
    if (p->carriers == 1)
        return room ? "the only one" : "the only one; no room now";
    switch (c->health.state) {
    case HEALTH_SKIPPED:
    case HEALTH_PROBING: return c->health.why;
    case HEALTH_STRAINED:
        if (!room)
            return "throttled by the carrier, no room now";
        break;
    default: break;
    }
    if (p->strategy == ROUTE_FAILOVER)
        return ask_failover(f, p, place) != PATH_YES ? "one before it takes all"
               : room                                ? "takes it"
                      : "first in line; no room now";
    return room ? "takes its share" : "no room now";
}
