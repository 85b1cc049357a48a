/*
 * env.h - one LMDB environment with one table, and views of it.
 *
 * Promise: always LMDB's default sync mode: a commit that returned 0 is on
 * disk. No read-ahead (the data may exceed RAM), views that are not tied to
 * a thread, a reader table cleared of the dead at each open.
 *
 * Private to store/.
 */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include <lmdb.h>

#include "store/store.h"

struct store_env {
    MDB_env *lmdb; /* NULL: closed */
    MDB_dbi dbi;   /* the unnamed table: one dirty page a commit less */
    int fd;        /* of its file, LMDB's own */
    size_t page_bytes;
};

struct store_env_settings {
    const char *path;     /* a directory that exists */
    size_t map_bytes;     /* address space only: never grown later */
    unsigned table_flags; /* MDB_INTEGERKEY or 0 */
    bool read_only;
};

/* 0 or what LMDB or errno said; closed again on failure. */
MUST_CHECK int
store_env_open(struct store_env *e, const struct store_env_settings *settings);
void store_env_close(struct store_env *e);

/* Unlinks a closed environment and its directory; what is not there does not
 * matter. */
void store_env_remove(const char *path);

/* What the caller must do about an answer of LMDB. */
enum store_result store_env_verdict(int rc);

/*
 * A short read transaction that is renewed instead of begun anew (40 ns
 * against microseconds). Older snapshots, from which somebody may still
 * borrow, are kept until the view rests.
 */
struct store_view {
    MDB_txn *txn; /* NULL before the first use */
    MDB_cursor *cursor;
    bool live; /* renewed since the last rest */
    MDB_txn **old;
    size_t olds, old_cap;
};

/* A live snapshot, the one of this borrow period if there is one. */
MUST_CHECK int
store_view_begin(struct store_view *v, const struct store_env *e);
/* A snapshot of now; what was borrowed before stays good until the rest. */
MUST_CHECK int
store_view_refresh(struct store_view *v, const struct store_env *e);
void store_view_rest(struct store_view *v);
void store_view_fini(struct store_view *v);

/*
 * What a failed write means; error: errno after it, cleared before. A disk
 * that fills up in the middle of a write cuts it short, and LMDB calls that
 * EIO without a system call having failed.
 */
enum store_result store_env_verdict_of_write(int rc, int error);

/*
 * Where the map begins, found by one settled value that a read transaction
 * lends: LMDB does not tell. A settled value's place in the file is its place
 * in the map, until it is deleted or put anew; read from there it is not
 * mapped (a kernel may map 2 MB for one octet). Whoever reads looks whether
 * what stands there is what it wants.
 */
const uint8_t *store_env_map(const struct store_env *e, struct slice value);
/* A value so large has pages of its own; LMDB moves smaller ones about. */
static inline bool
store_env_is_settled(const struct store_env *e, size_t n)
{
    return n >= e->page_bytes / 2;
}
/* All n octets at place; false: errno says why, 0 at the file's end. */
MUST_CHECK bool
store_env_read(const struct store_env *e, uint64_t place, void *dst, size_t n);

/*
 * Lets go of the mapped pages of every environment below dir (a path as the
 * kernel knows it): they stay in the page cache and come back when touched,
 * but no longer count as memory of this process. LMDB does not tell where
 * its map is, /proc does.
 */
void store_env_trim(const char *dir);

/* Asks for the pages of a borrowed value in one go: read-ahead is off, and
 * each page would otherwise be a read of its own. */
void store_will_need(struct slice value);

/* mkdir that may exist already; 0 or errno. */
MUST_CHECK int store_dir_make(const char *path);
/* Makes the names in a directory durable; 0 or errno. */
MUST_CHECK int store_dir_sync(const char *path);

#endif
