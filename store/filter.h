/*
 * filter.h - "surely not in here": a blocked Bloom filter.
 *
 * Fourteen bits and more an entry, all eight of a key in one line of 64
 * octets, so a question costs one cache miss. About one in five hundred keys
 * that are not in passes all the same.
 *
 * Lines lie in key order (keys must be spread evenly over all of 64 bits), so
 * adding sorted keys walks through memory once.
 *
 * Private to store/.
 */
#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include "store/store.h"

enum { FILTER_LINE_WORDS = 8, FILTER_LINE_BYTES = 64 };

struct store_filter {
    uint64_t *words; /* lines of eight */
    uint64_t lines;
    bool scattered; /* as format 1 of runs had it: no order, six bits a key */
};

/* Lines for so many entries. */
uint64_t store_filter_lines(uint64_t entries);
/* An empty one; scattered stays as it was. False without memory. */
MUST_CHECK bool store_filter_init(struct store_filter *f, uint64_t lines);
void store_filter_fini(struct store_filter *f);

static inline uint64_t *
store_filter_line(const struct store_filter *f, uint64_t key)
{
    uint64_t h = f->scattered ? key * UINT64_C(0x9e3779b97f4a7c15) : key;
    uint64_t line = (uint64_t)(((unsigned __int128)h * f->lines) >> 64);
    return f->words + line * FILTER_LINE_WORDS;
}

/* Nine bits of it name a key's bit in its line; the next are below. */
static inline uint64_t
store_filter_bits(uint64_t key)
{
    uint64_t h = key * UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

/* By one thread, while others may read: each word by itself. */
static inline void
store_filter_set(uint64_t *word, uint64_t bit)
{
    __atomic_store_n(word, *word | bit, __ATOMIC_RELAXED);
}

static inline void
store_filter_add(struct store_filter *f, uint64_t key)
{
    uint64_t *line = store_filter_line(f, key);
    uint64_t h = store_filter_bits(key);
    for (int i = f->scattered ? 6 : 8; i > 0; i--, h = h >> 9 | h << 55)
        store_filter_set(&line[h >> 6 & 7], UINT64_C(1) << (h & 63));
}

/* A key as filters are asked for it: what is the same for all of them. */
struct store_filter_key {
    uint64_t key;
    uint64_t bits[FILTER_LINE_WORDS]; /* all that are set in its line */
};

static inline struct store_filter_key
store_filter_key(uint64_t key)
{
    struct store_filter_key k = {.key = key};
    uint64_t h = store_filter_bits(key);
    for (int i = 8; i > 0; i--, h = h >> 9 | h << 55)
        k.bits[h >> 6 & 7] |= UINT64_C(1) << (h & 63);
    return k;
}

static inline bool store_filter_has(const struct store_filter *f, uint64_t key);

static inline bool
store_filter_has_key(const struct store_filter *f,
                     const struct store_filter_key *k)
{
    if (f->scattered)
        return store_filter_has(f, k->key);
    const uint64_t *line = store_filter_line(f, k->key);
    uint64_t missing = 0;
    for (int i = 0; i < FILTER_LINE_WORDS; i++)
        missing |= k->bits[i] & ~__atomic_load_n(&line[i], __ATOMIC_RELAXED);
    return missing == 0;
}

static inline bool
store_filter_has(const struct store_filter *f, uint64_t key)
{
    const uint64_t *line = store_filter_line(f, key);
    uint64_t h = store_filter_bits(key);
    for (int i = f->scattered ? 6 : 8; i > 0; i--, h = h >> 9 | h << 55)
        if (!(line[h >> 6 & 7] >> (h & 63) & 1))
            return false;
    return true;
}

#endif
