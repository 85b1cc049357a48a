/*
 * lane.h - one bind of a load over SMPP, and what all of them share.
 *
 * Promise: every submit has a slot until its answer comes; a lane never has
 * more than the window. What a message centre delivers is answered at once.
 *
 * Threads: one.
 */
#ifndef BENCH_LOAD_LANE_H
#define BENCH_LOAD_LANE_H

#include "bench/load/crowd.h"
#include "bench/load/hist.h"
#include "bench/load/tally.h"
#include "bench/smsc/wire.h"

struct load;

struct smpp_options {
    const char *host, *system_id, *password, *from, *to_prefix, *text;
    const char *source; /* NULL: any */
    uint64_t port, binds, window, count, rate, seconds, linger, version, start;
    bool no_receipts, mixed_ids, use_tls, json, progress;
};

/* A request that waits for its answer. */
struct slot {
    uint64_t sent_us;
    uint32_t sequence; /* 0: free */
};

/* One bind. Invariant: in_flight slots are in use, at most the window. */
struct lane {
    struct load *load;
    struct wire *wire; /* NULL: ended */
    struct slot *slot;
    uint32_t last_sequence;
    uint32_t in_flight;
    bool bound;
};

struct load {
    struct smpp_options o;
    struct hub *hub;
    struct lane *lanes;
    struct crowd_text text; /* in septets */
    struct tally tally;
    struct hist latency;
    uint32_t slots; /* a power of two */
    unsigned bound, ended;
    uint64_t sent, answered, replies, broken;
    uint64_t started_us; /* all are bound */
    uint64_t last_answer_us, last_receipt_us;
    char why[WIRE_WHY_BYTES];
};

/* Begins to connect and bind all; false with load->why. */
bool lane_dial_all(struct load *load, SSL_CTX *tls);

/* Whether a submit may leave now. */
bool lane_has_room(const struct lane *l);

/* Sends the n-th message. */
void lane_submit(struct lane *l, uint64_t n);

void lane_unbind(struct lane *l);

#endif
