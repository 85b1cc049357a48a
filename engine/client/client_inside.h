/*
 * client_inside.h - the bodies of the server and of a bind, shared by the
 * files of this folder and by nobody else.
 *
 * Promise: only client_move() changes the state of a client; session is NULL
 * once closed() was heard.
 */
#ifndef ENGINE_CLIENT_CLIENT_INSIDE_H
#define ENGINE_CLIENT_CLIENT_INSIDE_H

#include "engine/client/client.h"
#include "engine/client/guard.h"
#include "engine/core/backoff.h"
#include "engine/core/deadlines.h"
#include "engine/core/list.h"

enum {
    CLIENT_LISTENERS_MAX = 32,
    CLIENT_MARKS = 8, /* commits under way that are told apart */
};

/* The states a client goes through, in this order. */
#define CLIENT_STATES(X)                                                       \
    X(CONNECTED, connected) /* has not asked */                                \
    X(ASKING, binding)      /* the flow is asked who it is */                  \
    X(REFUSING, binding)    /* its refusal waits */                            \
    X(BOUND, bound)                                                            \
    X(LEAVING, unbinding) /* takes no more requests */                         \
    X(GONE, closed)

enum client_state {
#define X(symbol, name) CLIENT_##symbol,
    CLIENT_STATES(X)
#undef X
        CLIENT_STATE_N
};

/* Answers that wait for a position. */
struct client_mark {
    uint64_t pos;
    uint32_t answers;
};

/* Events of this second and of the last, for people. */
struct client_rate {
    uint64_t second;
    uint32_t now, last;
};

/* Requests of the turn, of all clients or of one. */
struct client_share {
    uint64_t turn;
    unsigned requests;
    bool sated;  /* put off for the next turn */
    bool floods; /* was so in the turn before */
};

/* Their requests, from taken to answer released. */
struct client_window {
    unsigned unanswered;   /* the flow has them */
    unsigned fresh;        /* answered in this turn */
    unsigned held;         /* sum of the marks */
    bool put_off;          /* a request waits for room */
    unsigned first, marks; /* a ring */
    struct client_mark mark[CLIENT_MARKS];
};

struct client_counts {
    uint64_t requests, answered_bad;
    uint64_t delivered, delivered_bad;
    struct client_rate in, out;
    uint32_t last_status;
};

struct client {
    struct clients *server;
    struct session *session;
    uint64_t number;
    enum client_state state;
    bool paused;      /* by a person */
    bool asked;       /* the flow was told: it hears closed() */
    bool unbound;     /* counted among those */
    uint64_t address; /* for the guard */
    void *owner;
    struct client_grant grant;
    struct mono begun; /* connected */
    uint32_t refusal;  /* REFUSING: the status to answer */
    struct mono by;    /* REFUSING, LEAVING: act then; 0: none */
    struct deadline due;
    struct list_link all, silent, fresh, held, sated;
    struct client_window window;
    struct client_share share;
    unsigned refused_run; /* errors answered since the last success */
    unsigned slow_taken;  /* requests since slow_since */
    struct mono slow_since;
    struct client_counts counts;
    struct outbind *outbind; /* who dialled it, NULL */
    struct wall since;       /* of the state */
    char system_id[17], system_type[14];
    char last_error[96];
};

/* Where we listen. */
struct client_port {
    struct clients *server;
    struct listener *listener;
    bool tls;
};

/* One address that we call. */
struct outbind {
    struct clients *server;
    struct outbind *next;
    uint32_t login;
    bool wanted;
    bool was_bound; /* on this connection */
    uint16_t port;
    char host[254];
    char system_id[17], password[65];
    struct client *client; /* NULL: none */
    struct mono bound_at;
    struct backoff backoff;
    struct deadline due; /* the next dial */
};

struct clients {
    struct loop *loop;
    struct clients_settings settings;
    const struct client_ops *ops;
    void *flow;
    bool closing, reading_paused;
    uint32_t turned_down; /* what requests are answered with; 0: as ever */
    unsigned ports;       /* plain ones come first */
    struct client_port port[CLIENT_LISTENERS_MAX];
    struct guard guard;
    unsigned count, unbound;
    struct list all;
    struct list silent; /* CONNECTED, oldest first */
    struct list fresh;  /* new output since the last hold */
    struct list held;   /* output that waits for a position */
    struct list sated;  /* had their share of this turn; read in the next */
    struct client_share share; /* of all; its turn counts up */
    struct deadlines due;
    struct outbind *outbind;
    unsigned outbinds; /* places reserved in the next */
    struct deadlines outbind_due;
};

/* server.c */
/* Takes an accepted, non-blocking fd. */
void clients_take(struct clients *s, int fd, bool tls);
/* A place in the server; NULL: out of memory. */
struct client *client_create(struct clients *s);
/* Off all lists; freed by the reap phase. */
void client_destroy(struct client *c);
/* It is no longer one of those that may be dropped: bound, or gone. */
void client_leave_unbound(struct client *c);
void client_has_output(struct client *c);
/* Others may soon find no place because of it. */
bool client_is_crowded(const struct client *c);

/* client.c */
extern const struct session_ops client_session_ops;
void
client_session_settings(const struct clients *s, struct session_settings *out);
void client_move(struct client *c, enum client_state next);
void client_tick(struct client *c, struct mono now);
/* Waits for nothing. */
void client_unbind_now(struct client *c);
/* By then client_tick() is due. */
void client_due_by(struct client *c, struct mono when);
/* When it is due next. */
struct mono client_due(const struct client *c);
__attribute__((format(printf, 2, 3))) void
client_note(struct client *c, const char *format, ...);

/* client_requests.c */
enum session_take client_request(struct client *c, const struct pdu *request);
void client_hold(struct client *c, uint64_t pos);
void client_release(struct client *c, uint64_t durable);
/* Of theirs: taken and not yet released. */
unsigned client_held_in(const struct client *c);
void client_read_on(struct client *c);
/* A new turn: who had its share is read again. */
void client_share_anew(struct clients *s);

/* client_deliver.c */
void client_answered(struct client *c, const struct session_note *note,
                     const struct pdu *answer, bool late);
void client_lost(struct client *c, const struct session_note *note,
                 enum session_loss loss);

/* client_view.c */
void client_rate_add(struct client_rate *r, uint64_t second);

/* client_outbind.c */
void outbind_opened(struct client *c);
void outbind_bound(struct client *c);
void outbind_closed(struct client *c);
void outbind_tick(struct clients *s, struct mono now);
void outbind_fini(struct clients *s);

#endif
