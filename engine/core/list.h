/*
 * list.h - a doubly linked list whose links stand inside its members.
 *
 * Promise: adding and removing cost a few stores; a member that is on no
 * list may be removed without harm.
 *
 * Threads: plain values.
 */
#ifndef ENGINE_CORE_LIST_H
#define ENGINE_CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: on no list. */
struct list_link {
    struct list_link *next, *prev;
    void *owner;
    bool on;
};

/* Zeroed: empty. */
struct list {
    struct list_link *first, *last;
};

static inline void
list_append(struct list *l, struct list_link *k, void *owner)
{
    if (k->on)
        return;
    *k = (struct list_link){.prev = l->last, .owner = owner, .on = true};
    if (l->last)
        l->last->next = k;
    else
        l->first = k;
    l->last = k;
}

static inline void
list_remove(struct list *l, struct list_link *k)
{
    if (!k->on)
        return;
    if (k->prev)
        k->prev->next = k->next;
    else
        l->first = k->next;
    if (k->next)
        k->next->prev = k->prev;
    else
        l->last = k->prev;
    *k = (struct list_link){0};
}

#endif
