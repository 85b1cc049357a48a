/*
 * suppress.h - who must not be sent to: opt-outs by scope.
 *
 * One set in RAM, one row each in the control table: scope u8 | owner u32 |
 * subscriber u64, big-endian. The owner is a number's id, an account's id,
 * or 0 for all.
 *
 * Threads: the engine thread only; intake threads read the table.
 */
#ifndef ENGINE_FLOW_SUPPRESS_H
#define ENGINE_FLOW_SUPPRESS_H

#include "engine/flow/journal.h"
#include "engine/flow/map.h"

enum suppress_scope {
    SUPPRESS_NUMBER,
    SUPPRESS_PROGRAMME, /* kept for the keywords to come */
    SUPPRESS_ACCOUNT,
    SUPPRESS_ALL,
    SUPPRESS_SCOPE_N,
};
const char *suppress_scope_name(enum suppress_scope s);
/* False: no such scope. */
bool suppress_scope_of(struct slice name, enum suppress_scope *out);

struct suppress {
    struct journal *journal;
    struct map set;
    struct map quiet; /* subscriber -> wall ms: HELP was answered */
};

enum { SUPPRESS_KEY_BYTES = 13 };
struct slice
suppress_key(enum suppress_scope scope, uint32_t owner, uint64_t subscriber,
             uint8_t room[SUPPRESS_KEY_BYTES]);

void suppress_load(struct suppress *s, struct journal *j);
void suppress_fini(struct suppress *s);

/* Any scope that covers this send. */
bool suppress_holds(const struct suppress *s, uint32_t account, uint32_t number,
                    uint64_t subscriber);
bool suppress_has(const struct suppress *s, enum suppress_scope scope,
                  uint32_t owner, uint64_t subscriber);
/* Writes the row, and the set. */
void suppress_add(struct suppress *s, enum suppress_scope scope, uint32_t owner,
                  uint64_t subscriber, uint64_t at_ms, struct slice reason);
void suppress_remove(struct suppress *s, enum suppress_scope scope,
                     uint32_t owner, uint64_t subscriber);

#endif
