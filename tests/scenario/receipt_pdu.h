/*
 * receipt_pdu.h - deliver_sm PDUs as carriers send them.
 */
#ifndef TESTS_SCENARIO_RECEIPT_PDU_H
#define TESTS_SCENARIO_RECEIPT_PDU_H

#include <stdint.h>

#include "proto/bytes.h"

/* A delivery receipt of the usual text (SMPP 3.4, appendix B); phone and
 * number as they stand on the wire. Returns the status that came back. */
uint32_t
receipt_deliver(const char *carrier, const char *id, const char *phone,
                const char *number, const char *stat, uint64_t session);

/* A message from a phone; part (from 1) of parts under a UDH reference, when
 * parts > 1. text is ASCII. */
struct phone_text {
    const char *carrier, *phone, *number, *text;
    unsigned part, parts, reference;
    uint64_t session;
};
uint32_t phone_deliver(const struct phone_text *t);

#endif
