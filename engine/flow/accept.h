/*
 * accept.h - a message is taken on: checked, numbered, promised.
 *
 * Promise (1): what is answered with MAIL_OK is an ACCEPT fact that was
 * durable before the answer left.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_ACCEPT_H
#define ENGINE_FLOW_ACCEPT_H

#include "engine/flow/flow.h"

void accept_on_send(struct flow *f, struct mail *m);
void accept_on_cancel(struct flow *f, struct mail *m);
void accept_on_locate(struct flow *f, struct mail *m);

/* A message of our own (a confirmation): not gated, critical. */
void accept_own(struct flow *f, struct number *n, uint32_t account,
                uint32_t sender, uint64_t subscriber, struct slice text);

struct fact_accept;
/* Writes the fact, applies it and wakes who sends: with the next number when
 * it has none, and this moment. False: the store cannot take more. */
MUST_CHECK bool accept_write(struct flow *f, struct fact_accept *x);

/* Messages whose send_at has come. */
void accept_tick(struct flow *f);

/* The sender that a mail's words mean; false and the mail is refused. */
bool
accept_sender(struct flow *f, struct who who, struct slice ref, uint32_t *out);

#endif
