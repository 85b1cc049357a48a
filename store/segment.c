/*
 * segment.c - the log's segments: list, roll, expiry.
 */
#include "store/segment.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/block.h"

/* Environments kept open that nobody holds: three descriptors each. */
enum { OPEN_IDLE_MAX = 16 };

enum { PATH_BYTES = 4096, NAME_DIGITS = 20 };

static void
segment_path(const struct store_log *log, uint64_t first, const char *tail,
             char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%020llu%s", log->dir,
             (unsigned long long)first, tail);
}

/* Unlinks an environment's files and its directory; what is not there does
 * not matter. */
static void
remove_env(const char *path)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < 2; i++) {
        char file[PATH_BYTES + 16];
        snprintf(file, sizeof file, "%s/%s", path, files[i]);
        (void)unlink(file);
    }
    (void)rmdir(path);
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
        char path[PATH_BYTES];
        segment_path(log, seg->first, "", path);
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

static bool
append_locked(struct store_log *log, struct store_segment *seg)
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

static struct store_segment *
segment_new(uint64_t first)
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
    char made[PATH_BYTES], path[PATH_BYTES];
    struct store_segment *seg = segment_new(first);
    if (!seg)
        return ENOMEM;
    snprintf(made, sizeof made, "%s/new", log->dir);
    segment_path(log, first, "", path);
    remove_env(made);
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
    if (rc == 0 && !append_locked(log, seg))
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
        remove_env(made);
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
    uint64_t key;
    bool old = store_view_begin(&v, &seg->env) == 0 &&
               store_segment_seek(&v, MDB_LAST, 0, &key, &value) == STORE_OK &&
               store_block_parse(key, value, &b) && b.wall_ms < wall_ms;
    store_view_fini(&v);
    return old;
}

