/*
 * mpsc.c - a stack that is swapped out whole and turned round.
 *
 * Promise: as in mpsc.h. Since the taker takes everything with one exchange,
 * no link is ever compared after it was reused (no ABA).
 */
#include "engine/core/mpsc.h"

bool
mpsc_push(struct mpsc *q, struct mpsc_link *link)
{
    struct mpsc_link *old =
        atomic_load_explicit(&q->newest, memory_order_relaxed);
    do {
        link->next = old;
    } while (!atomic_compare_exchange_weak_explicit(
        &q->newest, &old, link, memory_order_release, memory_order_relaxed));
    return old == NULL;
}

struct mpsc_link *
mpsc_take_all(struct mpsc *q)
{
    struct mpsc_link *newest =
        atomic_exchange_explicit(&q->newest, NULL, memory_order_acquire);
    struct mpsc_link *oldest = NULL;
    while (newest) {
        struct mpsc_link *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}
