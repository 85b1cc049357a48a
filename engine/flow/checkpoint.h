/*
 * checkpoint.h - RAM to the state environment, and back.
 *
 * A checkpoint holds what replay cannot find again behind its position:
 * parts in flight, retries, queues' beginnings, open joints, campaigns'
 * progress, heads of threads; the indexes and words join it. After a restart
 * facts are replayed from there on.
 *
 * Promise: RAM after load and replay equals RAM before the crash (but for
 * the order of equal retries). The cost on the engine thread follows what
 * changed, not what is stored.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_CHECKPOINT_H
#define ENGINE_FLOW_CHECKPOINT_H

#include "engine/flow/flow.h"

/* Makes one when it is due (or `now`), to go with the gathering batch. */
void checkpoint_tick(struct flow *f, bool now);

/* Puts the newest checkpoint into an empty flow; *pos is where replay
 * begins. False: damaged, why says what. */
MUST_CHECK bool
checkpoint_load(struct flow *f, uint64_t *pos, char why[STORE_WHY_BYTES]);

/* Lists small enough to copy whole (TABLE_REST). Numbers are for ever. */
enum rest_section {
    REST_FLIGHTS = 1,
    REST_DOUBTS = 2,
    REST_DELAYED = 3,
    REST_AGAIN = 4,
    REST_UNMATCHED = 5,
    REST_SEEN = 6,
    REST_STRAYS = 7,
    REST_JOINTS = 8,
    REST_SOURCES = 9,
    REST_EXTENTS = 10,
    REST_PARTIAL = 11,
    REST_DAYS = 12,
    REST_PAIRS = 13,
    REST_OUTBOX = 14,
    REST_SECTION_N = 15,
};

/* Writes records of u64s in blocks; rest.c. */
struct rest_writer {
    struct store_checkpoint *to;
    enum rest_section section;
    uint32_t block;
    size_t used;
    uint8_t octets[60000];
};
void rest_begin(struct rest_writer *w, struct store_checkpoint *to,
                enum rest_section section);
void rest_put(struct rest_writer *w, const uint64_t *words, unsigned count);
/* Blocks written. */
uint32_t rest_end(struct rest_writer *w);

/* Reads them back: each record to `take`. */
bool
rest_read(struct flow *f, enum rest_section section, uint32_t blocks,
          unsigned count, void (*take)(struct flow *f, const uint64_t *words));

/* Campaigns' progress and threads; checkpoint_rows.c. */
void checkpoint_rows_save(struct flow *f, struct store_checkpoint *to);
bool checkpoint_rows_load(struct flow *f, char why[STORE_WHY_BYTES]);

#endif
