/*
 * paths.h - a hot path that can be run any number of times.
 *
 * volley-paths runs one path COUNT times and ends; bench/check runs it twice
 * under callgrind, and the difference is what one message costs.
 *
 * Promise: the same program and count execute the same instructions, as far
 * as one thread goes: no clock, no chance, no socket whose timing matters.
 *
 * Threads: main's alone, and those that a store makes.
 */
#ifndef BENCH_PATHS_PATHS_H
#define BENCH_PATHS_PATHS_H

#include "proto/bytes.h"

/* One room's table ends with a row without a name. */
struct path {
    const char *name;
    unsigned count; /* that suffices for a steady figure */
    void (*run)(unsigned count);
    const char *what; /* what one message is, for people */
    bool stores;      /* the store thread is worth counting, too */
};

extern const struct path paths_proto[];
extern const struct path paths_store[];
extern const struct path paths_carrier[];
extern const struct path paths_session[];
extern const struct path paths_door[];
extern const struct path paths_text[];
extern const struct path paths_flow[];

/* Ends the program when a path did not do what it is there to measure. */
#define paths_need(truth)                                                      \
    do {                                                                       \
        if (!(truth))                                                          \
            paths_fail(__FILE__, __LINE__, #truth);                            \
    } while (0)
_Noreturn void paths_fail(const char *file, int line, const char *what);

/* Keeps the compiler from leaving out what nobody reads. */
void paths_use(uint64_t value);

/* The same numbers on each run, well mixed, never 0. */
uint64_t paths_mix(uint64_t n);

/* Writes n with exactly that many digits, its highest cut off. */
void paths_digits(uint8_t *at, unsigned digits, uint64_t n);

/* A directory of its own below the working directory; removed at the end. */
const char *paths_dir(void);

#endif
