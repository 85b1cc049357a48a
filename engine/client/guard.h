/*
 * guard.h - how many connections that are not bound each address has.
 *
 * An address is an IPv4 address or the first half of an IPv6 one, since that
 * is what one customer of a network is given.
 *
 * Promise: memory is fixed when made; no look-up takes long however the
 * addresses are chosen (the hash is keyed).
 *
 * Threads: plain values.
 */
#ifndef ENGINE_CLIENT_GUARD_H
#define ENGINE_CLIENT_GUARD_H

#include <stddef.h>

#include "proto/bytes.h"

struct guard_row {
    uint64_t address;
    uint32_t count; /* 0: free */
};

struct guard {
    struct guard_row *row;
    size_t mask;
    uint64_t key;
};

/* For at most so many connections. */
MUST_CHECK bool guard_init(struct guard *g, size_t connections);
void guard_fini(struct guard *g);

/* Of the other end of a socket. */
uint64_t guard_address(int fd);

unsigned guard_count(const struct guard *g, uint64_t address);
void guard_add(struct guard *g, uint64_t address);
void guard_drop(struct guard *g, uint64_t address);

#endif
