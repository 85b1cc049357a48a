/*
 * calm.h - when nothing hurries, turns and commits are gathered.
 *
 * With limits of parts a second, what is due comes one by one: a turn and a
 * commit for each part, each answer and each receipt cost a hundred times
 * what the part does. While nobody waits for the disk and no work waits for
 * room, sockets are read a little later and commits are a little rarer.
 *
 * Promise: nothing that a person or an app waits for comes later: accepted
 * messages, single texts, critical ones. Times of parts that are due are
 * kept. The rest is at most 10 ms later.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_CALM_H
#define ENGINE_FLOW_CALM_H

#include <stdbool.h>

#include "engine/core/clock.h"

struct flow;

struct calm {
    uint64_t hurry_pos;    /* facts before it are waited for */
    struct mono posted_at; /* when the last batch went to the store */
};

/* Somebody waits for what has been written so far. */
void calm_hurry(struct flow *f);

/* End of turn: the commit may wait; the loop is told how long. */
bool calm_may_wait(struct flow *f);

/* When a feed that may send `per_s` parts a second need be looked at again:
 * a moment that feeds share, at most 2 ms or a 16th of a step after until_us;
 * rates make up for that. */
uint64_t calm_share(uint64_t until_us, uint32_t per_s);

#endif
