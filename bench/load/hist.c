/*
 * hist.c - logarithmic buckets, 64 for each doubling; see hist.h.
 */
#include "bench/load/hist.h"

#include <stdio.h>

enum { SUB = 1 << HIST_SUB_BITS };

static unsigned
bucket_of(uint64_t value)
{
    if (value < SUB)
        return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HIST_SUB_BITS;
    /* value >> shift lies in [SUB, 2 * SUB). */
    return (shift << HIST_SUB_BITS) + (unsigned)(value >> shift);
}

static uint64_t
value_of(unsigned bucket)
{
    if (bucket < 2 * SUB)
        return bucket;
    unsigned shift = (bucket >> HIST_SUB_BITS) - 1;
    return (uint64_t)(bucket - (shift << HIST_SUB_BITS)) << shift;
}

void
hist_add(struct hist *h, uint64_t value)
{
    h->count++;
    h->sum += value;
    if (value > h->max)
        h->max = value;
    h->bucket[bucket_of(value)]++;
}

uint64_t
hist_at(const struct hist *h, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)h->count + 0.999999);
    uint64_t seen = 0;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= wanted && seen > 0)
            return value_of(i);
    }
    return 0;
}

void
hist_print(const struct hist *h, bool json)
{
    printf(json ? "\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,\"p999\":%llu,"
                  "\"max\":%llu,\"mean\":%.1f"
                : "p50=%llu p90=%llu p99=%llu p99.9=%llu max=%llu mean=%.1f us",
           (unsigned long long)hist_at(h, 0.5),
           (unsigned long long)hist_at(h, 0.9),
           (unsigned long long)hist_at(h, 0.99),
           (unsigned long long)hist_at(h, 0.999), (unsigned long long)h->max,
           h->count ? (double)h->sum / (double)h->count : 0.0);
}
