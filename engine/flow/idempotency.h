/*
 * idempotency.h - the same key twice: the first answer again.
 *
 * Answers are kept 48 h in the control table, under the account and a hash
 * of the key, with the hash of the body. Until they are durable they stand
 * in RAM too, so that two at once do not both act.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_IDEMPOTENCY_H
#define ENGINE_FLOW_IDEMPOTENCY_H

#include "engine/flow/flow.h"

/* True: the mail is answered, with the first answer or a refusal
 * (idempotency_mismatch: another body). Sends and campaigns. */
bool idempotency_find(struct flow *f, struct mail *m);
/* Keeps this mail's answer. */
void idempotency_keep(struct flow *f, struct mail *m);

/* Deletes some of what is older than 48 h; now and then. */
void idempotency_expire(struct flow *f);
void idempotency_fini(struct flow *f);

#endif
