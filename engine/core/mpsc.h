/*
 * mpsc.h - a queue many threads push to and one thread empties.
 *
 * Intrusive: the link stands inside what is queued, so nothing is allocated.
 * The taker gets all at once, oldest first.
 *
 * Promise: no lock, no waiting; what one thread pushes comes out in the
 * order it pushed.
 *
 * Threads: push from any, take from one.
 */
#ifndef ENGINE_CORE_MPSC_H
#define ENGINE_CORE_MPSC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct mpsc_link {
    struct mpsc_link *next;
};

struct mpsc {
    _Atomic(struct mpsc_link *) newest;
};

static inline void
mpsc_init(struct mpsc *q)
{
    atomic_init(&q->newest, NULL);
}

/* The queue owns the link until it is taken. True when the queue was empty
 * before: wake the taker then, and only then. */
bool mpsc_push(struct mpsc *q, struct mpsc_link *link);

/* Everything pushed so far, oldest first, linked by next; NULL when empty. */
struct mpsc_link *mpsc_take_all(struct mpsc *q);

static inline bool
mpsc_is_empty(struct mpsc *q)
{
    return atomic_load_explicit(&q->newest, memory_order_acquire) == NULL;
}

/* The struct that holds the link. */
#define MPSC_OF(link, type, member)                                            \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

#endif
