/*
 * ucs2.c - UTF-8 to UTF-16BE and back.
 *
 * Promise: strict towards UTF-8 (Unicode, table 3-7), tolerant towards the
 * UTF-16 of carriers. The loops read by index and know their bound; only the
 * rare long forms go through a cursor.
 */
#include "proto/ucs2.h"

static bool
is_trail(uint8_t octet)
{
    return (octet & 0xC0) == 0x80;
}

/* Octets of the sequence that a lead octet begins, 0 for none; *low is the
 * smallest code point that needs so many (overlong forms are refused). */
static unsigned
lead_length(uint8_t lead, uint32_t *low)
{
    if (lead < 0x80) {
        *low = 0;
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        *low = 0x80;
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *low = 0x800;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *low = 0x10000;
        return 4;
    }
    return 0;
}

uint32_t
ucs2_next_utf8(struct cursor *utf8)
{
    uint8_t lead = cursor_u8(utf8);
    if (lead < 0x80)
        return utf8->failed ? UCS2_BAD : lead;
    uint32_t low;
    unsigned length = lead_length(lead, &low);
    if (length == 0) {
        utf8->failed = true;
        return UCS2_BAD;
    }
    struct slice rest = cursor_take(utf8, length - 1);
    uint32_t code = lead & (0xFFu >> (length + 1));
    for (size_t i = 0; i < rest.n; i++) {
        if (!is_trail(rest.p[i]))
            utf8->failed = true;
        code = code << 6 | (rest.p[i] & 0x3F);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (utf8->failed || code < low || code > 0x10FFFF || surrogate) {
        utf8->failed = true;
        return UCS2_BAD;
    }
    return code;
}

void
ucs2_put_utf8(struct writer *out, uint32_t c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = UCS2_REPLACEMENT;
    unsigned length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    uint8_t *p = writer_room(out, length);
    if (!p)
        return;
    if (length == 1) {
        p[0] = (uint8_t)c;
        return;
    }
    for (unsigned i = length - 1; i > 0; i--, c >>= 6)
        p[i] = (uint8_t)(0x80 | (c & 0x3F));
    p[0] = (uint8_t)(0xF00u >> length | c);
}

bool
ucs2_is_utf8(struct slice utf8)
{
    struct cursor c = cursor_of(utf8);
    while (cursor_left(&c) > 0) {
        if (ucs2_next_utf8(&c) == UCS2_BAD)
            return false;
    }
    return true;
}

enum text_result
ucs2_from_utf8(struct slice utf8, struct writer *out)
{
    struct cursor c = cursor_of(utf8);
    while (cursor_left(&c) > 0) {
        uint32_t code = ucs2_next_utf8(&c);
        if (code == UCS2_BAD)
            return TEXT_BAD_UTF8;
        if (code < 0x10000) {
            writer_be16(out, (uint16_t)code);
        } else {
            code -= 0x10000;
            writer_be32(out, 0xD800DC00u | (code >> 10) << 16 | (code & 0x3FF));
        }
    }
    return out->failed ? TEXT_NO_ROOM : TEXT_OK;
}

/* Unit i of UTF-16 in the given octet order. */
static uint32_t
unit_at(struct slice s, size_t i, bool little)
{
    uint32_t first = s.p[2 * i], second = s.p[2 * i + 1];
    return little ? second << 8 | first : first << 8 | second;
}

enum text_result
ucs2_to_utf8(struct slice utf16, struct writer *out)
{
    size_t units = utf16.n / 2;
    size_t i = 0;
    bool little = false;
    if (units > 0) {
        uint32_t mark = unit_at(utf16, 0, false);
        little = mark == 0xFFFE;
        i = mark == 0xFEFF || little;
    }
    while (i < units) {
        uint32_t code = unit_at(utf16, i++, little);
        if (code >= 0xD800 && code <= 0xDBFF && i < units) {
            uint32_t low = unit_at(utf16, i, little);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
                i++;
            }
        }
        ucs2_put_utf8(out, code); /* a lone surrogate becomes U+FFFD */
    }
    if (utf16.n % 2 == 1)
        ucs2_put_utf8(out, UCS2_REPLACEMENT);
    return out->failed ? TEXT_NO_ROOM : TEXT_OK;
}
