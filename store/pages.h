/*
 * pages.h - pages of words, shared by RAM and a checkpoint.
 *
 * A page that a checkpoint holds is copied when it is written to: hundreds of
 * copies in the millisecond after a checkpoint began. Fresh memory from the
 * system would cost a page fault every 4 KB just then, 10 ms in all; so the
 * checkpoint thread keeps a stock of pages, which come from slabs of 2 MB.
 *
 * Private to store/. Any thread. Slabs are kept for the next pages.
 */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include <stdatomic.h>

#include "store/words.h"

/* Words of 8,190 messages, counted; while it is shared written by nobody. */
struct store_page {
    atomic_uint refs;
    uint64_t words[WORDS_PER_PAGE];
};

/* A page of one holder, a copy of these words or, for NULL, zeroes. Aborts
 * without memory. */
struct store_page *store_page_create(const uint64_t *words);
struct store_page *store_page_hold(struct store_page *page);
void store_page_release(struct store_page *page);

/* Pages that nobody holds. */
size_t store_pages_spare(void);
/* Makes so many, ready to be written to. */
void store_pages_stock(size_t wanted);

#endif
