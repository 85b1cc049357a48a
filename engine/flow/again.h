/*
 * again.h - parts that go again, ahead of everything new.
 *
 * They wait at the outlet of a carrier. When that carrier is down, throttled
 * or skipped and their path has a better one, they move there; those that
 * can go nowhere else are kept until it is well. A part that may have been
 * taken waits for its own carrier (reroute.h).
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_AGAIN_H
#define ENGINE_FLOW_AGAIN_H

#include "engine/flow/flow.h"

/* Those that are due leave, as far as room allows. */
void again_serve(struct flow *f, struct outlet *out, unsigned *room);

/* There is no room here: those that are due go where there is. */
void again_relieve(struct flow *f, struct outlet *out, unsigned room);

/* The one that is being handed over waits again. */
void again_put_back(struct flow *f, struct outlet *out);

#endif
