/*
 * runs.c - the sorted runs of one index, shared by two threads.
 */
#include "store/runs.h"

#include <errno.h>
#include <stdlib.h>

#include "store/room.h"

enum {
    /* Blocks deleted in one transaction: 128 of 64 KB keep it a few ms. */
    SWEEP_BLOCKS = 128,
    SLICE_ENTRIES = 16 * RUN_BLOCK_ENTRIES, /* 1 MB */
};

struct store_frozen *
store_frozen_hold(struct store_frozen *f)
{
    atomic_fetch_add(&f->refs, 1);
    return f;
}

void
store_frozen_release(struct store_frozen *f)
{
    if (!f || atomic_fetch_sub(&f->refs, 1) != 1)
        return;
    store_hash_fini(&f->hash);
    free(f);
}

/* ---- tables between two uses --------------------------------------------
 */

/* Tables below it are made in no time. */
enum { SMALL_ENTRIES = 512 };

bool
store_runs_take_table(struct store_runs *x, size_t entries,
                      struct store_hash *out)
{
    pthread_mutex_lock(&x->lock);
    bool has = x->clean.slots && x->clean.homes == store_hash_homes(entries);
    if (has) {
        *out = x->clean;
        x->clean = (struct store_hash){0};
    }
    pthread_mutex_unlock(&x->lock);
    return has;
}

void
store_runs_want_table(struct store_runs *x, size_t entries)
{
    if (entries < SMALL_ENTRIES)
        return;
    pthread_mutex_lock(&x->lock);
    x->wanted_entries = x->table_entries = entries;
    pthread_mutex_unlock(&x->lock);
    store_ask_upkeep(x->s);
}

void
store_runs_give_back(struct store_runs *x, struct store_frozen *f)
{
    pthread_mutex_lock(&x->lock);
    bool fits = atomic_load(&f->refs) == 1 && x->table_entries > 0 &&
                f->hash.homes == store_hash_homes(x->table_entries);
    struct store_hash before = x->used;
    if (fits)
        x->used = f->hash;
    pthread_mutex_unlock(&x->lock);
    if (!fits) {
        store_frozen_release(f);
        return;
    }
    store_hash_fini(&before);
    free(f);
    store_ask_upkeep(x->s);
}

void
store_runs_make_clean(struct store_runs *x)
{
    pthread_mutex_lock(&x->lock);
    bool has = x->clean.slots != NULL;
    struct store_hash h = x->used;
    size_t entries = x->wanted_entries;
    x->used = (struct store_hash){0};
    x->wanted_entries = 0;
    pthread_mutex_unlock(&x->lock);
    if (has) {
        store_hash_fini(&h);
        return;
    }
    if (!h.slots && entries == 0)
        return;
    if (!h.slots)
        store_hash_init(&h, entries);
    store_hash_clear(&h);
    pthread_mutex_lock(&x->lock);
    x->clean = h; /* only this thread fills it */
    pthread_mutex_unlock(&x->lock);
}

/* ---- lists ---------------------------------------------------------------
 */

void
store_run_list_fini(struct store_run_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        store_run_release(list->v[i]);
    free(list->v);
    *list = (struct store_run_list){0};
}

/* Inserts a held run; lists are short and change seldom. */
static void
list_insert(struct store_run_list *list, size_t at, struct store_run *run)
{
    struct store_run **v = realloc(list->v, (list->n + 1) * sizeof *v);
    if (!v)
        abort();
    memmove(v + at + 1, v + at, (list->n - at) * sizeof *v);
    v[at] = run;
    list->v = v;
    list->n++;
}

static struct store_run *
list_take(struct store_run_list *list, size_t at)
{
    struct store_run *run = list->v[at];
    list->n--;
    memmove(list->v + at, list->v + at + 1, (list->n - at) * sizeof *list->v);
    return run;
}

/* Where a run stands by its age. */
static void
list_add(struct store_run_list *list, struct store_run *run)
{
    size_t at = 0;
    while (at < list->n && list->v[at]->seq_last > run->seq_last)
        at++;
    list_insert(list, at, run);
}

bool
store_runs_adopt(struct store_runs *x, struct store_run_list *mine)
{
    if (atomic_load_explicit(&x->generation, memory_order_acquire) ==
        atomic_load_explicit(&x->adopted, memory_order_relaxed))
        return false;
    struct store_run_list next = {0};
    pthread_mutex_lock(&x->lock);
    for (size_t i = 0; i < x->list.n; i++) {
        store_run_hold(x->list.v[i]);
        list_insert(&next, i, x->list.v[i]);
    }
    atomic_store(&x->adopted, atomic_load(&x->generation));
    pthread_mutex_unlock(&x->lock);
    store_run_list_fini(mine);
    *mine = next;
    return true;
}

