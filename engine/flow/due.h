/*
 * due.h - what becomes due at a time: a binary heap.
 *
 * Promise: comes out by time, and in the order it was put when times are
 * equal. No allocation per entry beyond doubling. An entry cannot be taken
 * back: whoever pops it asks whether it still holds.
 *
 * Threads: the owner's only. `when` is in the owner's unit.
 */
#ifndef ENGINE_FLOW_DUE_H
#define ENGINE_FLOW_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due_entry {
    uint64_t when;
    uint64_t order; /* the heap's own */
    uint64_t a;
    uint64_t b;
};

struct due {
    struct due_entry *heap;
    size_t used, cap;
    uint64_t orders;
};

void due_fini(struct due *d);
void due_put(struct due *d, uint64_t when, uint64_t a, uint64_t b);
/* The earliest entry when it is due by now. */
bool due_take(struct due *d, uint64_t now, struct due_entry *out);
/* UINT64_MAX when empty. */
uint64_t due_first(const struct due *d);

#endif
