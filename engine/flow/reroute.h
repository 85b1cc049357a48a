/*
 * reroute.h - when ways change: settings, numbers, carriers that fail, parts
 * that were refused.
 *
 * Promise: a message whose way changed is found by its new carriers; nothing
 * is lost or sent by two of them. What waits at a carrier that is down,
 * throttled or failing moves to another one of its path within 2 s. A part
 * that was taken, or may have been, is never moved, nor are the other parts
 * of its message: they all leave by one carrier.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_REROUTE_H
#define ENGINE_FLOW_REROUTE_H

#include "engine/flow/book.h"
#include "engine/flow/flow.h"

/* The rules of the settings are read: before replay, and at each reload. */
void reroute_open(struct flow *f);
/* Numbers, rules or carriers changed: queues are sorted anew where they lead
 * elsewhere, and get their places at carriers. */
void reroute_refresh(struct flow *f);
/* Health is judged, and what follows from it is done. */
void reroute_tick(struct flow *f);

/* Where a part that goes again leaves, asked by a carrier with room: `at`
 * itself when it may. NULL: no carrier of its path lives. */
struct carrier_entry *reroute_again(struct flow *f, const struct story *s,
                                    struct again a, struct carrier_entry *at);
/* The same, asked for a carrier that has no room: only one that is better. */
struct carrier_entry *reroute_waiting(struct flow *f, uint64_t message,
                                      struct again a, struct carrier_entry *at);
/* A row of a campaign whose numbers lead here and there. *known: false while
 * it waits for its network. */
struct outgoing;
struct carrier_entry *reroute_row(struct flow *f, const struct outgoing *o,
                                  struct carrier_entry *at, bool *known);

/* Does it wait for its phone's network (lookup.h)? */
bool reroute_must_ask(struct flow *f, const struct story *s);

/* Refused by `at` with this status: does it go to another carrier at once? */
bool reroute_refused(struct flow *f, const struct part_ref *part,
                     struct carrier_entry *at, uint32_t status);

/* Does a single message that has not left wait because no rule fits it, or
 * because no carrier of its path is in the settings? For people: no fact says
 * so, since it changes with the settings. */
bool reroute_holds(struct flow *f, uint64_t message);

/* Why there is no way: its number or carrier is gone, or no rule fits. */
enum flow_reason reroute_reason(const struct number *n);

#endif
