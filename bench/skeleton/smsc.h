/*
 * smsc.h - the simulator thread of the skeleton.
 *
 * Promise: answers each submit_sm at once with an id that looks random, and
 * receipts it; of each bind `disorder` receipts are held back and leave in
 * random order, the last of them when nothing has come for a while.
 */
#ifndef BENCH_SKELETON_SMSC_H
#define BENCH_SKELETON_SMSC_H

#include <stdbool.h>
#include <stdint.h>

struct smsc;

/* Accepts so many links on listener, which stays the caller's. */
struct smsc *smsc_start(int listener, unsigned links, unsigned disorder);
/* When the links are closed: the processor time it took. */
double smsc_stop(struct smsc *s);

#endif
