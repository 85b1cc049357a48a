/*
 * limit.h - at most so many in any one second: a sliding log.
 *
 * Promise: of the times passed, no half-open window of one second holds more
 * than per_s that limit_take() let through. Exact, not a bucket: this is the
 * judge that a client's pacing meets.
 *
 * Threads: plain values; the caller passes the time.
 */
#ifndef BENCH_SMSC_LIMIT_H
#define BENCH_SMSC_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Invariant: taken[] holds the times of the last per_s let through, at is
 * the oldest. per_s 0: no limit. */
struct limit {
    size_t per_s;
    size_t at;
    uint64_t *taken;
};

/* False when out of memory. */
bool limit_init(struct limit *l, size_t per_s);
void limit_fini(struct limit *l);

bool limit_take(struct limit *l, uint64_t now_us);

#endif
