/*
 * hist.h - how long things took: counts in buckets of 1.6 percent.
 *
 * Promise: a value is told back at most 1/64 too low; adding one costs the
 * same whatever was added before.
 *
 * Threads: plain values.
 */
#ifndef BENCH_LOAD_HIST_H
#define BENCH_LOAD_HIST_H

#include <stdbool.h>
#include <stdint.h>

enum { HIST_SUB_BITS = 6, HIST_BUCKETS = 64 << HIST_SUB_BITS };

/* All zero is empty. */
struct hist {
    uint64_t count;
    uint64_t sum;
    uint64_t max;
    uint64_t bucket[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t value);

/* The value that a share (0.99) of all does not exceed; 0 when empty. */
uint64_t hist_at(const struct hist *h, double share);

/* "p50=… p90=… p99=… p99.9=… max=… us", or the members of a JSON object. */
void hist_print(const struct hist *h, bool json);

#endif
