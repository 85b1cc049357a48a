/*
 * session.h - one SMPP conversation on one connection, at either end.
 *
 * A session frames, decodes, pairs answers with requests, keeps the link
 * alive, and obeys the table of states (fsm.h). Who is bound, what a message
 * means and when to try again is its owner's business.
 *
 * Promise: each request of ours gets exactly one word back, answered() or
 * lost(), while the session lives or at its end. Unanswered requests never
 * exceed the window. enquire_link is answered at once in any state. After
 * closed() the session is dead and freed by the loop's reap phase.
 *
 * Threads: the loop's thread only. Ops are called inside the loop's read
 * phase, or inside session_tick().
 */
#ifndef ENGINE_SESSION_SESSION_H
#define ENGINE_SESSION_SESSION_H

#include "engine/core/clock.h"
#include "engine/core/conn.h"
#include "engine/session/fsm.h"
#include "proto/pdu.h"

struct session;

enum session_side {
    SESSION_ESME, /* we bind: the client */
    SESSION_SMSC, /* we are bound to: the server, the simulator */
};

/* What a bind lets the ESME do. */
enum session_mode {
    SESSION_TRANSMITTER = 1,
    SESSION_RECEIVER = 2,
    SESSION_TRANSCEIVER = 3,
};
const char *session_mode_name(enum session_mode mode);

/* The owner's own words about a request, copied and handed back. */
struct session_note {
    uint64_t word[3];
};

enum session_take {
    SESSION_TAKEN, /* the owner answers, now or later */
    SESSION_LATER, /* back-pressure: reading stops, the request is offered
                      again after session_pause(s, false) or 5 ms */
};

enum session_loss {
    SESSION_NOT_SENT,  /* surely never left this machine */
    SESSION_UNKNOWN,   /* left; the connection ended before the answer */
    SESSION_TIMED_OUT, /* left; no answer in time, a late one may come */
};

/* What the owner hears. Pdus are borrowed for the call. Any but opened(),
 * request() and closed() may be NULL where the side has no use for it.
 * None of them may free anything. */
struct session_ops {
    /* Connected (and verified, with TLS). ESME: call session_bind(). */
    void (*opened)(void *owner);
    /* SMSC: a bind request. Answer with session_bind_answer(), now or within
     * bind_ms. */
    void (*bind_asked)(void *owner, enum session_mode mode,
                       const struct pdu *bind);
    /* ESME: bound. */
    void (*bound)(void *owner, const struct pdu *answer);
    /* ESME: refused by a status; the session then closes by itself. */
    void (*refused)(void *owner, uint32_t status);
    /* A request other than bind, unbind and enquire_link that is allowed in
     * this state. outbind and alert_notification come here too and have no
     * answer. */
    enum session_take (*request)(void *owner, const struct pdu *request);
    /* The answer to session_request(): a response, or a generic_nack (then
     * answer->id says so). late: lost() had said SESSION_TIMED_OUT. */
    void (*answered)(void *owner, const struct session_note *note,
                     const struct pdu *answer, bool late);
    void (*lost)(void *owner, const struct session_note *note,
                 enum session_loss loss);
    /* The end, once; lost() has been called for what was outstanding. */
    void (*closed)(void *owner, enum close_reason why, const char *detail);
    /* SMSC: whether the owner still owes answers: a peer that unbinds is
     * answered when it does not, or after unbind_ms. NULL: never. */
    bool (*owes)(void *owner);
    /* A deadline came nearer: session_tick() is due by then. For an owner of
     * very many; NULL: it calls session_tick() in each turn. */
    void (*due)(void *owner, struct mono when);
};

/* Times in milliseconds; 0 switches the timer off. */
struct session_settings {
    enum session_side side;
    uint8_t version;         /* the highest we speak: 0x33, 0x34, 0x50 */
    bool strict;             /* decode by the book; default is lenient */
    bool enquire_unanswered; /* the peer need not answer enquire_link */
    unsigned window;         /* our unanswered requests, 1-16,384 */
    unsigned pdu_max;        /* largest command_length; 0: 65,536 */
    unsigned unbound_max;    /* SMSC: the same before bound; 0: pdu_max */
    unsigned unbound_pdus;   /* SMSC: PDUs heard before bound; 0: any number */
    unsigned bind_ms;        /* opened to bound */
    unsigned response_ms;    /* per request */
    unsigned enquire_ms;     /* silence in both directions, then enquire_link */
    unsigned enquire_answer_ms;
    unsigned idle_ms;   /* nothing at all from the peer, then the end */
    unsigned read_ms;   /* a PDU begun and not finished */
    unsigned unbind_ms; /* unbind to unbind_resp */
};

/* Side, version 3.4, window 10 and the usual times. */
void
session_settings_default(struct session_settings *out, enum session_side side);

/* What an ESME says when it binds; borrowed for the call. */
struct session_login {
    const char *system_id;
    const char *password;
    const char *system_type;
    uint8_t addr_ton, addr_npi;
    const char *address_range;
};

