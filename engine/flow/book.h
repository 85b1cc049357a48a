/*
 * book.h - what is known of a message: its word, and its story in the log.
 *
 * Promise: a state moves through book_move() only, which keeps the counts of
 * its campaign; the word's position is the message's newest fact, and the
 * facts' `prev` lead back to its first.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_BOOK_H
#define ENGINE_FLOW_BOOK_H

#include "engine/flow/flow.h"

/* Why a STATE fact was written. Numbers are for ever. */
enum flow_reason {
    REASON_NONE = 0,
    REASON_SUPPRESSED = 1, /* opted out */
    REASON_EXPIRED = 2,    /* expires_at or the campaign's end passed */
    REASON_CANCELLED = 3,
    REASON_MISSING_FIELD = 4, /* the template has no value for it */
    REASON_TOO_LONG = 5,
    REASON_BAD_TEXT = 6,
    REASON_NO_RECEIPT = 7, /* none came in time */
    REASON_NO_NUMBER = 8,  /* the number or its carrier is gone */
    REASON_PAIR_BUSY = 9,  /* another sender talks on that pair */
    REASON_DUPLICATE = 10, /* the row stands twice */
    REASON_QUOTA = 11,
    REASON_RESENT = 12,   /* uncertain, sent again */
    REASON_NO_ROUTE = 13, /* no rule fits */
    REASON_N,
};
const char *reason_name(unsigned reason);

uint64_t book_word(struct flow *f, uint64_t message);

/* Sets state, flags (added) and newest fact. */
void book_move(struct flow *f, uint64_t message, enum message_state_kind state,
               unsigned flags, uint64_t pos);

/* Newest fact without a change of state. */
void book_touch(struct flow *f, uint64_t message, uint64_t pos);

/* Position of the message's fact before this one, 0 at its first or when the
 * fact is of no message. */
uint64_t fact_prev(struct slice fact);

/*
 * What the facts of a message tell, read back from its newest.
 * Slices borrow from the log until journal_rest().
 */
struct story {
    uint64_t message;
    bool single; /* accept is valid */
    bool sent;   /* first is valid: the newest SENT of part 0 */
    struct fact_accept accept;
    uint64_t accept_pos;
    struct fact_sent first;
    unsigned attempts; /* of part 0 */
    /* by part; beyond 255 there is none */
    uint8_t parts;
    uint16_t attempt[256]; /* hand-overs of each part */
    uint8_t end[256];      /* message_state of its final receipt, 0: none */
    bool refused[256];     /* answered with a final refusal */
    uint32_t carrier;      /* of the newest hand-over */
    /* Who has a part or may have it; none of them: 0. */
    uint32_t holder;
    bool held[256]; /* by part */
    bool told[256]; /* the newest fact of the part was seen */
    struct {
        uint32_t carrier, status;
        uint8_t part;
    } refusal[16]; /* the newest */
    unsigned refusals;
};
MUST_CHECK bool book_story(struct flow *f, uint64_t message, struct story *out);

/* Writes and applies a STATE fact. */
void
book_state(struct flow *f, uint64_t message, uint32_t account, uint32_t sender,
           enum message_state_kind state, enum flow_reason reason,
           uint64_t until_ms, struct slice detail);

/* State of a message from the final receipt of a part (SMPP 5.2.28). */
enum message_state_kind book_state_of_receipt(unsigned kind);

#endif
