/*
 * rate.h - parts per second: even spacing, and a hard cap.
 *
 * GCRA spaces the parts and lets at most `burst` go back to back; a log of
 * the last second caps them. Spacing alone lets 1,004 through a limit of
 * 1,000 in some window, the cap alone sends 1,000 at once each second;
 * together they hold 1,000 and lose nothing to a late tick.
 *
 * Promise: no second, seen by the carrier's clock, holds more than per_s
 * parts; with work always waiting the mean is above 99 % of per_s.
 *
 * Threads: plain values. Told the time. Allocates in init and set alone.
 */
#ifndef ENGINE_CARRIER_RATE_H
#define ENGINE_CARRIER_RATE_H

#include "engine/carrier/rate_gate.h"
#include "engine/core/clock.h"
#include "proto/bytes.h"

/* Parts taken at one moment. */
struct rate_entry {
    uint64_t us;   /* counted from here */
    uint64_t turn; /* of the gate */
    uint64_t parts;
};

/* Invariant: parts is the sum over the log, and at most per_s. */
struct rate {
    uint32_t per_s; /* 0: unlimited */
    uint32_t burst;
    bool even;             /* no burst after a rest */
    uint64_t step_ns;      /* between parts */
    uint64_t tolerance_ns; /* how far the next may be early */
    uint64_t next_ns;      /* when the next is due by even spacing */
    struct rate_gate *gate;
    struct rate_entry *log; /* a ring of per_s entries */
    uint32_t first, count, parts;
};

/* As burst: none after a rest, yet late ticks are made up for. A burst comes
 * back, a little flatter, each second that there is work, and the windows of
 * a second that miss it hold less than the limit. */
#define RATE_EVEN UINT32_MAX

/* burst 0: a tenth of per_s, at least 1. False: out of memory. */
MUST_CHECK bool rate_init(struct rate *r, uint32_t per_s, uint32_t burst);
void rate_fini(struct rate *r);

/* Changes the limit and keeps what was sent in the last second. False: out of
 * memory, nothing changed. */
MUST_CHECK bool rate_set(struct rate *r, uint32_t per_s, uint32_t burst);

/* Parts leave through the gate: they are counted from when they left. The
 * gate must outlive the rate. NULL: they leave when taken. */
void rate_use_gate(struct rate *r, struct rate_gate *gate);

/* How many may be taken now; UINT32_MAX when unlimited. */
uint32_t rate_room(struct rate *r, struct mono now);

/* Charges n <= rate_room(). */
void rate_take(struct rate *r, struct mono now, uint32_t n);

/* When there will be room for one; now or earlier when there is. */
struct mono rate_next(const struct rate *r, struct mono now);

#endif
