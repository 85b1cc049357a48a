/*
 * hist.c - log-linear buckets.
 *
 * Promise: as in hist.h. Values under 16 have a bucket each; above, the top
 * five bits of the value choose the bucket.
 */
#include "engine/core/hist.h"

#include <string.h>

static unsigned
bucket_of(uint64_t v)
{
    if (v < (1u << HIST_CUT_BITS))
        return (unsigned)v;
    unsigned top = 63 - (unsigned)__builtin_clzll(v);
    unsigned shift = top - HIST_CUT_BITS;
    unsigned cut = (unsigned)(v >> shift) & ((1u << HIST_CUT_BITS) - 1);
    return ((shift + 1) << HIST_CUT_BITS) + cut;
}

/* The largest value that falls into the bucket. */
static uint64_t
bucket_top(unsigned b)
{
    if (b < (1u << HIST_CUT_BITS))
        return b;
    unsigned shift = (b >> HIST_CUT_BITS) - 1;
    uint64_t cut = b & ((1u << HIST_CUT_BITS) - 1);
    uint64_t low = ((uint64_t)1 << HIST_CUT_BITS | cut) << shift;
    return low + (((uint64_t)1 << shift) - 1);
}

/* One writer: a load and a store, no locked instruction. */
static void
add(_Atomic uint64_t *where, uint64_t n)
{
    uint64_t v = atomic_load_explicit(where, memory_order_relaxed);
    atomic_store_explicit(where, v + n, memory_order_relaxed);
}

void
hist_init(struct hist *h)
{
    for (unsigned i = 0; i < HIST_BUCKETS; i++)
        atomic_init(&h->bucket[i], 0);
    atomic_init(&h->count, 0);
    atomic_init(&h->sum, 0);
    atomic_init(&h->max, 0);
}

void
hist_record(struct hist *h, uint64_t value)
{
    add(&h->bucket[bucket_of(value)], 1);
    add(&h->count, 1);
    add(&h->sum, value);
    if (value > hist_max(h))
        atomic_store_explicit(&h->max, value, memory_order_relaxed);
}

uint64_t
hist_percentile(const struct hist *h, double share)
{
    uint64_t count = hist_count(h);
    if (count == 0)
        return 0;
    uint64_t want = (uint64_t)(share * (double)count + 0.5);
    if (want == 0)
        want = 1;
    uint64_t seen = 0, max = hist_max(h);
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
        if (seen >= want)
            return bucket_top(i) < max ? bucket_top(i) : max;
    }
    return max;
}

void
hist_merge(struct hist *h, const struct hist *from)
{
    for (unsigned i = 0; i < HIST_BUCKETS; i++)
        add(&h->bucket[i],
            atomic_load_explicit(&from->bucket[i], memory_order_relaxed));
    add(&h->count, hist_count(from));
    add(&h->sum, hist_sum(from));
    if (hist_max(from) > hist_max(h))
        atomic_store_explicit(&h->max, hist_max(from), memory_order_relaxed);
}
