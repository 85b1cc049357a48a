/*
 * store.c - opening, closing, state and statistics of the whole store.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "store/room.h"

/* Address space only; a file grows as it is written. */
static const size_t CONTROL_MAP_BYTES = (size_t)16 << 30;
static const size_t STATE_MAP_BYTES = (size_t)64 << 30;
/* What one commit and LMDB's own pages may need beyond segment_bytes. */
static const size_t LOG_MAP_SPARE_BYTES = (size_t)512 << 20;

static const uint64_t SEGMENT_BYTES = (uint64_t)1 << 30;
static const uint32_t SEGMENT_S = 86400;

enum { PATH_BYTES = 4096 };

/* ---- state ---------------------------------------------------------------
 */

void
store_notify(struct store *s)
{
    uint64_t one = 1;
    /* Fails only when the counter is full, and then it is readable. */
    (void)!write(s->event_fd, &one, sizeof one);
}

static void
set_why(struct store *s, const char *where, int rc)
{
    pthread_mutex_lock(&s->lock);
    snprintf(s->why, sizeof s->why, "%s in %s: %s", where, s->settings.dir,
             mdb_strerror(rc));
    pthread_mutex_unlock(&s->lock);
}

void
store_set_full(struct store *s, unsigned reason, const char *where, int rc)
{
    if (atomic_load(&s->full) & reason)
        return;
    set_why(s, where, rc);
    atomic_fetch_or(&s->full, reason);
    store_notify(s);
}

void
store_clear_full(struct store *s, unsigned reason)
{
    if (!(atomic_load(&s->full) & reason))
        return;
    atomic_fetch_and(&s->full, ~reason);
    store_notify(s);
}

void
store_set_failed(struct store *s, const char *where, int rc)
{
    set_why(s, where, rc);
    atomic_store(&s->failed, true);
    store_notify(s);
}

enum store_result
store_state(const struct store *s, char *why, size_t cap)
{
    enum store_result res = STORE_OK;
    if (atomic_load(&s->failed))
        res = STORE_FAILED;
    else if (atomic_load(&s->full))
        res = STORE_FULL;
    if (why && cap > 0) {
        struct store *m = (struct store *)s; /* the lock alone changes */
        pthread_mutex_lock(&m->lock);
        snprintf(why, cap, "%s", res == STORE_OK ? "" : s->why);
        pthread_mutex_unlock(&m->lock);
    }
    return res;
}

int
store_event_fd(const struct store *s)
{
    return s->event_fd;
}

uint64_t
store_durable(const struct store *s)
{
    return atomic_load_explicit(&s->durable, memory_order_acquire);
}

uint64_t
store_oldest(const struct store *s)
{
    return atomic_load_explicit(&s->log.oldest, memory_order_acquire);
}

bool
store_is_ready(const struct store *s)
{
    return atomic_load_explicit(&s->ready, memory_order_relaxed);
}

