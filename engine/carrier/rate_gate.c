/*
 * rate_gate.c - a constant delay between taking and leaving.
 *
 * Promise: as in rate_gate.h.
 */
#include "engine/carrier/rate_gate.h"

#include <string.h>

enum {
    TURN_US = 1000,       /* turns that follow sooner are one */
    DELAY_MAX_US = 30000, /* slower commits are stalls, and are counted */
    EASE_US = 10,         /* the delay falls by this ... */
    EASE_EACH_US = 20000, /* ... so often: half a millisecond a second */
};

void
gate_init(struct rate_gate *g)
{
    memset(g, 0, sizeof *g);
    g->turn = g->durable = g->left = g->settled = 1;
}

static struct gate_turn *
turn_at(struct rate_gate *g, uint64_t turn)
{
    return &g->turns[turn % GATE_TURNS];
}

uint64_t
gate_take(struct rate_gate *g, struct mono now)
{
    uint64_t last = g->turn - 1;
    if (!g->took && g->left < g->turn &&
        now.us - turn_at(g, last)->taken < TURN_US) {
        g->joined = true;
        return last;
    }
    g->took = true;
    return g->turn;
}

void
gate_hold(struct rate_gate *g, uint64_t pos, struct mono now)
{
    if (g->joined) {
        turn_at(g, g->turn - 1)->pos = pos;
        if (g->durable == g->turn) /* it was, without the new ones */
            g->durable--;
    }
    g->joined = false;
    /* All slots wait: this turn's parts join those of the next. */
    if (!g->took || g->turn - g->left >= GATE_TURNS - 1)
        return;
    *turn_at(g, g->turn) = (struct gate_turn){pos, pos, now.us, 0};
    g->turn++;
    g->took = false;
}

/* Up at once, down slowly: a shorter delay brings parts closer together. */
static void
ease(struct rate_gate *g, struct mono now)
{
    uint64_t steps = (now.us - g->eased_us) / EASE_EACH_US;
    if (now.us < g->eased_us || steps == 0)
        return;
    g->eased_us = now.us;
    uint64_t down = steps * EASE_US;
    g->delay_us = g->delay_us > down ? g->delay_us - down : 0;
}

static void
see_durable(struct rate_gate *g, uint64_t durable, struct mono now)
{
    while (g->durable < g->turn && turn_at(g, g->durable)->pos <= durable) {
        uint64_t took_us = now.us - turn_at(g, g->durable)->taken;
        if (took_us > DELAY_MAX_US)
            took_us = DELAY_MAX_US;
        if (took_us > g->delay_us) {
            g->delay_us = took_us;
            g->eased_us = now.us;
        }
        g->durable++;
    }
}

void
gate_flushed(struct rate_gate *g, struct mono flushed)
{
    if (g->left > g->settled + GATE_TURNS)
        g->settled = g->left - GATE_TURNS;
    for (; g->settled < g->left; g->settled++) {
        struct gate_turn *t = turn_at(g, g->settled);
        if (t->freed > flushed.us)
            return; /* of this turn: not written yet */
        t->since += flushed.us - t->freed;
    }
}

uint64_t
gate_release(struct rate_gate *g, uint64_t durable, struct mono now)
{
    ease(g, now);
    see_durable(g, durable, now);
    uint64_t delay = g->paced ? g->delay_us : 0;
    while (g->left < g->durable) {
        struct gate_turn *t = turn_at(g, g->left);
        bool open = g->joined && g->left == g->turn - 1;
        if (open || t->taken + delay > now.us)
            break;
        t->since = now.us - delay > t->taken ? now.us - delay : t->taken;
        t->freed = now.us;
        g->left++;
    }
    if (g->left == g->turn)
        return durable;
    uint64_t before = turn_at(g, g->left)->first - 1;
    return before < durable ? before : durable;
}

struct mono
gate_next(const struct rate_gate *g)
{
    if (g->left == g->durable)
        return (struct mono){UINT64_MAX};
    uint64_t taken = g->turns[g->left % GATE_TURNS].taken;
    return (struct mono){taken + (g->paced ? g->delay_us : 0)};
}

uint64_t
gate_since(const struct rate_gate *g, uint64_t turn)
{
    if (turn >= g->left)
        return 0;
    /* Overwritten: the oldest kept left later, so this errs to the safe. */
    if (g->turn - turn >= GATE_TURNS)
        turn = g->turn - GATE_TURNS + 1;
    return g->turns[turn % GATE_TURNS].since;
}
