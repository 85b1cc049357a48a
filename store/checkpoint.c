/*
 * checkpoint.c - the checkpoint thread: the only writer of the state
 * environment.
 *
 * Why a thread of its own: a checkpoint writes tens of megabytes at once, and
 * messages shall not wait for it. It starts only after the log commit of the
 * batch that carried it, so state never runs ahead of the log; being behind
 * costs nothing but a longer replay.
 */
#include "store/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    LESS_URGENT = 5,
    /* Upkeep rests up to so many times as long as it worked: merges then cost
     * every message a little, and none of them much. */
    REST_TIMES = 8,
};

/* ---- engine thread -------------------------------------------------------
 */

struct store_checkpoint *
store_checkpoint_create(struct store *s, uint64_t pos)
{
    struct store_checkpoint *c = calloc(1, sizeof *c);
    if (!c)
        abort(); /* as with the rows: nothing sane is left to do */
    c->s = s;
    c->pos = pos;
    c->seq = ++s->checkpoint_seq;
    atomic_store(&s->checkpoint_busy, true);
    return c;
}

void
store_checkpoint_destroy(struct store_checkpoint *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->pages_n; i++)
        store_page_release(c->pages[i].page);
    for (size_t i = 0; i < c->tables_n; i++)
        store_frozen_release(c->tables[i].frozen);
    free(c->pages);
    free(c->tables);
    store_puts_fini(&c->puts);
    free(c);
}

void
store_checkpoint_add_frozen(struct store_checkpoint *c, struct store_runs *runs,
                            struct store_frozen *f)
{
    struct checkpoint_table *tables =
        realloc(c->tables, (c->tables_n + 1) * sizeof *tables);
    if (!tables)
        abort();
    c->tables = tables;
    tables[c->tables_n++] =
        (struct checkpoint_table){runs, store_frozen_hold(f), NULL};
}

void
store_checkpoint_add_page(struct store_checkpoint *c, uint64_t number,
                          struct store_page *page)
{
    if (c->pages_n == c->pages_cap) {
        c->pages_cap = c->pages_cap ? 2 * c->pages_cap : 64;
        c->pages = realloc(c->pages, c->pages_cap * sizeof *c->pages);
        if (!c->pages)
            abort();
    }
    c->pages[c->pages_n++] = (struct checkpoint_page){number, page};
}

void
store_checkpoint_put(struct store_checkpoint *c, enum store_table table,
                     struct slice key, struct slice value)
{
    store_puts_add(&c->puts, table, key, value);
}

void
store_checkpoint_delete(struct store_checkpoint *c, enum store_table table,
                        struct slice key)
{
    store_puts_remove(&c->puts, table, key);
}

bool
store_checkpoint_busy(const struct store *s)
{
    return atomic_load(&s->checkpoint_busy);
}

uint64_t
store_checkpoint_pos(const struct store *s)
{
    return atomic_load(&s->checkpoint_pos);
}

/* ---- store thread --------------------------------------------------------
 */

void
store_checkpoint_submit(struct store *s, struct store_checkpoint *c)
{
    pthread_mutex_lock(&s->lock);
    s->pending = c;
    pthread_cond_signal(&s->checkpoint_wake);
    pthread_mutex_unlock(&s->lock);
}

void
store_ask_upkeep(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    s->upkeep_asked = true;
    pthread_cond_signal(&s->checkpoint_wake);
    pthread_mutex_unlock(&s->lock);
}

/* ---- checkpoint thread ---------------------------------------------------
 */

/* The row of POINT with an empty key is ours:
 * format u32 | 0 u32 | position u64, little-endian. */
enum { POINT_BYTES = 16 };

static int
put_point(struct store *s, MDB_txn *txn, uint64_t pos)
{
    uint8_t row[1 + STORE_KEY_MAX], point[POINT_BYTES];
    struct writer w = writer_of(point, sizeof point);
    writer_le32(&w, STORE_FORMAT);
    writer_le32(&w, 0);
    writer_le64(&w, pos);
    MDB_val k = {store_row_key(row, TABLE_POINT, (struct slice){NULL, 0}), row};
    MDB_val d = {sizeof point, point};
    return mdb_put(txn, s->state.dbi, &k, &d, 0);
}

static int
put_pages(struct store *s, MDB_txn *txn, const struct store_checkpoint *c)
{
    for (size_t i = 0; i < c->pages_n; i++) {
        uint8_t row[9];
        struct writer w = writer_of(row, sizeof row);
        writer_u8(&w, TABLE_WORDS);
        writer_be32(&w, (uint32_t)(c->pages[i].number >> 32));
        writer_be32(&w, (uint32_t)c->pages[i].number);
        MDB_val k = {sizeof row, row};
        MDB_val d = {sizeof c->pages[i].page->words, c->pages[i].page->words};
        int rc = mdb_put(txn, s->state.dbi, &k, &d, 0);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Those that an index has opened; the array only ever fills. */
static struct store_runs *
runs_of(struct store *s, size_t index)
{
    pthread_mutex_lock(&s->lock);
    struct store_runs *runs = s->runs[index];
    pthread_mutex_unlock(&s->lock);
    return runs;
}

/* All but their heads. */
static int
write_runs(struct store_checkpoint *c)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->tables_n; i++) {
        struct checkpoint_table *t = &c->tables[i];
        rc = store_runs_write(t->runs, t->frozen, &t->run);
    }
    return rc;
}

