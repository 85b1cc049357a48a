/*
 * deadlines.h - many deadlines, of which the nearest matters.
 *
 * A binary heap of structs that stand inside their owners, so that a turn
 * with nothing due costs one comparison however many wait.
 *
 * Promise: setting, moving and clearing one take at most log2(n) steps;
 * memory is one pointer each.
 *
 * Threads: plain values. Told the time.
 */
#ifndef ENGINE_CORE_DEADLINES_H
#define ENGINE_CORE_DEADLINES_H

#include <stddef.h>

#include "engine/core/clock.h"
#include "proto/bytes.h" /* MUST_CHECK */

/* Zeroed: not waiting. */
struct deadline {
    struct mono when;
    size_t place; /* in the heap, from 1; 0: not in it */
    void *owner;
};

struct deadlines {
    struct deadline **heap; /* from 1 */
    size_t count, cap;
};

void deadlines_fini(struct deadlines *h);

/* Room for so many; setting never fails then. */
MUST_CHECK bool deadlines_reserve(struct deadlines *h, size_t count);

/* Sets or moves it; needs reserved room when it was not waiting. */
void deadlines_set(struct deadlines *h, struct deadline *d, struct mono when);
/* Only if that is nearer, or it was not waiting. */
void
deadlines_set_nearer(struct deadlines *h, struct deadline *d, struct mono when);
void deadlines_clear(struct deadlines *h, struct deadline *d);

/* The nearest, NULL when none waits. */
static inline struct deadline *
deadlines_first(const struct deadlines *h)
{
    return h->count ? h->heap[1] : NULL;
}

#endif
