/*
 * index.c - a map of u64 keys to u64 values that outgrows RAM.
 *
 * A look-up asks, newest first: the table being filled, the frozen tables
 * still in RAM, then the runs whose filter does not say no. Freezing swaps
 * one pointer; the checkpoint thread walks the frozen table, whose slots are
 * in key order already.
 *
 * A put waits in a short queue until its slot has come from memory: puts and
 * gets then wait for memory side by side, not one after another.
 */
#include "store/index.h"

#include <errno.h>
#include <stdlib.h>

#include "store/checkpoint.h"
#include "store/search.h"

enum {
    LATE_PUTS = 8, /* a power of two */
    GROW_ENTRIES = 32768,
};

struct store_index {
    struct store *s;
    struct store_index_settings settings;
    struct store_hash active;
    bool asked; /* for the table that will be the next active one */
    struct store_entry late[LATE_PUTS]; /* a ring: puts newer than active */
    unsigned first_late, lates;
    struct store_entry last; /* what was asked for last; key 0: nothing was */
    bool last_found;
    struct store_frozen **frozen; /* held, newest first */
    size_t n, cap;
    size_t frozen_entries;
    uint64_t next_seq;
    struct store_runs *runs;  /* the store's */
    struct store_search mine; /* adopted from it */
};

/* Callers' keys become evenly spread whatever they are; one to one, and 0
 * stays 0. */
static inline uint64_t
spread(uint64_t key)
{
    key = (key ^ key >> 33) * UINT64_C(0xff51afd7ed558ccd);
    key = (key ^ key >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return key ^ key >> 33;
}

static enum store_result
attach_runs(struct store *s, const struct store_index_settings *settings,
            struct store_reader *r, struct store_runs **out)
{
    uint8_t id = settings->id;
    if (!s->runs[id]) {
        struct store_runs *x;
        enum store_result res = store_runs_open(s, id, r, &x);
        if (res != STORE_OK)
            return res;
        pthread_mutex_lock(&s->lock);
        s->runs[id] = x;
        pthread_mutex_unlock(&s->lock);
    }
    atomic_store(&s->runs[id]->in_use, true);
    atomic_store(&s->runs[id]->covered, settings->covered);
    *out = s->runs[id];
    return STORE_OK;
}

enum store_result
store_index_open(struct store *s, const struct store_index_settings *settings,
                 struct store_reader *r, struct store_index **out)
{
    struct store_index *x = calloc(1, sizeof *x);
    if (!x)
        return STORE_FAILED;
    x->s = s;
    x->settings = *settings;
    enum store_result res = attach_runs(s, settings, r, &x->runs);
    if (res != STORE_OK) {
        free(x);
        return res;
    }
    /* Adopt whatever the list's state, also when reopened unchanged. */
    atomic_store(&x->runs->adopted, 0);
    (void)store_search_adopt(&x->mine, x->runs);
    x->next_seq = x->mine.runs.n > 0 ? x->mine.runs.v[0]->seq_last + 1 : 1;
    store_hash_init(&x->active, 0);
    *out = x;
    return STORE_OK;
}

void
store_index_close(struct store_index *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->n; i++)
        store_frozen_release(x->frozen[i]);
    free(x->frozen);
    store_search_fini(&x->mine);
    store_hash_fini(&x->active);
    atomic_store(&x->runs->in_use, false);
    free(x);
}

/* ---- put and get ---------------------------------------------------------
 */

static void
put_oldest(struct store_index *x)
{
    const struct store_entry *e = &x->late[x->first_late];
    store_hash_put(&x->active, e->key, e->value);
    x->first_late = (x->first_late + 1) % LATE_PUTS;
    x->lates--;
}

void
store_index_put(struct store_index *x, uint64_t key, uint64_t value)
{
    uint64_t k = spread(key);
    if (x->lates == LATE_PUTS)
        put_oldest(x);
    struct store_entry e = {k, value};
    x->late[(x->first_late + x->lates++) % LATE_PUTS] = e;
    if (k == x->last.key) {
        x->last = e;
        x->last_found = true;
    }
    store_hash_prefetch(&x->active, k);
}

static bool
get_late(const struct store_index *x, uint64_t k, uint64_t *value)
{
    for (unsigned i = x->lates; i-- > 0;) {
        const struct store_entry *e = &x->late[(x->first_late + i) % LATE_PUTS];
        if (e->key == k) {
            *value = e->value;
            return true;
        }
    }
    return false;
}

void
store_index_prefetch(const struct store_index *x, uint64_t key)
{
    uint64_t k = spread(key);
    store_hash_prefetch(&x->active, k);
    for (size_t i = 0; i < x->n; i++)
        store_hash_prefetch(&x->frozen[i]->hash, k);
    store_search_prefetch(&x->mine, k);
}

/* Drops frozen tables that stand in a run, oldest first, while there are too
 * many entries in RAM. */
