/*
 * runs.h - the sorted runs of one index, shared by two threads.
 *
 * The checkpoint thread changes the list: adds what a checkpoint froze,
 * replaces what it has merged, drops what is too old. The engine thread works
 * with a list it has adopted. Blocks of a run that left the list are deleted
 * only after the engine has adopted a list without it, so a look-up never
 * finds a run whose blocks are gone.
 *
 * Invariant: newest first; the ranges seq_first..seq_last do not overlap.
 *
 * Private to store/.
 */
#ifndef STORE_RUNS_H
#define STORE_RUNS_H

#include <pthread.h>

#include "store/run.h"

/* A frozen table of an index: written by none, read by both threads. */
struct store_frozen {
    struct store_hash hash;
    uint64_t seq;     /* counts freezes of its index; from 1 */
    uint64_t wall_ms; /* its entries are not newer */
    atomic_uint refs;
};

struct store_frozen *store_frozen_hold(struct store_frozen *f);
void store_frozen_release(struct store_frozen *f);

enum {
    MERGE_RUNS = 16, /* neighbours that become one */
    RUNS_MAX = 32,   /* beyond it they are merged even or not, without rest */
};

/* A list of held runs. */
struct store_run_list {
    struct store_run **v;
    size_t n;
};

void store_run_list_fini(struct store_run_list *list);

struct store_merge;

struct store_runs {
    struct store *s;
    uint8_t index;
    pthread_mutex_t lock;
    struct store_run_list list; /* under lock */
    atomic_uint generation;     /* of list; changed under lock */
    atomic_uint adopted;        /* generation the engine works with */
    atomic_bool in_use;         /* an index is open on it */
    atomic_bool covered;        /* its young runs share a cover */
    _Atomic uint64_t expire_ms; /* set by the engine */

    /* Tables between two uses, slots NULL when there is none; under lock. */
    struct store_hash clean, used;
    size_t table_entries;  /* what they have room for */
    size_t wanted_entries; /* a clean table is wanted: the same, or 0 */

    /* checkpoint thread */
    uint64_t expire_now_ms; /* what this checkpoint goes by */
    uint32_t next_id;
    struct store_cover *cover;  /* of the youngest runs; or NULL */
    struct store_run_list gone; /* heads deleted, blocks not yet */
    uint32_t half;              /* run of an abandoned merge, or 0 */
    struct store_merge *merge;  /* under way, or NULL */
    bool merge_later;           /* it failed: not before the next checkpoint */
};

/* Loads what is on disk; index must not be loaded yet. */
MUST_CHECK enum store_result
store_runs_open(struct store *s, uint8_t index, struct store_reader *r,
                struct store_runs **out);
void store_runs_close(struct store_runs *x);

/* Engine: replaces its list when there is a newer one; true when it did. */
bool store_runs_adopt(struct store_runs *x, struct store_run_list *mine);

/*
 * Engine: tables go round. A new one costs a page fault every 4 KB, which is
 * 30 ms and more of the engine's time for a large one; so the checkpoint
 * thread has one ready when the next freeze comes.
 */
/* A clean table for so many entries, if there is one. */
bool store_runs_take_table(struct store_runs *x, size_t entries,
                           struct store_hash *out);
/* A clean table for so many entries will be wanted soon. */
void store_runs_want_table(struct store_runs *x, size_t entries);
/* Releases f; its table is used again when nobody else holds it. */
void store_runs_give_back(struct store_runs *x, struct store_frozen *f);

/* ---- checkpoint thread --------------------------------------------------- */

/* Writes a frozen table, in transactions of its own; the run still wants its
 * head. *out is held by the caller. Done again, it replaces what a failed
 * attempt has left. */
MUST_CHECK int
store_runs_write(struct store_runs *x, const struct store_frozen *f,
                 struct store_run **out);
/* Deletes heads of runs that are too old in txn. */
MUST_CHECK int store_runs_expire(struct store_runs *x, MDB_txn *txn);
/* The transaction of the two above was committed: takes run (or NULL). */
void store_runs_publish(struct store_runs *x, struct store_run *run);
/* Puts `run` in the place of runs [from, from + n) of the list. */
void store_runs_replace(struct store_runs *x, size_t from, size_t n,
                        struct store_run *run);
/* One slice of upkeep (merging, deleting) if there is any: 0 and *did. */
MUST_CHECK int store_runs_upkeep(struct store_runs *x, bool *did);

/* Clears or makes the table that the engine will want. */
void store_runs_make_clean(struct store_runs *x);

/* At open: deletes blocks without a head. */
MUST_CHECK int store_runs_clear_leftovers(struct store *s);

/* ---- merge.c ------------------------------------------------------------- */

/* Begins a merge when too many runs of like size stand side by side. */
MUST_CHECK int store_merge_begin(struct store_runs *x);
/* Writes one slice; ends the merge with the last one. */
MUST_CHECK int store_merge_step(struct store_runs *x);
/* Gives it up; what was written is swept. */
void store_merge_abandon(struct store_runs *x);

#endif
