/*
 * lines.h - cuts a stream into lines, whatever pieces it comes in.
 *
 * A line ends with LF or CR LF; a BOM at the very front is dropped; blank
 * lines are counted and skipped. A line longer than the limit is handed over
 * as `too_long` without its octets, and the stream goes on behind it.
 *
 * Promise: memory is at most the limit.
 *
 * Threads: plain values.
 */
#ifndef ENGINE_DOOR_LINES_H
#define ENGINE_DOOR_LINES_H

#include "engine/door/emit.h"

/* Zeroed but for max and the callback. each() says whether to go on; when it
 * says no, lines_feed() returns after that line. */
struct lines {
    size_t max;
    bool (*each)(void *arg, uint64_t line, struct slice text, bool too_long);
    void *arg;
    uint64_t line; /* of the last one handed over or skipped */
    bool started;
    bool skipping; /* inside a line that is too long */
    struct emit part;
};

/* Returns how many octets were used up; all, unless each() said no. */
size_t lines_feed(struct lines *l, const char *p, size_t n);
/* The last line, when it had no end. */
void lines_end(struct lines *l);
void lines_fini(struct lines *l);

#endif
