/*
 * query_ahead.c - a walk along the log that reads some facts ahead.
 *
 * A walk by many short calls would pay for its place each time: entering a
 * block costs its checksum and the search for a boundary, 10 us, which is
 * more than an event. The facts read ahead are copies, so no snapshot is
 * held between two calls. Several walks share them; the one that finds the
 * other's facts reads its own.
 */
#include <stdlib.h>

#include "engine/flow/query_inside.h"

/* Invariant: fact i of `facts` begins at pos[i], rising, and lies at
 * octets[at[i]..at[i + 1]). */
struct query_ahead {
    unsigned facts;
    uint64_t pos[QUERY_AHEAD];
    uint32_t at[QUERY_AHEAD + 1];
    uint8_t octets[STORE_FACT_MAX + 4096]; /* one always fits */
};

static void
read_ahead(struct query *q, struct query_ahead *a, uint64_t pos)
{
    struct slice fact;
    a->facts = 0;
    while (a->facts < QUERY_AHEAD &&
           store_next(q->walker, &pos, &fact, NULL) == STORE_OK) {
        uint32_t at = a->at[a->facts];
        if (fact.n > sizeof a->octets - at)
            return;
        memcpy(a->octets + at, fact.p, fact.n);
        a->pos[a->facts++] = pos;
        a->at[a->facts] = at + (uint32_t)fact.n;
        pos += fact.n;
    }
}

/* The first kept fact at or after pos; facts when there is none. */
static unsigned
find(const struct query_ahead *a, uint64_t pos, uint64_t oldest)
{
    unsigned lo = 0, hi = a->facts;
    /* Before the first there may be others, and what expired is gone. */
    if (hi == 0 || pos < a->pos[0] || a->pos[0] < oldest)
        return hi;
    while (lo < hi) {
        unsigned middle = (lo + hi) / 2;
        if (a->pos[middle] < pos)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

bool
query_next(struct query *q, uint64_t *pos, struct slice *fact)
{
    if (!q->ahead && !(q->ahead = calloc(1, sizeof *q->ahead)))
        abort();
    struct query_ahead *a = q->ahead;
    unsigned i = find(a, *pos, store_oldest(q->store));
    if (i == a->facts) {
        read_ahead(q, a, *pos);
        if (a->facts == 0)
            return false;
        i = 0;
    }
    *pos = a->pos[i];
    *fact = slice_of(a->octets + a->at[i], a->at[i + 1] - a->at[i]);
    return true;
}
