/*
 * answer.h - what comes back from a carrier about our parts.
 *
 * The carrier's ops (carrier.h): answers, losses, and what it delivers.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_ANSWER_H
#define ENGINE_FLOW_ANSWER_H

#include "engine/flow/flow.h"

extern const struct carrier_ops answer_ops;

/* A part whose fate nobody will tell any more: after a restart. */
void answer_in_doubt(struct flow *f, const struct flight *x);

/* The entry of a carrier in the directory. */
struct carrier_entry *answer_entry(struct flow *f, struct carrier *c);

/* receipt.c: a receipt came. The status of deliver_sm_resp. */
uint32_t receipt_take(struct flow *f, struct carrier_entry *c,
                      const struct pdu *pdu, bool *is_receipt);
/* A part came into doubt: its receipt may be here already. */
void receipt_match_doubt(struct flow *f, const struct doubt *d);
/* A receipt that was kept unmatched belongs to this part. */
void receipt_match_kept(struct flow *f, uint32_t carrier, const char *id,
                        uint64_t message, unsigned part);

#endif
