/*
 * large.h - large tables in large pages.
 *
 * Tables that are probed at random miss the processor's table of pages at
 * nearly every probe when a page is 4 KB: that is a tenth of all that the
 * engine does at full speed. Where the kernel gives pages of 2 MB for the
 * asking (transparent_hugepage: madvise or always) they are asked for.
 *
 * Private to store/. Any thread.
 */
#ifndef STORE_LARGE_H
#define STORE_LARGE_H

#include <stddef.h>

/* On a line of 64 octets; given back by free(). NULL without memory. */
void *store_large_block(size_t bytes);
void *store_large_zeroed(size_t bytes);

#endif
