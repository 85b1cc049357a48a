/*
 * spool.c - an answer that may be large: RAM first, then a file without a
 * name.
 *
 * Promise: as in spool.h.
 */
#include "engine/door/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int
spool_file(const char *dir)
{
    char name[512];
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return -1;
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    /* A file system without O_TMPFILE. */
    int n = snprintf(name, sizeof name, "%s/spool-XXXXXX", dir);
    if (n < 0 || (size_t)n >= sizeof name)
        return -1;
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

static bool
write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static bool
move_to_file(struct spool *s)
{
    if (s->fd < 0)
        s->fd = spool_file(s->dir);
    if (s->fd < 0 || !write_all(s->fd, s->out.p, s->out.n))
        return false;
    s->in_file += s->out.n;
    emit_reset(&s->out);
    return true;
}

bool
spool_settle(struct spool *s)
{
    if (s->out.failed)
        return false;
    return s->out.n < SPOOL_RAM || move_to_file(s);
}

bool
spool_finish(struct spool *s, int *fd, uint64_t *octets)
{
    *fd = -1;
    *octets = s->out.n;
    if (s->out.failed)
        return false;
    if (s->fd < 0)
        return true;
    if (!move_to_file(s))
        return false;
    *fd = s->fd;
    s->fd = -1;
    *octets = s->in_file;
    return true;
}

void
spool_fini(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    emit_fini(&s->out);
}
