/*
 * reply.h - whose is it? The rules of product.md section 5 as a table.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_REPLY_H
#define ENGINE_FLOW_REPLY_H

#include "engine/flow/flow.h"

/* Flags of a REPLY fact; also names in correlation.flags. */
enum reply_flag {
    REPLY_LATE = 1,
    REPLY_CROSSED = 2,
    REPLY_INCOMPLETE = 4,
    REPLY_NUMBER_MISMATCH = 8,
    REPLY_COMPLIANCE = 16,
    REPLY_REOPENED = 32,
};

/* A whole message from a phone, before it has an owner. */
struct incoming {
    uint64_t subscriber;
    uint64_t at_ms;        /* of its first part */
    struct number *number; /* NULL: not one of ours */
    uint32_t carrier;
    struct slice text;
    unsigned flags;
};

/* Who gets it. */
struct owner {
    uint32_t account, sender; /* sender: of the thread; 0: unmatched */
    uint64_t in_reply_to, campaign;
    unsigned rule, flags;
};

/* First rule that fits, in order. Always finds one: 9 fits all. */
void
reply_resolve(struct flow *f, const struct incoming *in, struct owner *out);

/* Routes every joint that is whole or has waited long enough. */
void reply_route_ready(struct flow *f);

#endif
