/*
 * rate_gate.h - from the moment a part is taken to the moment it leaves.
 *
 * Parts are paced when they are taken, but leave only when their fact is
 * durable: 1 to 15 ms later, 600 when the disk stalls. Left alone, that
 * difference would push more than `rate` into some second. So while a rate
 * holds something back, every turn's parts leave 30 ms after they were taken,
 * as steadily as they were taken; else they leave when they are durable. A
 * delay that followed the commits would leave a hole each time it rose, and
 * the log of the last second would repeat it. What a stall makes later than
 * that is told to the rates, which then count it from when it left.
 *
 * Promise: parts leave in the order of their turns, none before it is
 * durable; the rates that use the gate count each part from no earlier than
 * it left, less the delay.
 *
 * Threads: plain values. Told the time. Allocates nothing.
 */
#ifndef ENGINE_CARRIER_RATE_GATE_H
#define ENGINE_CARRIER_RATE_GATE_H

#include <stdbool.h>

#include "engine/core/clock.h"

enum { GATE_TURNS = 4096 }; /* at most two a millisecond: two seconds */

/* A turn that took parts. */
struct gate_turn {
    uint64_t first; /* position of its first parts: nothing from there on
                       leaves before the turn does */
    uint64_t pos;   /* of its last: durable, then they may leave */
    uint64_t taken; /* us */
    uint64_t delay; /* us */
    uint64_t since; /* us; counted from here by the rates; 0: still here */
    uint64_t freed; /* us; when gate_release() let it go */
};

/* Invariant: left <= durable <= turn; turns in [left, turn) are waiting. */
struct rate_gate {
    uint64_t turn; /* number of the turn that takes now; from 1 */
    uint64_t durable, left;
    uint64_t settled;    /* turns before it are counted from their flush */
    bool took;           /* parts in this turn */
    bool joined;         /* parts in this turn that go with the one before */
    uint64_t pressed_us; /* a rate held something back last; 0: never */
    uint64_t delay_us;   /* of this turn */
    struct gate_turn turns[GATE_TURNS]; /* by number */
};

void gate_init(struct rate_gate *g);

/* A rate that uses the gate holds something back. */
void gate_press(struct rate_gate *g, struct mono now);

/* A part is taken: the turn that it is counted with. */
uint64_t gate_take(struct rate_gate *g, struct mono now);

/* End of turn: what it took waits for pos. */
void gate_hold(struct rate_gate *g, uint64_t pos, struct mono now);

/* What may leave now: everything that waits for a position up to the result.
 * Never more than durable. */
uint64_t gate_release(struct rate_gate *g, uint64_t durable, struct mono now);

/* What was let go and written by `flushed` counts from then: between the
 * release and the write of a turn this thread may have been held up. */
void gate_flushed(struct rate_gate *g, struct mono flushed);

/* When gate_release() will let more go by time alone; far future if never. */
struct mono gate_next(const struct rate_gate *g);

/* From when a part taken in `turn` counts; 0 while it waits. */
uint64_t gate_since(const struct rate_gate *g, uint64_t turn);

#endif
