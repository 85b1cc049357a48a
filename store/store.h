/*
 * store.h - the face of the room: what survives a crash.
 *
 * Three things live on disk, each in LMDB environments of its own below
 * `dir`:
 *   log/N/    the endless log of facts, cut into segments by size and time;
 *             the truth. Expiry closes and unlinks whole segments.
 *   state/    checkpoints: what RAM held when the log had reached a position;
 *             a view, rebuilt from the log if need be.
 *   control/  what changes rarely (accounts, numbers, campaigns, ...): a
 *             small B-tree.
 *
 * A fact's position is its byte offset in the endless log, which begins at 8
 * (0 can mean "none"), so one number is its address, its order, and the id of
 * the event it makes. A fact begins with its length (u16, little-endian, header
 * included), is at most STORE_FACT_MAX octets, and never straddles two blocks.
 *
 * Promise: what store_durable() has passed survives kill -9 and power loss.
 * A commit that did not return 0 is never reported as durable. A full disk
 * is reported (STORE_FULL), the batch kept and tried again until there is
 * room; any other failure is final (STORE_FAILED): the process must stop and
 * open again, nothing more is acknowledged.
 *
 * Threads: one engine thread gathers and posts batches. store_start() makes
 * the store thread, only writer of log and control, and the checkpoint
 * thread, only writer of state, so that a large checkpoint holds up no
 * message. Any thread may read through a reader of its own. Nothing here
 * logs, or reads a clock but those two threads, which time their commits.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "proto/bytes.h"

enum {
    STORE_FACT_MAX = 61440,  /* one fact, header included */
    STORE_BLOCK_MAX = 65504, /* facts of one block; with its header 65520 */
    STORE_WHY_BYTES = 256,
};

enum store_result {
    STORE_OK,
    STORE_NOT_FOUND,
    STORE_FULL,    /* no space: again later */
    STORE_CORRUPT, /* a length, checksum or order that cannot be */
    STORE_VERSION, /* written by a newer format */
    STORE_LOCKED,  /* another process has it open */
    STORE_FAILED,  /* any other failure of disk or memory */
};

/* Tables of the control and state environments. The number is the first
 * octet of each key. Numbers are for ever. */
enum store_table {
#define TABLE(number, name, env, help) TABLE_##name = number,
#include "store/schema.def"
#undef TABLE
};

struct store;

struct store_settings {
    const char *dir;         /* made (0700) when missing */
    uint64_t segment_bytes;  /* roll after so many; 0: 1 GiB */
    uint32_t segment_s;      /* or after so many seconds; 0: a day */
    uint64_t min_free_bytes; /* below this store_state() is STORE_FULL for
                                new work, while answers still get in */
    unsigned pace_ms;        /* least time between commits under load */
    bool read_only;          /* for the audit: opens, never writes */
};

/*
 * Opens or makes the environments and finds the end of the log. Starts no
 * thread. On failure `why` says what and where, for a person.
 */
MUST_CHECK enum store_result
store_open(const struct store_settings *settings, uint64_t wall_ms,
           struct store **out, char why[STORE_WHY_BYTES]);
MUST_CHECK enum store_result store_start(struct store *s);
/* Commits all that was posted (a full disk is tried for 2 s more), and ends
 * the threads. */
void store_stop(struct store *s);
void store_close(struct store *s);

/* ---- writing: engine thread ------------------------------------------- */

/*
 * What crosses to the store thread: facts back to back in bytes[0..used),
 * the first at first_pos; writes of the control environment; perhaps a
 * checkpoint. Order of commits: control, log, then the checkpoint. Owned by
 * whoever holds it: the engine until store_post(), then the store until it
 * comes back from store_done().
 */
struct store_batch {
    uint64_t first_pos;
    uint8_t *bytes;
    size_t used;
    size_t cap;
    uint64_t wall_ms; /* stamped into each block's header */
    uint32_t facts;
    bool hurry; /* somebody waits for it: committed at once, not paced */
    struct store_checkpoint *checkpoint; /* or NULL; taken with the batch */
    struct store_cuts *cuts;             /* private: where blocks end */
    struct store_puts *puts;             /* private: control writes */
    struct store_batch *next;            /* private: free list */
};

/* End of the log as gathered so far: where the next fact will stand. */
uint64_t store_end(const struct store *s);

/* An empty batch whose first_pos is store_end(). Two batches exist for
 * gathering and committing at once; NULL while both are in use. */
struct store_batch *store_batch_take(struct store *s);

/*
 * Room for one fact of n octets (4..STORE_FACT_MAX); *pos is its position.
 * Grows the buffer (up to 64 MiB), NULL beyond. The pointer holds until the
 * next call. The caller writes all n octets, the length among them.
 */
uint8_t *store_batch_fact(struct store *s, struct store_batch *b, size_t n,
                          uint64_t *pos);

/* Control writes of this batch; key (up to 255 octets) and value copied. */
void store_batch_put(struct store_batch *b, enum store_table table,
                     struct slice key, struct slice value);
void store_batch_delete(struct store_batch *b, enum store_table table,
                        struct slice key);

