/*
 * backoff.c - doubling waits with jitter.
 *
 * Promise: as in backoff.h.
 */
#include "engine/core/backoff.h"

void
backoff_init(struct backoff *b, uint32_t min_ms, uint32_t max_ms, uint64_t seed)
{
    *b = (struct backoff){.min_ms = min_ms ? min_ms : 1,
                          .max_ms = max_ms,
                          .seed = seed ? seed : 0x9E3779B97F4A7C15u};
    if (b->max_ms < b->min_ms)
        b->max_ms = b->min_ms;
}

/* xorshift64: spread is all that is wanted of it. */
static uint64_t
next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

uint32_t
backoff_next(struct backoff *b)
{
    uint64_t wait = b->min_ms;
    for (uint32_t i = 0; i < b->tries && wait < b->max_ms; i++)
        wait *= 2;
    if (wait > b->max_ms)
        wait = b->max_ms;
    if (b->tries < 64)
        b->tries++;
    uint64_t half = wait / 2;
    wait = half + next_random(&b->seed) % (wait - half + 1);
    if (wait < b->floor_ms) /* spread over a tenth above the floor */
        wait = b->floor_ms + next_random(&b->seed) % (b->floor_ms / 10 + 1);
    b->floor_ms = 0;
    return (uint32_t)wait;
}

void
backoff_floor(struct backoff *b, uint32_t floor_ms)
{
    if (floor_ms > b->floor_ms)
        b->floor_ms = floor_ms;
}

void
backoff_reset(struct backoff *b)
{
    b->tries = 0;
    b->floor_ms = 0;
}
