/*
 * ucs2.h - UTF-8 to UTF-16BE and back (what SMPP calls UCS-2).
 *
 * Promise: UTF-8 is read strictly (no overlong forms, no surrogates, nothing
 * above U+10FFFF) and written strictly; UTF-16 is read tolerantly, since it
 * comes from carriers: what is broken becomes U+FFFD, never an error.
 *
 * Threads: no state. Allocates nothing.
 */
#ifndef PROTO_UCS2_H
#define PROTO_UCS2_H

#include "proto/bytes.h"

/* What became of a text on its way into an alphabet. */
enum text_result {
    TEXT_OK = 0,
    TEXT_BAD_UTF8, /* refuse the input */
    TEXT_UNFIT,    /* a character that the alphabet lacks: try another */
    TEXT_NO_ROOM,  /* the buffer given is too small */
};

enum {
    UCS2_BAD = 0xFFFFFFFF, /* no code point */
    UCS2_REPLACEMENT = 0xFFFD,
};

/* The next code point; UCS2_BAD and a failed cursor on bad UTF-8. The cursor
 * must not be at its end. */
uint32_t ucs2_next_utf8(struct cursor *utf8);

/* Appends a code point as UTF-8; a surrogate or a number above U+10FFFF is
 * written as U+FFFD. */
void ucs2_put_utf8(struct writer *out, uint32_t code_point);

/* True when every octet belongs to well-formed UTF-8. */
MUST_CHECK bool ucs2_is_utf8(struct slice utf8);

/* Appends the text as UTF-16BE. */
MUST_CHECK enum text_result
ucs2_from_utf8(struct slice utf8, struct writer *out);

/*
 * Appends UTF-16BE as UTF-8. A byte order mark in front is dropped, and FF FE
 * is obeyed (gsm0338.md, 4). Lone surrogates and a last odd octet become
 * U+FFFD. TEXT_NO_ROOM when out is too small; 3 octets per 2 always suffice.
 */
MUST_CHECK enum text_result
ucs2_to_utf8(struct slice utf16, struct writer *out);

/* True when cutting UTF-16BE in front of this octet splits a pair. */
static inline bool
ucs2_cuts_pair(struct slice utf16, size_t at)
{
    return at >= 2 && at < utf16.n && (utf16.p[at - 2] & 0xFC) == 0xD8;
}

#endif