/* ---- checkpoint thread ---------------------------------------------------
 */

/* Without memory it goes without. */
static void
cover_run(struct store_runs *x, const struct store_hash *h,
          struct store_run *run)
{
    if (!atomic_load(&x->covered))
        return;
    if (!x->cover || x->cover->room < h->n) {
        store_cover_release(x->cover);
        x->cover = store_cover_create((uint64_t)h->n * MERGE_RUNS);
    }
    if (!x->cover)
        return;
    store_cover_add(x->cover, h);
    run->cover = store_cover_hold(x->cover);
}

/* The entries from slot *at on, as many as make a slice; the last one ends the
 * run: *out. */
static int
write_slice(struct store_run_writer *w, const struct store_hash *h, size_t *at,
            struct store_run **out)
{
    int rc = 0;
    for (size_t n = 0; rc == 0 && n < SLICE_ENTRIES && *at < h->total; ++*at)
        if (h->slots[*at].key != 0) {
            rc = store_run_writer_add(w, h->slots[*at]);
            n++;
        }
    if (rc == 0 && *at == h->total)
        rc = store_run_writer_finish(w, out);
    return rc;
}

/* In slices, so that no commit of messages waits behind all of it at the
 * disk. */
static int
write_slices(struct store_runs *x, struct store_run_writer *w,
             const struct store_hash *h, struct store_run **out)
{
    size_t at = 0;
    int rc = 0;
    while (rc == 0 && !*out) {
        rc = mdb_txn_begin(x->s->state.lmdb, NULL, 0, &w->txn);
        if (rc != 0)
            break;
        rc = write_slice(w, h, &at, out);
        if (rc == 0)
            rc = mdb_txn_commit(w->txn);
        else
            mdb_txn_abort(w->txn);
    }
    return rc;
}

int
store_runs_write(struct store_runs *x, const struct store_frozen *f,
                 struct store_run **out)
{
    struct store_run_writer w;
    struct store_run *run = NULL;
    int rc = store_run_writer_init(&w, x->index, x->next_id, f->hash.n);
    if (rc != 0)
        return rc;
    w.dbi = x->s->state.dbi;
    w.run->seq_first = w.run->seq_last = f->seq;
    w.run->wall_ms = f->wall_ms;
    rc = write_slices(x, &w, &f->hash, &run);
    store_run_writer_fini(&w);
    if (rc != 0) {
        store_run_release(run);
        return rc;
    }
    cover_run(x, &f->hash, run);
    *out = run;
    return 0;
}

static bool
is_expired(const struct store_runs *x, const struct store_run *run)
{
    return run->wall_ms < x->expire_now_ms;
}

int
store_runs_expire(struct store_runs *x, MDB_txn *txn)
{
    x->expire_now_ms = atomic_load(&x->expire_ms);
    for (size_t i = 0; i < x->list.n; i++) {
        if (!is_expired(x, x->list.v[i]))
            continue;
        store_merge_abandon(x); /* it may be a source */
        int rc = store_run_delete_head(x->list.v[i], txn, x->s->state.dbi);
        if (rc != 0)
            return rc;
    }
    return 0;
}

void
store_runs_publish(struct store_runs *x, struct store_run *run)
{
    pthread_mutex_lock(&x->lock);
    bool changed = run != NULL;
    for (size_t i = x->list.n; i-- > 0;) {
        if (!is_expired(x, x->list.v[i]))
            continue;
        list_add(&x->gone, list_take(&x->list, i));
        changed = true;
    }
    if (run)
        list_add(&x->list, run);
    if (changed)
        atomic_fetch_add(&x->generation, 1);
    pthread_mutex_unlock(&x->lock);
    if (run)
        x->next_id++;
    x->merge_later = false;
}

void
store_runs_replace(struct store_runs *x, size_t from, size_t n,
                   struct store_run *run)
{
    pthread_mutex_lock(&x->lock);
    for (size_t i = 0; i < n; i++)
        list_add(&x->gone, list_take(&x->list, from));
    list_insert(&x->list, from, run);
    atomic_fetch_add(&x->generation, 1);
    pthread_mutex_unlock(&x->lock);
}

