/*
 * merge.c - many runs of an index become one, a slice at a time.
 *
 * Sixteen neighbours of which none is a third of all are merged, so that an
 * entry is rewritten about once per factor of sixteen. A slice writes 4 MB in a
 * transaction of its own; the run begins to exist with the last one, which also
 * takes away the heads of its sources.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/room.h"
#include "store/runs.h"

enum {
    SLICE_ENTRIES = 64 * RUN_BLOCK_ENTRIES,
};

/* What has become so large is hardly worth writing anew. */
static const uint64_t MERGED_ENTRIES_MAX = UINT64_C(64) << 20;

struct source {
    struct store_run *run; /* held */
    uint32_t next_block;
    uint8_t *block;
    size_t at, n; /* octets */
};

struct store_merge {
    struct source sources[MERGE_RUNS]; /* newest first */
    uint64_t heads[MERGE_RUNS]; /* key of each one's next entry, less one:
                                   UINT64_MAX at its end */
    uint64_t written;           /* as heads: the last one */
    struct store_run_writer w;
    uint32_t id;
};

/* ---- which ---------------------------------------------------------------
 */

static bool
is_even(const struct store_run_list *list, size_t from, uint64_t *sum)
{
    uint64_t max = 0;
    *sum = 0;
    for (size_t i = from; i < from + MERGE_RUNS; i++) {
        uint64_t entries = list->v[i]->entries;
        *sum += entries;
        if (entries > max)
            max = entries;
    }
    return max <= *sum / 3;
}

/* First of the runs to merge; SIZE_MAX when there is no need. */
static size_t
choose(const struct store_run_list *list)
{
    size_t least = SIZE_MAX;
    uint64_t sum, least_sum = MERGED_ENTRIES_MAX;
    for (size_t from = 0; from + MERGE_RUNS <= list->n; from++) {
        bool even = is_even(list, from, &sum);
        if (even && sum < MERGED_ENTRIES_MAX)
            return from;
        if (sum < least_sum) {
            least = from;
            least_sum = sum;
        }
    }
    return list->n > RUNS_MAX ? least : SIZE_MAX;
}

/* ---- begin and end -------------------------------------------------------
 */

static void
merge_destroy(struct store_merge *m)
{
    for (size_t i = 0; i < MERGE_RUNS; i++) {
        store_run_release(m->sources[i].run);
        free(m->sources[i].block);
    }
    store_run_writer_fini(&m->w);
    free(m);
}

void
store_merge_abandon(struct store_runs *x)
{
    if (!x->merge)
        return;
    x->half = x->merge->id;
    merge_destroy(x->merge);
    x->merge = NULL;
}

int
store_merge_begin(struct store_runs *x)
{
    size_t from = choose(&x->list);
    if (from == SIZE_MAX)
        return 0;
    struct store_merge *m = calloc(1, sizeof *m);
    if (!m)
        return ENOMEM;
    uint64_t entries = 0;
    bool ok = true;
    for (size_t i = 0; i < MERGE_RUNS; i++) {
        struct source *src = &m->sources[i];
        src->run = x->list.v[from + i];
        store_run_hold(src->run);
        src->block = malloc(RUN_BLOCK_BYTES);
        ok = ok && src->block;
        entries += src->run->entries;
    }
    m->id = x->next_id++;
    int rc =
        ok ? store_run_writer_init(&m->w, x->index, m->id, entries) : ENOMEM;
    if (rc != 0) {
        merge_destroy(m);
        return rc;
    }
    m->w.dbi = x->s->state.dbi;
    m->w.run->seq_first = m->sources[MERGE_RUNS - 1].run->seq_first;
    m->w.run->seq_last = m->sources[0].run->seq_last;
    for (size_t i = 0; i < MERGE_RUNS; i++)
        if (m->sources[i].run->wall_ms > m->w.run->wall_ms)
            m->w.run->wall_ms = m->sources[i].run->wall_ms;
    m->written = UINT64_MAX;
    x->merge = m;
    return 0;
}

