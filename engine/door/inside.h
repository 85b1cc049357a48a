/*
 * inside.h - the door itself, as its own files see it. Others use door.h.
 *
 * What threads share stands here; what a thread has alone, in intake.h.
 */
#ifndef ENGINE_DOOR_INSIDE_H
#define ENGINE_DOOR_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/door/door.h"
#include "engine/flow/query.h"

struct asker;
struct intake;
struct watch;

struct door {
    /* identity: set before threads start */
    struct flow *flow;
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

    /* links */
    struct asker *asker;    /* NULL: nobody is asked */
    struct intake *intakes; /* limits.workers of them */
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
