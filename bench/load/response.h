/*
 * response.h - an HTTP/1.1 response read as it comes, its body line by line.
 *
 * Promise: bodies of any length in constant memory, by Content-Length, in
 * chunks or to the end of the connection; a line longer than the room is
 * cut. What is not HTTP is refused.
 *
 * Threads: plain values. Allocates nothing.
 */
#ifndef BENCH_LOAD_RESPONSE_H
#define BENCH_LOAD_RESPONSE_H

#include "proto/bytes.h"

enum response_result { RESPONSE_MORE, RESPONSE_DONE, RESPONSE_BAD };

enum response_state {
    RESPONSE_HEAD,
    RESPONSE_LENGTH,
    RESPONSE_TO_END,
    RESPONSE_CHUNK_SIZE,
    RESPONSE_CHUNK,
    RESPONSE_CHUNK_END,
    RESPONSE_TRAILER,
};

enum { RESPONSE_LINE_BYTES = 1024 };

/* All zero but for line and owner: ready for the next response. */
struct response {
    enum response_state state;
    unsigned status;
    bool closes;   /* the connection ends with it */
    uint64_t left; /* octets of the body or chunk */
    size_t line_n;
    char line_room[RESPONSE_LINE_BYTES];
    /* A line of the body without its end; of JSON bodies the whole, often. */
    void (*line)(void *owner, unsigned status, struct slice line);
    void *owner;
};

void
response_init(struct response *r,
              void (*line)(void *owner, unsigned status, struct slice line),
              void *owner);

/* Takes from in; *used octets are done with. After RESPONSE_DONE the next
 * response may begin behind them. */
enum response_result
response_feed(struct response *r, struct slice in, size_t *used);

/* The connection ended: true when that was the response's end. */
bool response_end(struct response *r);

#endif
