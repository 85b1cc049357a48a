/*
 * udh.h - the user data header in front of a short message (TS 23.040,
 * 9.2.3.24).
 *
 * Promise: parsing is as tolerant as handsets are: unknown elements are
 * stepped over, of an element that comes twice the last counts, one that runs
 * over the header ends it, and a header longer than the data is no header.
 *
 * Threads: plain values. Allocates nothing.
 */
#ifndef PROTO_UDH_H
#define PROTO_UDH_H

#include "proto/bytes.h"

enum {
    /* ports 6 + 16-bit parts 6 + two national tables 6 + length octet */
    UDH_BUILD_MAX = 19,
};

/*
 * Invariant when concat: 1 <= number <= total. length counts the length octet
 * too and is 0 when there is no header.
 */
struct udh {
    size_t length;
    bool concat;
    uint8_t reference_bits; /* 8 or 16 */
    uint16_t reference;
    uint8_t total;
    uint8_t number; /* from 1 */
    bool ports;
    uint16_t dst_port;
    uint16_t src_port;
    uint8_t lock; /* national language ids, 0: none */
    uint8_t shift;
};

/*
 * Reads the header at the front of user data whose esm_class has bit 6.
 * False when there is none to be had: *out is all zero then and the data
 * is all text.
 */
bool udh_parse(struct slice user_data, struct udh *out);

/*
 * Appends a header with the elements that are set, in the order ports, parts,
 * lock, shift; nothing when none is set. Returns the octets written.
 */
size_t udh_build(const struct udh *u, struct writer *out);

#endif
