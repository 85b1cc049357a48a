/*
 * committer.c - the store thread: group commit at its own pace.
 *
 * Promise: a batch is reported done only after every commit it needs has
 * returned 0; batches become durable in the order of their positions.
 *
 * The batch grows with the commit time by itself: what gathers while one
 * commit runs is the next one. Between commits under load lie at least
 * pace_ms, because a commit costs the same few writes whether it holds thirty
 * facts or three thousand; after a quiet time eight may start at once, so
 * that a single message's life (accepted, sent, answered, receipted) waits
 * for nothing. A batch that a client waits for is in a hurry: clients that
 * send the next message when the last is answered go as fast as the disk.
 *
 * No space: the transaction is aborted and done anew from the batch, all of
 * its pages with it, so nothing depends on pages of the failed attempt. Any
 * other error is final: after a failed sync the kernel may have dropped what
 * it was given, and only a new start with a fresh look at the file is honest.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <time.h>

#include "store/room.h"

enum {
    PACE_BURST = 8,  /* commits that may follow each other after a pause */
    UPKEEP_MS = 500, /* free space, readers of expired segments */
    TRIM_MS = 50,    /* mapped pages: a kernel may map 2 MB a touch */
    MAPPED_MAX = 48 << 20, /* octets of mapped pages that are kept */
    STOP_TRIES_MS = 2000   /* a full disk is asked so long while stopping */
};

/* ---- one batch -----------------------------------------------------------
 */

static int
commit_control(struct store *s, const struct store_batch *b)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->control.lmdb, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = store_puts_apply(b->puts, txn, s->control.dbi);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

