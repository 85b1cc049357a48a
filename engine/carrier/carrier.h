/*
 * carrier.h - the way out: one upstream SMSC account with all its binds.
 *
 * The flow asks for room and hands over parts; the carrier keeps binds up,
 * windows, rates and throttling, and tells the flow what came of each part.
 *
 * Promise: parts per second never exceed the rate in any one-second span,
 * over reconnects and binds (promise 4). A part handed over gets exactly one
 * word back: answered, or lost with how far it got. In flight never exceeds
 * the window. One socket at most for one bind.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_CARRIER_CARRIER_H
#define ENGINE_CARRIER_CARRIER_H

#include "engine/core/clock.h"
#include "proto/pdu.h"

struct carrier;
struct loop;
struct session;

/* What the flow wants back with the answer. Copied. */
struct part_ref {
    uint64_t message;
    uint64_t sent_pos; /* where the hand-over is recorded in the log */
    uint32_t number;   /* which of our numbers it left from */
    uint8_t part;      /* from 0 */
    uint8_t parts;
    uint8_t attempt;
    uint8_t flags; /* the flow's own */
};

enum part_loss {
    LOSS_NOT_SENT,  /* surely never left this machine: may go again */
    LOSS_UNKNOWN,   /* left, the connection died before the answer */
    LOSS_TIMED_OUT, /* left, no answer in time; a late one may still come */
};

/* What a status means for the part and for the carrier (verdict.def). */
enum verdict {
    VERDICT_OK,
    VERDICT_RETRY,     /* this part again later */
    VERDICT_SLOW,      /* the carrier slows down, this part again; no attempt
                          is counted */
    VERDICT_FAIL,      /* this part is done for */
    VERDICT_STOP_BIND, /* close the bind; this part again */
    VERDICT_N,
};

enum carrier_state {
    CARRIER_UP,
    CARRIER_DEGRADED,
    CARRIER_DOWN,
    CARRIER_PAUSED
};

/* Ears of the flow; called inside the read and tick phases. Slices and pdus
 * are borrowed for the call. `late`: the part had been reported as
 * LOSS_TIMED_OUT before. */
struct carrier_ops {
    void (*answered)(void *flow, struct carrier *c, unsigned bind,
                     const struct part_ref *part, uint32_t status,
                     enum verdict verdict, struct slice smsc_id, bool late);
    void (*lost)(void *flow, struct carrier *c, unsigned bind,
                 const struct part_ref *part, enum part_loss loss);
    /* deliver_sm or data_sm. The flow records it, then the carrier queues
     * the answer with the returned status, held like all output; nothing is
     * answered when it returns CARRIER_NO_ANSWER_NOW (back-pressure: the
     * session stops reading and offers the PDU again). `session` tells one
     * TCP connection from another over the life of the process. */
    uint32_t (*delivered)(void *flow, struct carrier *c, unsigned bind,
                          uint64_t session, const struct pdu *pdu);
    /* A bind or the whole carrier changed; text says from what to what. */
    void (*changed)(void *flow, struct carrier *c, unsigned bind,
                    enum carrier_state before, enum carrier_state now);
};
#define CARRIER_NO_ANSWER_NOW 0xFFFFFFFFu

/* carrier_submit(): the part breaks a rule of the protocol (a number too
 * long, a field that the version lacks). It can never leave: fail it. */
enum { CARRIER_CANNOT_ENCODE = -2 };

struct carrier_settings; /* carrier/settings.h */

/* settings is borrowed until destroyed or replaced. Starts to connect in the
 * next tick. not_before: nothing is sent earlier (after a restart the last
 * second's sends are unknown). */
struct carrier *
carrier_create(struct loop *loop, const struct carrier_settings *settings,
               const struct carrier_ops *ops, void *flow,
               struct mono not_before);
/* Unbinds all, at once or after answers came (drain), then reports
 * carrier_is_closed(). */
