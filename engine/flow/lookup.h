/*
 * lookup.h - messages whose way depends on the network of their phone.
 *
 * Where a rule that fits otherwise has `network:`, somebody outside is asked
 * (number portability, prices). A single message waits for that in the log,
 * as all do, in a source of its own (PATH_LOOKUP); when the network is known
 * its ACCEPT is written anew with what was said, which puts it into the
 * source of its path. So a replay asks nobody, and memory does not grow with
 * what waits. Rows of campaigns are asked for some way ahead of the cursor.
 *
 * Who asks is not ours: mails of kind MAIL_LOOKED_UP (mail.h).
 *
 * Promise: order is kept within a source. A message waits for its network no
 * longer than the time limit, from when it was asked for; then it goes by
 * the default.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_LOOKUP_H
#define ENGINE_FLOW_LOOKUP_H

#include "engine/flow/networks.h"
#include "engine/flow/route.h"
#include "store/fact.h"

struct flow;
struct source;

/* Of an ACCEPT (store/fact.def). */
enum looked { LOOKED_NOT, LOOKED_BEFORE, LOOKED_LATER };

enum { LOOKUP_ASKERS_MAX = 32 };

struct lookup {
    struct networks networks;
    struct mail *asker[LOOKUP_ASKERS_MAX]; /* they wait for a question */
    unsigned askers;
    bool waits;    /* some source of PATH_LOOKUP may hold messages */
    uint32_t turn; /* which source is asked first */
    uint8_t *fact; /* a copy of one, while it is written anew */
};
void lookup_fini(struct lookup *l);

/* What an ACCEPT says; p NULL: its network was not asked for. */
struct slice lookup_told(const struct fact_accept *x);

/* A message is about to be accepted: says what is known, unless others of its
 * queue wait for an answer. */
void lookup_tell(struct flow *f, struct fact_accept *x);

/* Completes the question where a network matters. False: it is not known yet,
 * and is asked for. */
bool lookup_fill(struct flow *f, struct route_query *q);

/* A source of PATH_LOOKUP has work. */
void lookup_wake(struct flow *f);
/* Moves what has its answer, asks ahead. */
void lookup_tick(struct flow *f);
/* Questions that are due go out, at the end of filling. */
void lookup_send(struct flow *f);

void lookup_on_mail(struct flow *f, struct mail *m);
/* The askers get their mails back: stopping. */
void lookup_release(struct flow *f);

#endif
