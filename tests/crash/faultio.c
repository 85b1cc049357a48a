/*
 * faultio.c - an LD_PRELOAD shim: slow, failing, full or deadly storage.
 *
 * Only files named *.mdb count (not lock.mdb). n counts from 1, over all
 * threads of the process.
 *
 *   FIO_SYNC_MS=n      every sync takes n ms longer
 *   FIO_SYNC_FAIL=n    the n-th sync fails with FIO_ERRNO (5, EIO)
 *   FIO_WRITE_FAIL=n   the n-th write fails with FIO_ERRNO
 *   FIO_WRITE_SHORT=n  the n-th write writes half
 *   FIO_STICKY=1       ... and so do all that follow
 *   FIO_KILL_AT=n      SIGKILL right before the n-th write
 *   FIO_FULL_FILE=path while that file exists the disk is full: the first
 *                      write is cut short, all others fail with ENOSPC
 *
 * A write to a descriptor opened with O_DSYNC counts as a sync too: so LMDB
 * writes its meta pages. A full disk lets it pass: it overwrites in place.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static atomic_long syncs, writes;
static atomic_bool was_full;

static long
setting(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

static bool
is_watched(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 9)
        return false;
    path[n] = 0;
    return strcmp(path + n - 4, ".mdb") == 0 &&
           strcmp(path + n - 8, "lock.mdb") != 0;
}

static bool
hits(long n, const char *name)
{
    long at = setting(name, 0);
    return at != 0 && (n == at || (n > at && setting("FIO_STICKY", 0)));
}

static int
fail(long error)
{
    errno = (int)error;
    return -1;
}

static void
slow(void)
{
    long ms = setting("FIO_SYNC_MS", 0);
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    if (ms > 0)
        nanosleep(&t, NULL);
}

/* True when this sync must fail. */
static bool
sync_fails(void)
{
    slow();
    return hits(atomic_fetch_add(&syncs, 1) + 1, "FIO_SYNC_FAIL");
}

enum fate { WHOLE, HALF, FAILED };

static enum fate
fate_of_write(int fd)
{
    if (!is_watched(fd))
        return WHOLE;
    long n = atomic_fetch_add(&writes, 1) + 1;
    if (setting("FIO_KILL_AT", 0) == n)
        raise(SIGKILL);
    int flags = fcntl(fd, F_GETFL);
    bool dsync = flags >= 0 && (flags & O_DSYNC);
    const char *full = getenv("FIO_FULL_FILE");
    if (!dsync && full && access(full, F_OK) == 0) {
        errno = ENOSPC;
        return atomic_exchange(&was_full, true) ? FAILED : HALF;
    }
    atomic_store(&was_full, false);
    bool sync = dsync && sync_fails();
    if (sync || hits(n, "FIO_WRITE_FAIL")) {
        errno = (int)setting("FIO_ERRNO", EIO);
        return FAILED;
    }
    return hits(n, "FIO_WRITE_SHORT") ? HALF : WHOLE;
}

/* The function that ours stands in front of. */
#define REAL(name)                                                             \
    static __typeof__(&name) real;                                             \
    if (!real)                                                                 \
    real = (__typeof__(real))dlsym(RTLD_NEXT, #name)

int
fdatasync(int fd)
{
    REAL(fdatasync);
    if (is_watched(fd) && sync_fails())
        return fail(setting("FIO_ERRNO", EIO));
    return real(fd);
}

int
fsync(int fd)
{
    REAL(fsync);
    if (is_watched(fd) && sync_fails())
        return fail(setting("FIO_ERRNO", EIO));
    return real(fd);
}

ssize_t
pwrite64(int fd, const void *octets, size_t n, off64_t at)
{
    REAL(pwrite64);
    enum fate fate = fate_of_write(fd);
    if (fate == FAILED)
        return -1;
    return real(fd, octets, fate == HALF ? n / 2 : n, at);
}

ssize_t
pwrite(int fd, const void *octets, size_t n, off_t at)
{
    return pwrite64(fd, octets, n, at);
}

ssize_t
write(int fd, const void *octets, size_t n)
{
    REAL(write);
    enum fate fate = fate_of_write(fd);
    if (fate == FAILED)
        return -1;
    return real(fd, octets, fate == HALF ? n / 2 : n);
}

ssize_t
writev(int fd, const struct iovec *parts, int n)
{
    REAL(writev);
    enum fate fate = fate_of_write(fd);
    if (fate == FAILED)
        return -1;
    return real(fd, parts, fate == HALF && n > 1 ? n / 2 : n);
}

ssize_t
pwritev64(int fd, const struct iovec *parts, int n, off64_t at)
{
    REAL(pwritev64);
    enum fate fate = fate_of_write(fd);
    if (fate == FAILED)
        return -1;
    return real(fd, parts, fate == HALF && n > 1 ? n / 2 : n, at);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    return pwritev64(fd, parts, n, at);
}
