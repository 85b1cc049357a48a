/*
 * talk.h - what was said to and by one subscriber: a walk back in the log.
 *
 * `talks` holds the newest fact (SENT of a first part, ACCEPT, REPLY) of a
 * subscriber; each names the one before. From this chain come the reference
 * of a long message, the number a pool gives, the owner of a reply, and the
 * history of a thread.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_TALK_H
#define ENGINE_FLOW_TALK_H

#include "engine/flow/flow.h"

/* 256: bounds the walk for a subscriber that hears from everybody. */
enum { TALK_STEPS_MAX = 256 };

/* One fact of the chain. */
struct talk_step {
    uint64_t pos, before, message, at_ms;
    uint32_t account, sender, number;
    uint32_t reply_window_s;
    uint16_t reference;
    bool sent;    /* a SENT fact, or else: */
    bool inbound; /* a REPLY; neither: an ACCEPT */
    uint64_t thread, campaign;
};

/* Where the chain of a subscriber begins; 0: nothing was said. */
uint64_t talk_newest(struct flow *f, uint64_t subscriber);
/* Reads the step at pos; false at the end (or expired). */
bool talk_read(struct flow *f, uint64_t pos, struct talk_step *out);

/* Order (promise 6): does an earlier message of this sender to the subscriber
 * wait to be sent again? Cheap while nothing waits anywhere. */
bool talk_must_wait(struct flow *f, uint32_t sender, uint64_t subscriber,
                    uint64_t message);

uint16_t talk_next_reference(struct flow *f, uint64_t subscriber);

/*
 * The number that this pool gives this sender for this subscriber: the one
 * they talk on already; else one that no other sender of a live pair has and
 * that has credit now: in proportion to the pool's weights, or in turn, rather
 * one that leaves by carrier `at`. NULL: none is free; *conflict is what the
 * pool says then (never REROUTE or SHARE).
 */
struct number *
talk_choose_number(struct flow *f, struct pool *pool, uint32_t sender,
                   uint64_t subscriber, const struct carrier_entry *at,
                   enum pool_conflict *conflict);

#endif
