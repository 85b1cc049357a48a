/*
 * recipients.h - rows of a campaign, packed as they came.
 *
 * A chunk is the body of one RECIPIENTS fact, at most RECIPIENTS_CHUNK_MAX
 * octets: column names once, then rows. It can be read alone.
 *
 *   chunk: columns varint | (name bytes)* | row*
 *   row:   length varint | subscriber varint | sender varint | value*
 *   value: one a column: varint 0 = absent, else octets + 1, then octets
 *
 * (bytes = varint length and octets.) The length counts what follows it, so
 * a row is skipped without reading its values.
 *
 * Threads: pure; intake threads pack, the engine and readers unpack.
 */
#ifndef ENGINE_FLOW_RECIPIENTS_H
#define ENGINE_FLOW_RECIPIENTS_H

#include "proto/bytes.h"

enum {
    RECIPIENTS_CHUNK_MAX = 60000,
    RECIPIENTS_ROWS_MAX = 4096, /* rows of one chunk */
    RECIPIENTS_COLUMNS_MAX = 64,
    RECIPIENTS_ROW_MAX = 16384, /* octets of one packed row */
};

/* One packed chunk being filled. Invariant: octets is a readable chunk. */
struct recipients_packer {
    uint8_t *octets; /* RECIPIENTS_CHUNK_MAX, the caller's */
    size_t used;
    unsigned rows;
    unsigned columns;
};

/* Begins a chunk with these column names. False: too many or too long. */
MUST_CHECK bool recipients_begin(struct recipients_packer *p, uint8_t *octets,
                                 const struct slice *names, unsigned columns);

enum recipients_result { RECIPIENTS_OK, RECIPIENTS_FULL, RECIPIENTS_TOO_LONG };

/* Adds a row; values[i].p == NULL means absent. FULL: begin a new chunk and
 * add it again. TOO_LONG: the row never fits. sender 0: the campaign's. */
MUST_CHECK enum recipients_result
recipients_add(struct recipients_packer *p, uint64_t subscriber,
               uint32_t sender, const struct slice *values);

/* Reads a chunk from the front. */
struct recipients_reader {
    struct cursor at;
    unsigned columns;
    unsigned row; /* number of the next row in the chunk */
    struct slice names[RECIPIENTS_COLUMNS_MAX];
};

/* A row; values borrow from the chunk. */
struct recipient {
    uint64_t subscriber;
    uint32_t sender;
    struct slice values[RECIPIENTS_COLUMNS_MAX];
};

/* False when the chunk is malformed. */
MUST_CHECK bool
recipients_open(struct recipients_reader *r, struct slice chunk);
/* False at the end or when malformed (r->at.failed tells). */
bool recipients_next(struct recipients_reader *r, struct recipient *out);
/* The subscriber of the next row, which stays the next; 0 when there is
 * none. */
uint64_t recipients_peek(const struct recipients_reader *r);
/* Skips n rows, cheaply. */
bool recipients_skip(struct recipients_reader *r, unsigned n);

#endif
