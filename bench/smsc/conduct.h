/*
 * conduct.h - the script's rules that act by the clock: send, drop, throttle,
 * stall.
 *
 * Promise: each send and drop acts once, not before its time and in the
 * order of the script.
 *
 * Threads: one.
 */
#ifndef BENCH_SMSC_CONDUCT_H
#define BENCH_SMSC_CONDUCT_H

#include "bench/smsc/smsc.h"

/* Once a turn. */
void conduct_turn(struct smsc *s);

#endif
