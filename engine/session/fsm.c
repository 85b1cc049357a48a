/*
 * fsm.c - the table of states and events of a session.
 *
 * Promise: as in fsm.h. Cells that are not written here are empty.
 */
#include "engine/session/fsm.h"

#include <stddef.h>

#define GO(state, act)                                                         \
    {                                                                          \
        true, SESSION_##state, ACT_##act                                       \
    }

/* clang-format off */
static const struct session_edge edges[SESSION_STATE_N][SESSION_EVENT_N] = {
    [SESSION_OPENING] = {
        [SESSION_EV_OPENED]          = GO(OPEN, TELL_OPENED),
        [SESSION_EV_DRAIN]           = GO(ENDING, DROP),
        [SESSION_EV_CLOSE]           = GO(ENDING, DROP),
        [SESSION_EV_CONN_CLOSED]     = GO(CLOSED, FINISH),
    },
    [SESSION_OPEN] = {
        [SESSION_EV_BIND_SENT]       = GO(BINDING, SEND_BIND),
        [SESSION_EV_BIND_ASKED]      = GO(BINDING, TELL_ASKED),
        [SESSION_EV_DRAIN]           = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_UNBIND_ASKED]    = GO(ENDING, ANSWER_UNBIND),
        [SESSION_EV_TIME_UP]         = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_SILENT]          = GO(ENDING, DROP),
        [SESSION_EV_BROKEN]          = GO(ENDING, NACK_CLOSE),
        [SESSION_EV_CLOSE]           = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_CONN_CLOSED]     = GO(CLOSED, FINISH),
    },
    [SESSION_BINDING] = {
        [SESSION_EV_BIND_ASKED]      = GO(BINDING, REFUSE_BIND),
        [SESSION_EV_ACCEPTED]        = GO(BOUND, TELL_BOUND),
        [SESSION_EV_REFUSED]         = GO(ENDING, TELL_REFUSED),
        [SESSION_EV_TURNED_AWAY]     = GO(OPEN, NONE),
        /* No unbind on an unbound connection: some centres count it as a
         * session of the account. */
        [SESSION_EV_DRAIN]           = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_UNBIND_ASKED]    = GO(ENDING, ANSWER_UNBIND),
        [SESSION_EV_TIME_UP]         = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_SILENT]          = GO(ENDING, DROP),
        [SESSION_EV_BROKEN]          = GO(ENDING, NACK_CLOSE),
        [SESSION_EV_CLOSE]           = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_CONN_CLOSED]     = GO(CLOSED, FINISH),
    },
    [SESSION_BOUND] = {
        [SESSION_EV_BIND_ASKED]      = GO(BOUND, REFUSE_BIND),
        [SESSION_EV_DRAIN]           = GO(DRAINING, NONE),
        [SESSION_EV_UNBIND_ASKED]    = GO(ENDING, ANSWER_UNBIND),
        [SESSION_EV_SILENT]          = GO(ENDING, DROP),
        [SESSION_EV_BROKEN]          = GO(ENDING, NACK_CLOSE),
        [SESSION_EV_CLOSE]           = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_CONN_CLOSED]     = GO(CLOSED, FINISH),
    },
    [SESSION_DRAINING] = {
        [SESSION_EV_BIND_ASKED]      = GO(DRAINING, REFUSE_BIND),
        [SESSION_EV_DRAIN]           = GO(DRAINING, NONE),
        [SESSION_EV_DRAINED]         = GO(UNBINDING, SEND_UNBIND),
        [SESSION_EV_UNBIND_ASKED]    = GO(ENDING, ANSWER_UNBIND),
        [SESSION_EV_SILENT]          = GO(ENDING, DROP),
        [SESSION_EV_BROKEN]          = GO(ENDING, NACK_CLOSE),
        [SESSION_EV_CLOSE]           = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_CONN_CLOSED]     = GO(CLOSED, FINISH),
    },
    [SESSION_UNBINDING] = {
        [SESSION_EV_BIND_ASKED]      = GO(UNBINDING, REFUSE_BIND),
        [SESSION_EV_DRAIN]           = GO(UNBINDING, NONE),
        [SESSION_EV_UNBIND_ASKED]    = GO(ENDING, ANSWER_UNBIND),
        [SESSION_EV_UNBIND_ANSWERED] = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_TIME_UP]         = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_SILENT]          = GO(ENDING, DROP),
        [SESSION_EV_BROKEN]          = GO(ENDING, NACK_CLOSE),
        [SESSION_EV_CLOSE]           = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_CONN_CLOSED]     = GO(CLOSED, FINISH),
    },
    [SESSION_ENDING] = {
        [SESSION_EV_DRAIN]           = GO(ENDING, NONE),
        [SESSION_EV_CLOSE]           = GO(ENDING, FLUSH_CLOSE),
        [SESSION_EV_CONN_CLOSED]     = GO(CLOSED, FINISH),
    },
};
/* clang-format on */

const struct session_edge *
session_edge_at(enum session_state state, enum session_event event)
{
    return &edges[state][event];
}

const char *
session_state_name(enum session_state state)
{
    static const char *const names[SESSION_STATE_N] = {
#define X(symbol, name) #name,
        SESSION_STATES(X)
#undef X
    };
    return state < SESSION_STATE_N ? names[state] : "?";
}

const char *
session_event_name(enum session_event event)
{
    static const char *const names[SESSION_EVENT_N] = {
#define X(symbol, name) #name,
        SESSION_EVENTS(X)
#undef X
    };
    return event < SESSION_EVENT_N ? names[event] : "?";
}
