/*
 * conn.h - one TCP connection, plain or TLS, on raw libevent events.
 *
 * Input is read into a buffer that all connections of a loop share and is
 * parsed in place; what is left over is kept. Output has two
 * lanes: what may leave at once (conn_urgent), and what promises durability
 * and is held (conn_room, conn_hold) until the store has passed a position
 * (conn_release). Both lanes hold whole PDUs only, so either may go first.
 *
 * Promise: nothing held leaves before conn_release() has passed its
 * position. Reads and writes per turn are bounded. After closed() was called
 * the conn is dead and freed by the loop's reap phase; its owner must forget
 * it. Octets that never left can be asked for first (conn_unsent). An idle
 * connection has no buffer.
 *
 * Threads: the loop's thread only.
 */
#ifndef ENGINE_CORE_CONN_H
#define ENGINE_CORE_CONN_H

#include "proto/bytes.h"

struct conn;
struct loop;
struct tls_context; /* core/tls.h */

enum close_reason {
    CLOSE_ASKED,     /* we were done */
    CLOSE_PEER,      /* end of stream */
    CLOSE_RESET,     /* an error of the socket */
    CLOSE_RESOLVE,   /* the name was not found */
    CLOSE_CONNECT,   /* refused, unreachable or too slow */
    CLOSE_TLS,       /* handshake or certificate; detail says which */
    CLOSE_FRAMING,   /* the stream cannot be trusted */
    CLOSE_NO_ANSWER, /* the peer went silent */
    CLOSE_FULL,      /* the peer does not read: output limit or time */
    CLOSE_REASON_N,
};
const char *close_reason_name(enum close_reason why);

/* Called inside the read phase, never from inside a call of conn.h. None of
 * them may free anything. */
struct conn_ops {
    /* Connected and, with TLS, verified. */
    void (*opened)(void *owner);
    /* New input. Returns how many octets were used up; the rest stands at
     * the front of the next call. May call conn_close(). */
    size_t (*readable)(void *owner, struct slice input);
    /* The end, exactly once, whoever began it. detail is for the log. */
    void (*closed)(void *owner, enum close_reason why, const char *detail);
};

struct conn_settings {
    const char *host; /* name or address, for dialling */
    uint16_t port;
    struct tls_context *tls; /* NULL: plain */
    const char *server_name; /* TLS: name to verify; NULL: host */
    unsigned connect_ms;     /* from dial to opened, resolving included */
    size_t input_max;        /* largest unit that must fit; 64 KiB + */
    size_t read_turn;        /* octets read in a turn; 0: 32 KiB */
    size_t output_max;       /* output not read by the peer; then CLOSE_FULL
                                after stall_ms without progress */
    unsigned stall_ms;       /* 30,000 */
    bool unheld;             /* nothing is ever held: the held lane may leave
                                without conn_hold() and conn_release() */
};

/* Begins to connect; opened() or closed() follows, never from inside. The
 * settings are copied, strings too. NULL only when out of memory. */
struct conn *conn_dial(struct loop *loop, const struct conn_settings *settings,
                       const struct conn_ops *ops, void *owner);

/* Takes an accepted, non-blocking fd. opened() follows, after the handshake
 * when TLS. */
struct conn *
conn_accept(struct loop *loop, int fd, const struct conn_settings *settings,
            const struct conn_ops *ops, void *owner);

/* Room for n octets in the held lane; NULL when output_max is reached. Holds
 * until the next call. conn_used() says how many were filled (whole PDUs). */
uint8_t *conn_room(struct conn *c, size_t n);
void conn_used(struct conn *c, size_t n);
/* Whether conn_room() would have it, memory willing. Allocates nothing. */
bool conn_has_room(const struct conn *c, size_t n);

/* All that stands in the held lane so far waits for `pos`; positions never
 * go down. Called once a turn, when the turn's facts have their places. */
void conn_hold(struct conn *c, uint64_t pos);

/* What waits for a position <= durable may leave. */
void conn_release(struct conn *c, uint64_t durable);

/* Queues one whole PDU that promises nothing, ahead of what is held. False
 * when output_max is reached. */
bool conn_urgent(struct conn *c, struct slice pdu);

/* Writes what may leave; the loop calls it for every conn with output in the
 * flush phase, owners need not. */
void conn_flush(struct conn *c);

/* Sends what may leave, then closes; closed() follows in this or a later
 * turn. Without drain the rest is dropped at once. readable() is not called
 * again. The first reason given stands. */
void conn_close(struct conn *c, enum close_reason why, const char *detail,
                bool drain);

/*
 * Walks the whole PDUs of which the last octet was not handed to the kernel,
 * oldest first: held ones, waiting ones, and one that left in part. For use
 * in closed(), to tell what surely was not sent. `each` gets one PDU.
 * (Each PDU begins with its length in 4 octets, big-endian.)
 */
void conn_unsent(const struct conn *c,
                 void (*each)(void *arg, struct slice pdu), void *arg);

/* Other limits from now on; 0: as they are. */
void conn_set_limits(struct conn *c, size_t read_turn, size_t output_max);

/* Nothing is due just now: when nothing was sent for a second, output buffers
 * that stand empty are given back. True when it is so quiet. */
bool conn_rest(struct conn *c);

/* Stop and go on reading (back-pressure). */
void conn_pause(struct conn *c, bool paused);

size_t conn_output_bytes(const struct conn *c); /* queued, not yet sent */
bool conn_is_held(const struct conn *c);        /* something waits for a
                                                   position */
size_t conn_stuck_bytes(const struct conn *c);  /* free to leave, kernel full */
uint64_t conn_idle_ms(const struct conn *c);    /* since the last octet in */
const char *conn_peer(const struct conn *c);    /* "address:port" */
const char *conn_tls(const struct conn *c);     /* "TLSv1.3" or "" */
/* The subject of the peer's certificate, "" when there is none. Returns dst. */
char *conn_certificate(const struct conn *c, char *dst, size_t cap);

#endif
