/*
 * door.h - the HTTP API: product.md section 4, on intake threads.
 *
 * Promise: a slow, silent or endless client costs its own connection and
 * nothing else; memory per connection is bounded. What was answered with 202
 * is on disk, because the engine answers a mail only then. Keys, texts and
 * phone numbers appear in no log.
 *
 * Threads: start and stop from one thread. Inside: two intakes (intake.h).
 */
#ifndef ENGINE_DOOR_DOOR_H
#define ENGINE_DOOR_DOOR_H

#include <stdbool.h>
#include <stdint.h>

struct flow;

enum { DOOR_WHY_BYTES = 256 };

/* Strings are copied. 0 and NULL mean the default that is named. */
struct door_settings {
    const char *listen;    /* "127.0.0.1:8080", "[::]:8080", ":0" */
    const char *admin_key; /* NULL: no admin */
    const char *data_dir;  /* large uploads and answers spill to data_dir/tmp */
    const char *tls_cert;  /* PEM files; NULL: plain */
    const char *tls_key;
    const char *tls_client_ca; /* clients must show a certificate of it */
    unsigned workers;          /* intakes: 2 */
    unsigned connections;      /* 1,000 in all */
    unsigned per_address;      /* 32; loopback has no cap */
    unsigned header_s;         /* 10: request line and headers in total */
    unsigned idle_s;           /* 30: no octet either way */
    unsigned body_octets_s;    /* 1,024: the slowest body */
    uint64_t body_max;         /* 1 MB; bulk streams have no limit */
    const char *lookup_url;    /* who knows networks (asker.h); NULL: nobody */
    const char *lookup_token;
};

/* Opens the door. False with the reason in why when it cannot. */
bool door_start(struct flow *flow, const struct door_settings *settings,
                char why[DOOR_WHY_BYTES]);

/* The port that was bound; for ":0". */
uint16_t door_port(void);

/*
 * Takes no new connection, lets what waits for the engine be answered, ends
 * streams, and closes. Call it while the engine still turns; it returns
 * within about five seconds whatever clients do. Fine when not started.
 */
void door_stop(void);

#endif
