/*
 * fake_carrier.h - carriers without sockets, for conversations under test.
 *
 * fake_carrier.c implements carrier.h; a program that links it before the
 * engine's library gets it instead of the carrier room. What the carrier's
 * own side has seen (the ledger) outlives the carrier object, as a real
 * carrier outlives our process: parts that were held when the flow was
 * killed never left, those that had left are known to the ledger.
 *
 * Promise: a part leaves only when its position was released, and the fact
 * that it waits for is asked of fake_is_durable() before; a breach fails the
 * test (invariant 1). A window is never exceeded (invariant 2).
 *
 * Threads: the test's only.
 */
#ifndef TESTS_SCENARIO_FAKE_CARRIER_H
#define TESTS_SCENARIO_FAKE_CARRIER_H

#include "engine/carrier/carrier.h"

enum fake_state {
    FAKE_HELD,     /* handed over, its fact is not durable yet */
    FAKE_OUT,      /* left, no answer yet */
    FAKE_ANSWERED, /* told to the flow */
    FAKE_LOST,     /* told to the flow */
    FAKE_GONE,     /* held or out when the flow was killed */
};

/* One hand-over. */
struct fake_part {
    struct part_ref ref;
    enum fake_state state;
    bool left, taken; /* taken: answered with status 0 */
    bool unsent;      /* lost, and the scenario says it never left */
    uint64_t hold;    /* position it waits for; 0: the turn is not over */
    uint64_t left_us; /* by the fake clock */
    unsigned bind;
    char carrier[32], from[24], to[24], smsc_id[72], validity[20];
    uint8_t esm_class, data_coding, registered;
    uint8_t octets[4096]; /* user data */
    size_t used;
};

/* All hand-overs of all carriers, in order; they stay. */
unsigned fake_parts(void);
struct fake_part *fake_part(unsigned i);
/* In the order in which they left. */
unsigned fake_lefts(void);
struct fake_part *fake_left(unsigned i);
/* The newest hand-over of a part; NULL: never handed over. */
struct fake_part *fake_find(uint64_t message, unsigned part);

/* How many facts about outgoing parts changed; tells whether a turn did
 * something. */
uint64_t fake_moves(void);

/* What the carrier does; each is told to the flow at once, as the read phase
 * would. */
void
fake_answer(struct fake_part *p, uint32_t status, const char *id, bool late);
void fake_lose(struct fake_part *p, enum part_loss loss);
/* The status that the flow gave; the answer is held like all output. */
uint32_t
fake_deliver(const char *carrier, uint64_t session, const struct pdu *pdu);
/* Deliveries that were answered, the answer having left. */
unsigned fake_acks(void);

void fake_set_window(const char *carrier, unsigned window);
/* Down: what was held is lost unsent, what had left is lost. */
void fake_set_up(const char *carrier, bool up);

/* Asked before a part leaves; set by the world. */
extern bool (*fake_is_durable)(const struct fake_part *p);
/* Called with a line when a promise is broken. */
extern void (*fake_breach)(const char *what);

/* Forgets all ledgers. */
void fake_reset(void);

#endif
