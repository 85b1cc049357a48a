/*
 * dedupe.h - which rows of an upload name a subscriber that an earlier row
 * named already.
 *
 * Exact. Up to DEDUPE_RAM_ROWS rows stay in RAM; beyond that they are dealt
 * by a hash of the subscriber into partitions of one unlinked file, and each
 * partition is looked at alone.
 *
 * Promise: memory is under 2 MB and, per million rows, about 300 KB.
 *
 * Threads: one upload, one thread at a time.
 */
#ifndef ENGINE_DOOR_DEDUPE_H
#define ENGINE_DOOR_DEDUPE_H

#include "proto/bytes.h"

struct dedupe;

enum { DEDUPE_RAM_ROWS = 65536, DEDUPE_PARTS = 128 };

/* dir: where the file goes when there must be one; copied. */
struct dedupe *dedupe_create(const char *dir);
void dedupe_destroy(struct dedupe *d);

/* Rows come in rising order. False: the disk is full or out of memory. */
MUST_CHECK bool dedupe_add(struct dedupe *d, uint64_t subscriber, uint32_t row);

/* Looks at the next partition. False when there is none left; *failed tells
 * whether because of an error. */
bool dedupe_step(struct dedupe *d, bool *failed);

/* After the last step: was this row named twice? And how many were. */
bool dedupe_is_twice(const struct dedupe *d, uint32_t row);
uint64_t dedupe_count(const struct dedupe *d);

/* Their rows in rising order; malloc()ed, the caller's. NULL when none or
 * out of memory. */
uint32_t *dedupe_rows(const struct dedupe *d, size_t *count);

#endif
