/*
 * block.h - facts packed into one value of the log.
 *
 * Key: position of the block's first fact, native u64 (MDB_INTEGERKEY).
 * Value:
 *   checksum u64 | wall_ms u64 | facts back to back
 * all little-endian. The checksum covers the key, wall_ms and the facts. A
 * full block is 65,520 octets: with LMDB's page header sixteen pages sharp.
 *
 * Row 0 of each segment is no block but its head:
 *   magic u64 | format u32 | 0 u32 | first position u64
 *
 * Private to store/.
 */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

#include "store/store.h"

enum {
    BLOCK_HEAD_BYTES = 16,
    SEGMENT_HEAD_BYTES = 24,
    STORE_FORMAT = 1, /* of everything on disk */
};

/* Positions begin here, so that 0 can mean "none". */
#define STORE_FIRST_POS UINT64_C(8)

struct block {
    uint64_t first;     /* position of the first fact */
    uint64_t wall_ms;   /* when it was committed; never falls */
    struct slice facts; /* borrowed */
    uint64_t checksum;
};

/* Fills dst[0 .. BLOCK_HEAD_BYTES + facts.n). */
void store_block_pack(uint8_t *dst, uint64_t first, uint64_t wall_ms,
                      struct slice facts);

/* Splits a value; false when it is too short or too long for a block. */
MUST_CHECK bool
store_block_parse(uint64_t key, struct slice value, struct block *out);
/* Checksum right and lengths of all facts fill it exactly. */
bool store_block_is_whole(const struct block *b);

/* The fact at an offset; an empty slice when its length cannot be. */
struct slice store_block_fact(const struct block *b, size_t offset);
/* The first boundary at or after offset; SIZE_MAX when a length is wrong. */
size_t store_block_boundary(const struct block *b, size_t offset);

/* Four lanes of multiply and rotate, eight octets each step. Not against
 * malice: against disks and cables. */
uint64_t store_checksum(struct slice s, uint64_t seed);

void store_segment_head_pack(uint8_t *dst, uint64_t first);
/* STORE_OK, STORE_VERSION or STORE_CORRUPT. */
MUST_CHECK enum store_result
store_segment_head_check(struct slice value, uint64_t first);

#endif
