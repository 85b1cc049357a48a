/*
 * client.h - the way in: apps that bind to us over SMPP.
 *
 * The server listens, keeps each bind's session, window and timers, and hears
 * from the flow who may bind. What a message means, who it is for and what a
 * client is owed is the flow's business.
 *
 * Promise: a request taken is answered once, by client_answer(), in the held
 * lane: nothing that promises durability leaves before its commit. A
 * deliver_sm handed over gets exactly one word back, answered or lost. A
 * hostile or stuck peer costs its own connection: before it is bound it has
 * little memory and a deadline, and its output is bounded.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_CLIENT_CLIENT_H
#define ENGINE_CLIENT_CLIENT_H

#include "engine/core/clock.h"
#include "engine/session/session.h"

struct clients; /* the server */
struct client;  /* one bind: one connection */
struct tls_context;

/* What a bind request said. Borrowed for the call. */
struct client_hello {
    const char *system_id, *password, *system_type, *address_range;
    enum session_mode mode;
    uint8_t interface_version; /* as it came; 0x33 when below 0x34 */
    const char *peer;          /* "address:port" */
    const char *tls;           /* "TLSv1.3", "" when plain */
    const char *certificate;   /* subject of the client's, "" none */
};

/* What the flow grants a bind. Copied. Times in ms, 0: as the server's. */
struct client_grant {
    uint32_t login, account; /* the flow's own ids */
    unsigned window_in;  /* unanswered requests of theirs that we hold; 100 */
    unsigned window_out; /* unanswered deliver_sm of ours; 10 */
    unsigned enquire_ms, idle_ms, response_ms;
};

enum client_take {
    CLIENT_TAKEN, /* answered, or will be by client_answer() */
    CLIENT_LATER, /* back-pressure: offered again soon, reading stops */
};

/* Ears of the flow; called in the read and tick phases. Pdus are borrowed. */
struct client_ops {
    /* Answer with client_accept() or client_refuse(), now or later. The
     * client may be closed() before. */
    void (*bind_asked)(void *flow, struct client *c,
                       const struct client_hello *hello);
    /* submit_sm, submit_multi, data_sm, query_sm, cancel_sm, replace_sm from
     * a bind whose mode allows them. All else is answered by the server. */
    enum client_take (*request)(void *flow, struct client *c,
                                const struct pdu *request);
    /* What became of a deliver_sm or data_sm of ours. Status 0 may still
     * come after lost() has said SESSION_TIMED_OUT. */
    void (*answered)(void *flow, struct client *c, uint64_t note,
                     uint32_t status);
    void (*lost)(void *flow, struct client *c, uint64_t note,
                 enum session_loss loss);
    /* Bound, or no longer: forget c when closed. Each client that was asked
     * about ends with one closed(), bound or not. */
    void (*bound)(void *flow, struct client *c);
    void (*closed)(void *flow, struct client *c, enum close_reason why,
                   const char *detail);
};

/* Borrowed while the server lives. */
struct clients_settings {
    const char *const *listen; /* "127.0.0.1:2775" */
    unsigned listen_n;
    const char *const *listen_tls;
    unsigned listen_tls_n;
    struct tls_context *tls; /* for listen_tls */
    const char *system_id;   /* ours, in bind answers: "volley" */
    unsigned connections;    /* at most; 20,000 */
    unsigned per_address;    /* not yet bound, from one address; 256 */
    unsigned unbound;        /* connections not yet bound at most; 2,048 */
    unsigned bind_ms;        /* from connecting to bound; 10,000 */
    unsigned read_ms;        /* a PDU begun and not finished; 10,000 */
    unsigned enquire_ms;     /* silence before we ask; 60,000 */
    unsigned idle_ms;        /* nothing heard: closed; 180,000 */
    unsigned response_ms;    /* a deliver_sm unanswered; 30,000 */
    unsigned stall_ms;       /* output not read: closed; 30,000 */
    size_t pdu_max;          /* 65,536 */
};
void clients_settings_default(struct clients_settings *out);

/* Opens the listeners; NULL with the reason in error when one cannot be. */
struct clients *
clients_create(struct loop *loop, const struct clients_settings *settings,
               const struct client_ops *ops, void *flow, char *error,
               size_t error_cap);
/* Stops listening; binds unbind, after their answers when drain. */
void clients_close(struct clients *s, bool drain);
bool clients_is_closed(const struct clients *s);
void clients_destroy(struct clients *s);

/* The port of listener i (settings may ask for 0: a free one). */
uint16_t clients_port(const struct clients *s, bool tls, unsigned i);