/* ---- slices --------------------------------------------------------------
 */

/* Makes the next entry of a source stand at `at`, if there is one. */
static int
source_fill(struct source *src, const struct store_env *e)
{
    if (src->at < src->n || src->next_block == src->run->blocks)
        return 0;
    src->at = 0;
    src->n = store_run_read(src->run, e, src->next_block++, src->block);
    return src->n > 0 ? 0 : MDB_CORRUPTED;
}

static struct store_entry
source_entry(const struct source *src)
{
    struct store_entry e = {0, 0}; /* key 0: at its end */
    if (src->at < src->n)
        memcpy(&e, src->block + src->at, sizeof e);
    return e;
}

static int
fill_head(struct store_merge *m, size_t i, const struct store_env *env)
{
    int rc = source_fill(&m->sources[i], env);
    m->heads[i] = source_entry(&m->sources[i]).key - 1;
    return rc;
}

/* Of the least head; the newest one of several. */
static size_t
least_of(const uint64_t heads[MERGE_RUNS])
{
    uint64_t least = heads[0];
    size_t at = 0;
    for (size_t i = 1; i < MERGE_RUNS; i++) {
        at = heads[i] < least ? i : at;
        least = heads[i] < least ? heads[i] : least;
    }
    return at;
}

/* Takes the least key; it is written once, with the value of its newest
 * source. */
static int
merge_one(struct store_merge *m, const struct store_env *env, bool *end)
{
    size_t i = least_of(m->heads);
    uint64_t head = m->heads[i];
    *end = head == UINT64_MAX;
    if (*end)
        return 0;
    int rc = 0;
    if (head != m->written)
        rc = store_run_writer_add(&m->w, source_entry(&m->sources[i]));
    m->written = head;
    m->sources[i].at += sizeof(struct store_entry);
    return rc == 0 ? fill_head(m, i, env) : rc;
}

static int
merge_finish(struct store_merge *m, struct store_run **out)
{
    int rc = store_run_writer_finish(&m->w, out);
    if (rc == 0)
        rc = store_run_put_head(*out, m->w.txn, m->w.dbi);
    for (size_t i = 0; rc == 0 && i < MERGE_RUNS; i++)
        rc = store_run_delete_head(m->sources[i].run, m->w.txn, m->w.dbi);
    return rc;
}

static int
write_slice(struct store_merge *m, const struct store_env *env,
            struct store_run **out)
{
    bool end = false;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < MERGE_RUNS; i++)
        rc = fill_head(m, i, env);
    for (size_t n = 0; rc == 0 && !end && n < SLICE_ENTRIES; n++)
        rc = merge_one(m, env, &end);
    if (rc == 0 && end)
        rc = merge_finish(m, out);
    return rc;
}

int
store_merge_step(struct store_runs *x)
{
    struct store_merge *m = x->merge;
    struct store_run *merged = NULL;
    int rc = mdb_txn_begin(x->s->state.lmdb, NULL, 0, &m->w.txn);
    if (rc != 0)
        return rc;
    uint64_t id = mdb_txn_id(m->w.txn);
    rc = write_slice(m, &x->s->state, &merged);
    if (rc == 0)
        rc = mdb_txn_commit(m->w.txn);
    else
        mdb_txn_abort(m->w.txn);
    if (rc == 0 && merged && store_run_locate(merged, &x->s->state) != STORE_OK)
        rc = MDB_CORRUPTED;
    if (rc != 0) {
        store_run_release(merged);
        return rc;
    }
    if (!merged)
        return 0;
    atomic_store(&x->s->state_txn, id);
    size_t from = 0;
    while (x->list.v[from] != m->sources[0].run)
        from++;
    store_runs_replace(x, from, MERGE_RUNS, merged);
    merge_destroy(m);
    x->merge = NULL;
    return 0;
}
