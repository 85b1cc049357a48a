/*
 * sched.h - room at a carrier is filled from sources, fairly, urgent first.
 *
 * Each carrier has an outlet: rings of feeds by class. A feed is one
 * source's place at one outlet. Room is offered, never pushed: the outlet
 * takes from critical first, then transactional, conversational and
 * marketing, and gives lower classes one turn in sixteen so that none
 * starves. Inside a class feeds take turns of a few parts.
 *
 * Promise: a critical message leaves within its carrier's window even while
 * millions wait. A blocked feed (number rate, campaign rate) is parked until
 * its time and costs nothing meanwhile.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_SCHED_H
#define ENGINE_FLOW_SCHED_H

#include "engine/core/clock.h"
#include "engine/flow/due.h"
#include "engine/flow/mail.h"

struct flow;
struct source;
struct outlet;
struct carrier_entry;
struct outgoing;

/* As `part`: all parts of the message. */
enum { SCHED_WHOLE = 255, SCHED_LATER = 64 };

enum feed_state { FEED_IDLE, FEED_READY, FEED_PARKED };

struct feed {
    struct source *source;
    struct outlet *outlet;
    enum feed_state state;
    bool routed;              /* PARKED because others are to take it */
    uint32_t index;           /* in outlet->feed */
    struct feed *prev, *next; /* ring of its class, when READY */
    struct feed *sibling;     /* the source's next feed */
    struct outgoing *current; /* the message being handed over, or NULL */
};

struct ring {
    struct feed *first; /* whose turn it is */
    unsigned turn_parts;
    unsigned feeds;
};

struct outlet {
    struct carrier_entry *carrier;
    struct ring ring[CLASS_N];
    struct feed **feed;
    uint32_t feeds, feed_cap;
    unsigned picks;
    struct due parked; /* mono us -> feed index */
    struct due again;  /* mono us -> message, struct again packed */
    struct due kept;   /* due, but no carrier takes it: again.c */
    struct feed *later[SCHED_LATER]; /* asked too early in this turn */
    unsigned laters;
    struct outgoing *current; /* of `again`, or NULL */
    unsigned current_part, current_attempt, current_tries;
};

struct sched {
    struct outgoing *spare; /* kept for reuse, one */
    struct outlet **outlet;
    unsigned outlets;
    unsigned first; /* who is filled first this turn */
    bool pressed;   /* work waits for room */
};

struct outlet *sched_outlet(struct flow *f, struct carrier_entry *c);
void sched_fini(struct sched *s);

/* The source has work that this carrier may take: its feed gets ready. */
void sched_wake(struct flow *f, struct source *s, struct carrier_entry *c);
/* The same at every carrier of its path. */
void sched_wake_path(struct flow *f, struct source *s);
/* Some carrier of the settings; NULL: there is none. */
struct carrier_entry *sched_any(struct flow *f);
/* Carriers became better or worse: who was told to wait asks again. */
void sched_rethink(struct flow *f);
/* What was prepared for this carrier and did not leave goes elsewhere. */
void sched_vacate(struct flow *f, struct carrier_entry *c);
/* The source is gone. */
void sched_forget(struct flow *f, struct source *s);

/* A part that goes again. */
struct again {
    uint8_t part;     /* or SCHED_WHOLE */
    uint8_t tries;    /* answers so far that asked for another try */
    uint16_t attempt; /* hand-overs so far: when the log knows more, it is
                         dropped */
};

/* A part goes again at that time. */
void sched_again(struct flow *f, uint32_t carrier, uint64_t when_us,
                 uint64_t message, struct again a);

/* The message being handed over again, and the ACCEPT of a feed's current
 * single message; 0: none. For checkpoints. */
uint64_t sched_current(const struct outlet *o);
uint64_t sched_current_pos(struct flow *f, const struct feed *x);

/* What waits at the outlet of a carrier that is gone goes to another one,
 * which asks where it leads now. */
void sched_rescue(struct flow *f);

/* Fills all the room there is, within the turn's bound. */
void sched_fill(struct flow *f);

#endif