bool store_batch_is_empty(const struct store_batch *b);

/* Hands the batch over. Never blocks. */
void store_post(struct store *s, struct store_batch *b);

/*
 * True when a batch posted now would be committed at once: none is waiting,
 * and the pace allows it. While it is false, gathering on gives larger
 * batches and no later answers. store_event_fd() tells when it turns true.
 */
bool store_is_ready(const struct store *s);

/* A batch that became durable, oldest first, or NULL. Its bytes may be read
 * until it is given back with store_batch_return(). One that was taken and
 * never posted may be given back too: what it gathered is forgotten. (With a
 * checkpoint in it no other can be begun: its pages count as written.) */
struct store_batch *store_done(struct store *s);
void store_batch_return(struct store *s, struct store_batch *b);

/* Readable (eventfd) when store_done() or store_state() has news. */
int store_event_fd(const struct store *s);

/* Every fact that begins below this position is durable. Any thread. */
uint64_t store_durable(const struct store *s);

/* STORE_OK, STORE_FULL (a commit waits for space, or free space is below
 * min_free_bytes) or STORE_FAILED. Any thread. why may be NULL. */
enum store_result store_state(const struct store *s, char *why, size_t cap);

/* ---- checkpoints: engine thread --------------------------------------- */

/*
 * Everything put here, the frozen parts of indexes and words included, is
 * committed in one transaction of the state environment, after the log
 * commit of the batch that carries it. `pos` is the log position it stands
 * for: replay begins there.
 */
struct store_checkpoint *store_checkpoint_create(struct store *s, uint64_t pos);
void store_checkpoint_put(struct store_checkpoint *c, enum store_table table,
                          struct slice key, struct slice value);
void store_checkpoint_delete(struct store_checkpoint *c, enum store_table table,
                             struct slice key);
/* True while one is on its way; a second may not be begun. */
bool store_checkpoint_busy(const struct store *s);
/* Position of the newest checkpoint on disk; 0 when there is none. */
uint64_t store_checkpoint_pos(const struct store *s);

/* ---- reading: any thread, through a reader of its own ------------------ */

struct store_reader;

MUST_CHECK enum store_result
store_reader_open(struct store *s, struct store_reader **out);
void store_reader_close(struct store_reader *r);

/* Ends the short transactions; slices borrowed from r are gone. Call it
 * after each request or turn, so that no old snapshot is held. */
void store_reader_rest(struct store_reader *r);

/* The durable fact at pos, which must be the position of a fact (for one
 * that comes from outside use store_next() and compare); borrowed until
 * store_reader_rest(). Lengths are checked; checksums by store_next(). */
MUST_CHECK enum store_result
store_read(struct store_reader *r, uint64_t pos, struct slice *fact);

/* The first durable fact at or after *pos, which is set to its position;
 * STORE_NOT_FOUND at the end. For walking: *pos += fact->n, and again.
 * A *pos below the oldest kept fact moves up to it. wall_ms of its block is
 * given when not NULL. */
MUST_CHECK enum store_result store_next(struct store_reader *r, uint64_t *pos,
                                        struct slice *fact, uint64_t *wall_ms);

/* The first position kept (older segments have expired). */
uint64_t store_oldest(const struct store *s);
/* A position at or before the first fact stored at or after wall_ms. */
uint64_t store_seek_time(struct store_reader *r, uint64_t wall_ms);

/* Control and state tables. */
MUST_CHECK enum store_result
store_get(struct store_reader *r, enum store_table table, struct slice key,
          struct slice *value);

/* The first row of the table with a key greater than `after` (or, when
 * after.p is NULL, the first of all); borrowed as above. */
MUST_CHECK enum store_result
store_after(struct store_reader *r, enum store_table table, struct slice after,
            struct slice *key, struct slice *value);

/* ---- upkeep ------------------------------------------------------------ */

/* Asks the store thread to unlink segments whose newest fact is older than
 * wall_ms and which end below keep_pos. */
void store_expire(struct store *s, uint64_t wall_ms, uint64_t keep_pos);

/* Commits are counted by time in quarters of an octave from 64 us to 7 s. */
enum { STORE_COMMIT_STEPS = 68 };
/* A commit counted in this step took at most so long. */
static inline uint64_t
store_commit_step_us(unsigned step)
{
    return (uint64_t)(4 + step % 4) * 16 << (step / 4);
}

struct store_stats {
    uint64_t commits, facts, log_bytes, checkpoints, runs, full_waits;
    uint64_t commit_us_p50, commit_us_p99,
        commit_us_max; /* of the last 1,024 */
    uint64_t commit_us_sum;
    uint64_t commit_steps[STORE_COMMIT_STEPS]; /* slower ones in none */
    uint64_t disk_free_bytes;
    unsigned segments;
    double thread_cpu_s;
};
void store_stats(const struct store *s, struct store_stats *out);

/* Log blocks contiguous, checksums, lengths; runs sorted and of the length
 * their header says; words pages whole. Calls tell() for each fault with a
 * line for a person; returns how many. */
unsigned store_audit(struct store *s, void (*tell)(void *arg, const char *line),
                     void *arg);

#endif
