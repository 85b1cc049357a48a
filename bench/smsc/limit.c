/*
 * limit.c - sliding log of one second; see limit.h.
 */
#include "bench/smsc/limit.h"

#include <stdlib.h>

bool
limit_init(struct limit *l, size_t per_s)
{
    *l = (struct limit){.per_s = per_s};
    if (per_s == 0)
        return true;
    l->taken = calloc(per_s, sizeof *l->taken);
    return l->taken != NULL;
}

void
limit_fini(struct limit *l)
{
    free(l->taken);
    l->taken = NULL;
}

bool
limit_take(struct limit *l, uint64_t now_us)
{
    if (l->per_s == 0)
        return true;
    /* 0: the log is not full yet. */
    uint64_t oldest = l->taken[l->at];
    if (oldest && now_us < oldest + 1000000)
        return false;
    l->taken[l->at] = now_us;
    l->at = l->at + 1 == l->per_s ? 0 : l->at + 1;
    return true;
}
