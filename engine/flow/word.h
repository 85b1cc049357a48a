/*
 * word.h - what is kept in RAM of each message: one u64.
 *
 *   bits 63..60  state
 *   bits 59..57  flags
 *   bits 56..0   position of its newest fact (0: none yet)
 *
 * Threads: pure.
 */
#ifndef ENGINE_FLOW_WORD_H
#define ENGINE_FLOW_WORD_H

#include <stdbool.h>
#include <stdint.h>

/* Message states of product.md, and two that are ours. */
enum message_state_kind {
    STATE_NONE, /* no such message, or a recipient not yet reached */
    STATE_ACCEPTED,
    STATE_QUEUED,
    STATE_HELD,
    STATE_SUBMITTED, /* at least one part handed over */
    STATE_DELIVERED,
    STATE_FAILED,
    STATE_EXPIRED,
    STATE_REJECTED,
    STATE_UNKNOWN,
    STATE_CANCELLED,
    STATE_SUPPRESSED,
    STATE_UNCERTAIN,
    STATE_RECEIVED, /* a reply */
    STATE_KIND_N,
};

enum {
    WORD_REPLIED = 1, /* somebody answered it */
    WORD_TWICE = 2,   /* may have gone out twice */
    WORD_LONG = 4,    /* more than one part */
};

static inline uint64_t
word_make(enum message_state_kind state, unsigned flags, uint64_t pos)
{
    return (uint64_t)state << 60 | (uint64_t)(flags & 7) << 57 |
           (pos & (((uint64_t)1 << 57) - 1));
}

static inline enum message_state_kind
word_state(uint64_t word)
{
    return (enum message_state_kind)(word >> 60);
}

static inline unsigned
word_flags(uint64_t word)
{
    return word >> 57 & 7;
}

static inline uint64_t
word_pos(uint64_t word)
{
    return word & (((uint64_t)1 << 57) - 1);
}

/* "accepted", "queued", ... as in product.md; NONE reads "queued". */
const char *state_name(enum message_state_kind state);

static inline bool
state_is_final(enum message_state_kind s)
{
    return s == STATE_DELIVERED || s == STATE_FAILED || s == STATE_EXPIRED ||
           s == STATE_REJECTED || s == STATE_UNKNOWN || s == STATE_CANCELLED ||
           s == STATE_SUPPRESSED || s == STATE_RECEIVED;
}

/* Could a person have answered it? (product.md 5: eligible) */
static inline bool
state_is_eligible(enum message_state_kind s)
{
    return s == STATE_SUBMITTED || s == STATE_DELIVERED || s == STATE_UNKNOWN ||
           s == STATE_UNCERTAIN;
}

#endif
