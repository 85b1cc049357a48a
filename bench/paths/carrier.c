/*
 * carrier.c - paths of the way out: room by rate.
 */
#include "bench/paths/paths.h"
#include "engine/carrier/rate.h"

/* One number of 1,000 parts a second behind a gate, a turn a millisecond. */
static void
rate_pick(unsigned count)
{
    static struct rate_gate gate;
    struct rate r = {0};
    struct mono now = {1000000};
    uint64_t pos = 0;
    paths_need(rate_init(&r, 1000, 0));
    gate_init(&gate);
    rate_use_gate(&r, &gate);
    for (unsigned taken = 0; taken < count; now.us += 1000) {
        pos += 100;
        if (rate_room(&r, now)) {
            rate_take(&r, now, 1);
            gate_take(&gate, now);
            taken++;
        }
        gate_hold(&gate, pos, now);
        gate_release(&gate, pos, now);
        gate_flushed(&gate, now);
    }
    paths_use(gate.turn);
    rate_fini(&r);
}

const struct path paths_carrier[] = {
    {"rate-pick", 20000, rate_pick,
     "part taken from a rate of 1,000/s and let through its gate"},
    {0},
};
