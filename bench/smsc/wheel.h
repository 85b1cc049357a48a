/*
 * wheel.h - letters waiting for their millisecond.
 *
 * Promise: putting and taking cost the same whatever waits; letters of one
 * millisecond come out in the order they went in; none comes out early.
 * The caller passes the time: no clock, no timer in here.
 *
 * Threads: the owner's only.
 */
#ifndef BENCH_SMSC_WHEEL_H
#define BENCH_SMSC_WHEEL_H

#include "bench/smsc/letter.h"

struct wheel;

struct wheel *wheel_create(uint64_t now_ms);
void wheel_destroy(struct wheel *w); /* the letters are the pool's */

/* due at once counts as the next millisecond. */
void wheel_put(struct wheel *w, struct letter *l, uint64_t due_ms);

/* The next letter with due_ms <= now_ms, or NULL. Call until NULL. */
struct letter *wheel_take(struct wheel *w, uint64_t now_ms);

size_t wheel_count(const struct wheel *w);

#endif
