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

struct conn {
    struct loop *loop;
    const struct conn_ops *ops;
    void *owner;
    struct conn_settings settings; /* strings point into the two below */
    char host[256];
    char server_name[256];
    char peer[80];
    int fd; /* -1: none */
    enum conn_state state;
    bool dialled;
    bool paused;
    bool offer; /* input was left over by a pause */
    enum close_reason why;
    char detail[192];
    struct mono last_in;
    struct event ev_read, ev_write, ev_deadline;
    bool events_made;
    struct loop_job end_job, again_job, flush_job;
    /* dialling */
    struct question *question;
    struct resolved addresses;
    unsigned address; /* the next to try */
    /* input: unparsed octets stand at the front */
    uint8_t *in;
    size_t in_used, in_cap, in_max;
    unsigned small_reads; /* in a row, into a large buffer */
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
