/*
 * session_inside.h - the body of a session, shared by session.c,
 * session_input.c, session_output.c and session_timers.c.
 *
 * Promise: only session_move() changes the state.
 */
#ifndef ENGINE_SESSION_SESSION_INSIDE_H
#define ENGINE_SESSION_SESSION_INSIDE_H

#include "engine/session/keepalive.h"
#include "engine/session/session.h"
#include "engine/session/window.h"

/* Header of the PDU being handled. */
struct session_header {
    uint32_t length, id, status, sequence;
};

struct session {
    struct loop *loop;
    struct conn *conn;
    const struct session_ops *ops;
    void *owner;
    struct session_settings settings;
    uint64_t number;
    enum session_state state;
    enum session_mode mode;
    uint8_t version;
    bool paused;      /* by the owner, or until the retry */
    bool retry;       /* a request was put off: offer it again */
    bool close_drain; /* how to close, and what to say */
    enum close_reason why;
    char detail[160];
    struct window window;
    struct keepalive keepalive;
    struct mono due;      /* session_tick() has nothing to do before */
    struct mono phase_by; /* bind, drain or unbind deadline; 0: none */
    struct mono half_by;  /* a PDU begun must be whole by; 0: none */
    struct mono retry_at;
    struct mono judge_from; /* we had not listened: answers come first */
    unsigned retry_ms; /* the last wait for it; doubles while nothing moves */
    /* requests that are not in the window */
    uint32_t bind_id, bind_sequence; /* ours, or the peer's to be answered */
    uint32_t bind_asked_version;
    struct session_header second; /* a bind that came too often */
    uint32_t unbind_sequence;     /* ours, or the peer's to be answered */
    struct mono unbind_by;        /* the peer's waits no longer; 0: none does */
    /* the bind request or answer that an action hands up */
    const struct pdu *pdu;
    uint32_t refused_status;
    struct slice bind_wire; /* ours, while it is being sent */
    struct session_counts counts;
    struct pdu *in; /* being handled; stands on session_readable()'s stack */
    void (*tap)(void *arg, bool out, struct slice pdu);
    void *tap_arg;
    bool tapped; /* the PDU that was put off: the tap has heard it */
};

static inline void
session_tell_tap(const struct session *s, bool out, struct slice pdu)
{
    if (__builtin_expect(s->tap != NULL, 0))
        s->tap(s->tap_arg, out, pdu);
}

/* session.c: looks the event up, sets the state, logs, acts. False when the
 * cell is empty: our bug, logged, nothing changed. */
bool session_move(struct session *s, enum session_event event);
/* The same, with the words for the end. */
void session_end(struct session *s, enum session_event event,
                 enum close_reason why, const char *detail, bool drain);

/* session_input.c */
size_t session_readable(void *session, struct slice input);

/* session_output.c */
/* A PDU of a header alone, ahead of all; false without output room. */
bool session_send_header(struct session *s, uint32_t id, uint32_t status,
                         uint32_t sequence);
/* The answer that refuses a request: its response, or generic_nack. */
void session_refuse(struct session *s, const struct session_header *h,
                    uint32_t status);

/* session_timers.c */
void session_due_by(struct session *s, struct mono when);

#endif