/* Each turn: timers. */
void clients_tick(struct clients *s, struct mono now);
/* End of turn: all answered or handed over in this turn waits for pos. Only
 * binds with new output are touched. */
void clients_hold(struct clients *s, uint64_t pos);
/* The store has passed `durable`. Only binds with held output are touched. */
void clients_release(struct clients *s, uint64_t durable);
/* The store is behind for a moment: nothing is read. */
void clients_pause_reading(struct clients *s, bool paused);
/* The store takes nothing for a while: requests but query_sm are answered with
 * this at once, whatever the window holds, and all else goes on. 0: no more. */
void clients_turn_down(struct clients *s, uint32_t status);

/*
 * A login that asks to be called (outbind): dials where ("host:port"), says
 * outbind with these words, and the peer binds on that connection as on any
 * other. It is dialled whenever it has no such connection, with back-off from
 * 1 s to 5 min. Copied; where NULL: no longer (a living bind stays). False:
 * where is not HOST:PORT, or out of memory.
 */
bool clients_outbind(struct clients *s, uint32_t login, const char *where,
                     const char *system_id, const char *password);

/* ---- one bind ------------------------------------------------------------ */

void client_accept(struct client *c, const struct client_grant *grant);
/* The status is answered; the connection ends when the peer has had a moment
 * to read it. delay_ms: how long the answer waits (wrong passwords). */
void client_refuse(struct client *c, uint32_t status, unsigned delay_ms);

/* Answers a request: message_id for submit_sm and data_sm, else empty. False:
 * no room for output (the peer does not read); the request's client is then
 * being closed and the answer is lost with it. */
bool client_answer(struct client *c, uint32_t request_id, uint32_t sequence,
                   uint32_t status, struct slice message_id);
/* The same with a whole answer (query_sm_resp, submit_multi_resp). */
bool client_answer_pdu(struct client *c, const struct pdu *answer);

/* How many deliver_sm may be handed over now: bound as receiver or
 * transceiver, window, output. */
unsigned client_room(const struct client *c);
/* It would have room, but its output is full: the client does not read, or
 * the store has not released it. Nobody says when that is over. */
bool client_is_stuffed(const struct client *c);
/* Hands a deliver_sm or data_sm over, in the held lane. TLVs must suit
 * client_version(). False: no room, nothing happened; or it cannot be
 * encoded: *fault set (may be NULL). */
bool client_deliver(struct client *c, struct pdu *deliver, uint64_t note,
                    enum pdu_fault *fault);
/* alert_notification, outbind: nothing comes back. */
bool client_tell(struct client *c, struct pdu *pdu);

/* New limits for a living bind. */
void client_regrant(struct client *c, const struct client_grant *grant);
/* unbind, after answers when drain; or at once. text is for last_error. */
void client_kick(struct client *c, const char *text, bool drain);
/* By a person: requests are answered ESME_RTHROTTLED and nothing is handed
 * over; the link is kept alive. */
void client_pause(struct client *c, bool paused);

uint32_t client_login(const struct client *c);
uint32_t client_account(const struct client *c);
uint8_t client_version(const struct client *c); /* 0x33, 0x34, 0x50 */
enum session_mode client_mode(const struct client *c);
uint64_t client_number(const struct client *c); /* unique in the process */
bool client_is_bound(const struct client *c);
/* The flow's own, NULL at first. */
void client_set_owner(struct client *c, void *owner);
void *client_owner(const struct client *c);
struct session *client_session(struct client *c); /* for traces */

/* All binds, for lists: NULL begins, NULL ends. */
struct client *clients_next(const struct clients *s, const struct client *c);
unsigned clients_count(const struct clients *s);

/* A picture for people. */
struct client_view {
    uint64_t number;
    uint32_t login, account;
    const char *state; /* connected, binding, bound, unbinding */
    const char *kind;  /* transceiver, transmitter, receiver */
    char system_id[17], system_type[14], peer[64], tls[16];
    uint8_t version;
    struct wall since;
    unsigned window_in, held_in;     /* theirs: granted, unanswered */
    unsigned window_out, in_flight;  /* ours */
    uint64_t requests, answered_bad; /* answered with an error */
    uint64_t delivered, delivered_bad;
    unsigned rate_in, rate_out; /* in the last second */
    uint32_t last_status;       /* of the last error answered, 0 none */
    char last_error[96];
    bool paused;
};
void client_look(const struct client *c, struct client_view *out);

#endif
