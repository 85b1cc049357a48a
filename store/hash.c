/*
 * hash.c - a table of u64 keys to u64 values whose slot order is key order.
 */
#include "store/hash.h"

#include <stdlib.h>

#include "store/large.h"

enum {
    HOMES_MIN = 1024,
    /* Entries pushed beyond the last home stand here; when they do not fit,
     * the table grows, whatever its load. */
    SLACK = 128,
    /* Load in 1/64 at which it grows: 44 = 69 %, about 5 slots a miss. */
    LOAD_64THS = 44,
};

static void
make(struct store_hash *h, size_t homes)
{
    h->homes = homes;
    h->total = homes + SLACK + 1;
    h->shift = 64 - (unsigned)__builtin_ctzll(homes);
    h->n = 0;
    h->slots = store_large_zeroed(h->total * sizeof *h->slots);
    if (!h->slots)
        abort(); /* an index that forgets would be worse than a restart */
}

size_t
store_hash_homes(size_t entries)
{
    size_t homes = HOMES_MIN;
    while (homes / 64 * LOAD_64THS < entries)
        homes *= 2;
    return homes;
}

void
store_hash_init(struct store_hash *h, size_t entries)
{
    make(h, store_hash_homes(entries));
}

void
store_hash_clear(struct store_hash *h)
{
    memset(h->slots, 0, h->total * sizeof *h->slots);
    h->n = 0;
}

void
store_hash_fini(struct store_hash *h)
{
    free(h->slots);
    *h = (struct store_hash){0};
}

size_t
store_hash_ram_bytes(const struct store_hash *h)
{
    return h->total * sizeof *h->slots;
}

void
store_hash_move(struct store_hash *h, struct store_hash *to)
{
    size_t at = 0; /* first slot that may be free: keys come sorted */
    for (size_t i = 0; i < h->total; i++) {
        struct store_entry e = h->slots[i];
        if (e.key == 0)
            continue;
        size_t home = e.key >> to->shift;
        if (home > at)
            at = home;
        to->slots[at++] = e;
        to->n++;
    }
    free(h->slots);
    *h = *to;
}

static void
grow(struct store_hash *h)
{
    struct store_hash next;
    make(&next, 2 * h->homes);
    store_hash_move(h, &next);
}

void
store_hash_put(struct store_hash *h, uint64_t key, uint64_t value)
{
    struct store_entry *e = &h->slots[key >> h->shift];
    while (e->key - 1 < key - 1)
        e++;
    if (e->key == key) {
        e->value = value;
        return;
    }
    struct store_entry *gap = e;
    while (gap->key != 0)
        gap++;
    bool at_end = gap == h->slots + h->total - 1;
    if (at_end || h->n + 1 > h->homes / 64 * LOAD_64THS) {
        grow(h);
        store_hash_put(h, key, value);
        return;
    }
    memmove(e + 1, e, (size_t)(gap - e) * sizeof *e);
    *e = (struct store_entry){key, value};
    h->n++;
}
