/*
 * bind.h - one connection to the simulated carrier and its conversation.
 *
 * Promise: speaks by the book of the version that the client bound with: a
 * request that is not allowed in the state gets ESME_RINVBNDSTS, an unknown
 * one generic_nack, a bad length generic_nack and the end.
 *
 * Threads: one.
 */
#ifndef BENCH_SMSC_BIND_H
#define BENCH_SMSC_BIND_H

#include "bench/smsc/smsc.h"

/* A deliver_sm that waits for its answer. */
struct bind_slot {
    struct letter *letter; /* NULL: free */
    uint32_t sequence;
};

/* Invariant: number and account are set from the bind on. in_flight is the
 * number of slots in use and never above the window. */
struct bind {
    struct smsc *smsc;
    struct wire *wire;
    struct bind *next, *prev;
    struct account *account;
    uint32_t number; /* 0: not bound */
    bool can_submit;
    bool can_receive;
    bool unbound; /* said goodbye */
    bool enquired;
    uint8_t version;
    uint32_t last_sequence;
    uint32_t in_flight;
    uint32_t slots; /* a power of two, at least twice the window */
    struct bind_slot *slot;
    struct letter_queue queue; /* for this bind, no room yet */
    uint64_t heard_us;         /* monotonic */
};

/* Takes a new connection (struct wire_listen's accepted). */
void bind_accepted(void *smsc, struct wire *w);

/* NULL when that bind has ended. */
struct bind *bind_by_number(const struct smsc *s, uint32_t number);

/* Writes the answer to a submit_sm or data_sm. id empty: no body. */
void bind_answer(struct bind *b, uint32_t command, uint32_t status,
                 uint32_t sequence, struct slice id);

/* The sequence number of our next request. */
uint32_t bind_next_sequence(struct bind *b);

/* Once a second: enquire_link, silent clients. */
void bind_tick(struct bind *b);

/* Says unbind; the client answers and closes. */
void bind_say_unbind(struct bind *b);

#endif
