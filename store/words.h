/*
 * words.h - one u64 a message, by number, in pages that outgrow RAM.
 *
 * A page holds WORDS_PER_PAGE words (65,520 octets: sixteen LMDB pages with
 * its header, so that pages of the state environment are all of one size
 * and never fragment it). Pages never touched are not there and read as 0.
 *
 * Promise: get returns the last set; after open it returns what the last
 * checkpoint held. Pages not changed since the last checkpoint may be
 * dropped from RAM and are read again when asked for.
 *
 * Engine thread only.
 */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H

#include "store/store.h"

enum { WORDS_PER_PAGE = 8190 };

struct store_words;

/* ram_pages: clean pages beyond this are dropped, least recently used
 * first. */
MUST_CHECK enum store_result
store_words_open(struct store *s, struct store_reader *r, size_t ram_pages,
                 struct store_words **out);
void store_words_close(struct store_words *w);

uint64_t store_words_get(struct store_words *w, uint64_t number);
void store_words_set(struct store_words *w, uint64_t number, uint64_t word);
void store_words_prefetch(struct store_words *w, uint64_t number);

/* Copies the changed pages into the checkpoint. */
void store_words_checkpoint(struct store_words *w, struct store_checkpoint *c);
size_t store_words_dirty_pages(const struct store_words *w);
size_t store_words_ram_bytes(const struct store_words *w);

#endif