static int
put_heads(struct store *s, MDB_txn *txn, const struct store_checkpoint *c)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < INDEXES_MAX; i++) {
        struct store_runs *runs = runs_of(s, i);
        if (runs)
            rc = store_runs_expire(runs, txn);
    }
    for (size_t i = 0; rc == 0 && i < c->tables_n; i++)
        rc = store_run_put_head(c->tables[i].run, txn, s->state.dbi);
    return rc;
}

/* A run that was committed; NULL when it cannot be found: its table stays in
 * RAM then, and the store has failed. */
static struct store_run *
located(struct store *s, struct store_run *run)
{
    if (!run || store_run_locate(run, &s->state) == STORE_OK)
        return run;
    store_set_failed(s, "run", MDB_CORRUPTED);
    store_run_release(run);
    return NULL;
}

static void
publish_runs(struct store *s, struct store_checkpoint *c)
{
    for (size_t i = 0; i < INDEXES_MAX; i++) {
        struct store_runs *runs = runs_of(s, i);
        struct store_run *run = NULL;
        for (size_t k = 0; k < c->tables_n; k++)
            if (runs && c->tables[k].runs == runs)
                run = located(s, c->tables[k].run);
        if (runs)
            store_runs_publish(runs, run);
    }
}

static void
forget_runs(struct store_checkpoint *c)
{
    for (size_t i = 0; i < c->tables_n; i++) {
        store_run_release(c->tables[i].run);
        c->tables[i].run = NULL;
    }
}

/* What the runs need to exist, and all the rest: all of it or nothing. */
static int
put_all(struct store *s, MDB_txn *txn, struct store_checkpoint *c)
{
    int rc = put_heads(s, txn, c);
    if (rc == 0)
        rc = store_puts_apply(&c->puts, txn, s->state.dbi);
    if (rc == 0)
        rc = put_pages(s, txn, c);
    if (rc == 0)
        rc = put_point(s, txn, c->pos);
    return rc;
}

static int
write_checkpoint(struct store *s, struct store_checkpoint *c)
{
    MDB_txn *txn;
    uint64_t id = 0;
    int rc = write_runs(c);
    if (rc == 0)
        rc = mdb_txn_begin(s->state.lmdb, NULL, 0, &txn);
    if (rc == 0) {
        id = mdb_txn_id(txn);
        rc = put_all(s, txn, c);
        if (rc == 0)
            rc = mdb_txn_commit(txn);
        else
            mdb_txn_abort(txn);
    }
    if (rc != 0) {
        forget_runs(c);
        return rc;
    }
    /* Readers of pages and runs must see this commit before they are told
     * that it is there. */
    atomic_store(&s->state_txn, id);
    atomic_store(&s->checkpoint_done, c->seq);
    publish_runs(s, c);
    return 0;
}

/* Waits a while; false when the store stops: replay makes up for it. */
static bool
may_retry(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    if (!s->checkpoint_stopping)
        store_wait_us(&s->checkpoint_wake, &s->lock, FULL_RETRY_MS * 1000);
    bool more = !s->checkpoint_stopping;
    pthread_mutex_unlock(&s->lock);
    return more;
}

static bool
commit_checkpoint(struct store *s, struct store_checkpoint *c)
{
    for (;;) {
        errno = 0;
        int rc = write_checkpoint(s, c);
        int error = errno;
        if (rc == 0)
            break;
        if (store_env_verdict_of_write(rc, error) != STORE_FULL) {
            store_set_failed(s, "checkpoint", rc);
            return false;
        }
        store_set_full(s, FULL_STATE, "checkpoint", ENOSPC);
        if (!may_retry(s))
            return false;
    }
    store_clear_full(s, FULL_STATE);
    atomic_store(&s->checkpoint_pos, c->pos);
    atomic_fetch_add(&s->checkpoints, 1);
    return true;
}

/* One slice of merging or deleting in some index; true when there was one.
 * No space only puts it off: look-ups do not depend on it. */
static bool
upkeep_slice(struct store *s)
{
    for (size_t i = 0; i < INDEXES_MAX; i++) {
        struct store_runs *runs = runs_of(s, i);
        if (!runs || runs->merge_later)
            continue;
        bool did;
        errno = 0;
        int rc = store_runs_upkeep(runs, &did);
        int error = errno;
        if (rc != 0) {
            store_merge_abandon(runs);
            runs->merge_later = true;
            if (store_env_verdict_of_write(rc, error) != STORE_FULL)
                store_set_failed(s, "merge of runs", rc);
        } else if (did) {
            store_trim_maps(s); /* what is deleted is touched once more */
            return true;
        }
    }
    return false;
}

