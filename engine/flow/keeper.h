/*
 * keeper.h - passwords of logins: kept as slow salted hashes, verified on a
 * thread of their own.
 *
 * A hash takes 50 ms and 16 MB (scrypt), so that a stolen store gives no
 * passwords away; the engine thread never computes one. It asks, and hears
 * the answer in a later turn.
 *
 * Promise: a storm of wrong passwords costs less than a tenth of a core, and
 * whoever has not failed lately goes before those who have. Questions wait in
 * a bounded queue.
 *
 * Threads: keeper_hash() and keeper_matches() any; the rest the engine's.
 */
#ifndef ENGINE_FLOW_KEEPER_H
#define ENGINE_FLOW_KEEPER_H

#include "proto/bytes.h"

struct keeper;
struct loop;

enum {
    KEEPER_PASSWORD_MAX = 64, /* octets of a password */
    KEEPER_HASH_BYTES = 128,  /* of a hash as text, its NUL included */
};

/* "scrypt$14$8$1$salt$hash". False: the password is empty or too long, or
 * memory is gone. */
MUST_CHECK bool keeper_hash(struct slice password, char out[KEEPER_HASH_BYTES]);
/* The same time for a hash that cannot be read ("" for nobody's): false. */
MUST_CHECK bool keeper_matches(const char *hash, struct slice password);

/* NULL: no thread to be had. */
struct keeper *keeper_create(struct loop *loop);
/* Waits for the hash that is being computed. */
void keeper_destroy(struct keeper *k);

/* Is this the password? from: whose share of the queue it is (a hash of the
 * address). False: too many wait already. */
MUST_CHECK bool
keeper_ask(struct keeper *k, const char *hash, struct slice password,
           uint64_t from, uint64_t token);
/* The next answer that is there; false: none. */
bool keeper_take(struct keeper *k, uint64_t *token, bool *matches);

#endif
