/*
 * map.c - open addressing with backward-shift deletion.
 *
 * Promise: as in map.h; at most half full, so probes stay short.
 */
#include "engine/flow/map.h"

#include <stdlib.h>

static size_t
home(const struct map *m, uint64_t key)
{
    return map_mix(key) & (m->slots - 1);
}

static void
grow(struct map *m)
{
    struct map old = *m;
    m->slots = old.slots ? old.slots * 2 : 64;
    m->used = 0;
    m->slot = calloc(m->slots, sizeof *m->slot);
    if (!m->slot)
        abort();
    for (size_t i = 0; i < old.slots; i++)
        if (old.slot[i].key)
            map_put(m, old.slot[i].key, old.slot[i].value);
    free(old.slot);
}

void
map_fini(struct map *m)
{
    free(m->slot);
    *m = (struct map){0};
}

static struct map_slot *
find(const struct map *m, uint64_t key)
{
    if (m->slots == 0)
        return NULL;
    for (size_t i = home(m, key);; i = (i + 1) & (m->slots - 1)) {
        if (m->slot[i].key == key)
            return &m->slot[i];
        if (m->slot[i].key == 0)
            return NULL;
    }
}

void
map_put(struct map *m, uint64_t key, uint64_t value)
{
    if ((m->used + 1) * 2 > m->slots)
        grow(m);
    size_t i = home(m, key);
    while (m->slot[i].key && m->slot[i].key != key)
        i = (i + 1) & (m->slots - 1);
    if (m->slot[i].key == 0)
        m->used++;
    m->slot[i] = (struct map_slot){key, value};
}

bool
map_get(const struct map *m, uint64_t key, uint64_t *value)
{
    const struct map_slot *s = find(m, key);
    if (s)
        *value = s->value;
    return s != NULL;
}

bool
map_take(struct map *m, uint64_t key, uint64_t *value)
{
    struct map_slot *s = find(m, key);
    if (!s)
        return false;
    if (value)
        *value = s->value;
    size_t mask = m->slots - 1, hole = (size_t)(s - m->slot);
    for (size_t i = (hole + 1) & mask; m->slot[i].key; i = (i + 1) & mask) {
        size_t h = home(m, m->slot[i].key);
        if (((i - h) & mask) >= ((i - hole) & mask)) {
            m->slot[hole] = m->slot[i];
            hole = i;
        }
    }
    m->slot[hole].key = 0;
    m->used--;
    return true;
}

bool
map_next(const struct map *m, size_t *i, uint64_t *key, uint64_t *value)
{
    for (; *i < m->slots; ++*i)
        if (m->slot[*i].key) {
            *key = m->slot[*i].key;
            *value = m->slot[*i].value;
            ++*i;
            return true;
        }
    return false;
}
