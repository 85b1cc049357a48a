/*
 * serve.h - one turn of a feed: the next messages of its source leave.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_SERVE_H
#define ENGINE_FLOW_SERVE_H

#include "engine/flow/submit.h"

enum serve_end {
    SERVE_MORE,    /* the quantum is used up, there is more */
    SERVE_EMPTY,   /* nothing waits here */
    SERVE_PARK,    /* blocked until *until_us */
    SERVE_NO_ROOM, /* the carrier has no room after all */
    SERVE_OTHERS,  /* other carriers of its path take it, until they change */
    SERVE_LATER,   /* it is another carrier's turn */
};

/* Hands over at most `quantum` parts; *parts says how many. */
enum serve_end serve_feed(struct flow *f, struct feed *x, unsigned quantum,
                          unsigned *parts, uint64_t *until_us);

/* An outgoing to be filled, and given back by serve_spare(). */
struct outgoing *serve_take_spare(struct flow *f);
/* Gives an outgoing back for reuse; NULL is fine. */
void serve_spare(struct flow *f, struct outgoing *o);

#endif