static void
clean_tables(struct store *s)
{
    for (size_t i = 0; i < INDEXES_MAX; i++) {
        struct store_runs *runs = runs_of(s, i);
        if (runs)
            store_runs_make_clean(runs);
    }
}

/* Fewer the more runs wait to be merged: none at RUNS_MAX. */
static uint64_t
rest_times(struct store *s)
{
    size_t most = 0;
    for (size_t i = 0; i < INDEXES_MAX; i++) {
        struct store_runs *runs = runs_of(s, i);
        if (runs && runs->list.n > most)
            most = runs->list.n;
    }
    size_t left = most < RUNS_MAX ? RUNS_MAX - most : 0;
    return left < REST_TIMES ? left : REST_TIMES;
}

/* When the next slice may begin; UINT64_MAX when nothing was left to do. */
static uint64_t
upkeep(struct store *s)
{
    uint64_t began = store_mono_us();
    if (!upkeep_slice(s))
        return UINT64_MAX;
    uint64_t now = store_mono_us();
    return now + rest_times(s) * (now - began);
}

/* Until somebody asks or the time has come; under the lock. */
static void
wait_for_work(struct store *s, uint64_t due_us)
{
    uint64_t now = store_mono_us();
    if (due_us == UINT64_MAX || atomic_load(&s->failed))
        pthread_cond_wait(&s->checkpoint_wake, &s->lock);
    else if (now < due_us)
        store_wait_us(&s->checkpoint_wake, &s->lock, due_us - now);
}

/* The next checkpoint; between them upkeep, a slice at a time. */
static struct store_checkpoint *
next_checkpoint(struct store *s)
{
    uint64_t due_us = 0;
    pthread_mutex_lock(&s->lock);
    while (!s->pending && !s->checkpoint_stopping) {
        bool failed = atomic_load(&s->failed), asked = s->upkeep_asked;
        if (failed || (!asked && store_mono_us() < due_us)) {
            wait_for_work(s, due_us);
            continue;
        }
        s->upkeep_asked = false;
        pthread_mutex_unlock(&s->lock);
        if (asked) {
            store_pages_stock(atomic_load(&s->pages_wanted));
            clean_tables(s);
        }
        if (due_us == UINT64_MAX || store_mono_us() >= due_us)
            due_us = upkeep(s);
        pthread_mutex_lock(&s->lock);
    }
    struct store_checkpoint *c = s->pending;
    s->pending = NULL;
    pthread_mutex_unlock(&s->lock);
    return c;
}

void *
store_checkpoint_main(void *store)
{
    struct store *s = store;
    struct store_checkpoint *c;
    prctl(PR_SET_NAME, "checkpoint");
    /* Messages go first where processors are few. Of this thread alone, on
     * Linux; should it be refused, nothing is lost. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LESS_URGENT);
    while ((c = next_checkpoint(s)) != NULL) {
        if (!atomic_load(&s->failed))
            (void)commit_checkpoint(s, c);
        store_checkpoint_destroy(c);
        atomic_store(&s->checkpoint_busy, false);
        store_notify(s);
    }
    return NULL;
}

/* ---- open and close ------------------------------------------------------
 */

enum store_result
store_checkpoint_load(struct store *s, char why[STORE_WHY_BYTES])
{
    struct store_reader *r;
    struct slice value;
    enum store_result res = store_reader_open(s, &r);
    if (res != STORE_OK)
        return res;
    res = store_get(r, TABLE_POINT, (struct slice){NULL, 0}, &value);
    if (res == STORE_OK) {
        struct cursor c = cursor_of(value);
        uint32_t format = cursor_le32(&c);
        (void)cursor_le32(&c);
        uint64_t pos = cursor_le64(&c);
        atomic_store(&s->checkpoint_pos, pos);
        if (c.failed || format == 0 || pos > store_durable(s))
            res = STORE_CORRUPT;
        else if (format > STORE_FORMAT)
            res = STORE_VERSION;
        snprintf(why, STORE_WHY_BYTES,
                 "%s/state: checkpoint of position %llu, format %u; "
                 "the log ends at %llu",
                 s->settings.dir, (unsigned long long)pos, format,
                 (unsigned long long)store_durable(s));
    }
    store_reader_close(r);
    if (res == STORE_NOT_FOUND)
        res = STORE_OK;
    if (res == STORE_OK && !s->settings.read_only)
        res = store_env_verdict(store_runs_clear_leftovers(s));
    return res;
}

void
store_checkpoint_unload(struct store *s)
{
    store_checkpoint_destroy(s->pending);
    s->pending = NULL;
    for (size_t i = 0; i < INDEXES_MAX; i++)
        store_runs_close(s->runs[i]);
}

uint64_t
store_checkpoint_runs(struct store *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < INDEXES_MAX; i++) {
        struct store_runs *runs = runs_of(s, i);
        if (!runs)
            continue;
        pthread_mutex_lock(&runs->lock);
        n += runs->list.n;
        pthread_mutex_unlock(&runs->lock);
    }
    return n;
}