/* Deletes up to SWEEP_BLOCKS of one run. */
static int
sweep_slice(struct store *s, uint8_t index, uint32_t id, bool *more)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->state.lmdb, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = store_run_sweep(index, id, txn, s->state.dbi, SWEEP_BLOCKS, more);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static bool
may_sweep_gone(const struct store_runs *x)
{
    return x->gone.n > 0 &&
           (!atomic_load(&x->in_use) ||
            atomic_load(&x->adopted) == atomic_load(&x->generation));
}

int
store_runs_upkeep(struct store_runs *x, bool *did)
{
    bool more = false;
    int rc = 0;
    *did = true;
    if (x->merge)
        return store_merge_step(x);
    if (x->half != 0) {
        rc = sweep_slice(x->s, x->index, x->half, &more);
        if (rc == 0 && !more)
            x->half = 0;
        return rc;
    }
    if (may_sweep_gone(x)) {
        rc = sweep_slice(x->s, x->index, x->gone.v[0]->id, &more);
        if (rc == 0 && !more)
            store_run_release(list_take(&x->gone, 0));
        return rc;
    }
    if (!x->merge_later)
        rc = store_merge_begin(x);
    *did = x->merge != NULL;
    return rc;
}

/* ---- open and close ------------------------------------------------------
 */

enum store_result
store_runs_open(struct store *s, uint8_t index, struct store_reader *r,
                struct store_runs **out)
{
    struct store_runs *x = calloc(1, sizeof *x);
    if (!x)
        return STORE_FAILED;
    x->s = s;
    x->index = index;
    x->next_id = 1;
    pthread_mutex_init(&x->lock, NULL);
    atomic_init(&x->generation, 1);
    enum store_result res;
    struct store_run *run;
    for (uint32_t id = 0;; id = run->id) {
        res = store_run_load(r, index, id, &run);
        if (res != STORE_OK)
            break;
        list_add(&x->list, run);
        res = store_run_locate(run, &s->state);
        if (res != STORE_OK)
            break;
        x->next_id = run->id + 1;
    }
    for (size_t i = 1; i < x->list.n; i++)
        if (x->list.v[i - 1]->seq_first <= x->list.v[i]->seq_last)
            res = STORE_CORRUPT;
    if (res != STORE_NOT_FOUND) {
        store_runs_close(x);
        return res;
    }
    *out = x;
    return STORE_OK;
}

void
store_runs_close(struct store_runs *x)
{
    if (!x)
        return;
    store_merge_abandon(x);
    store_cover_release(x->cover);
    store_run_list_fini(&x->list);
    store_run_list_fini(&x->gone);
    store_hash_fini(&x->clean);
    store_hash_fini(&x->used);
    pthread_mutex_destroy(&x->lock);
    free(x);
}

/* The index and run of the first block row after (index, run), or whether
 * there is none: *found. */
static int
next_block_run(MDB_txn *txn, MDB_dbi dbi, uint8_t *index, uint32_t *id,
               bool *found)
{
    uint8_t bytes[10];
    struct writer w = writer_of(bytes, sizeof bytes);
    writer_u8(&w, TABLE_RUN_BLOCK);
    writer_u8(&w, *index);
    writer_be32(&w, *id);
    writer_be32(&w, UINT32_MAX);
    MDB_cursor *cursor;
    MDB_val key = {sizeof bytes, bytes}, d;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &d, MDB_SET_RANGE);
    *found = rc == 0 && key.mv_size == sizeof bytes &&
             *(uint8_t *)key.mv_data == TABLE_RUN_BLOCK;
    if (*found) {
        struct cursor c = cursor_of(slice_of(key.mv_data, key.mv_size));
        (void)cursor_u8(&c);
        *index = cursor_u8(&c);
        *id = cursor_be32(&c);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
clear_run(MDB_txn *txn, MDB_dbi dbi, uint8_t index, uint32_t id)
{
    struct store_run run = {.index = index, .id = id};
    if (store_run_has_head(&run, txn, dbi))
        return 0;
    bool more = true;
    int rc = 0;
    while (rc == 0 && more)
        rc = store_run_sweep(index, id, txn, dbi, SWEEP_BLOCKS, &more);
    return rc;
}

int
store_runs_clear_leftovers(struct store *s)
{
    uint8_t index = 0;
    uint32_t id = 0;
    bool found = true;
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->state.lmdb, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    while (rc == 0) {
        rc = next_block_run(txn, s->state.dbi, &index, &id, &found);
        if (rc != 0 || !found)
            break;
        rc = clear_run(txn, s->state.dbi, index, id);
    }
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}
