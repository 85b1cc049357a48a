/*
 * stage.h - a flow on a real store under a clock of its own, for paths that
 * count what the engine thread does.
 *
 * Account demo, sender ana, a number on a still carrier (still_carrier.h).
 * After each turn the stage sleeps until the store is idle, so that batches
 * and turns are the same in each run, however long a commit takes.
 *
 * Threads: main's; the store has its own two.
 */
#ifndef BENCH_PATHS_STAGE_H
#define BENCH_PATHS_STAGE_H

#include "engine/flow/mail.h"

#define STAGE_NUMBER "12125550101"

void stage_open(void);
void stage_close(void);

/* What the carrier said, one turn, a millisecond, the store's commit. */
void stage_turn(void);
/* So much later. */
void stage_jump(uint64_t ms);

/* A mail as the account, or as the admin. */
struct mail *stage_ask(enum mail_kind kind);
struct mail *stage_ask_admin(enum mail_kind kind);
/* Posts it and takes turns until its answer, which must be yes. The caller
 * frees it. */
void stage_post(struct mail *m);

/* A number beside the first; rate 0: none. */
void stage_add_number(struct slice number, uint32_t rate);

/* Turns until so many receipts in all have come. */
void stage_until_receipts(uint64_t receipts);

/* Replies that were filed in threads. */
uint64_t stage_threads(void);

#endif
