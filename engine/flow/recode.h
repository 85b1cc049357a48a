/*
 * recode.h - a client's part in the default alphabet, as this carrier writes
 * its own.
 *
 * A client says data_coding 0 and means GSM 7-bit, an octet each. A carrier
 * may take 0 for Latin-1 or ASCII, or want its septets packed; then the text
 * is written anew. Its header stays as it is, octet for octet.
 *
 * Promise: only data_coding 0 is touched, never what is binary, nor a text
 * in a national language's table. What the carrier's alphabet lacks makes
 * the part UCS-2 where that fits, else is a question mark. What does not fit
 * a part afterwards stays as it came.
 *
 * Threads: pure.
 */
#ifndef ENGINE_FLOW_RECODE_H
#define ENGINE_FLOW_RECODE_H

#include "engine/flow/raw.h"

struct carrier_settings;

/* Of `out`: octets of a part before and after, in any alphabet. */
enum { RECODE_BYTES = 512 };

/* The user data to send and its data_coding: `octets` itself, or room. */
struct slice
recode_part(const struct carrier_settings *s, const struct raw *r,
            struct slice octets, uint8_t room[RECODE_BYTES], uint8_t *coding);

#endif
