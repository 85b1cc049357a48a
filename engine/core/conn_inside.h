/*
 * conn_inside.h - the body of a conn, shared by conn.c, conn_dial.c and
 * conn_input.c and by nobody else.
 *
 * Promise: every end goes through conn_end(), which only marks; run_end() in
 * conn.c alone calls closed() and hands the conn to the reap phase.
 */
#ifndef ENGINE_CORE_CONN_INSIDE_H
#define ENGINE_CORE_CONN_INSIDE_H

#include <event2/event_struct.h>

#include "engine/core/conn.h"
#include "engine/core/lane.h"
#include "engine/core/loop.h"
#include "engine/core/resolve.h"
#include "engine/core/tls.h"

enum conn_state {
    CONN_RESOLVING,
    CONN_CONNECTING,
    CONN_ACCEPTED,  /* ours, opened() not yet said */
    CONN_HANDSHAKE, /* TLS */
    CONN_OPEN,
    CONN_DRAINING,  /* writes what may leave */
    CONN_LINGERING, /* said goodbye, waits for the peer's end of stream */
    CONN_ENDING,    /* closed() is due */
    CONN_DEAD,
};

/* What dialling needs; an accepted connection has none. */
struct conn_dialling {
    char host[256];
    char server_name[256];
    struct question *question;
    struct resolved addresses;
    unsigned address; /* the next to try */
};

struct conn {
    struct loop *loop;
    const struct conn_ops *ops;
    void *owner;
    struct conn_settings settings; /* strings point into dial */
    struct conn_dialling *dial;    /* NULL when accepted */
    char peer[80];
    int fd; /* -1: none */
    enum conn_state state;
    bool paused;
    bool offer; /* input was left over by a pause */
    enum close_reason why;
    char detail[192];
    struct mono last_in, last_out;
    struct event ev_read, ev_write, ev_deadline;
    bool events_made;
    struct loop_job end_job, again_job, flush_job;
    struct loop_chore handshake; /* accepted: goes on when its turn comes */
    /* input that was read and not used up: in_used octets from in_at */
    uint8_t *in;
    size_t in_at, in_used, in_cap, in_max;
    /* output */
    struct lane urgent, held;
    struct tls_stream *tls;
    struct lane *tls_again; /* TLS: the lane whose write must be repeated */
    struct event_base *base;
};

/* conn.c */
void conn_end(struct conn *c, enum close_reason why, const char *detail);
/* The fd is there: makes the events and sets socket options. */
void conn_attach(struct conn *c, int fd);
void conn_become_open(struct conn *c);

/* conn_output.c */
void conn_want_write(struct conn *c);
void conn_output_run(void *conn);

/* conn_dial.c */
void conn_dial_begin(struct conn *c);
void conn_dial_writable(struct conn *c);
void conn_handshake_begin(struct conn *c);
void conn_handshake_go_on(struct conn *c);
void conn_name_peer(struct conn *c, const struct sockaddr_storage *addr);

/* conn_input.c */
void conn_input_read(struct conn *c);
void conn_input_discard(struct conn *c);

#endif
