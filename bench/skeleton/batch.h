/*
 * batch.h - what crosses from the engine thread to the committer and back.
 *
 * Promise: a batch is one commit. There are two: one gathers while the other
 * is being written; nobody else touches either.
 */
#ifndef BENCH_SKELETON_BATCH_H
#define BENCH_SKELETON_BATCH_H

#include <stdint.h>
#include <stdlib.h>

enum {
    ROW_BYTES = 160,        /* an accepted message: numbers, text */
    BATCH_ROWS = 20000,     /* accepted in one commit */
    BATCH_FACTS = 64 << 20, /* octets of answers and receipts in one */
    BATCH_ACKS = 1000000,   /* deliver_sm answered after it */
};

/* A deliver_sm to be answered when its receipt is on disk. */
struct ack {
    uint32_t link, sequence;
};

struct batch {
    uint8_t *rows; /* of accepted messages: first, first + 1, ... */
    uint64_t first, rows_n;
    uint8_t *facts;
    size_t facts_bytes;
    struct ack *acks;
    size_t acks_n;
    uint64_t finals; /* messages that are final when it is durable */
};

static inline int
batch_init(struct batch *b)
{
    *b = (struct batch){
        .rows = malloc((size_t)BATCH_ROWS * ROW_BYTES),
        .facts = malloc(BATCH_FACTS),
        .acks = malloc(BATCH_ACKS * sizeof *b->acks),
    };
    return b->rows && b->facts && b->acks ? 0 : -1;
}

static inline void
batch_fini(struct batch *b)
{
    free(b->rows);
    free(b->facts);
    free(b->acks);
}

static inline void
batch_clear(struct batch *b)
{
    b->rows_n = b->facts_bytes = b->acks_n = b->finals = 0;
}

#endif
