/*
 * filter.c - "surely not in here": a blocked Bloom filter.
 */
#include "store/filter.h"

#include <stdlib.h>

#include "store/large.h"

enum { BITS_PER_ENTRY = 14 };

uint64_t
store_filter_lines(uint64_t entries)
{
    return entries * BITS_PER_ENTRY / (FILTER_LINE_BYTES * 8) + 1;
}

bool
store_filter_init(struct store_filter *f, uint64_t lines)
{
    f->lines = lines;
    f->words = store_large_zeroed(lines * FILTER_LINE_BYTES);
    return f->words != NULL;
}

void
store_filter_fini(struct store_filter *f)
{
    free(f->words);
    *f = (struct store_filter){0};
}
