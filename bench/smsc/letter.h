/*
 * letter.h - what the simulated carrier has to send one day: a receipt, one
 * part of a reply, or a late answer; with the pool and queues that hold them.
 *
 * Promise: a letter is taken and given back without malloc. The pool has a
 * fixed number; when it is empty the caller is told. A letter is in exactly
 * one of: pool, wheel, a queue, a window.
 *
 * Threads: the owner's only.
 */
#ifndef BENCH_SMSC_LETTER_H
#define BENCH_SMSC_LETTER_H

#include "bench/smsc/submit.h"

enum letter_kind { LETTER_RECEIPT, LETTER_REPLY, LETTER_ANSWER };

enum {
    LETTER_COPY = 1,       /* the second sending of the same receipt */
    LETTER_OTHER_BIND = 2, /* not on the bind of its message */
    LETTER_SENT = 4,       /* has left once already */
    LETTER_DATA = 8,       /* an answer to data_sm */
};

enum { LETTER_QUOTE_MAX = 20 }; /* octets of text quoted in a receipt */

/* An address as in a PDU. */
struct party {
    uint8_t ton;
    uint8_t npi;
    uint8_t n;
    char digits[SUBMIT_ADDR_MAX + 1];
};

/* digits has at most SUBMIT_ADDR_MAX octets. */
struct party party_of(uint8_t ton, uint8_t npi, struct slice digits);

/* User data of a reply, on the heap: replies are few. */
struct letter_body {
    uint8_t data_coding;
    uint8_t esm_class;
    uint8_t n;
    uint8_t octets[255];
    char text[]; /* UTF-8 for the ledger */
};

struct letter {
    struct letter *next;
    uint64_t due_ms; /* on the wheel */
    uint64_t id;     /* the message's, or the reply's own */
    uint64_t submitted_us;
    uint64_t submitted_id; /* the message that answer_seq asks about */
    uint32_t bind;         /* number of the bind that brought the message */
    uint32_t answer_seq;   /* submit_sm to answer once this has left; 0: none */
    uint32_t hash;
    uint16_t account;
    uint16_t ref;
    uint8_t total;
    uint8_t part;
    uint8_t kind;  /* enum letter_kind */
    uint8_t flags; /* LETTER_COPY ... */
    uint8_t attempts;
    uint8_t state; /* message_state of a receipt */
    uint8_t version;
    uint8_t quote_n;
    struct party from;
    struct party to;
    char stat[10]; /* "DELIVRD" */
    char err[4];
    uint8_t quote[LETTER_QUOTE_MAX];
    struct letter_body *body; /* of a reply, owned */
};

struct letter_pool;

/* Room for at most max letters; memory is touched only when used. */
struct letter_pool *letter_pool_create(size_t max);
void letter_pool_destroy(struct letter_pool *p);
/* All zero but for what the last owner left in quote; NULL when empty. */
struct letter *letter_take(struct letter_pool *p);
/* Frees the body too. */
void letter_give(struct letter_pool *p, struct letter *l);
size_t letter_pool_used(const struct letter_pool *p);

/* First in, first out. All zero is an empty one. */
struct letter_queue {
    struct letter *first;
    struct letter *last;
    size_t count;
};

void letter_queue_put(struct letter_queue *q, struct letter *l);
struct letter *letter_queue_take(struct letter_queue *q); /* NULL: empty */

#endif
