/*
 * log.c - opening the log: its segments on disk, and where it ends.
 *
 * Promise: opening costs a directory and the last block, whatever the log's
 * size; segments are opened when somebody reads them.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/block.h"
#include "store/segment.h"

enum { NAME_DIGITS = 20 };

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
            char path[STORE_PATH_BYTES];
            snprintf(path, sizeof path, "%s/%s", log->dir, de->d_name);
            store_env_remove(path);
        } else if (parse_name(de->d_name, &first)) {
            struct store_segment *seg = store_segment_new(first);
            if (!seg || !store_log_append(log, seg)) {
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
    if (log->n > 1) /* what stood here before us is not ours to drop */
        log->uncached_pos = log->v[log->n - 2]->first;
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
    char path[STORE_PATH_BYTES];
    store_segment_path(log, seg->first, "", path);
    store_env_close(&seg->env);
    log->opened--;
    if (!log->read_only)
        store_env_remove(path);
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
        enum store_result res = store_segment_hold(log, UINT64_MAX, &seg);
        if (res == STORE_OK) {
            res = last_block(seg, end, wall_ms);
            store_segment_release(log, seg);
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
