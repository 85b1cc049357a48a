/*
 * dump.h - a PDU as one log line, or as annotated hexadecimal.
 *
 * Promise: a line is one line whatever the PDU holds: octets that are not
 * printable ASCII are escaped. Texts, phone numbers and passwords appear
 * only when asked for. Output is cut at the buffer, never past it.
 *
 * Threads: pure functions. Allocates nothing.
 */
#ifndef PROTO_DUMP_H
#define PROTO_DUMP_H

#include "proto/pdu.h"

enum {
    DUMP_NUMBERS = 1, /* addresses in full; else their length: 1/1:#11 */
    DUMP_TEXTS = 2,   /* user data; else its length alone */
    DUMP_SECRETS = 4, /* passwords */
    DUMP_ALL = 7,
};

/*
 * "submit_sm seq=7 status=0x00000000 len=57 from=5/0:#6 to=1/1:#12
 * esm_class=0x40 data_coding=0x08 sm_length=140". Returns the characters
 * that the whole line has, as snprintf does; dst is always ended.
 */
size_t dump_line(const struct pdu *p, unsigned show, char *dst, size_t cap);

/*
 * One line a field: offset, octets in hexadecimal, name and meaning; then
 * the fault, if error is not NULL, and the octets that were not read.
 * whole is what p was decoded from. Returns as dump_line().
 */
size_t
dump_hex(struct slice whole, const struct pdu *p, const struct pdu_error *error,
         unsigned show, char *dst, size_t cap);

#endif
