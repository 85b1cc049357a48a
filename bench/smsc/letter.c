/*
 * letter.c - pool and queues of letters; see letter.h.
 */
#include "bench/smsc/letter.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Invariant: all[0..touched) have been given out once; the free ones of them
 * hang on idle, the last given back first, since it is still in the cache. */
struct letter_pool {
    struct letter *all;
    struct letter *idle;
    size_t max;
    size_t touched;
    size_t used;
};

struct letter_pool *
letter_pool_create(size_t max)
{
    struct letter_pool *p = calloc(1, sizeof *p);
    /* Address space only: pages come with the first use. */
    void *m = mmap(NULL, max * sizeof(struct letter), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!p || m == MAP_FAILED) {
        fputs("out of memory for waiting receipts\n", stderr);
        exit(1);
    }
    p->all = m;
    p->max = max;
    return p;
}

void
letter_pool_destroy(struct letter_pool *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->touched; i++)
        free(p->all[i].body);
    munmap(p->all, p->max * sizeof *p->all);
    free(p);
}

struct letter *
letter_take(struct letter_pool *p)
{
    struct letter *l = p->idle;
    if (l)
        p->idle = l->next;
    else if (p->touched < p->max)
        l = &p->all[p->touched++];
    else
        return NULL;
    p->used++;
    memset(l, 0, offsetof(struct letter, quote));
    l->body = NULL;
    return l;
}

void
letter_give(struct letter_pool *p, struct letter *l)
{
    free(l->body);
    l->body = NULL;
    l->next = p->idle;
    p->idle = l;
    p->used--;
}

size_t
letter_pool_used(const struct letter_pool *p)
{
    return p->used;
}

void
letter_queue_put(struct letter_queue *q, struct letter *l)
{
    l->next = NULL;
    if (q->last)
        q->last->next = l;
    else
        q->first = l;
    q->last = l;
    q->count++;
}

struct letter *
letter_queue_take(struct letter_queue *q)
{
    struct letter *l = q->first;
    if (!l)
        return NULL;
    q->first = l->next;
    if (!q->first)
        q->last = NULL;
    q->count--;
    return l;
}

struct party
party_of(uint8_t ton, uint8_t npi, struct slice digits)
{
    struct party p = {.ton = ton, .npi = npi, .n = (uint8_t)digits.n};
    memcpy(p.digits, digits.p, digits.n);
    return p;
}
