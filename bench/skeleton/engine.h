/*
 * engine.h - the engine thread of the skeleton: the life of a message.
 *
 * Promise: a message is sent only after the commit that accepted it; its
 * receipt is answered only after the commit that holds it. It lacks all that
 * makes an engine useful: intake, limits, templates, conversations, history.
 * What is left is the ceiling of the design.
 */
#ifndef BENCH_SKELETON_ENGINE_H
#define BENCH_SKELETON_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/skeleton/committer.h"

struct engine_settings {
    uint64_t links, window, backlog, count, seconds;
};

struct engine_use {
    uint64_t finals, unmatched;
    double wall_s, cpu_s;
};

/* Runs on the caller's thread until count messages are final, or seconds
 * have passed. False with a word on stderr when something broke. */
bool engine_run(const struct engine_settings *s, const int *sockets,
                struct committer *c, struct engine_use *use);

#endif
