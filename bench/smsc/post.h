/*
 * post.h - letters on their way to a receiver, and back when it vanished.
 *
 * Promise: a letter that was taken by post_letter() is sent again on another
 * bind until it is acknowledged, refused for good, or the simulator ends.
 * The window of a bind is never exceeded.
 *
 * Threads: one.
 */
#ifndef BENCH_SMSC_POST_H
#define BENCH_SMSC_POST_H

#include "bench/smsc/bind.h"

/* Sends it now where there is room, else queues it. Takes the letter. */
void post_letter(struct smsc *s, struct letter *l);

/* Sends what waits, as far as there is room. */
void post_pump(struct bind *b);

/* A deliver_sm_resp or generic_nack came. */
void post_acknowledged(struct bind *b, uint32_t sequence, uint32_t status);

/* The bind ends: its letters wait for the next receiver. */
void post_orphan(struct bind *b);

/* The ledger's line about a letter. */
void post_record(struct smsc *s, const struct letter *l, enum ledger_kind kind,
                 const struct bind *b, uint32_t status, const char *word);

#endif
