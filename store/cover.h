/*
 * cover.h - one filter over several young runs of an index.
 *
 * A key that was never put is sought in every run: a line of each one's
 * filter is fetched from memory, and there are many runs before they are
 * merged. Their cover has the keys of all of them, so that one line says no.
 *
 * It is in RAM only: runs that were there at the start go without.
 *
 * Private to store/. The checkpoint thread adds keys while the engine thread
 * asks: a bit that comes too early says "perhaps" for nothing. A run is told
 * to the engine after all of its keys were added.
 */
#ifndef STORE_COVER_H
#define STORE_COVER_H

#include <stdatomic.h>

#include "store/filter.h"
#include "store/hash.h"

struct store_cover {
    struct store_filter filter;
    uint64_t room; /* entries that may still be added; checkpoint thread */
    atomic_uint refs;
};

/* For so many entries; held by the caller. NULL without memory. */
struct store_cover *store_cover_create(uint64_t entries);
struct store_cover *store_cover_hold(struct store_cover *c);
void store_cover_release(struct store_cover *c); /* NULL: nothing */

/* Adds all keys of a table; there must be room. */
void store_cover_add(struct store_cover *c, const struct store_hash *h);

#endif
