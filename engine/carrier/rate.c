/*
 * rate.c - GCRA with a sliding log.
 *
 * Promise: as in rate.h. The second is taken as 1,004 ms: the carrier
 * stamps what it reads a few milliseconds unevenly after what we sent. The
 * spacing runs 1.5 % ahead of that: it makes up for what late ticks lose, and
 * slowly spreads bursts, which the log would else repeat each second; the log
 * keeps the sum.
 */
#include "engine/carrier/rate.h"

#include <stdlib.h>

enum {
    SECOND_US = 1004000,
    CATCH_UP_US = 50000, /* a late tick is made up for, if less than this */
    LATE_US = 5000,      /* of it when the log held back: ticks come late */
    BURST_SHARE = 10,    /* a tenth of a second, unless set */
    EVEN_SHARE = 25,     /* 40 ms of late ticks */
    PACE_PERMILLE = 985, /* of the even step */
};

static void
set_spacing(struct rate *r, uint32_t per_s, uint32_t burst)
{
    r->per_s = per_s;
    if (per_s == 0)
        return;
    r->even = burst == RATE_EVEN;
    if (r->even)
        burst = 1 + per_s / EVEN_SHARE;
    if (burst == 0)
        burst = per_s / BURST_SHARE;
    r->burst = burst < 1 ? 1 : burst > per_s ? per_s : burst;
    r->step_ns = (uint64_t)SECOND_US * PACE_PERMILLE / per_s;
    r->tolerance_ns = (r->burst - 1) * r->step_ns;
    /* Half a step never lets two go together, but makes up for a tick. */
    uint64_t least = r->step_ns / 2;
    if (least > (uint64_t)CATCH_UP_US * 1000)
        least = (uint64_t)CATCH_UP_US * 1000;
    if (r->tolerance_ns < least)
        r->tolerance_ns = least;
}

bool
rate_init(struct rate *r, uint32_t per_s, uint32_t burst)
{
    *r = (struct rate){0};
    set_spacing(r, per_s, burst);
    if (per_s == 0)
        return true;
    r->log = calloc(per_s, sizeof *r->log);
    return r->log != NULL;
}

void
rate_fini(struct rate *r)
{
    free(r->log);
    r->log = NULL;
    r->count = r->parts = 0;
}

/* The entries of the old log, newest kept when there are too many. */
static void
copy_log(struct rate *r, struct rate_entry *to, uint32_t cap)
{
    uint32_t skip = r->count > cap ? r->count - cap : 0;
    for (uint32_t i = 0; i < skip; i++)
        r->parts -= (uint32_t)r->log[(r->first + i) % r->per_s].parts;
    for (uint32_t i = skip; i < r->count; i++)
        to[i - skip] = r->log[(r->first + i) % r->per_s];
    r->count -= skip;
    r->first = 0;
}

bool
rate_set(struct rate *r, uint32_t per_s, uint32_t burst)
{
    if (per_s != r->per_s) {
        struct rate_entry *log = NULL;
        if (per_s && !(log = calloc(per_s, sizeof *log)))
            return false;
        if (r->log && log)
            copy_log(r, log, per_s);
        else
            r->count = r->parts = r->first = 0;
        free(r->log);
        r->log = log;
    }
    set_spacing(r, per_s, burst);
    return true;
}

void
rate_use_gate(struct rate *r, struct rate_gate *gate)
{
    /* Turns are the old gate's: what stands in the log counts by time now. */
    if (gate != r->gate)
        for (uint32_t i = 0; r->per_s && i < r->count; i++)
            r->log[(r->first + i) % r->per_s].turn = 0;
    r->gate = gate;
}

/* From when the entry counts; UINT64_MAX while it has not left. */
static uint64_t
since(const struct rate *r, const struct rate_entry *e)
{
    if (!r->gate || e->turn == 0) /* turns count from 1 */
        return e->us;
    uint64_t left = gate_since(r->gate, e->turn);
    if (left == 0)
        return UINT64_MAX;
    return left > e->us ? left : e->us;
}

static void
expire(struct rate *r, struct mono now)
{
    while (r->count) {
        const struct rate_entry *e = &r->log[r->first];
        uint64_t from = since(r, e);
        if (from == UINT64_MAX || from + SECOND_US > now.us)
            return;
        r->parts -= (uint32_t)e->parts;
        r->first = r->first + 1 == r->per_s ? 0 : r->first + 1;
        r->count--;
    }
}

/* What the log held back earns no credit, but for a late tick: else what left
 * in one burst would leave in one burst again each second. */
static void
spend_credit(struct rate *r, struct mono now)
{
    uint64_t from = since(r, &r->log[r->first]);
    uint64_t free_us = from == UINT64_MAX ? now.us : from + SECOND_US;
    uint64_t least_ns = (uint64_t)LATE_US * 1000;
    uint64_t kept_ns = r->tolerance_ns < least_ns ? r->tolerance_ns : least_ns;
    uint64_t spent_ns = free_us * 1000 + r->tolerance_ns - kept_ns;
    if (r->next_ns < spent_ns)
        r->next_ns = spent_ns;
}

static uint32_t
room(struct rate *r, struct mono now)
{
    uint64_t now_ns = now.us * 1000;
    uint64_t limit = now_ns + r->tolerance_ns;
    uint64_t base = r->next_ns > now_ns ? r->next_ns : now_ns;
    if (base > limit)
        return 0;
    expire(r, now);
    if (r->even && r->count == 0) /* it has rested: one, then evenly on */
        base = r->next_ns = limit;
    if (r->parts >= r->per_s) {
        spend_credit(r, now);
        return 0;
    }
    uint64_t spaced = (limit - base) / r->step_ns + 1;
    uint64_t capped = r->per_s - r->parts;
    return (uint32_t)(spaced < capped ? spaced : capped);
}

uint32_t
rate_room(struct rate *r, struct mono now)
{
    if (r->per_s == 0)
        return UINT32_MAX;
    uint32_t n = room(r, now);
    if (n == 0 && r->gate)
        gate_press(r->gate, now);
    return n;
}

void
rate_take(struct rate *r, struct mono now, uint32_t n)
{
    if (r->per_s == 0 || n == 0)
        return;
    uint64_t now_ns = now.us * 1000;
    r->next_ns = (r->next_ns > now_ns ? r->next_ns : now_ns) + n * r->step_ns;
    uint64_t turn = r->gate ? gate_take(r->gate, now) : 0;
    r->parts += n;
    if (r->count) {
        uint32_t last = (r->first + r->count - 1) % r->per_s;
        struct rate_entry *e = &r->log[last];
        /* A full log cannot be when n was within the room; joining keeps it
         * safe should a caller err: the parts then count for longer. */
        if ((e->us == now.us && e->turn == turn) || r->count == r->per_s) {
            *e = (struct rate_entry){now.us, turn, e->parts + n};
            return;
        }
    }
    r->log[(r->first + r->count) % r->per_s] =
        (struct rate_entry){now.us, turn, n};
    r->count++;
}

struct mono
rate_next(const struct rate *r, struct mono now)
{
    if (r->per_s == 0)
        return now;
    uint64_t early_ns =
        r->next_ns > r->tolerance_ns ? r->next_ns - r->tolerance_ns : 0;
    uint64_t us = (early_ns + 999) / 1000;
    if (r->parts >= r->per_s && r->count) {
        uint64_t from = since(r, &r->log[r->first]);
        /* It has not left yet: look again in a tick. */
        uint64_t free_at =
            from == UINT64_MAX ? now.us + 1000 : from + SECOND_US;
        us = free_at > us ? free_at : us;
    }
    return (struct mono){us};
}
