/*
 * powerlog.c - an LD_PRELOAD shim that records what a disk is told.
 *
 * POWER_LOG=path: every write, truncation and sync of data.mdb files, every
 * change of names below the working directory, every sync of a directory,
 * and each line "durable N" that the program says go there, in order. From
 * that, what the disk could hold after a power cut at any moment can be
 * built (tests/store/test_powercut.c).
 *
 * Record, native byte order:
 *   kind u32 | octets u32 | a u64 | b u64 | octets
 *   W inode offset data   D inode offset data, itself synced (O_DSYNC)
 *   T inode size          S inode
 *   C inode - path        M - - path           R - - path NUL path
 *   U - - path            F - - path of a synced directory
 *   A number
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *log_file;

/* The function that ours stands in front of. */
#define REAL(name)                                                             \
    static __typeof__(&name) real;                                             \
    if (!real)                                                                 \
    real = (__typeof__(real))dlsym(RTLD_NEXT, #name)

static void
record(char kind, uint64_t a, uint64_t b, const void *octets, size_t n)
{
    struct {
        uint32_t kind, n;
        uint64_t a, b;
    } head = {(uint32_t)kind, (uint32_t)n, a, b};
    pthread_mutex_lock(&lock);
    const char *path = getenv("POWER_LOG");
    if (!log_file && path)
        log_file = fopen(path, "wbe");
    if (log_file) {
        fwrite(&head, sizeof head, 1, log_file);
        fwrite(octets, 1, n, log_file);
        fflush(log_file);
    }
    pthread_mutex_unlock(&lock);
}

static void
record_path(char kind, uint64_t inode, const char *path)
{
    record(kind, inode, 0, path, strlen(path));
}

static bool
is_data(const char *path)
{
    size_t n = strlen(path);
    return n >= 8 && strcmp(path + n - 8, "data.mdb") == 0;
}

/* Path of a descriptor, relative to the working directory where it can be. */
static bool
path_of(int fd, char *path, size_t cap)
{
    char link[64], cwd[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, cap - 1);
    if (n < 1 || !getcwd(cwd, sizeof cwd))
        return false;
    path[n] = 0;
    size_t below = strlen(cwd);
    if (strncmp(path, cwd, below) == 0 && path[below] == '/')
        memmove(path, path + below + 1, strlen(path + below + 1) + 1);
    return true;
}

static uint64_t
data_inode(int fd)
{
    char path[4096];
    struct stat st;
    if (!path_of(fd, path, sizeof path) || !is_data(path) ||
        fstat(fd, &st) != 0)
        return 0;
    return st.st_ino;
}

static char
write_kind(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_DSYNC) ? 'D' : 'W';
}

/* ---- names --------------------------------------------------------------- */

static int
open_recorded(int fd, const char *path, int flags)
{
    struct stat st;
    if (fd >= 0 && (flags & O_CREAT) && is_data(path) && fstat(fd, &st) == 0)
        record_path('C', st.st_ino, path);
    return fd;
}

int
open(const char *path, int flags, ...)
{
    REAL(open);
    va_list args;
    va_start(args, flags);
    int mode = va_arg(args, int);
    va_end(args);
    return open_recorded(real(path, flags, mode), path, flags);
}

int
open64(const char *path, int flags, ...)
{
    REAL(open64);
    va_list args;
    va_start(args, flags);
    int mode = va_arg(args, int);
    va_end(args);
    return open_recorded(real(path, flags, mode), path, flags);
}

int
mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    int rc = real(path, mode);
    if (rc == 0)
        record_path('M', 0, path);
    return rc;
}

int
rename(const char *from, const char *to)
{
    REAL(rename);
    char both[8192];
    int n = snprintf(both, sizeof both, "%s%c%s", from, 0, to);
    int rc = real(from, to);
    if (rc == 0)
        record('R', 0, 0, both, (size_t)n);
    return rc;
}

int
unlink(const char *path)
{
    REAL(unlink);
    int rc = real(path);
    if (rc == 0 && is_data(path))
        record_path('U', 0, path);
    return rc;
}

int
rmdir(const char *path)
{
    REAL(rmdir);
    int rc = real(path);
    if (rc == 0)
        record_path('U', 0, path);
    return rc;
}

/* ---- contents ------------------------------------------------------------ */

int
fdatasync(int fd)
{
    REAL(fdatasync);
    int rc = real(fd);
    uint64_t inode = data_inode(fd);
    if (rc == 0 && inode)
        record('S', inode, 0, NULL, 0);
    return rc;
}

int
fsync(int fd)
{
    REAL(fsync);
    int rc = real(fd);
    uint64_t inode = data_inode(fd);
    struct stat st;
    char path[4096];
    if (rc == 0 && inode)
        record('S', inode, 0, NULL, 0);
    else if (rc == 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) &&
             path_of(fd, path, sizeof path))
        record_path('F', 0, path);
    return rc;
}

int
ftruncate(int fd, off_t size)
{
    REAL(ftruncate);
    int rc = real(fd, size);
    uint64_t inode = data_inode(fd);
    if (rc == 0 && inode)
        record('T', inode, (uint64_t)size, NULL, 0);
    return rc;
}

ssize_t
pwrite64(int fd, const void *octets, size_t n, off64_t at)
{
    REAL(pwrite64);
    ssize_t done = real(fd, octets, n, at);
    uint64_t inode = done > 0 ? data_inode(fd) : 0;
    if (inode)
        record(write_kind(fd), inode, (uint64_t)at, octets, (size_t)done);
    return done;
}

ssize_t
pwrite(int fd, const void *octets, size_t n, off_t at)
{
    return pwrite64(fd, octets, n, at);
}

ssize_t
writev(int fd, const struct iovec *parts, int n)
{
    REAL(writev);
    uint64_t inode = data_inode(fd);
    off_t at = inode ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = real(fd, parts, n);
    size_t left = inode && done > 0 ? (size_t)done : 0;
    for (int i = 0; i < n && left > 0; i++) {
        size_t part = parts[i].iov_len < left ? parts[i].iov_len : left;
        record(write_kind(fd), inode, (uint64_t)at, parts[i].iov_base, part);
        at += (off_t)part;
        left -= part;
    }
    return done;
}

ssize_t
write(int fd, const void *octets, size_t n)
{
    REAL(write);
    char line[64] = "";
    unsigned long long number;
    /* Before it is said: whoever hears it must be able to rely on it. */
    if (fd == STDOUT_FILENO) {
        memcpy(line, octets, n < sizeof line ? n : sizeof line - 1);
        if (sscanf(line, "durable %llu", &number) == 1)
            record('A', number, 0, NULL, 0);
    }
    return real(fd, octets, n);
}
