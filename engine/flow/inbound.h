/*
 * inbound.h - what a phone sent, as the carrier brought it: rule 0.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_INBOUND_H
#define ENGINE_FLOW_INBOUND_H

#include "engine/flow/flow.h"

/* Normalises, drops exact duplicates, records the raw part; joins and routes
 * what is whole. Returns the status of the deliver_sm_resp. */
uint32_t inbound_take(struct flow *f, struct carrier_entry *c, unsigned bind,
                      uint64_t session, const struct pdu *pdu);

/* A subscriber that is no E.164 number (a short code, a name) gets one of
 * these instead: top bit and a hash. */
uint64_t inbound_subscriber(const char *text);

#endif
