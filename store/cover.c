/*
 * cover.c - one filter over several young runs of an index.
 *
 * Promise: as in cover.h.
 */
#include "store/cover.h"

#include <stdlib.h>

struct store_cover *
store_cover_create(uint64_t entries)
{
    struct store_cover *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    /* Three quarters of a run's bits: it passes one key in a hundred, which
     * the runs' own filters are then asked about. */
    uint64_t lines = store_filter_lines(entries - entries / 4);
    if (!store_filter_init(&c->filter, lines)) {
        free(c);
        return NULL;
    }
    c->room = entries;
    atomic_init(&c->refs, 1);
    return c;
}

struct store_cover *
store_cover_hold(struct store_cover *c)
{
    atomic_fetch_add(&c->refs, 1);
    return c;
}

void
store_cover_release(struct store_cover *c)
{
    if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    store_filter_fini(&c->filter);
    free(c);
}

void
store_cover_add(struct store_cover *c, const struct store_hash *h)
{
    for (size_t i = 0; i < h->total; i++)
        if (h->slots[i].key != 0)
            store_filter_add(&c->filter, h->slots[i].key);
    c->room -= h->n;
}
