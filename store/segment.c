/*
 * segment.c - the segments of the log: holding, adding, expiring them.
 */
#include "store/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/block.h"

enum {
    /* Environments kept open that nobody holds: three descriptors each. */
    OPEN_IDLE_MAX = 16,
    UNCACHE_BYTES = 16 << 20, /* from the page cache, in one go: < 1 ms */
};

void
store_segment_path(const struct store_log *log, uint64_t first,
                   const char *tail, char path[STORE_PATH_BYTES])
{
    snprintf(path, STORE_PATH_BYTES, "%s/%020llu%s", log->dir,
             (unsigned long long)first, tail);
}

/* ---- one segment ---------------------------------------------------------
 */

static int
segment_env_open(struct store_log *log, struct store_segment *seg,
                 const char *path)
{
    struct store_env_settings settings = {
        .path = path,
        .map_bytes = log->map_bytes,
        .table_flags = MDB_INTEGERKEY,
        .read_only = log->read_only,
    };
    return store_env_open(&seg->env, &settings);
}

static enum store_result
segment_check_head(struct store_segment *seg)
{
    struct store_view v = {0};
    uint64_t zero = 0;
    MDB_val key = {sizeof zero, &zero}, value;
    int rc = store_view_begin(&v, &seg->env);
    if (rc == 0)
        rc = mdb_get(v.txn, seg->env.dbi, &key, &value);
    enum store_result res =
        rc == MDB_NOTFOUND ? STORE_CORRUPT : store_env_verdict(rc);
    if (res == STORE_OK)
        res = store_segment_head_check(slice_of(value.mv_data, value.mv_size),
                                       seg->first);
    store_view_fini(&v);
    return res;
}

static void
close_idle(struct store_log *log)
{
    struct store_segment *idle = NULL;
    for (size_t i = 0; i < log->n; i++) {
        struct store_segment *seg = log->v[i];
        if (seg->env.lmdb && seg->holds == 0 &&
            (!idle || seg->last_used < idle->last_used))
            idle = seg;
    }
    if (idle) {
        store_env_close(&idle->env);
        log->opened--;
    }
}

static enum store_result
hold_locked(struct store_log *log, struct store_segment *seg)
{
    if (!seg->env.lmdb) {
        if (log->opened >= OPEN_IDLE_MAX)
            close_idle(log);
        char path[STORE_PATH_BYTES];
        store_segment_path(log, seg->first, "", path);
        int rc = segment_env_open(log, seg, path);
        if (rc != 0)
            return rc == ENOENT ? STORE_CORRUPT : store_env_verdict(rc);
        enum store_result res = segment_check_head(seg);
        if (res != STORE_OK) {
            store_env_close(&seg->env);
            return res;
        }
        log->opened++;
    }
    seg->holds++;
    seg->last_used = ++log->uses;
    return STORE_OK;
}

