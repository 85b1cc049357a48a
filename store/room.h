/*
 * room.h - what the files of store/ share: the open store itself.
 *
 * Who writes what: fields of "engine thread" belong to it alone; those under
 * `lock` to whoever holds it; atomics say who sets them.
 *
 * Private to store/.
 */
#ifndef STORE_ROOM_H
#define STORE_ROOM_H

#include "store/block.h"
#include "store/puts.h"
#include "store/segment.h"

enum {
    BATCHES = 2,
    BATCH_START_BYTES = 256 << 10,
    BATCH_MAX_BYTES = 64 << 20,
    COMMIT_TIMES = 1024,
    INDEXES_MAX = 256,
    FULL_RETRY_MS = 200,
};

/* Reasons for STORE_FULL, each set and cleared by the thread named. */
enum {
    FULL_COMMIT = 1, /* store thread: a batch waits for room */
    FULL_STATE = 2,  /* checkpoint thread: a checkpoint waits for room */
    FULL_RESERVE = 4 /* store thread: free space below min_free_bytes */
};

/* Where blocks end inside a batch's bytes. */
struct store_cuts {
    uint32_t *ends;
    size_t n, cap;
    size_t start; /* where the open block begins */
};

struct store_runs;

struct store {
    struct store_settings settings; /* dir is our copy */
    int lock_fd;
    int event_fd;
    struct store_env control, state;
    struct store_log log;

    /* engine thread */
    struct store_batch batches[BATCHES];
    struct store_batch *gathering; /* taken and not yet posted */
    uint64_t next_pos;             /* end of what was posted */

    /* between the threads */
    pthread_mutex_t lock;
    pthread_cond_t wake;               /* store thread: work or stop */
    struct store_batch *free;          /* list */
    struct store_batch *posted, *done; /* lists, oldest first */
    bool stopping;
    bool expire_wanted;
    uint64_t expire_wall_ms, expire_keep_pos;
    char why[STORE_WHY_BYTES]; /* of the newest failure */
    struct store_reader *readers;
    uint32_t commit_us[COMMIT_TIMES]; /* ring */

    _Atomic uint64_t durable; /* store thread */
    atomic_uint full;         /* FULL_* */
    atomic_bool failed;
    atomic_bool ready; /* store thread: a batch would be committed at once */

    /* store thread */
    pthread_t thread;
    bool started;
    struct store_segment *current; /* held; NULL before the first commit */
    uint64_t current_wall_ms;      /* of its first block */
    uint64_t last_wall_ms;         /* of the last block */
    uint64_t pace_due_us;

    /* checkpoint thread; see checkpoint.c */
    pthread_t checkpoint_thread;
    pthread_cond_t checkpoint_wake;
    struct store_checkpoint *pending;     /* under lock */
    bool checkpoint_stopping;             /* under lock */
    bool upkeep_asked;                    /* under lock: tables to clear */
    atomic_size_t pages_wanted;           /* spare ones, for words */
    struct store_runs *runs[INDEXES_MAX]; /* under lock to add */
    atomic_bool checkpoint_busy;
    _Atomic uint64_t checkpoint_pos;
    _Atomic uint64_t state_txn;       /* id of the newest commit of state */
    uint64_t checkpoint_seq;          /* engine thread: of the newest begun */
    _Atomic uint64_t checkpoint_done; /* seq of the newest on disk */

    /* statistics, each set by one thread */
    _Atomic uint64_t commits, facts, log_bytes, checkpoints, full_waits;
    _Atomic uint64_t commit_us_sum;
    _Atomic uint64_t commit_steps[STORE_COMMIT_STEPS];
    _Atomic uint64_t disk_free;
    _Atomic uint64_t cpu_ns;
};

/* ---- store.c ------------------------------------------------------------- */

/* Wakes the engine. */
void store_notify(struct store *s);
/* Sets or clears one reason (FULL_*) of STORE_FULL and tells the engine. */
void
store_set_full(struct store *s, unsigned reason, const char *where, int rc);
void store_clear_full(struct store *s, unsigned reason);
/* Final. */
void store_set_failed(struct store *s, const char *where, int rc);
uint64_t store_mono_us(void);
/* Waits on a condition (its clock monotonic) for at most so long. */
void store_wait_us(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t us);

/* ---- batch.c ------------------------------------------------------------- */

MUST_CHECK bool store_batches_init(struct store *s);
void store_batches_fini(struct store *s);

/* ---- committer.c --------------------------------------------------------- */

void *store_committer_main(void *store);
/* Gives mapped pages back to the page cache when there are many. */
void store_trim_maps(struct store *s);

/* ---- checkpoint.c -------------------------------------------------------- */

/* The checkpoint thread looks what is wanted of it. */
void store_ask_upkeep(struct store *s);
/* Reads where the newest checkpoint stands. */
MUST_CHECK enum store_result
store_checkpoint_load(struct store *s, char why[STORE_WHY_BYTES]);
void store_checkpoint_unload(struct store *s);
/* How many sorted runs are on disk. */
uint64_t store_checkpoint_runs(struct store *s);
void *store_checkpoint_main(void *store);
/* The batch that carried it is durable; takes c. */
void store_checkpoint_submit(struct store *s, struct store_checkpoint *c);
void store_checkpoint_destroy(struct store_checkpoint *c);

/* ---- reader.c ------------------------------------------------------------ */

/* A view of the state environment, at least as new as state_txn. */
MUST_CHECK enum store_result
store_reader_state(struct store_reader *r, struct store_view **out);
/* Makes resting readers let go of expired segments. */
void store_readers_drop_dead(struct store *s);

#endif
