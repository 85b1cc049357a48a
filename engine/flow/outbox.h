/*
 * outbox.h - what a client is owed: receipts and replies, in order, for days.
 *
 * Each login has a numbered list of positions of facts in the log. RAM knows
 * where it begins and ends; which fact has which number stands in an index
 * that outgrows RAM. What was acknowledged becomes an OUTBOX fact, one per
 * login and turn.
 *
 *   1 ... head ............ next ............ tail
 *   acknowledged | handed over, or again | waits
 *
 * Promise: each entry is handed over until a client acknowledges it, or gives
 * it up, or it is older than events are kept: at least once over a crash, and
 * never again once its OUTBOX fact is durable. Oldest first. Memory does not
 * grow with what waits. A client that does not answer holds up its login
 * alone.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_OUTBOX_H
#define ENGINE_FLOW_OUTBOX_H

#include "engine/core/clock.h"
#include "engine/session/session.h"

struct client;
struct flow;
struct rest_writer;
struct fact_outbox;
struct login;

/* Entries between the oldest not acknowledged and the newest handed over. */
enum { OUTBOX_AHEAD = 4096 };

struct outbox {
    uint32_t login;
    uint64_t head, next, tail;
    uint8_t *slot;  /* enum outbox_slot by number modulo OUTBOX_AHEAD, or NULL
                       while there is nothing between head and next */
    unsigned again; /* entries before `next` that wait to go again */
    bool active;    /* in outboxes.active */
    bool answered;  /* acknowledged entries wait for their fact */
    bool stuffed;   /* an output had no room for the last one */
    unsigned rest_ms;
    struct mono rest_until;
    uint64_t oldest_ms; /* of the entry `oldest_of`; 0: not known */
    uint64_t oldest_of;
    uint64_t dropped;
};

struct outboxes {
    struct outbox **row; /* by login id */
    uint32_t rows, cap;
    uint32_t *active; /* ids that may have something to hand over */
    unsigned actives, active_cap;
    uint32_t *changed; /* ids with acknowledged entries of this turn */
    unsigned changes, change_cap;
    uint64_t looked_ms, aged_ms;
    uint64_t told; /* what the gauge of /metrics says */
};

void outboxes_fini(struct flow *f);

/* Key of entry n in f->owed. */
uint64_t outbox_key(uint32_t login, uint64_t n);

/* apply: the fact at pos is owed; acknowledged. */
void outbox_push(struct flow *f, uint32_t login, uint64_t pos);
void outbox_apply(struct flow *f, const struct fact_outbox *x);

/* A bind can take something; something was pushed. */
void outbox_wake(struct flow *f, uint32_t login);
void outbox_wake_all(struct flow *f);

/* Hands over what binds have room for. */
void outbox_fill(struct flow *f);
/* Old entries are given up. */
void outbox_tick(struct flow *f);
/* Facts of what was acknowledged in this turn. */
void outbox_post(struct flow *f);

/* What became of entry n. */
void
outbox_answered(struct flow *f, uint32_t login, uint64_t n, uint32_t status);
void outbox_lost(struct flow *f, uint32_t login, uint64_t n);

struct outbox_view {
    uint64_t waiting, oldest_ms, dropped;
};
void outbox_look(struct flow *f, uint32_t login, struct outbox_view *out);

/* Checkpoints. */
void outbox_save(struct flow *f, struct rest_writer *w);
void outbox_load(struct flow *f, const uint64_t *r);

/* client_deliver.c: hands the fact at pos over to this bind. */
enum delivered {
    DELIVER_DONE,
    DELIVER_NO_ROOM,
    DELIVER_NEVER, /* it has expired or cannot be told: give it up */
};
enum delivered client_deliver_fact(struct flow *f, const struct login *l,
                                   struct client *c, uint64_t n, uint64_t pos);
/* When the fact was written; 0: it is gone. */
uint64_t client_deliver_time(struct flow *f, uint64_t pos);

#endif
