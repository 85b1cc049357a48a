/*
 * sweep.h - upkeep by time: overdue receipts, forgotten maps, expiry.
 *
 * Overdue receipts need no timer each: hand-overs stand in the log in order,
 * so one cursor follows `unknown_after` behind the present and asks each
 * SENT fact whether its message is still only submitted.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_SWEEP_H
#define ENGINE_FLOW_SWEEP_H

#include "engine/flow/flow.h"

void sweep_tick(struct flow *f);
/* Lets go of what is only remembered for a while (after a replay too). */
void sweep_forget(struct flow *f);

#endif
