/*
 * smsc.h - the simulated carrier: everything it holds, and who decides.
 *
 * Reading order: bind.c (one conversation) -> judge.c (what becomes of a
 * submit) -> post.c (what is sent back, on which bind) -> phone.c (replies).
 *
 * Promise: an accepted part is in the ledger before its answer leaves.
 * Receipts and replies that were not acknowledged when their bind ended are
 * sent again on the next receiver, as a real centre does.
 *
 * Threads: one.
 */
#ifndef BENCH_SMSC_SMSC_H
#define BENCH_SMSC_SMSC_H

#include "bench/smsc/ledger.h"
#include "bench/smsc/limit.h"
#include "bench/smsc/script.h"
#include "bench/smsc/settings.h"
#include "bench/smsc/wheel.h"
#include "bench/smsc/wire.h"

struct bind;

/* Receivers of one system_id share what waits for it. */
struct account {
    struct account *next;
    char system_id[65];
    uint16_t index;
    struct letter_queue waiting; /* no receiver is bound */
};

struct counts {
    uint64_t submits;
    uint64_t answers;
    uint64_t throttled;
    uint64_t refused;
    uint64_t receipts;
    uint64_t receipt_acks;
    uint64_t replies;
    uint64_t reply_acks;
    uint64_t lost;
    uint64_t drops;
    uint64_t discarded;
};

enum { SMSC_BINDS_MAX = 65536 };

struct smsc {
    const struct settings *settings;
    struct hub *hub;
    struct ledger *ledger; /* NULL: none */
    struct wheel *wheel;
    struct letter_pool *pool;
    struct script script;
    SSL_CTX *tls;
    struct deliver deliver;
    struct limit limit;        /* --rate */
    struct limit script_limit; /* of the throttle rule in force */
    struct rule *script_throttle;
    struct bind *binds; /* every connection, bound or not */
    unsigned bound;
    uint32_t last_bind;
    uint64_t last_id;
    uint64_t last_reply;
    uint64_t script_zero_us; /* 0: the clock has not begun */
    uint64_t dice;
    bool stalled;
    struct account *accounts;
    struct counts counts;
    uint64_t nth_submit, nth_answer, nth_receipt, nth_reply;
    struct bind *by_number[SMSC_BINDS_MAX];
};

/* NULL with a sentence in why. settings and script are borrowed. */
struct smsc *smsc_create(const struct settings *settings,
                         char why[SCRIPT_WHY_BYTES], uint16_t *port);
void smsc_destroy(struct smsc *s);

/* One turn: sockets, script, what is due. */
void smsc_turn(struct smsc *s);

/* The clock of the script begins with the first bind. */
void smsc_bound(struct smsc *s);

/* A number from 0 to n - 1, and one from 0 to 1. */
uint64_t smsc_dice(struct smsc *s, uint64_t n);
double smsc_chance(struct smsc *s);

/* A time within the span. */
uint64_t smsc_delay(struct smsc *s, struct span_ms span);

/* True at every Nth call that has the same counter; never when N is 0. */
bool smsc_nth(uint64_t *counter, uint64_t every);

/* Puts a letter on the wheel, or straight into the post without a delay. */
void smsc_schedule(struct smsc *s, struct letter *l, uint64_t delay_ms);

#endif
