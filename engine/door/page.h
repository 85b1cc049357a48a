/*
 * page.h - lists in pages: ?limit= and opaque cursors.
 *
 * A cursor holds two numbers that say where the next page begins. It carries
 * a check that binds it to its list, so that a cut or foreign one is refused
 * instead of giving a strange page.
 *
 * Threads: pure.
 */
#ifndef ENGINE_DOOR_PAGE_H
#define ENGINE_DOOR_PAGE_H

#include "proto/bytes.h"

enum { PAGE_CURSOR_BYTES = 41, PAGE_LIMIT = 100, PAGE_LIMIT_MAX = 1000 };

/* 40 characters and a NUL; list is the name of the list. */
void page_cursor_write(const char *list, uint64_t a, uint64_t b,
                       char out[PAGE_CURSOR_BYTES]);
MUST_CHECK bool
page_cursor_read(const char *list, struct slice text, uint64_t *a, uint64_t *b);

#endif
