/*
 * idset.c - open addressing, doubled when half full; see idset.h.
 */
#include "bench/smsc/idset.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 1 << 16 };

uint64_t
idset_key(struct slice id)
{
    uint64_t key = XXH3_64bits(id.p ? id.p : (const void *)"", id.n);
    return key ? key : 1;
}

static struct idset_entry *
find(const struct idset *s, uint64_t key)
{
    size_t at = key & (s->cap - 1);
    while (s->entries[at].key && s->entries[at].key != key)
        at = (at + 1) & (s->cap - 1);
    return &s->entries[at];
}

static void
grow(struct idset *s, size_t cap)
{
    struct idset old = *s;
    s->cap = cap;
    s->entries = calloc(s->cap, sizeof *s->entries);
    if (!s->entries) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < old.cap; i++)
        if (old.entries[i].key)
            *find(s, old.entries[i].key) = old.entries[i];
    free(old.entries);
}

uint64_t *
idset_put(struct idset *s, uint64_t key)
{
    if (2 * s->used >= s->cap)
        grow(s, s->cap ? 2 * s->cap : FIRST_CAP);
    struct idset_entry *e = find(s, key);
    if (!e->key) {
        e->key = key;
        s->used++;
    }
    return &e->value;
}

void
idset_reserve(struct idset *s, size_t n)
{
    size_t cap = FIRST_CAP;
    while (cap < 2 * n)
        cap *= 2;
    if (cap > s->cap)
        grow(s, cap);
}

void
idset_fini(struct idset *s)
{
    free(s->entries);
    *s = (struct idset){0};
}
