/*
 * doc.h - values of the control environment: tagged fields.
 *
 *   doc:   field*
 *   field: tag u8 | length varint | octets
 *
 * A reader skips tags it does not know, so a row may gain fields without a
 * new format. A tag may stand several times (a list). Numbers are the
 * shortest little-endian octets that hold them, 0 being none at all.
 *
 * Promise: reading a damaged doc gives what stands before the damage, never
 * an octet outside; doc_is_sound() tells.
 *
 * Threads: pure. What is read is borrowed from the doc.
 */
#ifndef ENGINE_FLOW_DOC_H
#define ENGINE_FLOW_DOC_H

#include "proto/bytes.h"

void doc_put_text(struct writer *w, uint8_t tag, struct slice text);
void doc_put_u64(struct writer *w, uint8_t tag, uint64_t number);

/* The first field with this tag; false and an empty slice when none. */
bool doc_get(struct slice doc, uint8_t tag, struct slice *value);

/* The same as a text, empty when absent. */
struct slice doc_text(struct slice doc, uint8_t tag);

/* The same as a NUL-terminated text, cut to cap; returns dst. */
char *doc_copy(struct slice doc, uint8_t tag, char *dst, size_t cap);

/* The same as a number, `absent` when there is none or more than 8 octets. */
uint64_t doc_u64(struct slice doc, uint8_t tag, uint64_t absent);

/* A value, read with doc_next(), as a number. */
uint64_t doc_number(struct slice value, uint64_t absent);

/* Walks all fields: for (c = cursor_of(doc); doc_next(&c, &tag, &value);) */
bool doc_next(struct cursor *doc, uint8_t *tag, struct slice *value);

/* The next field with this tag, others skipped: a list. */
bool doc_next_of(struct cursor *doc, uint8_t tag, struct slice *value);

MUST_CHECK bool doc_is_sound(struct slice doc);

#endif
