/*
 * index.h - the carrier's id to the message, in RAM.
 *
 * Promise: open addressing, slots in the order of their keys; a removal
 * shifts back what follows, so look-ups never pass over the dead.
 */
#ifndef BENCH_SKELETON_INDEX_H
#define BENCH_SKELETON_INDEX_H

#include <stdbool.h>
#include <stdint.h>

/* 2^20 slots: at half load twice the greatest backlog. */
enum { INDEX_BITS = 20, INDEX_MAX = 1 << (INDEX_BITS - 1) };

struct index_slot {
    uint64_t key, message; /* key 0: free */
};

struct index {
    struct index_slot *slot;
};

bool index_init(struct index *x);
void index_fini(struct index *x);
/* Of an id of 16 octets; never 0. */
uint64_t index_key(const uint8_t id[16]);
void index_add(struct index *x, uint64_t key, uint64_t message);
/* False when it is not there. */
bool index_take(struct index *x, uint64_t key, uint64_t *message);

#endif
