/*
 * deadlines.c - a binary heap whose members know their places.
 *
 * Promise: as in deadlines.h.
 */
#include "engine/core/deadlines.h"

#include <stdlib.h>

enum { FIRST = 64 };

void
deadlines_fini(struct deadlines *h)
{
    free(h->heap);
    *h = (struct deadlines){0};
}

bool
deadlines_reserve(struct deadlines *h, size_t count)
{
    if (count < h->cap)
        return true;
    size_t cap = h->cap ? h->cap : FIRST;
    while (cap <= count)
        cap *= 2;
    struct deadline **more = realloc(h->heap, cap * sizeof *more);
    if (!more)
        return false;
    h->heap = more;
    h->cap = cap;
    return true;
}

static void
put(struct deadlines *h, size_t place, struct deadline *d)
{
    h->heap[place] = d;
    d->place = place;
}

static void
rise(struct deadlines *h, struct deadline *d)
{
    size_t i = d->place;
    for (; i > 1 && h->heap[i / 2]->when.us > d->when.us; i /= 2)
        put(h, i, h->heap[i / 2]);
    put(h, i, d);
}

static void
sink(struct deadlines *h, struct deadline *d)
{
    size_t i = d->place;
    while (i * 2 <= h->count) {
        size_t child = i * 2;
        if (child < h->count &&
            h->heap[child + 1]->when.us < h->heap[child]->when.us)
            child++;
        if (h->heap[child]->when.us >= d->when.us)
            break;
        put(h, i, h->heap[child]);
        i = child;
    }
    put(h, i, d);
}

void
deadlines_set(struct deadlines *h, struct deadline *d, struct mono when)
{
    if (!d->place) {
        if (h->count + 1 >= h->cap)
            return; /* not reserved: our bug, and no harm to memory */
        put(h, ++h->count, d);
    }
    d->when = when;
    rise(h, d);
    sink(h, d);
}

void
deadlines_set_nearer(struct deadlines *h, struct deadline *d, struct mono when)
{
    if (!d->place || when.us < d->when.us)
        deadlines_set(h, d, when);
}

void
deadlines_clear(struct deadlines *h, struct deadline *d)
{
    size_t place = d->place;
    if (!place)
        return;
    struct deadline *last = h->heap[h->count--];
    d->place = 0;
    if (last == d)
        return;
    put(h, place, last);
    rise(h, last);
    sink(h, last);
}
