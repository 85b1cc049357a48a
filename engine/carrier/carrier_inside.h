/*
 * carrier_inside.h - the bodies of a carrier and its binds, shared by the
 * files of this folder and by nobody else.
 *
 * Promise: only bind_move() changes a bind's state, and session is NULL
 * exactly in DOWN and WAITING.
 */
#ifndef ENGINE_CARRIER_CARRIER_INSIDE_H
#define ENGINE_CARRIER_CARRIER_INSIDE_H

#include "engine/carrier/bind_fsm.h"
#include "engine/carrier/carrier.h"
#include "engine/carrier/rate.h"
#include "engine/carrier/settings.h"
#include "engine/carrier/throttle.h"
#include "engine/core/backoff.h"
#include "engine/session/session.h"

enum { CARRIER_BINDS_MAX = 128 }; /* 64 pairs */

struct tls_context;

struct bind {
    struct carrier *carrier;
    unsigned index;
    enum bind_state state;
    enum session_mode mode; /* at the next dial */
    bool wanted;
    bool counted_opening;  /* holds a place among those being opened */
    bool was_bound;        /* in this session */
    bool erred;            /* since it was last bound; last_error says what */
    uint8_t version;       /* to offer; lowered when 5.0 is refused */
    unsigned refusals;     /* in a row */
    unsigned stop_wait_ms; /* for answers, when stopped */
    struct session *session;
    struct backoff backoff;
    struct mono try_at; /* WAITING */
    struct mono bound_at;
    struct mono moved_at;    /* an answer, or the first part of a run */
    struct wall since;       /* of the state */
    bool waits_since_answer; /* parts timed out since the last answer */
    char last_error[128];
    uint64_t submitted, answered, delivered_in, reconnects;
};

struct carrier {
    struct loop *loop;
    const struct carrier_settings *settings;
    const struct carrier_ops *ops;
    void *flow;
    struct mono not_before;
    enum carrier_state state;
    bool paused, drained, closing, reading_paused;
    uint64_t backlog;
    struct tls_context *tls; /* made at the first dial that needs it */
    struct rate_gate gate;
    struct rate rate;
    struct throttle throttle;
    struct second sent; /* for people */
    uint64_t durable;
    unsigned credit; /* room that is left at credit_at */
    struct mono credit_at;
    unsigned next_bind; /* round robin */
    unsigned binds;     /* in use */
    struct bind bind[CARRIER_BINDS_MAX];
};

/* bind.c */
void bind_init(struct bind *b, struct carrier *c, unsigned index);
/* Drops the socket, tells nobody. */
void bind_fini(struct bind *b);
/* Words for people: why it is not up. */
__attribute__((format(printf, 2, 3))) void
bind_note(struct bind *b, const char *format, ...);
bool bind_move(struct bind *b, enum bind_event event);
void bind_tick(struct bind *b, struct mono now);
/* It shall end; outstanding answers are waited for so long. */
void bind_stop(struct bind *b, unsigned wait_ms);
static inline bool
bind_may_submit(const struct bind *b)
{
    return b->state == BIND_BOUND && (b->mode & SESSION_TRANSMITTER);
}

/* bind_session.c: what the session says, and how it is begun. */
/* session stays NULL when it could not begin: last_error says why. */
void bind_dial(struct bind *b);
void bind_log_in(struct bind *b);

/* carrier.c */
/* What the bind of this index does. */
enum session_mode
carrier_mode_of(const struct carrier_settings *s, unsigned index);
/* Works out the state of the whole and tells the flow what changed. */
void carrier_update(struct carrier *c, unsigned bind);

#endif
