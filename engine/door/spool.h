/*
 * spool.h - an answer that may be large: RAM first, then a file without a
 * name.
 *
 * Promise: memory is at most SPOOL_RAM octets and a little; the file is gone
 * with its descriptor, also after a crash.
 *
 * Threads: one request, one thread at a time.
 */
#ifndef ENGINE_DOOR_SPOOL_H
#define ENGINE_DOOR_SPOOL_H

#include "engine/door/emit.h"

enum { SPOOL_RAM = 256 * 1024 };

/* Zeroed but for dir (borrowed) and fd -1. Write to out, then spool_settle()
 * now and then. */
struct spool {
    const char *dir;
    struct emit out;
    int fd;
    uint64_t in_file;
};

/* Moves what is in RAM to the file when it has grown too large. False: the
 * disk is full. */
MUST_CHECK bool spool_settle(struct spool *s);
/* Everything into one place: true with *fd >= 0 when it is the file. */
MUST_CHECK bool spool_finish(struct spool *s, int *fd, uint64_t *octets);
void spool_fini(struct spool *s);

/* A file in dir that has no name; -1 when there can be none. dir is made. */
int spool_file(const char *dir);

#endif