static void
unlink_segment(struct store_log *log, uint64_t first)
{
    char path[PATH_BYTES], dead[PATH_BYTES];
    segment_path(log, first, "", path);
    segment_path(log, first, ".dead", dead);
    if (rename(path, dead) != 0)
        return; /* listed again at the next open, and expired again */
    if (store_dir_sync(log->dir) == 0)
        remove_env(dead);
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

/* ---- open and close ------------------------------------------------------
 */

static int
by_first(const void *a, const void *b)
{
    const struct store_segment *x = *(struct store_segment *const *)a;
    const struct store_segment *y = *(struct store_segment *const *)b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static bool
parse_name(const char *name, uint64_t *first)
{
    uint64_t v = 0;
    if (strlen(name) != NAME_DIGITS)
        return false;
    for (const char *p = name; *p; p++) {
        if (*p < '0' || *p > '9' || v > (UINT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (uint64_t)(*p - '0');
    }
    *first = v;
    return v >= STORE_FIRST_POS;
}

static bool
is_leftover(const char *name)
{
    size_t n = strlen(name);
    return strcmp(name, "new") == 0 ||
           (n == NAME_DIGITS + 5 && strcmp(name + NAME_DIGITS, ".dead") == 0);
}

static int
list_segments(struct store_log *log)
{
    DIR *d = opendir(log->dir);
    if (!d)
        return log->read_only && errno == ENOENT ? 0 : errno;
    int rc = 0;
    for (struct dirent *de; rc == 0 && (de = readdir(d));) {
        uint64_t first;
        if (is_leftover(de->d_name) && !log->read_only) {
            char path[PATH_BYTES];
            snprintf(path, sizeof path, "%s/%s", log->dir, de->d_name);
            remove_env(path);
        } else if (parse_name(de->d_name, &first)) {
            struct store_segment *seg = segment_new(first);
            if (!seg || !append_locked(log, seg)) {
                free(seg);
                rc = ENOMEM;
            }
        }
    }
    closedir(d);
    if (log->n > 0)
        qsort(log->v, log->n, sizeof *log->v, by_first);
    for (size_t i = 0; i < log->n; i++)
        atomic_store(&log->v[i]->end,
                     i + 1 < log->n ? log->v[i + 1]->first : UINT64_MAX);
    if (log->n > 0)
        atomic_store(&log->oldest, log->v[0]->first);
    return rc;
}

/* The last block of a segment; STORE_NOT_FOUND when it has only a head. */
static enum store_result
last_block(struct store_segment *seg, uint64_t *end, uint64_t *wall_ms)
{
    struct store_view v = {0};
    struct slice value;
    struct block b;
    uint64_t key;
    enum store_result res = store_env_verdict(store_view_begin(&v, &seg->env));
    if (res == STORE_OK)
        res = store_segment_seek(&v, MDB_LAST, 0, &key, &value);
    if (res == STORE_OK &&
        (!store_block_parse(key, value, &b) || !store_block_is_whole(&b)))
        res = STORE_CORRUPT;
    if (res == STORE_OK) {
        *end = b.first + b.facts.n;
        *wall_ms = b.wall_ms;
    }
    store_view_fini(&v);
    return res;
}

/* Removes the newest segment, which holds no fact: a crash right after a
 * roll leaves one. */
static void
drop_empty(struct store_log *log)
{
    struct store_segment *seg = log->v[--log->n];
    char path[PATH_BYTES];
    segment_path(log, seg->first, "", path);
    store_env_close(&seg->env);
    log->opened--;
    if (!log->read_only)
        remove_env(path);
    free(seg);
    if (log->n > 0)
        atomic_store(&log->v[log->n - 1]->end, UINT64_MAX);
    atomic_store(&log->segments, (unsigned)log->n);
}

static enum store_result
find_end(struct store_log *log, uint64_t *end, uint64_t *wall_ms,
         char why[STORE_WHY_BYTES])
{
    *end = STORE_FIRST_POS;
    *wall_ms = 0;
    while (log->n > 0) {
        struct store_segment *seg = log->v[log->n - 1];
        enum store_result res = hold_locked(log, seg);
        if (res == STORE_OK) {
            seg->holds--;
            res = last_block(seg, end, wall_ms);
        }
        if (res == STORE_OK)
            return STORE_OK;
        if (res != STORE_NOT_FOUND) {
            snprintf(why, STORE_WHY_BYTES,
                     "log segment %020llu cannot be read: %s",
                     (unsigned long long)seg->first,
                     res == STORE_VERSION ? "written by a newer version"
                                          : "its head or last block is bad");
            return res;
        }
        if (log->n == 1) { /* kept: only its name tells the end */
            *end = seg->first;
            return STORE_OK;
        }
        drop_empty(log);
    }
    return STORE_OK;
}

enum store_result
store_log_open(struct store_log *log, const char *dir, size_t map_bytes,
               bool read_only, uint64_t *end, uint64_t *wall_ms,
               char why[STORE_WHY_BYTES])
{
    *log = (struct store_log){.map_bytes = map_bytes, .read_only = read_only};
    pthread_mutex_init(&log->lock, NULL);
    atomic_init(&log->oldest, STORE_FIRST_POS);
    log->dir = strdup(dir);
    int rc = log->dir ? 0 : ENOMEM;
    if (rc == 0 && !read_only)
        rc = store_dir_make(dir);
    if (rc == 0)
        rc = list_segments(log);
    enum store_result res = store_env_verdict(rc);
    if (res != STORE_OK)
        snprintf(why, STORE_WHY_BYTES, "%s: %s", dir, mdb_strerror(rc));
    else
        res = find_end(log, end, wall_ms, why);
    if (res == STORE_OK && log->n == 0)
        atomic_store(&log->oldest, *end);
    if (res != STORE_OK)
        store_log_close(log);
    return res;
}

void
store_log_close(struct store_log *log)
{
    for (size_t i = 0; i < log->n; i++) {
        store_env_close(&log->v[i]->env);
        free(log->v[i]);
    }
    free(log->v);
    free(log->dir);
    pthread_mutex_destroy(&log->lock);
    *log = (struct store_log){0};
}
