/*
 * committer.h - the store thread of the skeleton.
 *
 * Promise: LMDB in its default mode: a batch is done when both of its syncs
 * have returned. The next commit begins when one is posted, never before the
 * last has ended, so batches grow with the time that a commit takes.
 *
 * Threads: post, take_done and fd belong to one engine thread.
 */
#ifndef BENCH_SKELETON_COMMITTER_H
#define BENCH_SKELETON_COMMITTER_H

#include <stdbool.h>

#include "bench/skeleton/batch.h"

struct committer;

struct committer_use {
    uint64_t commits;
    double cpu_s, p50_ms, p99_ms;
    uint64_t stored_bytes;
};

/* A new store in dir, which must exist; NULL with the reason on stderr. */
struct committer *committer_start(const char *dir);
/* Readable when a batch is done. */
int committer_fd(const struct committer *c);
/* One at a time. */
void committer_post(struct committer *c, struct batch *b);
/* The posted batch when it is durable, else NULL. */
struct batch *committer_take_done(struct committer *c);
bool committer_has_failed(struct committer *c);
/* Ends the thread and frees. */
void committer_stop(struct committer *c, struct committer_use *use);

#endif
