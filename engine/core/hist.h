/*
 * hist.h - how long things take: counts by size of the value.
 *
 * Buckets are powers of two cut in 16, so a percentile is within 6.25 % of
 * the truth, whatever the range.
 *
 * Promise: recording is a few instructions and never allocates.
 *
 * Threads: one writer; others read a picture that may be a few counts old.
 */
#ifndef ENGINE_CORE_HIST_H
#define ENGINE_CORE_HIST_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    HIST_CUT_BITS = 4,
    HIST_BUCKETS = (64 - HIST_CUT_BITS + 1) << HIST_CUT_BITS,
};

struct hist {
    _Atomic uint64_t bucket[HIST_BUCKETS];
    _Atomic uint64_t count;
    _Atomic uint64_t sum;
    _Atomic uint64_t max;
};

void hist_init(struct hist *h);
void hist_record(struct hist *h, uint64_t value);

/* The value that `share` (0 to 1) of all are at or under; 0 when empty. */
uint64_t hist_percentile(const struct hist *h, double share);

/* Adds from's counts to h's. */
void hist_merge(struct hist *h, const struct hist *from);

static inline uint64_t
hist_count(const struct hist *h)
{
    return atomic_load_explicit(&h->count, memory_order_relaxed);
}

static inline uint64_t
hist_max(const struct hist *h)
{
    return atomic_load_explicit(&h->max, memory_order_relaxed);
}

static inline uint64_t
hist_sum(const struct hist *h)
{
    return atomic_load_explicit(&h->sum, memory_order_relaxed);
}

#endif
