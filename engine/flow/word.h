/*
 * word.h - what is kept in RAM of each message: one u64.
 *
 *   bits 63..60  state
 *   bits 59..57  flags 4, 2, 1; bit 56: flag 8, added last
 *   bits 55..0   position of its newest fact (0: none yet)
 *
 * Threads: pure.
 */
#ifndef ENGINE_FLOW_WORD_H
#define ENGINE_FLOW_WORD_H

#include <stdbool.h>
#include <stdint.h>

/* Message states of product.md, and two that are ours. */
enum message_state_kind {
    MSG_NONE, /* no such message, or a recipient not yet reached */
    MSG_ACCEPTED,
    MSG_QUEUED,
    MSG_HELD,
    MSG_SUBMITTED, /* at least one part handed over */
    MSG_DELIVERED,
    MSG_FAILED,
    MSG_EXPIRED,
    MSG_REJECTED,
    MSG_UNKNOWN,
    MSG_CANCELLED,
    MSG_SUPPRESSED,
    MSG_UNCERTAIN,
    MSG_RECEIVED, /* a reply */
    MSG_KIND_N,
};

enum {
    WORD_REPLIED = 1, /* somebody answered it */
    WORD_TWICE = 2,   /* may have gone out twice */
    WORD_LONG = 4,    /* more than one part */
    WORD_CLIENT = 8,  /* came from an SMPP client */
};

static inline uint64_t
word_make(enum message_state_kind state, unsigned flags, uint64_t pos)
{
    return (uint64_t)state << 60 | (uint64_t)(flags & 7) << 57 |
           (uint64_t)(flags >> 3 & 1) << 56 | (pos & (((uint64_t)1 << 56) - 1));
}

static inline enum message_state_kind
word_state(uint64_t word)
{
    return (enum message_state_kind)(word >> 60);
}

static inline unsigned
word_flags(uint64_t word)
{
    return (word >> 57 & 7) | (word >> 56 & 1) << 3;
}

static inline uint64_t
word_pos(uint64_t word)
{
    return word & (((uint64_t)1 << 56) - 1);
}

/* "accepted", "queued", ... as in product.md; NONE reads "queued". */
const char *state_name(enum message_state_kind state);

static inline bool
state_is_final(enum message_state_kind s)
{
    return s == MSG_DELIVERED || s == MSG_FAILED || s == MSG_EXPIRED ||
           s == MSG_REJECTED || s == MSG_UNKNOWN || s == MSG_CANCELLED ||
           s == MSG_SUPPRESSED || s == MSG_RECEIVED;
}

/* Could a person have answered it? (product.md 5: eligible) */
static inline bool
state_is_eligible(enum message_state_kind s)
{
    return s == MSG_SUBMITTED || s == MSG_DELIVERED || s == MSG_UNKNOWN ||
           s == MSG_UNCERTAIN;
}

#endif
