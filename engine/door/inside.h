/*
 * inside.h - the door itself, as its own files see it. Others use door.h.
 *
 * Invariant: all requests that live stand in the list `all`; `lock` guards
 * that list and what requests share with the courier.
 */
#ifndef ENGINE_DOOR_INSIDE_H
#define ENGINE_DOOR_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/door/door.h"
#include "engine/flow/query.h"

struct MHD_Daemon;
struct request;
struct watch;

struct door {
    /* identity: set before threads start */
    struct flow *flow;
    struct MHD_Daemon *mhd;
    struct door_settings limits; /* numbers filled in; strings NULL */
    uint16_t port;
    bool has_admin;
    bool asks_certificate;  /* tls_client_ca was given */
    uint8_t admin_hash[32]; /* SHA-256 of the admin's key */
    char tmp_dir[512];
    char *cert, *key, *client_ca; /* PEM */

    /* state */
    _Atomic bool stopping; /* streams end, new work is refused */
    _Atomic bool closing;  /* nobody may wait any more */
    _Atomic bool courier_ends;
    pthread_t courier;
    int wake_fd; /* eventfd of the courier */

    /* links */
    pthread_mutex_t lock;
    struct request *all;
    unsigned alive;     /* requests in `all` */
    unsigned waiting;   /* of them, with a time or events to wake for */
    unsigned mails_out; /* posted, not yet back */
    pthread_mutex_t query_lock;
    struct query **queries; /* one a thread, made when first needed */
    unsigned query_count;
    pthread_mutex_t watch_lock;
    struct watch *watches;

    /* counters for /metrics */
    _Atomic uint64_t answered[6]; /* by hundreds of the status */
    _Atomic uint64_t octets_in;
    _Atomic uint64_t cut_off; /* connections that were too slow */
    _Atomic unsigned connections;
    _Atomic unsigned streams;
};

/* This thread's query; NULL when out of memory. */
struct query *door_query(struct door *d);

#endif