static int
put_block(MDB_txn *txn, MDB_dbi dbi, uint64_t first, uint64_t wall_ms,
          struct slice facts)
{
    MDB_val key = {sizeof first, &first};
    MDB_val value = {BLOCK_HEAD_BYTES + facts.n, NULL};
    int rc = mdb_put(txn, dbi, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (rc == 0)
        store_block_pack(value.mv_data, first, wall_ms, facts);
    return rc;
}

static int
put_blocks(struct store *s, const struct store_batch *b, MDB_txn *txn)
{
    size_t start = 0;
    for (size_t i = 0; i <= b->cuts->n; i++) {
        size_t end = i < b->cuts->n ? b->cuts->ends[i] : b->used;
        int rc =
            put_block(txn, s->current->env.dbi, b->first_pos + start,
                      s->last_wall_ms, slice_of(b->bytes + start, end - start));
        if (rc != 0)
            return rc;
        start = end;
    }
    return 0;
}

static bool
is_ripe(const struct store *s)
{
    MDB_envinfo info;
    MDB_stat st;
    if (mdb_env_info(s->current->env.lmdb, &info) != 0 ||
        mdb_env_stat(s->current->env.lmdb, &st) != 0)
        return false; /* the commit itself will say what is wrong */
    return (info.me_last_pgno + 1) * st.ms_psize >= s->settings.segment_bytes ||
           s->last_wall_ms - s->current_wall_ms >=
               s->settings.segment_s * UINT64_C(1000);
}

static int
roll(struct store *s, uint64_t first)
{
    struct store_segment *next;
    int rc = store_segment_add(&s->log, first, &next);
    if (rc != 0)
        return rc;
    if (s->current)
        store_segment_release(&s->log, s->current);
    s->current = next;
    s->current_wall_ms = s->last_wall_ms;
    return 0;
}

static int
commit_log(struct store *s, const struct store_batch *b)
{
    /* Block times never fall, whatever the wall clock does: searches by
     * time rely on it. */
    if (b->wall_ms > s->last_wall_ms)
        s->last_wall_ms = b->wall_ms;
    bool fresh = !s->current || s->current->first == b->first_pos;
    int rc = 0;
    if (!s->current || (!fresh && is_ripe(s)))
        rc = roll(s, b->first_pos);
    if (rc != 0)
        return rc;
    if (s->current->first == b->first_pos)
        s->current_wall_ms = s->last_wall_ms;
    MDB_txn *txn;
    rc = mdb_txn_begin(s->current->env.lmdb, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = put_blocks(s, b, txn);
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    /* The map of a segment is used up: a new one has room. */
    if (rc == MDB_MAP_FULL && !fresh && roll(s, b->first_pos) == 0)
        return commit_log(s, b);
    return rc;
}

/* Waits a while; false when the store stops and has waited long enough. */
static bool
may_retry(struct store *s, unsigned *stop_waited_ms)
{
    pthread_mutex_lock(&s->lock);
    if (s->stopping)
        *stop_waited_ms += FULL_RETRY_MS;
    store_wait_us(&s->wake, &s->lock, FULL_RETRY_MS * 1000);
    pthread_mutex_unlock(&s->lock);
    return *stop_waited_ms < STOP_TRIES_MS;
}

/* Repeats a commit while the disk is full; true when it has succeeded. */
static bool
commit_surely(struct store *s, const struct store_batch *b, const char *where,
              int (*commit)(struct store *, const struct store_batch *))
{
    unsigned stop_waited_ms = 0;
    for (;;) {
        errno = 0;
        int rc = commit(s, b);
        int error = errno;
        if (rc == 0) {
            store_clear_full(s, FULL_COMMIT);
            return true;
        }
        if (store_env_verdict_of_write(rc, error) != STORE_FULL) {
            store_set_failed(s, where, rc);
            return false;
        }
        atomic_fetch_add(&s->full_waits, 1);
        store_set_full(s, FULL_COMMIT, where, ENOSPC);
        if (!may_retry(s, &stop_waited_ms))
            return false;
    }
}

static void
count_time(struct store *s, uint64_t took_us)
{
    unsigned step = 0;
    while (step < STORE_COMMIT_STEPS && took_us > store_commit_step_us(step))
        step++;
    if (step < STORE_COMMIT_STEPS)
        atomic_fetch_add(&s->commit_steps[step], 1);
    atomic_fetch_add(&s->commit_us_sum, took_us);
}

static void
settle(struct store *s, struct store_batch *b, uint64_t took_us)
{
    uint64_t nth = atomic_fetch_add(&s->commits, 1);
    count_time(s, took_us);
    atomic_fetch_add(&s->facts, b->facts);
    atomic_fetch_add(&s->log_bytes, b->used);
    atomic_store(&s->durable, b->first_pos + b->used);
    if (b->checkpoint)
        store_checkpoint_submit(s, b->checkpoint);
    b->checkpoint = NULL;
    pthread_mutex_lock(&s->lock);
    s->commit_us[nth % COMMIT_TIMES] =
        took_us < UINT32_MAX ? (uint32_t)took_us : UINT32_MAX;
    struct store_batch **at = &s->done;
    while (*at)
        at = &(*at)->next;
    b->next = NULL;
    *at = b;
    pthread_mutex_unlock(&s->lock);
    store_notify(s);
}

static bool
commit_batch(struct store *s, struct store_batch *b)
{
    uint64_t start = store_mono_us();
    if (b->puts->used > 0 &&
        !commit_surely(s, b, "control commit", commit_control))
        return false;
    if (b->used > 0 && !commit_surely(s, b, "log commit", commit_log))
        return false;
    settle(s, b, store_mono_us() - start);
    return true;
}

/* ---- the thread ----------------------------------------------------------
 */

static void
count_cpu(struct store *s)
{
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0)
        atomic_store(&s->cpu_ns,
                     (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec);
}

/* Mapped pages of the files that this process holds, in octets. */
static uint64_t
mapped_bytes(void)
{
    uint64_t size, resident, shared = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%" SCNu64 " %" SCNu64 " %" SCNu64, &size, &resident,
               &shared) != 3)
        shared = 0;
    fclose(f);
    return shared * 4096;
}

/* Reading a large campaign maps all of it: memory that is only the page
 * cache's would look like ours, and grow with the backlog. */
