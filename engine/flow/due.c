/*
 * due.c - a binary heap of times.
 *
 * Promise: as in due.h.
 */
#include "engine/flow/due.h"

#include <stdlib.h>

static bool
before(const struct due_entry *x, const struct due_entry *y)
{
    return x->when != y->when ? x->when < y->when : x->order < y->order;
}

void
due_fini(struct due *d)
{
    free(d->heap);
    *d = (struct due){0};
}

void
due_put(struct due *d, uint64_t when, uint64_t a, uint64_t b)
{
    if (d->used == d->cap) {
        d->cap = d->cap ? d->cap * 2 : 64;
        d->heap = realloc(d->heap, d->cap * sizeof *d->heap);
        if (!d->heap)
            abort();
    }
    struct due_entry e = {when, d->orders++, a, b};
    size_t i = d->used++;
    for (; i > 0 && before(&e, &d->heap[(i - 1) / 2]); i = (i - 1) / 2)
        d->heap[i] = d->heap[(i - 1) / 2];
    d->heap[i] = e;
}

bool
due_take(struct due *d, uint64_t now, struct due_entry *out)
{
    if (d->used == 0 || d->heap[0].when > now)
        return false;
    *out = d->heap[0];
    struct due_entry e = d->heap[--d->used];
    size_t i = 0;
    for (size_t kid; (kid = 2 * i + 1) < d->used; i = kid) {
        if (kid + 1 < d->used && before(&d->heap[kid + 1], &d->heap[kid]))
            kid++;
        if (!before(&d->heap[kid], &e))
            break;
        d->heap[i] = d->heap[kid];
    }
    if (d->used)
        d->heap[i] = e;
    return true;
}

uint64_t
due_first(const struct due *d)
{
    return d->used ? d->heap[0].when : UINT64_MAX;
}
