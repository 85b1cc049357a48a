/*
 * link.h - one loopback socket with its two buffers, for either end.
 *
 * Promise: one recv and one send a turn, whatever they hold; PDUs are looked
 * at in place. Nothing is checked beyond the length of a frame: the skeleton
 * measures a design, and both ends are ours.
 */
#ifndef BENCH_SKELETON_LINK_H
#define BENCH_SKELETON_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINK_IN = 256 << 10,
    LINK_OUT = 32 << 20, /* acks of a whole batch fit */
    LINK_FULL = 1 << 20, /* no more submits beyond */
};

struct link {
    int fd, epoll;
    uint32_t number; /* as the events name it */
    uint8_t *in, *out;
    size_t in_n, out_n, out_at;
    bool waits; /* for room in the socket: EPOLLOUT is on */
};

/* Takes fd, which becomes non-blocking and is watched as number. */
bool link_init(struct link *l, int fd, int epoll, uint32_t number);
void link_fini(struct link *l);
/* False at the end of the stream. */
bool link_read(struct link *l);
/* The next whole PDU at *at, which moves past it; NULL when there is none. */
const uint8_t *link_next(const struct link *l, size_t *at);
/* Drops what was used up. */
void link_used(struct link *l, size_t at);
/* Sends what the socket takes; false when it is gone. */
bool link_flush(struct link *l);

static inline uint32_t
be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static inline void
put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void
put_head(uint8_t *p, uint32_t length, uint32_t id, uint32_t sequence)
{
    put_be32(p, length);
    put_be32(p + 4, id);
    put_be32(p + 8, 0);
    put_be32(p + 12, sequence);
}

#endif
