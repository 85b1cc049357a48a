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
};

/* Hands over at most `quantum` parts; *parts says how many. */
enum serve_end serve_feed(struct flow *f, struct feed *x, unsigned quantum,
                          unsigned *parts, uint64_t *until_us);

/* Retries that are due, ahead of everything else. */
void serve_again(struct flow *f, struct outlet *o, unsigned *room);

/* Gives an outgoing back for reuse; NULL is fine. */
void serve_spare(struct flow *f, struct outgoing *o);

#endif
