/*
 * bind_fsm.c - the table of states and events of a bind.
 *
 * Promise: as in bind_fsm.h. Cells that are not written here are empty.
 */
#include "engine/carrier/bind_fsm.h"

#define GO(state, act)                                                         \
    {                                                                          \
        true, BIND_##state, BIND_ACT_##act                                     \
    }

/* clang-format off */
static const struct bind_edge edges[BIND_STATE_N][BIND_EVENT_N] = {
    [BIND_DOWN] = {
        [BIND_EV_WANT]     = GO(WAITING, ARM),
        [BIND_EV_STOP]     = GO(DOWN, NONE),
    },
    [BIND_WAITING] = {
        [BIND_EV_WANT]     = GO(WAITING, NONE),
        [BIND_EV_DUE]      = GO(CONNECTING, DIAL),
        [BIND_EV_STOP]     = GO(DOWN, NONE),
    },
    [BIND_CONNECTING] = {
        [BIND_EV_WANT]     = GO(CONNECTING, NONE),
        [BIND_EV_FAILED]   = GO(WAITING, ARM),
        [BIND_EV_OPENED]   = GO(BINDING, LOG_IN),
        [BIND_EV_LOST]     = GO(WAITING, ARM),
        [BIND_EV_STOP]     = GO(UNBINDING, HANG_UP),
    },
    [BIND_BINDING] = {
        [BIND_EV_WANT]     = GO(BINDING, NONE),
        [BIND_EV_ACCEPTED] = GO(BOUND, CHEER),
        [BIND_EV_REFUSED]  = GO(BINDING, MIND),
        [BIND_EV_LOST]     = GO(WAITING, ARM),
        [BIND_EV_STOP]     = GO(UNBINDING, HANG_UP),
    },
    [BIND_BOUND] = {
        [BIND_EV_WANT]     = GO(BOUND, NONE),
        [BIND_EV_LOST]     = GO(WAITING, ARM),
        [BIND_EV_STOP]     = GO(UNBINDING, UNBIND),
    },
    [BIND_UNBINDING] = {
        [BIND_EV_WANT]     = GO(UNBINDING, NONE),
        [BIND_EV_LOST]     = GO(DOWN, NONE),
        [BIND_EV_STOP]     = GO(UNBINDING, NONE),
    },
};
/* clang-format on */

const struct bind_edge *
bind_edge_at(enum bind_state state, enum bind_event event)
{
    return &edges[state][event];
}

const char *
bind_state_name(enum bind_state state)
{
    static const char *const names[BIND_STATE_N] = {
#define X(symbol, name) #name,
        BIND_STATES(X)
#undef X
    };
    return state < BIND_STATE_N ? names[state] : "?";
}

const char *
bind_event_name(enum bind_event event)
{
    static const char *const names[BIND_EVENT_N] = {
#define X(symbol, name) #name,
        BIND_EVENTS(X)
#undef X
    };
    return event < BIND_EVENT_N ? names[event] : "?";
}
