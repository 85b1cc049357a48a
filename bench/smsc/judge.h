/*
 * judge.h - whether a submit is accepted, and what follows from it.
 *
 * Promise: an accepted part is in the ledger before its answer leaves; it is
 * answered once or, when told so, never.
 *
 * Threads: one.
 */
#ifndef BENCH_SMSC_JUDGE_H
#define BENCH_SMSC_JUDGE_H

#include "bench/smsc/bind.h"

/* A submit_sm or data_sm came on a bound transmitter; command is its
 * response's id, 0 when somebody else answers (submit_multi). */
void judge_submit(struct smsc *s, struct bind *b, const struct submit *m,
                  uint32_t command, uint64_t arrived_us);

/* A late answer's time has come. Takes the letter. */
void judge_answer_due(struct smsc *s, struct letter *l);

#endif
