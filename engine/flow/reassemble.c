/*
 * reassemble.c - joints by key, oldest first.
 *
 * Promise: as in reassemble.h.
 */
#include "engine/flow/reassemble.h"

#include <stdlib.h>
#include <xxhash.h>

#include "store/fact.h"

void
reassembly_fini(struct reassembly *r)
{
    for (size_t i = 0; i < r->joints; i++)
        free(r->joint[i]);
    free(r->joint);
    map_fini(&r->by_key);
    *r = (struct reassembly){0};
}

/* smpp.md 16: addresses, reference, its width, total. */
static uint64_t
key_of(uint64_t pos, const struct fact_inbound *x)
{
    if (x->total <= 1)
        return map_mix(pos) | 1;
    uint64_t h = XXH3_64bits_withSeed(x->source.p, x->source.n, x->reference);
    h = XXH3_64bits_withSeed(x->dest.p, x->dest.n, h);
    h = map_mix(h ^ (x->total << 8 | x->bits));
    return h ? h : 1;
}

static void
drop(struct reassembly *r, size_t i)
{
    struct joint *j = r->joint[i];
    uint64_t at;
    r->wholes -= j->whole;
    if (map_get(&r->by_key, j->key, &at) && (struct joint *)at == j)
        map_take(&r->by_key, j->key, NULL);
    free(j);
    memmove(r->joint + i, r->joint + i + 1,
            (r->joints - i - 1) * sizeof *r->joint);
    r->joints--;
}

static void
complete(struct reassembly *r, struct joint *j)
{
    r->wholes += !j->whole;
    j->whole = true;
}

static struct joint *
create(struct reassembly *r, uint64_t key, const struct fact_inbound *x)
{
    if (r->joints >= JOINTS_MAX)
        complete(r, r->joint[0]); /* the oldest goes out as it is */
    if (r->joints == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 64;
        r->joint = realloc(r->joint, r->cap * sizeof *r->joint);
        if (!r->joint)
            abort();
    }
    struct joint *j = calloc(1, sizeof *j);
    if (!j)
        abort();
    j->key = key;
    j->first_ms = x->at_ms;
    j->total =
        (uint8_t)(x->total < JOINT_PARTS_MAX ? x->total : JOINT_PARTS_MAX);
    r->joint[r->joints++] = j;
    map_put(&r->by_key, key, (uint64_t)(uintptr_t)j);
    return j;
}

void
reassembly_add(struct reassembly *r, uint64_t pos, const struct fact_inbound *x)
{
    uint64_t key = key_of(pos, x), at;
    unsigned index =
        x->index < JOINT_PARTS_MAX ? (unsigned)x->index : JOINT_PARTS_MAX - 1;
    struct joint *j =
        map_get(&r->by_key, key, &at) ? (struct joint *)(uintptr_t)at : NULL;
    if (j && j->pos[index]) {
        /* Not a repetition, or inbound.c had dropped it: the reference is
         * used again. What was there goes out as it is. */
        complete(r, j);
        j = NULL;
    }
    if (!j)
        j = create(r, key, x);
    if (x->at_ms < j->first_ms)
        j->first_ms = x->at_ms; /* added by index after a restart */
    j->pos[index] = pos;
    if (++j->have == j->total)
        complete(r, j);
}

struct joint *
reassembly_ready(struct reassembly *r, uint64_t before_ms)
{
    if (r->joints && r->joint[0]->first_ms < before_ms)
        return r->joint[0];
    /* Whole ones are routed at once, so they are the newest. */
    for (size_t i = r->joints; r->wholes && i-- > 0;)
        if (r->joint[i]->whole)
            return r->joint[i];
    return NULL;
}

void
reassembly_end(struct reassembly *r, uint64_t pos)
{
    for (size_t i = r->joints; i-- > 0;)
        for (unsigned k = 0; k < r->joint[i]->total; k++)
            if (r->joint[i]->pos[k] == pos) {
                drop(r, i);
                return;
            }
}

uint64_t
reassembly_oldest_ms(const struct reassembly *r)
{
    return r->joints ? r->joint[0]->first_ms : UINT64_MAX;
}
