/*
 * audit.h - every index against every fact.
 *
 * The log is walked from its oldest fact; what it says of each message,
 * carrier id and subscriber is compared with what the checkpoint and its
 * replay say: words, indexes, parts in flight, counts of campaigns, and what
 * clients are still owed.
 *
 * Threads: one, on a store opened read-only.
 */
#ifndef ENGINE_FLOW_AUDIT_H
#define ENGINE_FLOW_AUDIT_H

#include <stdint.h>
#include <stdio.h>

struct store;

/* Prints each fault (the first hundred) and a summary. Returns how many. */
/* retention_s: older conversations may be forgotten by the index. */
unsigned audit_run(struct store *store, uint64_t retention_s, FILE *out);

#endif
