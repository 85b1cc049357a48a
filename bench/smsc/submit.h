/*
 * submit.h - what a message centre wants to know of a submit_sm, read fast.
 *
 * Promise: reads the same values as pdu_decode() in strict mode from every
 * well-formed submit_sm (a test compares both), in one pass without a table.
 * Slices borrow from the PDU.
 *
 * Threads: plain values. Allocates nothing.
 */
#ifndef BENCH_SMSC_SUBMIT_H
#define BENCH_SMSC_SUBMIT_H

#include "proto/pdu.h"

enum {
    SUBMIT_ADDR_MAX = 20, /* characters; 21 octets with NUL (3.4, 4.4.1) */
};

/* Invariant: 1 <= part <= total; a whole message is part 1 of 1, ref 0. */
struct submit {
    uint32_t sequence;
    uint8_t source_ton;
    uint8_t source_npi;
    uint8_t dest_ton;
    uint8_t dest_npi;
    uint8_t esm_class;
    uint8_t registered;
    uint8_t data_coding;
    uint8_t total;
    uint8_t part;
    uint16_t ref;
    struct slice source;
    struct slice dest;
    struct slice text; /* user data behind the UDH */
};

/* The command_status that a strict centre answers; ESME_ROK: *out stands. */
MUST_CHECK uint32_t submit_read(struct slice pdu, struct submit *out);

/* The same from a decoded submit_sm or data_sm; of a submit_multi all but
 * the destination. */
MUST_CHECK uint32_t submit_from_pdu(const struct pdu *p, struct submit *out);

/* 32 bits that tell texts apart: XXH3 of the octets behind the UDH, seeded
 * with data_coding. */
uint32_t submit_text_hash(const struct submit *s);

#endif
