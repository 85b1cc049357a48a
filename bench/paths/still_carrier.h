/*
 * still_carrier.h - a carrier without a wire, for counting instructions.
 *
 * still_carrier.c implements carrier.h; a program that links it before the
 * engine's library gets it instead of the carrier room. Parts are encoded as
 * for the wire. One that was released is answered in the next still_read(),
 * and its receipt comes in the one after. Each step costs the same whatever
 * the number of parts before it, and nothing depends on time.
 *
 * Threads: the program's only.
 */
#ifndef BENCH_PATHS_STILL_CARRIER_H
#define BENCH_PATHS_STILL_CARRIER_H

#include "engine/carrier/carrier.h"

/* Parts that may be on their way at once, as 8 binds of 64 would allow. */
enum { STILL_WINDOW = 512, STILL_BINDS = 8 };

/* What came over the wire since the turn before; call it before each turn. */
void still_read(void);

/* A text of a phone, heard in this turn. */
void still_hear(struct slice phone, struct slice number, struct slice text);

/* Parts whose receipt has been told. */
uint64_t still_receipts(void);

#endif
