/*
 * stats.h - one line a second about what the simulated carrier does.
 *
 * Threads: the owner's only.
 */
#ifndef BENCH_SMSC_STATS_H
#define BENCH_SMSC_STATS_H

#include "bench/smsc/smsc.h"

/* All zero to begin with. */
struct stats {
    uint64_t printed_us;
    uint64_t cpu_us;
    struct counts before;
};

/* Prints when a second has passed since the last line. */
void stats_tick(struct stats *t, const struct smsc *s);

/* The totals, in one line. */
void stats_end(const struct smsc *s);

#endif
