/*
 * throttle.h - slower when the carrier says so, and back again.
 *
 * ESME_RTHROTTLED and ESME_RMSGQFUL cut the limit to 0.95 of what the carrier
 * accepted in the last second, at most once a second; from there it climbs by
 * 1 % a second (faster after a while when no rate is configured). Refusals that
 * go on in spite of the cut stop everything for 100 to 800 ms at a time.
 *
 * Some carriers refuse a few parts in a hundred at any rate. When three cuts
 * in a row leave the share of refusals in the second after them as it was,
 * that share is noise: the limit is lifted, and only a greater share cuts.
 *
 * Promise: under a carrier that allows half of what is configured, 95 % or
 * more of that half gets through, and under 2 % is refused.
 *
 * Threads: plain values. Told the time. Allocates nothing.
 */
#ifndef ENGINE_CARRIER_THROTTLE_H
#define ENGINE_CARRIER_THROTTLE_H

#include <stdbool.h>

#include "engine/core/clock.h"

enum { THROTTLE_SLOTS = 10, THROTTLE_SLOT_US = 100000 };

/* Events of the last second, in tenths. */
struct second {
    uint32_t slot[THROTTLE_SLOTS];
    uint64_t at;    /* number of the newest slot */
    uint64_t begun; /* us; of this run of events, for a first short second */
};

void second_add(struct second *s, struct mono now, uint32_t n);
/* Events per second over the last second, or since it began if shorter. */
double second_rate(struct second *s, struct mono now);
/* Events in the last second, as counted. */
uint32_t second_count(struct second *s, struct mono now);

struct throttle {
    double limit; /* parts per second; 0: not throttled */
    double climb; /* what 1 % is of */
    struct mono cut_at, raised_at, paused_until;
    uint64_t next_us;  /* spacing under the limit */
    uint32_t refused;  /* since the last pause or cut */
    uint64_t pause_us; /* of the last pause */
    bool hasty;        /* the cut was judged by less than a second */
    struct second accepted, refusals;
    /* is it the rate at all? */
    uint32_t after_good, after_bad; /* since the cut and its echo */
    double share;                   /* refused in the second after a cut */
    unsigned alike;                 /* cuts that left it as it was */
    double noise;                   /* a share that says nothing; 0: none */
    struct mono noise_until;
};

void throttle_init(struct throttle *t);

/* An answer came: accepted, or refused because of the rate. configured: the
 * carrier's limit, 0 when it has none. */
void throttle_accepted(struct throttle *t, struct mono now);
void throttle_refused(struct throttle *t, struct mono now, uint32_t configured);

/* Each turn: climbs, and lifts the limit when it is no longer one. */
void throttle_tick(struct throttle *t, struct mono now, uint32_t configured);

/* How many parts may go now; UINT32_MAX when not throttled. */
uint32_t throttle_room(const struct throttle *t, struct mono now);
void throttle_take(struct throttle *t, struct mono now, uint32_t n);
/* When there will be room for one. */
struct mono throttle_next(const struct throttle *t, struct mono now);

static inline bool
throttle_is_on(const struct throttle *t)
{
    return t->limit > 0;
}

#endif
