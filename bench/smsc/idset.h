/*
 * idset.h - 64-bit keys with a small number each, as many as memory holds.
 *
 * Used to tell what came once, twice and never. Keys are hashes of ids: two
 * ids of a test of ten million share one with a chance of 3 in a million.
 *
 * Threads: the owner's only. Out of memory ends the program.
 */
#ifndef BENCH_SMSC_IDSET_H
#define BENCH_SMSC_IDSET_H

#include "proto/bytes.h"

/* Invariant: at most half full; key 0 marks a free place. All zero is an
 * empty set. */
struct idset {
    struct idset_entry {
        uint64_t key;
        uint64_t value;
    } * entries;
    size_t cap; /* a power of two */
    size_t used;
};

uint64_t idset_key(struct slice id);

/* The value of the key, 0 when it was not there; borrowed until the next
 * call. */
uint64_t *idset_put(struct idset *s, uint64_t key);
/* Makes room for n keys at once, so that none of them waits for growth. */
void idset_reserve(struct idset *s, size_t n);
void idset_fini(struct idset *s);

#endif
