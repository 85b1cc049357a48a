/*
 * rate_gate.c - a constant delay between taking and leaving.
 *
 * Promise: as in rate_gate.h.
 */
#include "engine/carrier/rate_gate.h"

#include <string.h>

enum {
    TURN_US = 500,        /* turns that follow sooner are one */
    DELAY_US = 30000,     /* slower commits are stalls, and are counted */
    PRESSED_US = 1000000, /* so long after a rate held something back */
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

void
gate_press(struct rate_gate *g, struct mono now)
{
    g->pressed_us = now.us;
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
    if (!g->took)
        g->delay_us =
            g->pressed_us && now.us - g->pressed_us < PRESSED_US ? DELAY_US : 0;
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
    *turn_at(g, g->turn) = (struct gate_turn){
        .first = pos, .pos = pos, .taken = now.us, .delay = g->delay_us};
    g->turn++;
    g->took = false;
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
    while (g->durable < g->turn && turn_at(g, g->durable)->pos <= durable)
        g->durable++;
    while (g->left < g->durable) {
        struct gate_turn *t = turn_at(g, g->left);
        bool open = g->joined && g->left == g->turn - 1;
        uint64_t due = t->taken + t->delay;
        if (open || due > now.us)
            break;
        t->since = now.us - t->delay;
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
    const struct gate_turn *t = &g->turns[g->left % GATE_TURNS];
    return (struct mono){t->taken + t->delay};
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
