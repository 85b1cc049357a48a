/*
 * networks.h - which network each phone is on: known, asked for, or neither.
 *
 * What was said is kept for a while, in bounded memory: the oldest goes
 * first. What is not known is asked for in batches. A phone that nobody knew
 * in time counts as of the network `otherwise`, for a short while.
 *
 * Promise: each phone is under question once at a time; an answer that is not
 * there when the time limit passes counts as none. After FAULTS_MAX failures
 * in a row nobody waits any more: all that is not known is `otherwise` at
 * once, and one question at a time tries whether it goes again.
 *
 * Threads: the owner's only; pure but for the counters: the caller passes the
 * time, in microseconds of the monotonic clock.
 */
#ifndef ENGINE_FLOW_NETWORKS_H
#define ENGINE_FLOW_NETWORKS_H

#include "engine/flow/mail.h"
#include "engine/flow/map.h"

struct lookup_settings {
    bool on;
    unsigned batch;   /* phones in one question: 1..LOOKUP_BATCH_MAX */
    unsigned wait_ms; /* for more of them */
    unsigned timeout_ms;
    uint32_t cache_s;
    unsigned cache_max;    /* phones */
    const char *otherwise; /* of phones that nobody knows; "": none */
};

enum {
    NETWORKS_ASKED_MAX = 8192, /* phones under question */
    NETWORKS_NAMES_MAX = 4096, /* a wrong answer must not fill the memory */
    NETWORKS_FAULTS_MAX = 5,
};

struct networks_row {
    uint64_t phone; /* 0: empty */
    uint32_t until_s;
    uint32_t name; /* in names; 0: nobody knows */
};

struct networks {
    /* known */
    struct map known; /* phone -> row + 1 */
    struct networks_row *row;
    size_t rows, cap, oldest;
    struct map name_at; /* hash of a name -> its number */
    char **name;        /* 0 is not used */
    uint32_t names;

    /* under question: numbered from 1 on, head..sent are with the askers,
     * sent..tail wait for a batch */
    struct map asked; /* phone -> its number */
    struct networks_ask {
        uint64_t phone, at_us;
    } * ask;
    uint64_t head, sent, tail;

    /* failures in a row; beyond the bound: when the next try may be */
    unsigned faults;
    uint64_t try_us, rest_us;
    bool trying;
};

void networks_fini(struct networks *n);

/* True: it is *network, which stays as it is while n lives; "": none. False:
 * not known yet; it is asked for, if there is room for more questions. */
bool networks_find(struct networks *n, const struct lookup_settings *s,
                   uint64_t phone, uint64_t now_us, const char **network);
bool
networks_has_room(const struct networks *n, const struct lookup_settings *s);

/* Fills the next question. False: none is due now. */
bool networks_take(struct networks *n, const struct lookup_settings *s,
                   uint64_t now_us, struct lookup_batch *out);
/* What came of it. */
void networks_told(struct networks *n, const struct lookup_settings *s,
                   const struct lookup_batch *b, bool failed, uint64_t now_us);
/* Those whose time limit has passed are not waited for. How many. */
unsigned networks_expire(struct networks *n, const struct lookup_settings *s,
                         uint64_t now_us);
/* When the next of these two is to be called. UINT64_MAX: no need. asker: one
 * is there to take a question. */
uint64_t networks_next(const struct networks *n,
                       const struct lookup_settings *s, bool asker);

#endif
