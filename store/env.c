/*
 * env.c - one LMDB environment with one table, and views of it.
 *
 * Why no NOSYNC, WRITEMAP or MAPASYNC anywhere: power loss destroys such a
 * file (measured: 577 of 600 cuts), while the default mode lost nothing in
 * 600. The map is reserved large once, since growing it while a reader is
 * open is undefined.
 */
#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* Slots of the reader table: threads times snapshots. */
    READERS_MAX = 500,
    /* A slot is 64 octets, the head 192. LMDB keeps a larger size. */
    LOCK_FILE_BYTES = 32768,
};

static int
open_table(struct store_env *e, const struct store_env_settings *settings)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(e->lmdb, NULL, settings->read_only ? MDB_RDONLY : 0,
                           &txn);
    if (rc != 0)
        return rc;
    rc = mdb_dbi_open(txn, NULL, settings->table_flags, &e->dbi);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

/*
 * A file shorter than its last page would end in SIGBUS at a touch beyond its
 * end. Pages freed in the transaction that took them are never written, so a
 * few may rightly be missing: they become zeros, which LMDB refuses as a
 * page should it ever look. 64: far more than such pages were ever seen.
 */
static int
fill_short_file(const struct store_env *e, bool read_only)
{
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    int fd;
    int rc = mdb_env_info(e->lmdb, &info);
    if (rc == 0)
        rc = mdb_env_stat(e->lmdb, &st);
    if (rc == 0)
        rc = mdb_env_get_fd(e->lmdb, &fd);
    if (rc == 0 && fstat(fd, &file) != 0)
        rc = errno;
    if (rc != 0)
        return rc;
    uint64_t want = (info.me_last_pgno + 1) * (uint64_t)st.ms_psize;
    uint64_t have = (uint64_t)file.st_size;
    if (have >= want)
        return 0;
    uint64_t missing = (want - have) / st.ms_psize;
    if (missing > (read_only ? 8 : 64))
        return MDB_CORRUPTED;
    if (read_only)
        return 0;
    return ftruncate(fd, (off_t)want) == 0 ? 0 : errno;
}

/*
 * LMDB maps its lock file for writing and leaves it full of holes: on a full
 * disk the first touch of a hole is SIGBUS. So its blocks are asked for while
 * a "no" can still be heard.
 */
static int
reserve_lock_file(const char *dir)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/lock.mdb", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int rc = posix_fallocate(fd, 0, LOCK_FILE_BYTES);
    close(fd);
    return rc;
}

int
store_env_open(struct store_env *e, const struct store_env_settings *settings)
{
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD;
    if (settings->read_only)
        flags |= MDB_RDONLY;
    int rc = settings->read_only ? 0 : reserve_lock_file(settings->path);
    if (rc == 0)
        rc = mdb_env_create(&e->lmdb);
    if (rc != 0) {
        e->lmdb = NULL;
        return rc;
    }
    rc = mdb_env_set_mapsize(e->lmdb, settings->map_bytes);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(e->lmdb, READERS_MAX);
    if (rc == 0)
        rc = mdb_env_open(e->lmdb, settings->path, flags, 0600);
    if (rc == 0)
        rc = fill_short_file(e, settings->read_only);
    if (rc == 0)
        rc = open_table(e, settings);
    int dead;
    MDB_stat st;
    if (rc == 0)
        rc = mdb_reader_check(e->lmdb, &dead);
    if (rc == 0)
        rc = mdb_env_get_fd(e->lmdb, &e->fd);
    if (rc == 0)
        rc = mdb_env_stat(e->lmdb, &st);
    e->page_bytes = rc == 0 ? st.ms_psize : 0;
    if (rc != 0)
        store_env_close(e);
    return rc;
}

void
store_env_close(struct store_env *e)
{
    if (e->lmdb)
        mdb_env_close(e->lmdb);
    e->lmdb = NULL;
}

void
store_env_remove(const char *path)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < 2; i++) {
        char file[4096 + 16];
        snprintf(file, sizeof file, "%s/%s", path, files[i]);
        (void)unlink(file);
    }
    (void)rmdir(path);
}

enum store_result
store_env_verdict(int rc)
{
    switch (rc) {
    case 0: return STORE_OK;
    case MDB_NOTFOUND: return STORE_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case MDB_MAP_FULL: return STORE_FULL;
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_PAGE_NOTFOUND: return STORE_CORRUPT;
    case MDB_VERSION_MISMATCH: return STORE_VERSION;
    default: return STORE_FAILED;
    }
}

