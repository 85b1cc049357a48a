/*
 * crowd.h - the phones that loads and files write to: numbers in a row, and
 * texts with the running number in them.
 *
 * Promise: the n-th number is the same in every program and run.
 *
 * Threads: plain values. Allocates nothing.
 */
#ifndef BENCH_LOAD_CROWD_H
#define BENCH_LOAD_CROWD_H

#include "proto/bytes.h"

enum { CROWD_DIGITS = 12, CROWD_NUMBER_BYTES = 24, CROWD_NAME_BYTES = 64 };

/* prefix, then n padded with zeros to CROWD_DIGITS in all; longer when n
 * needs it. Returns the digits, at most 20; no NUL. */
size_t
crowd_number(const char *prefix, uint64_t n, char dst[CROWD_NUMBER_BYTES]);

/* A text cut at its {n}: before and after; without {n}, after is empty and
 * has_n false. */
struct crowd_text {
    struct slice before;
    struct slice after;
    bool has_n;
};

struct crowd_text crowd_text_cut(struct slice text);

/* Appends the text for the n-th message. */
void crowd_text_put(const struct crowd_text *t, uint64_t n, struct writer *w);

/* A name with its {n} replaced: "app{n}" is "app7" for 7. Returns dst. */
const char *
crowd_name(const char *name, uint64_t n, char dst[CROWD_NAME_BYTES]);

#endif
