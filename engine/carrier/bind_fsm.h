/*
 * bind_fsm.h - the states of one bind to a carrier, as one table.
 *
 * Promise: every cell of state x event says what happens; an empty cell is
 * our own bug. A bind has a socket in CONNECTING to UNBINDING and none in
 * DOWN and WAITING, so it never has two.
 *
 * Threads: constant tables only.
 */
#ifndef ENGINE_CARRIER_BIND_FSM_H
#define ENGINE_CARRIER_BIND_FSM_H

#include <stdbool.h>

#define BIND_STATES(X)                                                         \
    X(DOWN, down)       /* not wanted, or just stopped */                      \
    X(WAITING, waiting) /* for the next try */                                 \
    X(CONNECTING, connecting)                                                  \
    X(BINDING, binding)                                                        \
    X(BOUND, bound)                                                            \
    X(UNBINDING, unbinding) /* on our wish, until the socket is gone */

enum bind_state {
#define X(symbol, name) BIND_##symbol,
    BIND_STATES(X)
#undef X
        BIND_STATE_N
};

#define BIND_EVENTS(X)                                                         \
    X(WANT, want)     /* it shall be up */                                     \
    X(DUE, due)       /* the wait is over and there is a place */              \
    X(FAILED, failed) /* it could not even begin to connect */                 \
    X(OPENED, opened)                                                          \
    X(ACCEPTED, accepted)                                                      \
    X(REFUSED, refused)                                                        \
    X(LOST, lost) /* the session ended */                                      \
    X(STOP, stop) /* it shall be down, or begin anew */

enum bind_event {
#define X(symbol, name) BIND_EV_##symbol,
    BIND_EVENTS(X)
#undef X
        BIND_EVENT_N
};

enum bind_act {
    BIND_ACT_NONE,
    BIND_ACT_ARM, /* the next try, after the back-off */
    BIND_ACT_DIAL,
    BIND_ACT_LOG_IN,
    BIND_ACT_CHEER, /* bound: tell the carrier */
    BIND_ACT_MIND,  /* refused: floor, version, words; the end follows */
    BIND_ACT_UNBIND,
    BIND_ACT_HANG_UP, /* not bound: close without unbind */
};

struct bind_edge {
    bool legal;
    enum bind_state next;
    enum bind_act act;
};

/* The cell; legal is false when it is empty. */
const struct bind_edge *
bind_edge_at(enum bind_state state, enum bind_event event);

const char *bind_state_name(enum bind_state state);
const char *bind_event_name(enum bind_event event);

#endif
