/*
 * index.c - the carrier's id to the message, in RAM.
 *
 * Promise: as in index.h.
 */
#include "bench/skeleton/index.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << INDEX_BITS, MASK = SLOTS - 1 };

bool
index_init(struct index *x)
{
    x->slot = calloc(SLOTS, sizeof *x->slot);
    return x->slot != NULL;
}

void
index_fini(struct index *x)
{
    free(x->slot);
}

static uint64_t
mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t
index_key(const uint8_t id[16])
{
    uint64_t a, b;
    memcpy(&a, id, 8);
    memcpy(&b, id + 8, 8);
    return mix(a ^ mix(b)) | 1;
}

static uint64_t
home_of(uint64_t key)
{
    return key >> (64 - INDEX_BITS);
}

void
index_add(struct index *x, uint64_t key, uint64_t message)
{
    uint64_t i = home_of(key);
    while (x->slot[i].key)
        i = (i + 1) & MASK;
    x->slot[i] = (struct index_slot){key, message};
}

bool
index_take(struct index *x, uint64_t key, uint64_t *message)
{
    uint64_t i = home_of(key);
    while (x->slot[i].key && x->slot[i].key != key)
        i = (i + 1) & MASK;
    if (!x->slot[i].key)
        return false;
    *message = x->slot[i].message;
    for (uint64_t k = (i + 1) & MASK; x->slot[k].key; k = (k + 1) & MASK) {
        uint64_t home = home_of(x->slot[k].key);
        if (((k - home) & MASK) < ((k - i) & MASK))
            continue; /* it may not stand before its home */
        x->slot[i] = x->slot[k];
        i = k;
    }
    x->slot[i].key = 0;
    return true;
}
