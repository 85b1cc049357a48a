/*
 * msgid.h - message ids in the forms that carriers give them.
 *
 * Promise: an id is unique over the life of the simulator and, since numbers
 * begin at the time of start in microseconds, over restarts. In the form
 * `mixed` the answer has it in hexadecimal and the receipt in decimal, as
 * one large provider does (carrier-quirks.md, Q19).
 *
 * Threads: plain values. Allocates nothing.
 */
#ifndef BENCH_SMSC_MSGID_H
#define BENCH_SMSC_MSGID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum msgid_form { MSGID_DEC, MSGID_HEX, MSGID_UUID, MSGID_MIXED };

enum { MSGID_BYTES = 40 }; /* the longest and a NUL */

/* "dec", "hex", "uuid", "mixed". */
bool msgid_form_by_name(const char *name, enum msgid_form *out);

/*
 * Writes the id as the submit_sm_resp or the receipt has it; returns its
 * length. SMPP 3.3 allows 8 hexadecimal digits and nothing else, so a bind of
 * that version gets the low 32 bits.
 */
size_t msgid_in_answer(enum msgid_form form, uint8_t version, uint64_t id,
                       char dst[MSGID_BYTES]);
size_t msgid_in_receipt(enum msgid_form form, uint8_t version, uint64_t id,
                        char dst[MSGID_BYTES]);

/* Decimal digits of v; returns how many, no NUL. */
size_t msgid_put_decimal(uint64_t v, char *dst);

#endif
