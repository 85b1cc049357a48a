/*
 * dedupe.c - which rows of an upload name a subscriber that an earlier row
 * named already.
 *
 * Promise: as in dedupe.h. A hash set per partition, not a sort: the first
 * row of a subscriber is the one that is met first.
 */
#include "engine/door/dedupe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/door/spool.h"

/* One row as kept. Subscribers have at most 15 digits: 50 bits. */
struct entry {
    uint64_t subscriber;
    uint32_t row;
    uint32_t unused;
};

enum { BLOCK_ENTRIES = 256 }; /* 4 KB: one write */

/* A partition: blocks in the file, and the block being filled. */
struct part {
    uint32_t *blocks; /* block numbers in the file */
    size_t count, cap;
    unsigned filled;
    struct entry entry[BLOCK_ENTRIES];
};

struct dedupe {
    char *dir;
    int fd; /* -1: all in RAM */
    uint32_t rows;
    uint32_t next_block;
    unsigned step;
    struct entry *ram; /* DEDUPE_RAM_ROWS of them */
    unsigned in_ram;
    struct part *parts; /* NULL while all is in RAM */
    uint64_t *table;    /* hash set of one partition */
    size_t slots;
    uint8_t *twice; /* a bit a row */
    size_t twice_bytes;
    uint64_t found;
};

struct dedupe *
dedupe_create(const char *dir)
{
    struct dedupe *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->fd = -1;
    d->dir = strdup(dir);
    d->ram = malloc(DEDUPE_RAM_ROWS * sizeof *d->ram);
    if (!d->dir || !d->ram) {
        dedupe_destroy(d);
        return NULL;
    }
    return d;
}

void
dedupe_destroy(struct dedupe *d)
{
    if (!d)
        return;
    for (unsigned i = 0; d->parts && i < DEDUPE_PARTS; i++)
        free(d->parts[i].blocks);
    if (d->fd >= 0)
        close(d->fd);
    free(d->parts);
    free(d->ram);
    free(d->table);
    free(d->twice);
    free(d->dir);
    free(d);
}

/* The finaliser of MurmurHash3: numbers in a row scatter. */
static uint64_t
mix(uint64_t v)
{
    v ^= v >> 33;
    v *= 0xFF51AFD7ED558CCDu;
    v ^= v >> 33;
    v *= 0xC4CEB9FE1A85EC53u;
    return v ^ v >> 33;
}

static bool
part_flush(struct dedupe *d, struct part *p)
{
    if (p->count == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 16;
        uint32_t *blocks = realloc(p->blocks, cap * sizeof *blocks);
        if (!blocks)
            return false;
        p->blocks = blocks;
        p->cap = cap;
    }
    off_t at = (off_t)d->next_block * (off_t)sizeof p->entry;
    if (pwrite(d->fd, p->entry, sizeof p->entry, at) !=
        (ssize_t)sizeof p->entry)
        return false;
    p->blocks[p->count++] = d->next_block++;
    p->filled = 0;
    return true;
}

static bool
part_add(struct dedupe *d, struct entry e)
{
    struct part *p = &d->parts[mix(e.subscriber) % DEDUPE_PARTS];
    p->entry[p->filled++] = e;
    return p->filled < BLOCK_ENTRIES || part_flush(d, p);
}

static bool
spill(struct dedupe *d)
{
    d->fd = spool_file(d->dir);
    d->parts = calloc(DEDUPE_PARTS, sizeof *d->parts);
    if (d->fd < 0 || !d->parts)
        return false;
    for (unsigned i = 0; i < d->in_ram; i++)
        if (!part_add(d, d->ram[i]))
            return false;
    free(d->ram);
    d->ram = NULL;
    return true;
}

bool
dedupe_add(struct dedupe *d, uint64_t subscriber, uint32_t row)
{
    struct entry e = {subscriber, row, 0};
    d->rows = row + 1;
    if (!d->parts && d->in_ram < DEDUPE_RAM_ROWS) {
        d->ram[d->in_ram++] = e;
        return true;
    }
    if (!d->parts && !spill(d))
        return false;
    return part_add(d, e);
}

/* Room in the set for n subscribers at half load, emptied. */
static bool
table_begin(struct dedupe *d, size_t n)
{
    size_t slots = 64;
    while (slots < n * 2)
        slots *= 2;
    if (slots > d->slots) {
        free(d->table);
        d->table = malloc(slots * sizeof *d->table);
        d->slots = d->table ? slots : 0;
    }
    if (!d->table)
        return false;
    memset(d->table, 0, d->slots * sizeof *d->table);
    return true;
}

/* No subscriber is 0, so 0 is an empty slot. */
static void
look(struct dedupe *d, const struct entry *e)
{
    size_t mask = d->slots - 1;
    size_t at = (mix(e->subscriber) >> 8) & mask;
    while (d->table[at] && d->table[at] != e->subscriber)
        at = (at + 1) & mask;
    if (!d->table[at]) {
        d->table[at] = e->subscriber;
        return;
    }
    d->twice[e->row / 8] |= (uint8_t)(1u << e->row % 8);
    d->found++;
}

static bool
part_look(struct dedupe *d, const struct part *p)
{
    struct entry block[BLOCK_ENTRIES];
    if (!table_begin(d, p->count * BLOCK_ENTRIES + p->filled))
        return false;
    for (size_t i = 0; i < p->count; i++) {
        off_t at = (off_t)p->blocks[i] * (off_t)sizeof block;
        if (pread(d->fd, block, sizeof block, at) != (ssize_t)sizeof block)
            return false;
        for (unsigned j = 0; j < BLOCK_ENTRIES; j++)
            look(d, &block[j]);
    }
    for (unsigned j = 0; j < p->filled; j++)
        look(d, &p->entry[j]);
    return true;
}

static bool
ram_look(struct dedupe *d)
{
    if (!table_begin(d, d->in_ram))
        return false;
    for (unsigned i = 0; i < d->in_ram; i++)
        look(d, &d->ram[i]);
    return true;
}

bool
dedupe_step(struct dedupe *d, bool *failed)
{
    unsigned steps = d->parts ? DEDUPE_PARTS : 1;
    *failed = false;
    if (d->step == steps)
        return false;
    if (!d->twice) {
        d->twice_bytes = d->rows / 8 + 1;
        d->twice = calloc(1, d->twice_bytes);
    }
    bool fine =
        d->twice && (d->parts ? part_look(d, &d->parts[d->step]) : ram_look(d));
    *failed = !fine;
    d->step++;
    return fine;
}

bool
dedupe_is_twice(const struct dedupe *d, uint32_t row)
{
    return d->twice && row / 8 < d->twice_bytes &&
           (d->twice[row / 8] >> row % 8 & 1);
}

uint64_t
dedupe_count(const struct dedupe *d)
{
    return d->found;
}

uint32_t *
dedupe_rows(const struct dedupe *d, size_t *count)
{
    *count = 0;
    uint32_t *rows = d->found ? malloc(d->found * sizeof *rows) : NULL;
    for (uint32_t row = 0; rows && row < d->rows; row++)
        if (dedupe_is_twice(d, row))
            rows[(*count)++] = row;
    return rows;
}
