/*
 * segment.h - the log's segments: list, roll, expiry.
 *
 * On disk: log/NNNNNNNNNNNNNNNNNNNN/, an environment named by the position
 * of its first fact (20 digits, so names sort as numbers). A segment is made
 * as log/new and renamed once its head is durable; it expires by being
 * renamed to *.dead and unlinked. What a crash leaves of either is cleared
 * at the next open.
 *
 * Invariant: segments are contiguous; only the newest grows; a segment that
 * somebody holds stays mapped, also when it has expired.
 *
 * Private to store/. Any thread may hold and release; only the store thread
 * adds and expires.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/env.h"

struct store_segment {
    uint64_t first;       /* position of its first fact, and its name */
    _Atomic uint64_t end; /* where the next begins; UINT64_MAX: newest */
    atomic_bool dead;     /* expired: let go of it */
    unsigned holds;       /* under the log's lock */
    uint64_t last_used;   /* under the log's lock: for closing idle ones */
    struct store_env env; /* opened by the first hold */
};

struct store_log {
    char *dir;
    size_t map_bytes;
    bool read_only;
    pthread_mutex_t lock; /* over all below */
    struct store_segment **v;
    size_t n, cap;
    size_t opened;
    uint64_t uses;
    /* Store thread: segments that begin up to here left the page cache, and so
     * many octets of the next one. */
    uint64_t uncached_pos, uncached_bytes;
    _Atomic uint64_t oldest; /* first position kept */
    atomic_uint segments;    /* n, for statistics */
};

/* Lists what is in dir and clears leftovers. *end and *wall_ms are those of
 * the last block (STORE_FIRST_POS and 0 in an empty log). */
MUST_CHECK enum store_result
store_log_open(struct store_log *log, const char *dir, size_t map_bytes,
               bool read_only, uint64_t *end, uint64_t *wall_ms,
               char why[STORE_WHY_BYTES]);
void store_log_close(struct store_log *log);

/* The segment that pos falls into, or the oldest when pos is older; mapped
 * until released. STORE_NOT_FOUND while there is none. */
MUST_CHECK enum store_result
store_segment_hold(struct store_log *log, uint64_t pos,
                   struct store_segment **out);
/* Where the segment after that of pos begins; UINT64_MAX after the newest. */
uint64_t store_segment_after(struct store_log *log, uint64_t pos);
void store_segment_release(struct store_log *log, struct store_segment *seg);

/* Makes the segment that begins at `first` the newest, and holds it. 0 or
 * what LMDB or errno said; nothing is left behind on failure. */
MUST_CHECK int store_segment_add(struct store_log *log, uint64_t first,
                                 struct store_segment **out);

/* Unlinks segments from the oldest on whose last block is older than wall_ms
 * and which end at or below keep_pos; never the newest. Returns how many. */
unsigned
store_log_expire(struct store_log *log, uint64_t wall_ms, uint64_t keep_pos);

/* A slice of taking segments older than the newest two out of the page cache:
 * a log that only grows would in time fill the machine's memory with what is
 * seldom read again. Store thread. */
void store_log_uncache(struct store_log *log);

/* Key and value of the first or last row (MDB_FIRST, MDB_LAST), or of the
 * row at or below a key (MDB_SET_RANGE), head rows not counted. */
MUST_CHECK enum store_result
store_segment_seek(struct store_view *v, MDB_cursor_op op, uint64_t key,
                   uint64_t *found, struct slice *value);

/* ---- between segment.c and log.c ----------------------------------------- */

enum { STORE_PATH_BYTES = 4096 };

void store_segment_path(const struct store_log *log, uint64_t first,
                        const char *tail, char path[STORE_PATH_BYTES]);
/* NULL without memory. */
struct store_segment *store_segment_new(uint64_t first);
/* Makes seg the newest; under the lock. False without memory. */
MUST_CHECK bool
store_log_append(struct store_log *log, struct store_segment *seg);

#endif
