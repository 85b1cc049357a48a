/*
 * hash.h - a table of u64 keys to u64 values whose slot order is key order.
 *
 * A key's home is its top bits; entries move right past smaller keys only, so
 * that all entries lie sorted, with gaps. A walk over the slots is a sorted
 * run; a miss ends at the first larger key; growing is one merge-like pass.
 *
 * Invariant: for every entry, no gap lies between its home and its slot. The
 * last slot is always empty (the sentinel of every search).
 *
 * Keys must be well spread and not 0. Private to store/.
 */
#ifndef STORE_HASH_H
#define STORE_HASH_H

#include "store/store.h"

struct store_entry {
    uint64_t key; /* 0: a gap */
    uint64_t value;
};

struct store_hash {
    struct store_entry *slots;
    size_t homes; /* a power of two */
    size_t total; /* homes and the slack behind them */
    unsigned shift;
    size_t n;
};

/* Room for about so many entries before it grows. Aborts without memory. */
void store_hash_init(struct store_hash *h, size_t entries);
void store_hash_fini(struct store_hash *h);
/* Empties it; its memory stays, and all of it is there afterwards. */
void store_hash_clear(struct store_hash *h);
/* How many homes init() gives for so many entries. */
size_t store_hash_homes(size_t entries);
/* Moves all entries into a larger table that is empty, and is h from then
 * on. */
void store_hash_move(struct store_hash *h, struct store_hash *to);
void store_hash_put(struct store_hash *h, uint64_t key, uint64_t value);
size_t store_hash_ram_bytes(const struct store_hash *h);

static inline bool
store_hash_get(const struct store_hash *h, uint64_t key, uint64_t *value)
{
    const struct store_entry *e = &h->slots[key >> h->shift];
    /* Minus one: a gap's key 0 becomes the largest and ends the search. */
    while (e->key - 1 < key - 1)
        e++;
    if (e->key != key)
        return false; /* *value stays as it was */
    *value = e->value;
    return true;
}

static inline void
store_hash_prefetch(const struct store_hash *h, uint64_t key)
{
    __builtin_prefetch(&h->slots[key >> h->shift]);
}

#endif
