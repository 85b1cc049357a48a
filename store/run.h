/*
 * run.h - a sorted run of an index: written once, searched, dropped whole.
 *
 * Rows of the state environment (big-endian keys):
 *   RUN       | index u8 | run u32             -> head
 *   RUN_BLOCK | index u8 | run u32 | block u32 -> octets
 * Blocks from 0 hold 4,095 entries {key u64, value u64} in order of keys,
 * those from FENCES on the first key of each block, those from FILTER on the
 * filter. Each is 65,520 octets but the last of its kind. A run exists when
 * its head does; blocks without one are left of a crash and are swept.
 *
 * Fences and filter are in RAM, and where each block stands in the file: a
 * look-up is one read of the 4 KB that can have the key, and maps nothing.
 * A last block so short that LMDB may move it is kept in RAM.
 *
 * Private to store/. A run never changes once it is written; it is counted.
 */
#ifndef STORE_RUN_H
#define STORE_RUN_H

#include <lmdb.h>
#include <stdatomic.h>

#include "store/cover.h"
#include "store/env.h"
#include "store/filter.h"
#include "store/hash.h"

enum {
    RUN_BLOCK_BYTES = 65520,
    RUN_BLOCK_ENTRIES = RUN_BLOCK_BYTES / 16,
    RUN_FENCES_PER_BLOCK = RUN_BLOCK_BYTES / 8,
};

/* Where the three kinds of block of one run begin. */
#define RUN_FENCES UINT32_C(0x40000000)
#define RUN_FILTER UINT32_C(0x80000000)

struct store_run {
    uint8_t index;
    uint32_t id;
    uint64_t seq_first, seq_last; /* the freezes that are in here */
    uint64_t wall_ms;             /* of its newest entry */
    uint64_t entries;
    uint32_t blocks;
    uint64_t *fences; /* blocks */
    uint64_t *places; /* blocks; NULL: not located yet */
    uint8_t *tail;    /* the last block, when it is short */
    struct store_filter filter;
    struct store_cover *cover; /* held: its keys are in there; or NULL */
    atomic_uint refs;
};

void store_run_hold(struct store_run *run);
void store_run_release(struct store_run *run);

/* Reads head, fences and filter of the run that comes after number `after`
 * (they begin at 1); STORE_NOT_FOUND when there is none. Held by the caller. */
MUST_CHECK enum store_result
store_run_load(struct store_reader *r, uint8_t index, uint32_t after,
               struct store_run **out);

/* Finds where the blocks of a run stand that has been committed. */
MUST_CHECK enum store_result
store_run_locate(struct store_run *run, const struct store_env *e);

/* STORE_OK, STORE_NOT_FOUND; STORE_FAILED when the file cannot be read. The
 * run is located. */
MUST_CHECK enum store_result
store_run_get(const struct store_run *run, const struct store_env *e,
              uint64_t key, uint64_t *value);

/* Copies the entries of a block of a located run to dst; how many octets, 0
 * when the file cannot be read. */
size_t store_run_read(const struct store_run *run, const struct store_env *e,
                      uint32_t block, uint8_t dst[RUN_BLOCK_BYTES]);

/* The entries of a block; borrowed from the transaction. */
MUST_CHECK enum store_result
store_run_block(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi,
                uint32_t block, struct slice *out);

/* Writes entries, which come in ascending order, over one transaction or
 * several. 0 or what LMDB said. */
struct store_run_writer {
    struct store_run *run; /* being built; ours until finish */
    MDB_txn *txn;          /* set by the caller, also between adds */
    MDB_dbi dbi;
    uint8_t *block; /* of entries, not yet put */
    size_t used;
    size_t fence_cap;
    uint64_t filter_put; /* octets of the filter that have been put */
};

MUST_CHECK int store_run_writer_init(struct store_run_writer *w, uint8_t index,
                                     uint32_t id, uint64_t entries_max);
MUST_CHECK int
store_run_writer_add(struct store_run_writer *w, struct store_entry e);
/* Puts what is left, fences and filter. *out is held by the caller. */
MUST_CHECK int
store_run_writer_finish(struct store_run_writer *w, struct store_run **out);
void store_run_writer_fini(struct store_run_writer *w);

/* It exists from here on; seq and wall_ms must be set before. */
MUST_CHECK int
store_run_put_head(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi);

bool store_run_has_head(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi);
/* Deletes the head; the blocks are swept later, up to max a call. */
MUST_CHECK int
store_run_delete_head(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi);
MUST_CHECK int store_run_sweep(uint8_t index, uint32_t id, MDB_txn *txn,
                               MDB_dbi dbi, unsigned max, bool *more);

#endif
