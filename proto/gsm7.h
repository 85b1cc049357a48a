/*
 * gsm7.h - GSM 03.38 / TS 23.038: the 7-bit alphabet, its national tables
 * and the packing of septets.
 *
 * Promise: a septet travels as one octet with bit 7 zero, as nearly every
 * carrier wants it; packing is a step of its own. The tables stand in
 * gsm7.def and gsm7_national.def, for both directions.
 * Text of printable ASCII is the common case and costs one table look-up an
 * octet.
 *
 * Threads: constant tables only. Allocates nothing.
 */
#ifndef PROTO_GSM7_H
#define PROTO_GSM7_H

#include "proto/ucs2.h"

enum {
    GSM7_ESCAPE = 0x1B,
    GSM7_LANGUAGE_MAX = 13, /* TS 23.038, 6.2.1.2.4: ids 1 to 13 */
};

/* Whether a language id has a table of its own. Id 2 has a shift alone. */
bool gsm7_has_lock(uint8_t language);
bool gsm7_has_shift(uint8_t language);

/*
 * Appends the text as septets. lock and shift are national language ids, 0
 * for the default tables; an id without a table counts as 0.
 * TEXT_UNFIT: *culprit (may be NULL) is the character that no table has.
 * On any result but TEXT_OK the writer holds the septets up to there.
 */
MUST_CHECK enum text_result
gsm7_from_utf8(struct slice utf8, uint8_t lock, uint8_t shift,
               struct writer *out, uint32_t *culprit);

/*
 * Appends one code point by the default tables; false when they lack it or
 * the writer is full.
 */
MUST_CHECK bool gsm7_put(struct writer *out, uint32_t code_point);

/*
 * Appends septets as UTF-8. Never refuses: an escape without a character in
 * the shift table shows the locking table's (gsm0338.md, 1), a lone escape a
 * space, a code without a character U+FFFD; bit 7 is ignored.
 * TEXT_NO_ROOM when out is too small; 3 octets per septet always suffice.
 */
MUST_CHECK enum text_result gsm7_to_utf8(struct slice septets, uint8_t lock,
                                         uint8_t shift, struct writer *out);

/* True when cutting in front of this septet splits an escape pair. Holds for
 * septets made by gsm7_from_utf8(): an escape never follows an escape. */
static inline bool
gsm7_cuts_pair(struct slice septets, size_t at)
{
    return at >= 1 && at < septets.n && septets.p[at - 1] == GSM7_ESCAPE;
}

/* Zero bits between a UDH (its length octet counted) and the first septet. */
static inline unsigned
gsm7_fill_bits(size_t udh_bytes)
{
    return (unsigned)((7 - 8 * udh_bytes % 7) % 7);
}

/* Octets that n septets take behind that many fill bits. */
static inline size_t
gsm7_packed_bytes(size_t septets, unsigned fill_bits)
{
    return septets ? (7 * septets + fill_bits + 7) / 8 : 0;
}

/*
 * Packs septets into dst, which has gsm7_packed_bytes() octets of room; returns
 * their number. dst may be the septets' own place (it never overtakes the
 * reading).
 */
size_t gsm7_pack(struct slice septets, unsigned fill_bits, uint8_t *dst);

/*
 * Septets that so many packed octets hold. Where only octets are known the
 * last septet of a full group of eight may be padding: when it is 0 it is
 * not counted (gsm0338.md, 3).
 */
size_t gsm7_packed_septets(struct slice packed, unsigned fill_bits);

/* Unpacks n septets, n <= gsm7_packed_septets(). */
void
gsm7_unpack(struct slice packed, unsigned fill_bits, size_t n, uint8_t *dst);

#endif
