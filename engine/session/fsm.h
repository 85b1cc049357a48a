/*
 * fsm.h - the states of a session and what moves it, as one table.
 *
 * Promise: every cell of state x event says what happens; an empty cell is
 * our own bug and is reported as illegal, never guessed at. The table is
 * pure: it knows no connection and no time.
 *
 * Threads: constant tables only.
 */
#ifndef ENGINE_SESSION_FSM_H
#define ENGINE_SESSION_FSM_H

#include <stdbool.h>

#define SESSION_STATES(X)                                                      \
    X(OPENING, opening)     /* connecting, TLS handshake */                    \
    X(OPEN, open)           /* connected, nobody bound */                      \
    X(BINDING, binding)     /* bind sent, or asked and not yet answered */     \
    X(BOUND, bound)         /* traffic */                                      \
    X(DRAINING, draining)   /* no new requests; answers are awaited */         \
    X(UNBINDING, unbinding) /* unbind sent */                                  \
    X(ENDING, ending)       /* what may leave leaves, then the close */        \
    X(CLOSED, closed)

enum session_state {
#define X(symbol, name) SESSION_##symbol,
    SESSION_STATES(X)
#undef X
        SESSION_STATE_N
};

#define SESSION_EVENTS(X)                                                      \
    X(OPENED, opened)                                                          \
    X(BIND_SENT, bind_sent)       /* ours left */                              \
    X(BIND_ASKED, bind_asked)     /* a bind request came */                    \
    X(ACCEPTED, accepted)         /* the bind's answer, either side */         \
    X(REFUSED, refused)           /* ESME: by a status or a nack */            \
    X(TURNED_AWAY, turned_away)   /* SMSC: we refused */                       \
    X(DRAIN, drain)               /* session_unbind() */                       \
    X(DRAINED, drained)           /* nothing outstanding, or waited enough */  \
    X(UNBIND_ASKED, unbind_asked) /* the peer unbinds */                       \
    X(UNBIND_ANSWERED, unbind_answered)                                        \
    X(TIME_UP, time_up) /* a bind or unbind timer */                           \
    X(SILENT, silent)   /* the peer shows no life */                           \
    X(BROKEN, broken)   /* the stream cannot be trusted */                     \
    X(CLOSE, close)     /* session_close() */                                  \
    X(CONN_CLOSED, conn_closed)

enum session_event {
#define X(symbol, name) SESSION_EV_##symbol,
    SESSION_EVENTS(X)
#undef X
        SESSION_EVENT_N
};

/* What the session does after the state was set. */
enum session_act {
    ACT_NONE,
    ACT_TELL_OPENED,
    ACT_SEND_BIND,
    ACT_TELL_ASKED, /* hand the bind request up */
    ACT_TELL_BOUND,
    ACT_TELL_REFUSED, /* and close */
    ACT_REFUSE_BIND,  /* a second bind: 0x05 */
    ACT_SEND_UNBIND,
    ACT_ANSWER_UNBIND, /* answer, flush, close */
    ACT_NACK_CLOSE,    /* generic_nack 0x02, flush, close */
    ACT_FLUSH_CLOSE,
    ACT_DROP,  /* close at once */
    ACT_FINISH /* report the losses and the end */
};

struct session_edge {
    bool legal;
    enum session_state next;
    enum session_act act;
};

/* The cell; legal is false when it is empty. */
const struct session_edge *
session_edge_at(enum session_state state, enum session_event event);

const char *session_state_name(enum session_state state);
const char *session_event_name(enum session_event event);

#endif
