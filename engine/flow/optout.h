/*
 * optout.h - STOP, START and HELP act: rule 1.
 *
 * Order of effects: the suppression row, the purge of what is queued, one
 * confirmation, the event (the OPT fact). On a number of one account, STOP
 * stops the account; on a shared one it stops the number, for every account.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_OPTOUT_H
#define ENGINE_FLOW_OPTOUT_H

#include "engine/flow/optword.h"
#include "engine/flow/reply.h"

void optout_act(struct flow *f, struct optword word, const struct incoming *in,
                const struct owner *owner, uint64_t message);

/* Cancels what waits for a subscriber that is now suppressed. */
void optout_purge(struct flow *f, uint64_t subscriber);

struct fact_opt;
void optout_apply(struct flow *f, const struct fact_opt *x);

/* Mails: POST and DELETE /v1/suppressions; GET reads the table. */
void optout_on_suppress(struct flow *f, struct mail *m);
void optout_on_suppressed(struct flow *f, struct mail *m);

#endif
