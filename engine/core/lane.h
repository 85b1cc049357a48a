/*
 * lane.h - whole PDUs on their way out, in one linear buffer.
 *
 *   buf      whole     sent         clear            used       cap
 *    | free   | PDU partly | may leave | waits for    |  room    |
 *    |        | gone       |           | its position |          |
 *
 * Promise: what is behind `clear` never leaves; a PDU that left in part stays
 * readable until its last octet is gone. Filling, holding and releasing cost
 * no allocation once the buffer has its size; an idle lane has no buffer.
 *
 * Threads: plain values.
 */
#ifndef ENGINE_CORE_LANE_H
#define ENGINE_CORE_LANE_H

#include "proto/bytes.h"

enum {
    LANE_MARKS_FEW = 4, /* commits under way when all is well */
    LANE_MARKS = 64,
};

/* What was used up to `end` waits for `pos`. */
struct lane_mark {
    uint64_t pos;
    size_t end;
};

/* Invariant: whole <= sent <= clear <= used <= cap; marks ascend in both. */
struct lane {
    uint8_t *buf;
    size_t cap;
    size_t whole, sent, clear, used;
    struct lane_mark few[LANE_MARKS_FEW];
    struct lane_mark *many; /* LANE_MARKS of them, when few were too few */
    unsigned mark_first, mark_count; /* a ring */
};

void lane_init(struct lane *l);
void lane_fini(struct lane *l);

/* Room for n octets behind `used`, or NULL when more than max octets would
 * stand in the lane or memory ran out. Until the next call. */
uint8_t *lane_room(struct lane *l, size_t n, size_t max);
/* n octets of that room hold whole PDUs; unheld: they may leave at once. */
void lane_used(struct lane *l, size_t n, bool unheld);

/* An empty lane gives its memory back. */
void lane_rest(struct lane *l);

/* All used so far waits for pos; positions never go down. */
void lane_hold(struct lane *l, uint64_t pos);
/* What waits for positions up to durable may leave. */
void lane_release(struct lane *l, uint64_t durable);

/* Whether something waits for a position. */
static inline bool
lane_is_held(const struct lane *l)
{
    return l->mark_count > 0;
}

/* What may leave now. */
static inline struct slice
lane_next(const struct lane *l)
{
    return slice_of(l->buf ? l->buf + l->sent : NULL, l->clear - l->sent);
}

static inline size_t
lane_bytes(const struct lane *l)
{
    return l->used - l->sent;
}

/* Whether the last octet that left was inside a PDU. */
static inline bool
lane_is_mid_pdu(const struct lane *l)
{
    return l->sent > l->whole;
}

/* The first n octets of lane_next() are gone. */
void lane_gone(struct lane *l, size_t n);

/* Each PDU whose last octet is not gone, oldest first. */
void lane_unsent(const struct lane *l,
                 void (*each)(void *arg, struct slice pdu), void *arg);

#endif
