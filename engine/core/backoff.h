/*
 * backoff.h - how long to wait before the next try.
 *
 * Waits double from min to max; each is spread over its upper half, so that
 * many that failed together do not come back together. A floor asked for by
 * the kind of error lifts the next wait, and may pass max.
 *
 * Promise: a wait is never under the floor nor under half of min; without a
 * floor never over max.
 *
 * Threads: plain values. The randomness is the struct's own.
 */
#ifndef ENGINE_CORE_BACKOFF_H
#define ENGINE_CORE_BACKOFF_H

#include <stdint.h>

struct backoff {
    uint32_t min_ms;
    uint32_t max_ms;
    uint32_t floor_ms; /* for the next wait alone */
    uint32_t tries;    /* since the last success */
    uint64_t seed;
};

void backoff_init(struct backoff *b, uint32_t min_ms, uint32_t max_ms,
                  uint64_t seed);

/* The next wait in milliseconds; counts a try and clears the floor. */
uint32_t backoff_next(struct backoff *b);

/* The next wait shall be at least this long. */
void backoff_floor(struct backoff *b, uint32_t floor_ms);

/* After a success that lasted. */
void backoff_reset(struct backoff *b);

#endif