void
store_expire(struct store *s, uint64_t wall_ms, uint64_t keep_pos)
{
    pthread_mutex_lock(&s->lock);
    s->expire_wanted = true;
    s->expire_wall_ms = wall_ms;
    s->expire_keep_pos = keep_pos;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

uint64_t
store_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void
store_wait_us(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t us)
{
    uint64_t until = store_mono_us() + us;
    struct timespec t = {(time_t)(until / 1000000),
                         (long)(until % 1000000 * 1000)};
    (void)pthread_cond_timedwait(cond, lock, &t);
}

/* ---- open ----------------------------------------------------------------
 */

static enum store_result
fail(char why[STORE_WHY_BYTES], const char *what, const char *path, int rc)
{
    snprintf(why, STORE_WHY_BYTES, "%s %.160s: %s", what, path,
             mdb_strerror(rc));
    enum store_result res = store_env_verdict(rc);
    return res == STORE_OK || res == STORE_NOT_FOUND ? STORE_FAILED : res;
}

static enum store_result
lock_dir(struct store *s, char why[STORE_WHY_BYTES])
{
    char path[PATH_BYTES];
    const char *dir = s->settings.dir;
    int rc = s->settings.read_only ? 0 : store_dir_make(dir);
    if (rc != 0)
        return fail(why, "cannot make", dir, rc);
    /* Its own name must be durable too; a parent that may not be read was
     * made by somebody else, before. */
    snprintf(path, sizeof path, "%s/..", dir);
    rc = s->settings.read_only ? 0 : store_dir_sync(path);
    if (rc != 0 && rc != EACCES)
        return fail(why, "cannot sync", path, rc);
    snprintf(path, sizeof path, "%s/lock", dir);
    int flags = s->settings.read_only ? O_RDONLY : O_RDWR | O_CREAT;
    s->lock_fd = open(path, flags | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return fail(why, "cannot open", path, errno);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return STORE_OK;
    if (errno != EWOULDBLOCK)
        return fail(why, "cannot lock", path, errno);
    snprintf(why, STORE_WHY_BYTES, "%s is in use by another process", dir);
    return STORE_LOCKED;
}

/* Makes an environment under another name and renames it once it is whole:
 * a power cut leaves none, or one that opens. */
static int
make_rows(struct store *s, const char *path, size_t map_bytes)
{
    char made[PATH_BYTES + 8];
    struct store_env env;
    snprintf(made, sizeof made, "%s.new", path);
    struct store_env_settings settings = {.path = made, .map_bytes = map_bytes};
    if (access(path, F_OK) == 0)
        return 0;
    store_env_remove(made);
    int rc = store_dir_make(made);
    if (rc == 0)
        rc = store_env_open(&env, &settings);
    if (rc != 0)
        return rc;
    rc = mdb_env_sync(env.lmdb, 1);
    store_env_close(&env);
    if (rc == 0)
        rc = store_dir_sync(made);
    if (rc == 0 && rename(made, path) != 0)
        rc = errno;
    return rc == 0 ? store_dir_sync(s->settings.dir) : rc;
}

static enum store_result
open_rows(struct store *s, const char *name, size_t map_bytes,
          struct store_env *env, char why[STORE_WHY_BYTES])
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", s->settings.dir, name);
    int rc = s->settings.read_only ? 0 : make_rows(s, path, map_bytes);
    struct store_env_settings settings = {
        .path = path,
        .map_bytes = map_bytes,
        .read_only = s->settings.read_only,
    };
    if (rc == 0)
        rc = store_env_open(env, &settings);
    return rc == 0 ? STORE_OK : fail(why, "cannot open", path, rc);
}

static int
write_format(struct store *s)
{
    uint8_t format[4];
    struct writer w = writer_of(format, sizeof format);
    writer_le32(&w, STORE_FORMAT);
    struct store_puts puts = {0};
    store_puts_add(&puts, TABLE_META, (struct slice){NULL, 0},
                   writer_slice(&w));
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->control.lmdb, NULL, 0, &txn);
    if (rc == 0) {
        rc = store_puts_apply(&puts, txn, s->control.dbi);
        if (rc == 0)
            rc = mdb_txn_commit(txn);
        else
            mdb_txn_abort(txn);
    }
    store_puts_fini(&puts);
    return rc;
}

/* The row of META with an empty key is ours: the format of all files. */
static enum store_result
check_format(struct store *s, char why[STORE_WHY_BYTES])
{
    struct store_reader *r;
    struct slice value;
    enum store_result res = store_reader_open(s, &r);
    if (res != STORE_OK)
        return res;
    res = store_get(r, TABLE_META, (struct slice){NULL, 0}, &value);
    if (res == STORE_OK) {
        struct cursor c = cursor_of(value);
        uint32_t format = cursor_le32(&c);
        if (c.failed || format == 0)
            res = STORE_CORRUPT;
        else if (format > STORE_FORMAT)
            res = STORE_VERSION;
        snprintf(why, STORE_WHY_BYTES,
                 "%s has format %u, this program knows up to %u",
                 s->settings.dir, format, (unsigned)STORE_FORMAT);
    }
    store_reader_close(r);
    if (res == STORE_NOT_FOUND && s->settings.read_only)
        return fail(why, "never used:", s->settings.dir, ENOENT);
    if (res == STORE_NOT_FOUND) {
        int rc = write_format(s);
        res = rc == 0 ? STORE_OK
                      : fail(why, "cannot write in", s->settings.dir, rc);
    }
    return res;
}

static enum store_result
open_log(struct store *s, uint64_t wall_ms, char why[STORE_WHY_BYTES])
{
    char path[PATH_BYTES];
    uint64_t end = STORE_FIRST_POS;
    size_t map_bytes = s->settings.segment_bytes + LOG_MAP_SPARE_BYTES;
    snprintf(path, sizeof path, "%s/log", s->settings.dir);
    enum store_result res =
        store_log_open(&s->log, path, map_bytes, s->settings.read_only, &end,
                       &s->last_wall_ms, why);
    if (res != STORE_OK)
        return res;
    s->next_pos = end;
    atomic_store(&s->durable, end);
    s->current_wall_ms = wall_ms;
    if (s->log.n > 0)
        res = store_segment_hold(&s->log, end, &s->current);
    if (res == STORE_OK && s->current && s->current->first < end) {
        struct store_view v = {0};
        struct slice value;
        struct block b;
        uint64_t key;
        int rc = store_view_begin(&v, &s->current->env);
        if (rc == 0 &&
            store_segment_seek(&v, MDB_FIRST, 0, &key, &value) == STORE_OK &&
            store_block_parse(key, value, &b))
            s->current_wall_ms = b.wall_ms;
        store_view_fini(&v);
    }
    return res;
}

