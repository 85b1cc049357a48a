/*
 * deliver.h - a letter as a deliver_sm on the wire, written fast.
 *
 * Promise: the octets are those that pdu_encode() would write (a test
 * compares both); SMPP 3.3 gets no TLVs.
 *
 * Threads: a struct deliver belongs to one thread. Allocates nothing.
 */
#ifndef BENCH_SMSC_DELIVER_H
#define BENCH_SMSC_DELIVER_H

#include "bench/smsc/letter.h"
#include "bench/smsc/msgid.h"

/* Where a receipt tells its id and state. */
enum receipt_form { RECEIPT_BOTH, RECEIPT_TEXT, RECEIPT_TLV };

enum { DELIVER_MAX_BYTES = 1024 };

/* Remembers how the last minute was spelled: dates cost a division chain. */
struct deliver {
    enum msgid_form ids;
    enum receipt_form form;
    uint64_t minute[2];
    char date[2][10]; /* YYMMDDhhmm, UTC */
};

/* Writes the PDU; returns its octets. room is DELIVER_MAX_BYTES. */
size_t
deliver_write(struct deliver *d, const struct letter *l, uint32_t sequence,
              uint8_t version, uint64_t now_us, uint8_t *room);

#endif
