/*
 * bytes.c - the parts of slices, cursors and writers that are not inline.
 *
 * Promise: as in bytes.h.
 */
#include "proto/bytes.h"

size_t
slice_to_str(struct slice s, char *dst, size_t cap)
{
    if (cap == 0)
        return 0;
    size_t n = s.n < cap - 1 ? s.n : cap - 1;
    if (n)
        memcpy(dst, s.p, n);
    dst[n] = 0;
    return n;
}

uint64_t
cursor_varint(struct cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t b = cursor_u8(c);
        if (c->failed)
            return 0;
        if (shift == 63 && b > 1)
            break;
        v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80))
            return v;
    }
    c->failed = true;
    return 0;
}

struct slice
cursor_bytes(struct cursor *c)
{
    uint64_t n = cursor_varint(c);
    if (n > cursor_left(c))
        c->failed = true;
    return cursor_take(c, c->failed ? 0 : (size_t)n);
}

struct slice
cursor_cstring(struct cursor *c, size_t max)
{
    size_t left = cursor_left(c);
    size_t span = left < max ? left : max;
    const uint8_t *nul = c->failed || span == 0 ? NULL : memchr(c->at, 0, span);
    if (!nul) {
        c->failed = true;
        return (struct slice){c->at, 0};
    }
    struct slice s = {c->at, (size_t)(nul - c->at)};
    c->at = nul + 1;
    return s;
}

void
writer_cstring(struct writer *w, struct slice s)
{
    if (s.n && memchr(s.p, 0, s.n)) {
        w->failed = true;
        return;
    }
    writer_put(w, s);
    writer_u8(w, 0);
}

void
writer_varint(struct writer *w, uint64_t v)
{
    while (v >= 0x80) {
        writer_u8(w, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    writer_u8(w, (uint8_t)v);
}

void
writer_bytes(struct writer *w, struct slice s)
{
    writer_varint(w, s.n);
    writer_put(w, s);
}

void
writer_patch_be32(struct writer *w, size_t offset, uint32_t v)
{
    if (w->failed || writer_used(w) < offset + 4) {
        w->failed = true;
        return;
    }
    v = __builtin_bswap32(v);
    memcpy(w->start + offset, &v, 4);
}

char *
bytes_to_hex(struct slice s, char *dst)
{
    static const char digit[] = "0123456789abcdef";
    char *d = dst;
    for (size_t i = 0; i < s.n; i++) {
        *d++ = digit[s.p[i] >> 4];
        *d++ = digit[s.p[i] & 15];
    }
    *d = 0;
    return dst;
}

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
bytes_from_hex(struct slice text, uint8_t *dst, size_t *n)
{
    size_t used = 0;
    int high = -1;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        int v = hex_value(c);
        if (v < 0 || used == *n)
            return false;
        if (high < 0) {
            high = v;
            continue;
        }
        dst[used++] = (uint8_t)(high << 4 | v);
        high = -1;
    }
    *n = used;
    return high < 0;
}
