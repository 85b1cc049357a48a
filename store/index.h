/*
 * index.h - a map of u64 keys to u64 values that outgrows RAM.
 *
 * New entries go to a hash table whose slot order is key order. A checkpoint
 * freezes the table; the store thread writes it as a sorted run with a
 * filter in front. Frozen tables stay in RAM for look-ups while there is
 * room (ram_entries), then only the run is asked. Runs are merged in the
 * background and expire by age.
 *
 * Promise: get finds the newest value put for the key, whether it stands in
 * RAM or in a run; after open it finds all that the last checkpoint held.
 * Cost does not grow with the number of entries beyond the few runs.
 *
 * Keys should be well mixed (a hash); key 0 is not allowed. Engine thread
 * only; the frozen table is read by both threads and written by none.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "store/store.h"

struct store_index;

struct store_index_settings {
    uint8_t id;            /* which index: first octet of its run keys */
    size_t freeze_entries; /* store_index_is_ripe() beyond this; 1 M */
    size_t ram_entries;    /* frozen entries kept in RAM; 4 M */
    bool covered;          /* often asked in vain: see cover.h */
};

MUST_CHECK enum store_result
store_index_open(struct store *s, const struct store_index_settings *settings,
                 struct store_reader *r, struct store_index **out);
void store_index_close(struct store_index *x);

/* The newest put of a key wins. Grows the table; never fails (aborts when
 * memory is gone). */
void store_index_put(struct store_index *x, uint64_t key, uint64_t value);

/* False and *value untouched when the key was never put. */
bool store_index_get(struct store_index *x, uint64_t key, uint64_t *value);

/* Hint: get or put of key comes soon. */
void store_index_prefetch(const struct store_index *x, uint64_t key);

/* True when a checkpoint is due because of this index. Asked once a turn: it
 * also lets go of tables that stand in a run by now, and has the next table
 * made ready when this one is full by three quarters. */
bool store_index_is_ripe(struct store_index *x);

/* Freezes what is new and adds it to the checkpoint (nothing when empty).
 * wall_ms: the time up to which its entries were made, for expiry. */
void store_index_checkpoint(struct store_index *x, struct store_checkpoint *c,
                            uint64_t wall_ms);

/* Forgets runs whose newest entry is older than wall_ms (at the next
 * checkpoint). */
void store_index_expire(struct store_index *x, uint64_t wall_ms);

size_t store_index_ram_bytes(const struct store_index *x);

#endif
