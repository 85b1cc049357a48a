/*
 * courier.h - the thread that brings the engine's answers back.
 *
 * It waits for mails, calls done() on each, and wakes requests that wait for
 * a time or for events. The engine calls nobody.
 *
 * Threads: start and stop from the thread of door_start().
 */
#ifndef ENGINE_DOOR_COURIER_H
#define ENGINE_DOOR_COURIER_H

#include "engine/door/inside.h"

bool courier_start(struct door *d);
/* Returns when it has ended. */
void courier_stop(struct door *d);
/* It looks again, now. Any thread. */
void courier_nudge(struct door *d);

#endif
