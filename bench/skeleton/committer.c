/*
 * committer.c - the store thread of the skeleton.
 *
 * Promise: as in committer.h. Messages and facts lie in blocks of just under
 * 64 KB, appended under a growing integer key.
 */
#include "bench/skeleton/committer.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 65000,
    COMMITS_KEPT = 1 << 20, /* whose times are kept for the percentiles */
};

/* Invariant: job is the posted batch until it is done; under lock. */
struct committer {
    MDB_env *env;
    MDB_dbi messages, facts;
    uint64_t fact_key;
    char dir[512];
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct batch *job, *done;
    bool quit, failed;
    struct committer_use use;
    float *times_ms;
};

static double
now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int
append(MDB_txn *txn, MDB_dbi dbi, uint64_t key, const uint8_t *p, size_t n)
{
    MDB_val k = {sizeof key, &key};
    MDB_val v = {n, (void *)(uintptr_t)p}; /* LMDB copies and keeps it */
    return mdb_put(txn, dbi, &k, &v, MDB_APPEND);
}

static int
put_batch(struct committer *c, const struct batch *b, MDB_txn *txn)
{
    const uint64_t per = BLOCK_BYTES / ROW_BYTES;
    int rc = 0;
    for (uint64_t at = 0; at < b->rows_n && rc == 0; at += per) {
        uint64_t n = b->rows_n - at < per ? b->rows_n - at : per;
        rc = append(txn, c->messages, b->first + at, b->rows + at * ROW_BYTES,
                    n * ROW_BYTES);
    }
    for (size_t at = 0; at < b->facts_bytes && rc == 0; at += BLOCK_BYTES) {
        size_t n = b->facts_bytes - at < BLOCK_BYTES ? b->facts_bytes - at
                                                     : BLOCK_BYTES;
        rc = append(txn, c->facts, c->fact_key++, b->facts + at, n);
    }
    return rc;
}

static int
commit(struct committer *c, const struct batch *b)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(c->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = put_batch(c, b, txn);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

static struct batch *
wait_for_job(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    while ((!c->job || c->done) && !c->quit)
        pthread_cond_wait(&c->wake, &c->lock);
    struct batch *b = c->quit ? NULL : c->job;
    pthread_mutex_unlock(&c->lock);
    return b;
}

static void *
run(void *arg)
{
    struct committer *c = arg;
    for (struct batch *b; (b = wait_for_job(c));) {
        double began = now_s(CLOCK_MONOTONIC);
        int rc = commit(c, b);
        if (c->use.commits < COMMITS_KEPT)
            c->times_ms[c->use.commits] =
                (float)((now_s(CLOCK_MONOTONIC) - began) * 1e3);
        c->use.commits++;
        if (rc != 0)
            fprintf(stderr, "volley-skeleton: commit: %s\n", mdb_strerror(rc));
        pthread_mutex_lock(&c->lock);
        c->failed = rc != 0;
        c->done = b;
        pthread_mutex_unlock(&c->lock);
        eventfd_write(c->fd, 1);
    }
    c->use.cpu_s = now_s(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

static int
open_env(struct committer *c)
{
    MDB_txn *txn;
    int rc = mdb_env_create(&c->env);
    if (rc == 0)
        rc = mdb_env_set_mapsize(c->env, (size_t)64 << 30);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(c->env, 2);
    if (rc == 0)
        rc = mdb_env_open(c->env, c->dir, 0, 0600);
    if (rc == 0)
        rc = mdb_txn_begin(c->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = mdb_dbi_open(txn, "messages", MDB_CREATE | MDB_INTEGERKEY,
                      &c->messages);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "facts", MDB_CREATE | MDB_INTEGERKEY, &c->facts);
    if (rc == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

struct committer *
committer_start(const char *dir)
{
    struct committer *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    snprintf(c->dir, sizeof c->dir, "%s", dir);
    c->times_ms = malloc(COMMITS_KEPT * sizeof *c->times_ms);
    c->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    int rc = open_env(c);
    if (rc == 0 && c->times_ms && c->fd >= 0 &&
        pthread_create(&c->thread, NULL, run, c) == 0)
        return c;
    fprintf(stderr, "volley-skeleton: %s: %s\n", dir, mdb_strerror(rc));
    mdb_env_close(c->env);
    free(c->times_ms);
    free(c);
    return NULL;
}

int
committer_fd(const struct committer *c)
{
    return c->fd;
}

void
committer_post(struct committer *c, struct batch *b)
{
    pthread_mutex_lock(&c->lock);
    c->job = b;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
}

struct batch *
committer_take_done(struct committer *c)
{
    eventfd_t count;
    eventfd_read(c->fd, &count);
    pthread_mutex_lock(&c->lock);
    struct batch *b = c->done;
    if (b)
        c->job = c->done = NULL;
    pthread_mutex_unlock(&c->lock);
    return b;
}

bool
committer_has_failed(struct committer *c)
{
    pthread_mutex_lock(&c->lock);
    bool failed = c->failed;
    pthread_mutex_unlock(&c->lock);
    return failed;
}

static int
by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void
committer_stop(struct committer *c, struct committer_use *use)
{
    char path[600];
    struct stat st;
    pthread_mutex_lock(&c->lock);
    c->quit = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    uint64_t n = c->use.commits < COMMITS_KEPT ? c->use.commits : COMMITS_KEPT;
    qsort(c->times_ms, n, sizeof *c->times_ms, by_size);
    if (n > 0) {
        c->use.p50_ms = (double)c->times_ms[n / 2];
        c->use.p99_ms = (double)c->times_ms[n * 99 / 100];
    }
    snprintf(path, sizeof path, "%s/data.mdb", c->dir);
    if (stat(path, &st) == 0)
        c->use.stored_bytes = (uint64_t)st.st_blocks * 512;
    *use = c->use;
    mdb_env_close(c->env);
    close(c->fd);
    free(c->times_ms);
    free(c);
}