void
store_trim_maps(struct store *s)
{
    if (mapped_bytes() >= MAPPED_MAX)
        store_env_trim(s->settings.dir);
}

static void
upkeep(struct store *s)
{
    struct statvfs v;
    if (statvfs(s->settings.dir, &v) == 0) {
        uint64_t bytes = (uint64_t)v.f_bavail * v.f_frsize;
        atomic_store(&s->disk_free, bytes);
        if (bytes < s->settings.min_free_bytes)
            store_set_full(s, FULL_RESERVE, "free space", ENOSPC);
        else
            store_clear_full(s, FULL_RESERVE);
    }
    store_readers_drop_dead(s);
    count_cpu(s);
}

static void
expire_if_wanted(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    bool wanted = s->expire_wanted;
    uint64_t wall_ms = s->expire_wall_ms, keep_pos = s->expire_keep_pos;
    s->expire_wanted = false;
    pthread_mutex_unlock(&s->lock);
    if (wanted && store_log_expire(&s->log, wall_ms, keep_pos) > 0)
        store_readers_drop_dead(s);
}

/* How long until the next commit may start. */
static uint64_t
pace_left_us(const struct store *s, uint64_t now)
{
    uint64_t burst = (PACE_BURST - 1) * s->settings.pace_ms * UINT64_C(1000);
    return s->pace_due_us > now + burst ? s->pace_due_us - burst - now : 0;
}

/* Commits in a hurry are charged like others, but leave at most one pace to
 * be waited for by those that are in none. */
static void
pace_charge(struct store *s, uint64_t now)
{
    uint64_t pace = s->settings.pace_ms * UINT64_C(1000);
    uint64_t due = s->pace_due_us > now ? s->pace_due_us : now;
    uint64_t most = now + pace * PACE_BURST;
    s->pace_due_us = due + pace < most ? due + pace : most;
}

/* Waits for a batch that may be committed now. NULL: other work is due, or
 * the end. */
static struct store_batch *
next_batch(struct store *s, uint64_t upkeep_us, bool *end)
{
    struct store_batch *b = NULL;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        uint64_t now = store_mono_us();
        bool hurry = s->stopping || (s->posted && s->posted->hurry);
        uint64_t left = hurry ? 0 : pace_left_us(s, now);
        *end = s->stopping && !s->posted;
        if (*end || s->expire_wanted || now >= upkeep_us)
            break;
        if (s->posted && left == 0) {
            b = s->posted;
            s->posted = b->next;
            pace_charge(s, now);
            break;
        }
        if (left == 0 && !s->posted && !atomic_load(&s->ready)) {
            atomic_store(&s->ready, true);
            store_notify(s);
        }
        uint64_t rest = upkeep_us - now;
        if (left > 0 && left < rest)
            rest = left;
        store_wait_us(&s->wake, &s->lock, rest);
    }
    pthread_mutex_unlock(&s->lock);
    return b;
}

/* After a final failure nothing is written any more. */
static void
wait_for_stop(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->stopping)
        pthread_cond_wait(&s->wake, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void *
store_committer_main(void *store)
{
    struct store *s = store;
    uint64_t upkeep_us = 0, trim_us = 0;
    bool end = false;
    prctl(PR_SET_NAME, "store"); /* so that top -H tells the threads apart */
    while (!end) {
        uint64_t now = store_mono_us();
        if (now >= upkeep_us) {
            upkeep(s);
            upkeep_us = store_mono_us() + UPKEEP_MS * UINT64_C(1000);
        }
        if (now >= trim_us) {
            store_trim_maps(s);
            store_log_uncache(&s->log);
            trim_us = store_mono_us() + TRIM_MS * UINT64_C(1000);
        }
        expire_if_wanted(s);
        struct store_batch *b = next_batch(s, upkeep_us, &end);
        if (b && !commit_batch(s, b))
            break;
        if (atomic_load(&s->failed))
            break;
    }
    if (atomic_load(&s->failed))
        wait_for_stop(s);
    count_cpu(s);
    return NULL;
}