/* What may change while it lives. 0 in a time switches that timer off. */
struct session_limits {
    unsigned window, enquire_ms, idle_ms, response_ms;
    size_t read_turn, output_max; /* as in conn_settings */
};
void session_set_limits(struct session *s, const struct session_limits *limits);

/* Begins to connect, or takes an accepted fd; opened() or closed() follows,
 * never from inside. Both settings are copied. NULL: out of memory. */
struct session *
session_dial(struct loop *loop, const struct conn_settings *where,
             const struct session_settings *settings,
             const struct session_ops *ops, void *owner);
struct session *
session_accept(struct loop *loop, int fd, const struct conn_settings *how,
               const struct session_settings *settings,
               const struct session_ops *ops, void *owner);

/* ESME, once opened. bound(), refused() or closed() follows. */
void session_bind(struct session *s, enum session_mode mode,
                  const struct session_login *login);

/* SMSC: status 0 accepts. After a refusal the answer is flushed and the
 * session stays open for another try until bind_ms have passed. */
void
session_bind_answer(struct session *s, uint32_t status, const char *system_id);

/*
 * Sends a request (bound only): gives it the next sequence number, encodes it
 * into the held lane and opens a window slot. 0 when there is no room (window,
 * output) or the state forbids it: nothing happened then. Else the sequence
 * number. A pdu that cannot be encoded: 0 too, with *fault set (may be NULL).
 */
uint32_t
session_request(struct session *s, struct pdu *request,
                const struct session_note *note, enum pdu_fault *fault);

/* Answers a request in the held lane: id and sequence are the request's own,
 * as it came. message_id matters for submit_sm, data_sm and deliver_sm (send
 * an empty one). False when there was no output room: try later. */
MUST_CHECK bool
session_answer(struct session *s, uint32_t request_id, uint32_t sequence,
               uint32_t status, struct slice message_id);

/* The same with a whole answer: id (the response's), status, sequence, body
 * and TLVs set by the caller. */
MUST_CHECK bool session_answer_pdu(struct session *s, const struct pdu *answer);

/* Refuses a request at once, ahead of what is held: a header without a body.
 * A request that has no answer gets none. */
void session_reject(struct session *s, uint32_t request_id, uint32_t sequence,
                    uint32_t status);

/* outbind (SMSC, before the bind) and alert_notification: given a number,
 * sent ahead of what is held, never answered. False: it does not fit. */
MUST_CHECK bool session_tell(struct session *s, struct pdu *pdu);

/* Whether the output has room for an answer now. */
bool session_can_answer(const struct session *s);

/* As conn_hold() and conn_release(): the durable lane. Not needed when the
 * connection was made with conn_settings.unheld. */
void session_hold(struct session *s, uint64_t pos);
void session_release(struct session *s, uint64_t durable);
/* Whether something waits for a position. */
bool session_is_held(const struct session *s);

/* Stop and go on reading. */
void session_pause(struct session *s, bool paused);

/* Timers, once a turn: nearly free before the next deadline. Asks the loop
 * to wake in time for it. */
void session_tick(struct session *s, struct mono now);
/* When it is due next; UINT64_MAX: never, as things stand. */
struct mono session_due(const struct session *s);

/* Hears each whole PDU, as it came and as it was queued (what is held may
 * leave later, or never). NULL ends it. Costs nothing when nobody listens. */
void
session_set_tap(struct session *s,
                void (*tap)(void *arg, bool out, struct slice pdu), void *arg);

/* Takes no more requests, waits at most wait_ms for outstanding answers,
 * sends unbind, waits for its answer, closes. closed() follows. */
void session_unbind(struct session *s, unsigned wait_ms);

/* Flushes what may leave (drain), then closes without unbind. */
void session_close(struct session *s, enum close_reason why, const char *detail,
                   bool drain);

/* The owner goes away at once: the connection is dropped and nothing is told
 * to anybody. */
void session_orphan(struct session *s);

enum session_state session_get_state(const struct session *s);
bool session_is_bound(const struct session *s);
enum session_mode session_get_mode(const struct session *s);
uint8_t session_version(const struct session *s); /* agreed on */
unsigned session_room(const struct session *s);   /* requests, now */
unsigned session_in_flight(const struct session *s);
/* Octets that may leave and could not yet: the peer reads too slowly. */
size_t session_backed_up(const struct session *s);
const char *session_peer(const struct session *s); /* "address:port" */
const char *session_tls(const struct session *s);  /* "" when plain */
/* The subject of the peer's verified certificate, "" when it gave none.
 * Returns dst. */
char *session_certificate(const struct session *s, char *dst, size_t cap);
/* Tells one connection from another over the life of the process. */
uint64_t session_number(const struct session *s);

/* Counted since the session began. */
struct session_counts {
    uint64_t pdus_in, pdus_out;
    uint64_t unpaired;  /* answers to nothing we asked */
    uint64_t malformed; /* PDUs with a bad body */
    uint64_t nacked;    /* generic_nack received */
    uint64_t timed_out, late;
};
const struct session_counts *session_counts(const struct session *s);

#endif
