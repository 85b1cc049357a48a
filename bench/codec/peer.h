/*
 * peer.h - the same PDUs by Debian's libsmpp34.
 *
 * Promise: create() takes what a decoded PDU holds into the peer's own
 * struct once, so that only packing and unpacking are timed. What unpacking
 * allocated is freed inside peer_unpack(), as whoever uses it must.
 *
 * Threads: libsmpp34 keeps its last error in globals: one thread.
 */
#ifndef BENCH_CODEC_PEER_H
#define BENCH_CODEC_PEER_H

#include "proto/pdu.h"

struct peer;

/* p is a submit_sm or a deliver_sm; NULL when it does not fit. */
struct peer *peer_create(const struct pdu *p);
void peer_destroy(struct peer *peer);

/* Octets written; 0 when it failed. */
size_t peer_pack(const struct peer *peer, uint8_t *to, size_t room);
MUST_CHECK bool peer_unpack(struct peer *peer, struct slice whole);

/* Unpacks and compares every field and TLV with p. */
MUST_CHECK bool
peer_agrees(struct peer *peer, struct slice whole, const struct pdu *p);

#endif