enum store_result
store_env_verdict_of_write(int rc, int error)
{
    if (rc == EIO && error != EIO)
        return STORE_FULL;
    return store_env_verdict(rc);
}

void
store_env_trim(const char *dir)
{
    char real[PATH_MAX], line[PATH_MAX + 128];
    unsigned long from, to;
    FILE *maps = realpath(dir, real) ? fopen("/proc/self/maps", "re") : NULL;
    if (!maps)
        return;
    while (fgets(line, sizeof line, maps)) {
        const char *path = strchr(line, '/');
        if (path && strncmp(path, real, strlen(real)) == 0 &&
            strstr(path, "/data.mdb") &&
            sscanf(line, "%lx-%lx", &from, &to) == 2)
            (void)madvise((void *)from, to - from, MADV_DONTNEED);
    }
    fclose(maps);
}

bool
store_env_read(const struct store_env *e, uint64_t place, void *dst, size_t n)
{
    uint8_t *to = dst;
    while (n > 0) {
        ssize_t got = pread(e->fd, to, n, (off_t)place);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got == 0 ? 0 : errno;
            return false;
        }
        to += got;
        place += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

/* A value with pages of its own stands right behind the header of the first
 * one, which begins with the page's number. */
const uint8_t *
store_env_map(const struct store_env *e, struct slice value)
{
    enum { PAGE_HEAD = 16 };
    uint64_t page;
    memcpy(&page, value.p - PAGE_HEAD, sizeof page);
    return value.p - PAGE_HEAD - page * e->page_bytes;
}

void
store_will_need(struct slice value)
{
    uintptr_t from = (uintptr_t)value.p & ~(uintptr_t)4095;
    uintptr_t to = (uintptr_t)value.p + value.n;
    if (to - from > 4096)
        (void)madvise((void *)from, to - from, MADV_WILLNEED);
}

/* ---- views ------------------------------------------------------------- */

static int
begin_new(struct store_view *v, const struct store_env *e)
{
    int rc = mdb_txn_begin(e->lmdb, NULL, MDB_RDONLY, &v->txn);
    if (rc != 0) {
        v->txn = NULL;
        return rc;
    }
    rc = mdb_cursor_open(v->txn, e->dbi, &v->cursor);
    if (rc != 0) {
        mdb_txn_abort(v->txn);
        v->txn = NULL;
        return rc;
    }
    v->live = true;
    return 0;
}

int
store_view_begin(struct store_view *v, const struct store_env *e)
{
    if (v->live)
        return 0;
    if (!v->txn)
        return begin_new(v, e);
    int rc = mdb_txn_renew(v->txn);
    if (rc == 0) {
        v->live = true; /* from here on rest() must reset it */
        rc = mdb_cursor_renew(v->txn, v->cursor);
    }
    return rc;
}

int
store_view_refresh(struct store_view *v, const struct store_env *e)
{
    if (!v->live)
        return store_view_begin(v, e);
    if (v->olds == v->old_cap) {
        size_t cap = v->old_cap ? 2 * v->old_cap : 4;
        MDB_txn **old = realloc(v->old, cap * sizeof *old);
        if (!old)
            return ENOMEM;
        v->old = old;
        v->old_cap = cap;
    }
    mdb_cursor_close(v->cursor);
    v->old[v->olds++] = v->txn;
    v->txn = NULL;
    v->cursor = NULL;
    v->live = false;
    return begin_new(v, e);
}

static void
drop_old(struct store_view *v)
{
    while (v->olds > 0)
        mdb_txn_abort(v->old[--v->olds]);
}

void
store_view_rest(struct store_view *v)
{
    if (v->live)
        mdb_txn_reset(v->txn);
    v->live = false;
    drop_old(v);
}

void
store_view_fini(struct store_view *v)
{
    drop_old(v);
    if (v->txn) {
        mdb_cursor_close(v->cursor);
        mdb_txn_abort(v->txn);
    }
    free(v->old);
    *v = (struct store_view){0};
}

/* ---- directories -------------------------------------------------------- */

int
store_dir_make(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    return errno;
}

int
store_dir_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int rc = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return rc;
}