void carrier_close(struct carrier *c, bool drain);
bool carrier_is_closed(const struct carrier *c);
void carrier_destroy(struct carrier *c);

/* Applies new settings; false when the change needs new binds and they were
 * recycled. */
bool carrier_reload(struct carrier *c, const struct carrier_settings *settings);

/* Each turn, before room is asked for: timers, reconnects, throttling. */
void carrier_tick(struct carrier *c, struct mono now);

/* How many parts may be handed over right now: window room of bound binds,
 * rate, throttle and pause taken together. */
unsigned carrier_room(struct carrier *c, struct mono now);
/* When room may come because of rate alone; far future when it is 0 for
 * another reason (an event will come). */
struct mono carrier_room_at(const struct carrier *c, struct mono now);

/*
 * Hands one part over: encodes `submit` (a submit_sm with everything but its
 * sequence number) into the held lane of a bind. bind_hint: the bind that
 * took the earlier parts of the same message, or -1. The bind used is
 * returned, -1 when there is no room after all (nothing happened), or
 * CARRIER_CANNOT_ENCODE. Charges rate and window. The carrier calls conn_hold()
 * for all its binds when told the turn's position by carrier_hold().
 */
int carrier_submit(struct carrier *c, struct pdu *submit,
                   const struct part_ref *part, int bind_hint, struct mono now);

/* End of turn: all handed over or answered in this turn waits for pos. */
void carrier_hold(struct carrier *c, uint64_t pos);
/* The store has passed `durable`. */
void carrier_release(struct carrier *c, uint64_t durable);
/* Stop reading from the carrier's binds (the store is full or behind). */
void carrier_pause_reading(struct carrier *c, bool paused);

void carrier_pause(struct carrier *c, bool paused); /* by a person */
void carrier_rebind(struct carrier *c);
/* By a person: sends nothing new, waits for the answers, unbinds, and stays
 * so until carrier_pause(c, false). */
void carrier_drain(struct carrier *c);
/* Closes one bind now, or CARRIER_ALL_BINDS; it is tried again at once. What
 * it had in flight is lost. False: there is no such bind. */
enum { CARRIER_ALL_BINDS = -1 };
bool carrier_kick(struct carrier *c, int bind);

/* How many parts wait for this carrier, for the stall detector and status. */
void carrier_set_backlog(struct carrier *c, uint64_t parts);

/* What leaves by this carrier passes here: for rates of the numbers that
 * send through it (rate_use_gate), so that they count what has left. */
struct rate_gate;
struct rate_gate *carrier_gate(struct carrier *c);

/* For traces: how many binds it has, and one's session (NULL: none now). */
unsigned carrier_binds(const struct carrier *c);
struct session *carrier_session(const struct carrier *c, unsigned bind);

const char *carrier_name(const struct carrier *c);
const struct carrier_settings *carrier_get_settings(const struct carrier *c);
enum carrier_state carrier_get_state(const struct carrier *c);
const char *carrier_state_name(enum carrier_state state); /* "up" */

/* A picture for people, filled for GET /v1/carriers and metrics. */
struct bind_view {
    unsigned index;
    const char *state; /* down, connecting, binding, bound, unbinding */
    const char *kind;  /* transceiver, transmitter, receiver */
    struct wall since;
    uint8_t version;
    const char *tls; /* "" when plain */
    unsigned window, in_flight;
    char last_error[128];
    uint64_t submitted, answered, delivered_in, reconnects;
};
struct carrier_view {
    const char *name;
    enum carrier_state state;
    unsigned rate_now;           /* parts sent in the last second */
    unsigned rate_limit;         /* as throttled now; 0 unlimited */
    struct wall throttled_until; /* 0: not throttled */
    uint64_t backlog;
    unsigned binds;
    bool drained; /* or draining, while a bind has a session */
    bool at_rest; /* no bind has one */
};
void carrier_look(const struct carrier *c, struct carrier_view *out);
void carrier_look_bind(const struct carrier *c, unsigned bind,
                       struct bind_view *out);

#endif
