/*
 * large.c - large tables in large pages.
 *
 * Promise: as in large.h.
 */
#include "store/large.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    LINE_BYTES = 64,
    PAGE_BYTES = 2 << 20, /* what is smaller gets no such pages */
};

static size_t
whole(size_t bytes)
{
    size_t unit = bytes >= PAGE_BYTES ? PAGE_BYTES : LINE_BYTES;
    return (bytes + unit - 1) / unit * unit;
}

void *
store_large_block(size_t bytes)
{
    if (bytes < PAGE_BYTES)
        return aligned_alloc(LINE_BYTES, whole(bytes));
    void *p = aligned_alloc(PAGE_BYTES, whole(bytes));
    if (p) /* a refusal costs speed alone */
        (void)madvise(p, whole(bytes), MADV_HUGEPAGE);
    return p;
}

void *
store_large_zeroed(size_t bytes)
{
    void *p = store_large_block(bytes);
    if (p)
        memset(p, 0, whole(bytes));
    return p;
}
