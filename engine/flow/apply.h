/*
 * apply.h - what a fact does to RAM. The only place that changes it.
 *
 * Live, a fact is decided, written and applied in one breath; after a
 * restart it is read and applied. Both ways lead to the same RAM.
 *
 * Promise: applying needs nothing but the fact and what earlier facts left.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_APPLY_H
#define ENGINE_FLOW_APPLY_H

#include "engine/flow/flow.h"

void apply_boot(struct flow *f, uint64_t pos, const struct fact_boot *x);
void apply_accept(struct flow *f, uint64_t pos, const struct fact_accept *x);
void
apply_recipients(struct flow *f, uint64_t pos, const struct fact_recipients *x);
void apply_upload(struct flow *f, uint64_t pos, const struct fact_upload *x);
void apply_skip(struct flow *f, uint64_t pos, const struct fact_skip *x);
void
apply_campaign(struct flow *f, uint64_t pos, const struct fact_campaign *x);
void apply_sent(struct flow *f, uint64_t pos, const struct fact_sent *x);
void apply_answer(struct flow *f, uint64_t pos, const struct fact_answer *x);
void apply_receipt(struct flow *f, uint64_t pos, const struct fact_receipt *x);
void apply_lost(struct flow *f, uint64_t pos, const struct fact_lost *x);
void apply_state(struct flow *f, uint64_t pos, const struct fact_state *x);
void apply_inbound(struct flow *f, uint64_t pos, const struct fact_inbound *x);
void apply_reply(struct flow *f, uint64_t pos, const struct fact_reply *x);
void apply_thread(struct flow *f, uint64_t pos, const struct fact_thread *x);
void apply_opt(struct flow *f, uint64_t pos, const struct fact_opt *x);
void apply_carrier(struct flow *f, uint64_t pos, const struct fact_carrier *x);
void apply_outbox(struct flow *f, uint64_t pos, const struct fact_outbox *x);
void apply_change(struct flow *f, uint64_t pos, const struct fact_change *x);
void
apply_reassign(struct flow *f, uint64_t pos, const struct fact_reassign *x);

/* A fact read from the log; false when it cannot be understood. */
MUST_CHECK bool apply_fact(struct flow *f, uint64_t pos, struct slice fact);

/* Key of `flights`. */
static inline uint64_t
flight_key(uint64_t message, unsigned part)
{
    return message << 8 | (part & 255);
}

struct flight *flight_find(struct flow *f, uint64_t message, unsigned part);
void flight_add(struct flow *f, const struct flight *x);
void doubt_add(struct flow *f, const struct doubt *d);
void doubt_end(struct flow *f, uint64_t message, unsigned part);
bool doubt_has(const struct flow *f, uint64_t message, unsigned part);
/* Is another part of this message in doubt? */
bool doubt_has_other(const struct flow *f, uint64_t message, unsigned part,
                     unsigned parts);

#endif