static void
trim_frozen(struct store_index *x)
{
    while (x->n > 0 && x->frozen_entries > x->settings.ram_entries) {
        struct store_frozen *oldest = x->frozen[x->n - 1];
        if (x->mine.runs.n == 0 || x->mine.runs.v[0]->seq_last < oldest->seq)
            return;
        x->frozen_entries -= oldest->hash.n;
        store_runs_give_back(x->runs, oldest);
        x->n--;
    }
}

static void
adopt(struct store_index *x)
{
    if (!store_search_adopt(&x->mine, x->runs))
        return;
    x->last.key = 0;
    trim_frozen(x);
}

/* Runs of freezes that were asked in RAM are left out. */
static bool
get_from_runs(struct store_index *x, uint64_t k, uint64_t *value)
{
    uint64_t ram_seq = x->n > 0 ? x->frozen[x->n - 1]->seq : UINT64_MAX;
    enum store_result res =
        store_search_get(&x->mine, &x->s->state, ram_seq, k, value);
    if (res != STORE_OK && res != STORE_NOT_FOUND)
        store_set_failed(x->s, "index look-up", errno ? errno : EIO);
    return res == STORE_OK;
}

static bool
get(struct store_index *x, uint64_t k, uint64_t *value)
{
    if (get_late(x, k, value) || store_hash_get(&x->active, k, value))
        return true;
    for (size_t i = 0; i < x->n; i++)
        if (store_hash_get(&x->frozen[i]->hash, k, value))
            return true;
    adopt(x);
    return get_from_runs(x, k, value);
}

bool
store_index_get(struct store_index *x, uint64_t key, uint64_t *value)
{
    uint64_t k = spread(key);
    if (k != x->last.key) { /* the same is often asked twice */
        x->last.value = 0;
        x->last_found = get(x, k, &x->last.value);
        x->last.key = k;
    }
    if (x->last_found)
        *value = x->last.value;
    return x->last_found;
}

/* ---- checkpoints ---------------------------------------------------------
 */

/* A table grows once, from small to what a freeze takes, into one that the
 * checkpoint thread has made ready: growing by doubling, with its page faults,
 * would hold up the engine for milliseconds each time. */
static void
grow_once(struct store_index *x)
{
    size_t most = x->settings.freeze_entries;
    bool grown = x->active.homes >= store_hash_homes(most);
    size_t ask_at =
        grown || most < 2 * GROW_ENTRIES ? most - most / 4 : GROW_ENTRIES;
    struct store_hash larger;
    if (x->active.n < ask_at)
        return;
    if (!x->asked) {
        x->asked = true;
        store_runs_want_table(x->runs, most);
    } else if (!grown && store_runs_take_table(x->runs, most, &larger)) {
        store_hash_move(&x->active, &larger);
        x->asked = false;
    }
}

bool
store_index_is_ripe(struct store_index *x)
{
    adopt(x);
    grow_once(x);
    return x->active.n >= x->settings.freeze_entries;
}

static void
keep_frozen(struct store_index *x, struct store_frozen *f)
{
    if (x->n == x->cap) {
        x->cap = x->cap ? 2 * x->cap : 8;
        x->frozen = realloc(x->frozen, x->cap * sizeof(struct store_frozen *));
        if (!x->frozen)
            abort();
    }
    memmove(x->frozen + 1, x->frozen, x->n * sizeof(struct store_frozen *));
    x->frozen[0] = f;
    x->n++;
    x->frozen_entries += f->hash.n;
}

void
store_index_checkpoint(struct store_index *x, struct store_checkpoint *c,
                       uint64_t wall_ms)
{
    adopt(x);
    while (x->lates > 0)
        put_oldest(x);
    if (x->active.n == 0)
        return;
    struct store_frozen *f = calloc(1, sizeof *f);
    if (!f)
        abort();
    atomic_init(&f->refs, 1);
    f->hash = x->active;
    f->seq = x->next_seq++;
    f->wall_ms = wall_ms;
    if (!store_runs_take_table(x->runs, x->settings.freeze_entries, &x->active))
        store_hash_init(&x->active, 0);
    keep_frozen(x, f);
    store_checkpoint_add_frozen(c, x->runs, f);
    x->asked = false;
}

void
store_index_expire(struct store_index *x, uint64_t wall_ms)
{
    atomic_store(&x->runs->expire_ms, wall_ms);
}

size_t
store_index_ram_bytes(const struct store_index *x)
{
    size_t bytes = store_hash_ram_bytes(&x->active);
    for (size_t i = 0; i < x->n; i++)
        bytes += store_hash_ram_bytes(&x->frozen[i]->hash);
    for (size_t i = 0; i < x->mine.runs.n; i++)
        bytes += x->mine.runs.v[i]->filter.lines * FILTER_LINE_BYTES +
                 x->mine.runs.v[i]->blocks * sizeof(uint64_t);
    return bytes;
}
