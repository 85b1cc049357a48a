/*
 * map.h - u64 to u64 in RAM: open addressing, linear probing.
 *
 * Key 0 is not allowed. Deleting shifts the run back, so the table never
 * fills with tombstones. Grows by doubling; aborts when memory is gone.
 *
 * Threads: the owner's only.
 */
#ifndef ENGINE_FLOW_MAP_H
#define ENGINE_FLOW_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t key, value;
};

struct map {
    struct map_slot *slot;
    size_t slots; /* a power of two, or 0 */
    size_t used;
};

/* Mixes the bits of x; a bijection (murmur3's finaliser). */
static inline uint64_t
map_mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

void map_fini(struct map *m);
void map_put(struct map *m, uint64_t key, uint64_t value);
bool map_get(const struct map *m, uint64_t key, uint64_t *value);
/* Removes the key; *value (may be NULL) is what it had. */
bool map_take(struct map *m, uint64_t key, uint64_t *value);

/* Walks all: for (size_t i = 0; map_next(m, &i, &key, &value);). Nothing may
 * be put or taken meanwhile. */
bool map_next(const struct map *m, size_t *i, uint64_t *key, uint64_t *value);

#endif
