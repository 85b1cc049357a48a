/*
 * translit.h - best-fit replacement of characters outside GSM 7-bit
 * (gsm0338.md, 8).
 *
 * Promise: all or nothing: either the whole text becomes septets of the
 * default tables or the caller sends the original in UCS-2. Order: Unicode
 * NFC first, then the table; a combining mark that is left over is dropped
 * when its base could be sent.
 *
 * Threads: constant tables only. Allocates nothing.
 */
#ifndef PROTO_TRANSLIT_H
#define PROTO_TRANSLIT_H

#include "proto/ucs2.h"

/*
 * Appends the text as septets. greek: Greek letters may become capitals or
 * Latin look-alikes. TEXT_UNFIT when *culprit has no replacement.
 */
MUST_CHECK enum text_result
translit_to_gsm7(struct slice utf8, bool greek, struct writer *out,
                 uint32_t *culprit);

/*
 * Unicode NFC of a run of code points, in place: a base and its combining
 * marks, Latin or Greek, 1 <= n <= TRANSLIT_RUN_MAX. Returns the new number;
 * marks that find no room in the decomposition are dropped.
 */
enum { TRANSLIT_RUN_MAX = 24 };
unsigned translit_compose(uint32_t run[TRANSLIT_RUN_MAX], unsigned n);

#endif