static enum store_result
open_all(struct store *s, uint64_t wall_ms, char why[STORE_WHY_BYTES])
{
    enum store_result res = lock_dir(s, why);
    if (res == STORE_OK)
        res = open_rows(s, "control", CONTROL_MAP_BYTES, &s->control, why);
    if (res == STORE_OK)
        res = check_format(s, why);
    if (res == STORE_OK)
        res = open_rows(s, "state", STATE_MAP_BYTES, &s->state, why);
    if (res == STORE_OK)
        res = open_log(s, wall_ms, why);
    if (res == STORE_OK)
        res = store_checkpoint_load(s, why);
    if (res == STORE_OK && !s->settings.read_only) {
        int rc = store_dir_sync(s->settings.dir);
        if (rc != 0)
            res = fail(why, "cannot sync", s->settings.dir, rc);
    }
    return res;
}

static bool
init_sync(struct store *s)
{
    pthread_condattr_t attr;
    if (pthread_mutex_init(&s->lock, NULL) != 0 ||
        pthread_condattr_init(&attr) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&s->wake, &attr) == 0 &&
              pthread_cond_init(&s->checkpoint_wake, &attr) == 0;
    pthread_condattr_destroy(&attr);
    s->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return ok && s->event_fd >= 0;
}

enum store_result
store_open(const struct store_settings *settings, uint64_t wall_ms,
           struct store **out, char why[STORE_WHY_BYTES])
{
    why[0] = 0;
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(why, STORE_WHY_BYTES, "no memory");
        return STORE_FAILED;
    }
    s->settings = *settings;
    s->settings.dir = strdup(settings->dir);
    if (s->settings.segment_bytes == 0)
        s->settings.segment_bytes = SEGMENT_BYTES;
    if (s->settings.segment_s == 0)
        s->settings.segment_s = SEGMENT_S;
    s->lock_fd = s->event_fd = -1;
    enum store_result res = STORE_FAILED;
    if (s->settings.dir && init_sync(s) && store_batches_init(s))
        res = open_all(s, wall_ms, why);
    if (res != STORE_OK && why[0] == 0)
        snprintf(why, STORE_WHY_BYTES, "%s cannot be opened", settings->dir);
    if (res == STORE_OK)
        *out = s;
    else
        store_close(s);
    return res;
}

enum store_result
store_start(struct store *s)
{
    if (s->started || s->settings.read_only)
        return STORE_FAILED;
    if (pthread_create(&s->thread, NULL, store_committer_main, s) != 0)
        return STORE_FAILED;
    s->started = true;
    if (pthread_create(&s->checkpoint_thread, NULL, store_checkpoint_main, s) !=
        0) {
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
        s->started = false;
        return STORE_FAILED;
    }
    return STORE_OK;
}

void
store_stop(struct store *s)
{
    if (!s->started)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    /* The last batch may have handed over a checkpoint. */
    pthread_mutex_lock(&s->lock);
    s->checkpoint_stopping = true;
    pthread_cond_signal(&s->checkpoint_wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->checkpoint_thread, NULL);
    s->started = false;
}

void
store_close(struct store *s)
{
    if (!s)
        return;
    store_stop(s);
    store_checkpoint_unload(s);
    store_batches_fini(s);
    if (s->current)
        store_segment_release(&s->log, s->current);
    if (s->log.dir)
        store_log_close(&s->log);
    store_env_close(&s->state);
    store_env_close(&s->control);
    if (s->event_fd >= 0) {
        close(s->event_fd);
        pthread_cond_destroy(&s->checkpoint_wake);
        pthread_cond_destroy(&s->wake);
        pthread_mutex_destroy(&s->lock);
    }
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free((char *)s->settings.dir);
    free(s);
}

/* ---- statistics ----------------------------------------------------------
 */

static int
by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void
store_stats(const struct store *s, struct store_stats *out)
{
    uint32_t us[COMMIT_TIMES];
    struct store *m = (struct store *)s; /* the lock alone changes */
    *out = (struct store_stats){
        .commits = atomic_load(&s->commits),
        .facts = atomic_load(&s->facts),
        .log_bytes = atomic_load(&s->log_bytes),
        .checkpoints = atomic_load(&s->checkpoints),
        .runs = store_checkpoint_runs(m),
        .full_waits = atomic_load(&s->full_waits),
        .disk_free_bytes = atomic_load(&s->disk_free),
        .segments = atomic_load(&s->log.segments),
        .commit_us_sum = atomic_load(&s->commit_us_sum),
        .thread_cpu_s = (double)atomic_load(&s->cpu_ns) / 1e9,
    };
    for (unsigned i = 0; i < STORE_COMMIT_STEPS; i++)
        out->commit_steps[i] = atomic_load(&s->commit_steps[i]);
    size_t n = out->commits < COMMIT_TIMES ? out->commits : COMMIT_TIMES;
    if (n == 0)
        return;
    pthread_mutex_lock(&m->lock);
    memcpy(us, s->commit_us, n * sizeof *us);
    pthread_mutex_unlock(&m->lock);
    qsort(us, n, sizeof *us, by_value);
    out->commit_us_p50 = us[n / 2];
    out->commit_us_p99 = us[n * 99 / 100];
    out->commit_us_max = us[n - 1];
}