/* Index of the segment that pos falls into; 0 when it is older than all. */
static size_t
find_locked(const struct store_log *log, uint64_t pos)
{
    size_t lo = 0, hi = log->n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (log->v[mid]->first <= pos)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

enum store_result
store_segment_hold(struct store_log *log, uint64_t pos,
                   struct store_segment **out)
{
    enum store_result res = STORE_NOT_FOUND;
    pthread_mutex_lock(&log->lock);
    if (log->n > 0) {
        struct store_segment *seg = log->v[find_locked(log, pos)];
        res = hold_locked(log, seg);
        if (res == STORE_OK)
            *out = seg;
    }
    pthread_mutex_unlock(&log->lock);
    return res;
}

uint64_t
store_segment_after(struct store_log *log, uint64_t pos)
{
    uint64_t next = UINT64_MAX;
    pthread_mutex_lock(&log->lock);
    size_t i = log->n > 0 ? find_locked(log, pos) + 1 : 0;
    if (i < log->n)
        next = log->v[i]->first;
    pthread_mutex_unlock(&log->lock);
    return next;
}

void
store_segment_release(struct store_log *log, struct store_segment *seg)
{
    bool gone = false;
    pthread_mutex_lock(&log->lock);
    seg->holds--;
    if (seg->holds == 0 && atomic_load(&seg->dead)) {
        gone = true;
        log->opened--;
    }
    pthread_mutex_unlock(&log->lock);
    if (gone) {
        store_env_close(&seg->env);
        free(seg);
    }
}

enum store_result
store_segment_seek(struct store_view *v, MDB_cursor_op op, uint64_t key,
                   uint64_t *found, struct slice *value)
{
    MDB_val k = {sizeof key, &key}, d;
    int rc = mdb_cursor_get(v->cursor, &k, &d, op);
    if (op == MDB_SET_RANGE) {
        if (rc == MDB_NOTFOUND)
            rc = mdb_cursor_get(v->cursor, &k, &d, MDB_LAST);
        else if (rc == 0 && memcmp(k.mv_data, &key, sizeof key) != 0)
            rc = mdb_cursor_get(v->cursor, &k, &d, MDB_PREV);
    } else if (op == MDB_FIRST && rc == 0) {
        rc = mdb_cursor_get(v->cursor, &k, &d, MDB_NEXT); /* over the head */
    }
    if (rc != 0)
        return store_env_verdict(rc);
    if (k.mv_size != sizeof *found)
        return STORE_CORRUPT;
    memcpy(found, k.mv_data, sizeof *found);
    *value = slice_of(d.mv_data, d.mv_size);
    return *found == 0 ? STORE_NOT_FOUND : STORE_OK;
}

/* ---- the list ------------------------------------------------------------
 */

bool
store_log_append(struct store_log *log, struct store_segment *seg)
{
    if (log->n == log->cap) {
        size_t cap = log->cap ? 2 * log->cap : 16;
        struct store_segment **v = realloc(log->v, cap * sizeof *v);
        if (!v)
            return false;
        log->v = v;
        log->cap = cap;
    }
    if (log->n > 0)
        atomic_store(&log->v[log->n - 1]->end, seg->first);
    else
        atomic_store(&log->oldest, seg->first);
    log->v[log->n++] = seg;
    atomic_store(&log->segments, (unsigned)log->n);
    return true;
}

struct store_segment *
store_segment_new(uint64_t first)
{
    struct store_segment *seg = calloc(1, sizeof *seg);
    if (seg) {
        seg->first = first;
        atomic_init(&seg->end, UINT64_MAX);
    }
    return seg;
}

static int
write_head(struct store_segment *seg)
{
    uint8_t head[SEGMENT_HEAD_BYTES];
    uint64_t zero = 0;
    MDB_val key = {sizeof zero, &zero}, value = {sizeof head, head};
    MDB_txn *txn;
    store_segment_head_pack(head, seg->first);
    int rc = mdb_txn_begin(seg->env.lmdb, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = mdb_put(txn, seg->env.dbi, &key, &value, 0);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

int
store_segment_add(struct store_log *log, uint64_t first,
                  struct store_segment **out)
{
    char made[STORE_PATH_BYTES], path[STORE_PATH_BYTES];
    struct store_segment *seg = store_segment_new(first);
    if (!seg)
        return ENOMEM;
    snprintf(made, sizeof made, "%s/new", log->dir);
    store_segment_path(log, first, "", path);
    store_env_remove(made);
    int rc = store_dir_make(made);
    if (rc == 0)
        rc = segment_env_open(log, seg, made);
    if (rc == 0)
        rc = write_head(seg);
    if (rc == 0)
        rc = store_dir_sync(made);
    if (rc == 0 && rename(made, path) != 0)
        rc = errno;
    if (rc == 0)
        rc = store_dir_sync(log->dir);
    pthread_mutex_lock(&log->lock);
    if (rc == 0 && !store_log_append(log, seg))
        rc = ENOMEM;
    if (rc == 0) {
        log->opened++;
        seg->holds++;
        seg->last_used = ++log->uses;
        *out = seg;
    }
    pthread_mutex_unlock(&log->lock);
    if (rc != 0) {
        store_env_close(&seg->env);
        store_env_remove(made);
        free(seg);
    }
    return rc;
}

static bool
is_expired(struct store_segment *seg, uint64_t wall_ms)
{
    struct store_view v = {0};
    struct slice value;
    struct block b;
    uint64_t key = 0;
    bool old = store_view_begin(&v, &seg->env) == 0 &&
               store_segment_seek(&v, MDB_LAST, 0, &key, &value) == STORE_OK &&
               store_block_parse(key, value, &b) && b.wall_ms < wall_ms;
    store_view_fini(&v);
    return old;
}

static void
unlink_segment(struct store_log *log, uint64_t first)
{
    char path[STORE_PATH_BYTES], dead[STORE_PATH_BYTES];
    store_segment_path(log, first, "", path);
    store_segment_path(log, first, ".dead", dead);
    if (rename(path, dead) != 0)
        return; /* listed again at the next open, and expired again */
    if (store_dir_sync(log->dir) == 0)
        store_env_remove(dead);
}

unsigned
store_log_expire(struct store_log *log, uint64_t wall_ms, uint64_t keep_pos)
{
    for (unsigned gone = 0;; gone++) {
        struct store_segment *seg = NULL;
        pthread_mutex_lock(&log->lock);
        if (log->n > 1 && log->v[1]->first <= keep_pos &&
            hold_locked(log, log->v[0]) == STORE_OK)
            seg = log->v[0];
        pthread_mutex_unlock(&log->lock);
        if (!seg)
            return gone;
        bool old = is_expired(seg, wall_ms);
        if (old) {
            pthread_mutex_lock(&log->lock);
            log->n--;
            memmove(log->v, log->v + 1, log->n * sizeof *log->v);
            atomic_store(&log->oldest, log->v[0]->first);
            atomic_store(&log->segments, (unsigned)log->n);
            atomic_store(&seg->dead, true);
            pthread_mutex_unlock(&log->lock);
            unlink_segment(log, seg->first);
        }
        store_segment_release(log, seg);
        if (!old)
            return gone;
    }
}

/* ---- the page cache ------------------------------------------------------
 */

/* The file of the segment at index i; its octets, 0 when it is not there. */
static uint64_t
file_of(const struct store_log *log, uint64_t first,
        char path[STORE_PATH_BYTES])
{
    struct stat file;
    store_segment_path(log, first, "/data.mdb", path);
    return stat(path, &file) == 0 ? (uint64_t)file.st_size : 0;
}

/* The oldest segment that has to leave it; how many of its octets do not stay:
 * those that the newest one has added. False when there is none. */
static bool
next_to_uncache(struct store_log *log, uint64_t *first, uint64_t *octets)
{
    char path[STORE_PATH_BYTES];
    uint64_t newest = 0;
    size_t i = 0;
    pthread_mutex_lock(&log->lock);
    while (i + 1 < log->n && log->v[i]->first <= log->uncached_pos)
        i++;
    bool found = i + 1 < log->n;
    if (found)
        *first = log->v[i]->first;
    if (i + 2 == log->n)
        newest = log->v[i + 1]->first;
    pthread_mutex_unlock(&log->lock);
    *octets = newest > 0 ? file_of(log, newest, path) : UINT64_MAX;
    return found;
}

void
store_log_uncache(struct store_log *log)
{
    char path[STORE_PATH_BYTES];
    uint64_t first = 0, octets, at = log->uncached_bytes;
    if (!next_to_uncache(log, &first, &octets) || at >= octets)
        return;
    if (at >= file_of(log, first, path)) {
        log->uncached_pos = first;
        log->uncached_bytes = 0;
        return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)posix_fadvise(fd, (off_t)at, UNCACHE_BYTES, POSIX_FADV_DONTNEED);
    log->uncached_bytes = at + UNCACHE_BYTES;
    close(fd);
}
