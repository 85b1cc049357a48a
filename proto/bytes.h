/*
 * bytes.h - slices, cursors and writers over octets.
 *
 * Promise: no read or write leaves its bounds. A cursor or writer that
 * fails once stays failed, so a whole run of gets or puts is checked by
 * one question at the end. Only this file does arithmetic on wire pointers.
 *
 * Threads: plain values, no globals. Allocates nothing.
 */
#ifndef PROTO_BYTES_H
#define PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* Octets that somebody else owns. p may be NULL when n is 0. */
struct slice {
    const uint8_t *p;
    size_t n;
};

static inline struct slice
slice_of(const void *p, size_t n)
{
    return (struct slice){p, n};
}

static inline struct slice
slice_str(const char *s)
{
    return (struct slice){(const uint8_t *)s, strlen(s)};
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Copies up to cap - 1 octets and a NUL into dst; returns octets copied. */
size_t slice_to_str(struct slice s, char *dst, size_t cap);

/* Reads from the front. Invariant: at <= end; failed cursors read zeros. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline struct cursor
cursor_of(struct slice s)
{
    return (struct cursor){s.p, s.p ? s.p + s.n : s.p, false};
}

static inline size_t
cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

/* n octets, or an empty slice and a failed cursor. */
static inline struct slice
cursor_take(struct cursor *c, size_t n)
{
    if (c->failed || cursor_left(c) < n) {
        c->failed = true;
        return (struct slice){c->at, 0};
    }
    struct slice s = {c->at, n};
    if (n > 0)
        c->at += n;
    return s;
}

/* All that is left. */
static inline struct slice
cursor_rest(struct cursor *c)
{
    return cursor_take(c, c->failed ? 0 : cursor_left(c));
}

static inline uint8_t
cursor_u8(struct cursor *c)
{
    struct slice s = cursor_take(c, 1);
    return s.n ? s.p[0] : 0;
}

/* Big-endian, as on the SMPP wire (SMPP 3.4, 3.1). */
static inline uint16_t
cursor_be16(struct cursor *c)
{
    struct slice s = cursor_take(c, 2);
    return s.n ? (uint16_t)(s.p[0] << 8 | s.p[1]) : 0;
}

static inline uint32_t
cursor_be32(struct cursor *c)
{
    struct slice s = cursor_take(c, 4);
    uint32_t v = 0;
    if (s.n) {
        memcpy(&v, s.p, 4);
        v = __builtin_bswap32(v);
    }
    return v;
}

/* Little-endian, as in stored facts. */
static inline uint32_t
cursor_le32(struct cursor *c)
{
    struct slice s = cursor_take(c, 4);
    uint32_t v = 0;
    if (s.n)
        memcpy(&v, s.p, 4);
    return v;
}

static inline uint64_t
cursor_le64(struct cursor *c)
{
    struct slice s = cursor_take(c, 8);
    uint64_t v = 0;
    if (s.n)
        memcpy(&v, s.p, 8);
    return v;
}

/* LEB128, at most 10 octets; a longer one fails the cursor. */
uint64_t cursor_varint(struct cursor *c);

/* varint length, then that many octets. */
struct slice cursor_bytes(struct cursor *c);

/*
 * The octets up to a NUL, which is skipped and not counted. Fails when no NUL
 * stands within max octets (NUL included) or before the end.
 */
struct slice cursor_cstring(struct cursor *c, size_t max);

/* Writes to the front of a buffer that somebody else owns. */
struct writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool failed;
};

static inline struct writer
writer_of(void *p, size_t cap)
{
    return (struct writer){p, p, (uint8_t *)p + cap, false};
}

static inline size_t
writer_used(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}

static inline struct slice
writer_slice(const struct writer *w)
{
    return (struct slice){w->start, writer_used(w)};
}

/* Room for n octets to be filled by the caller; NULL and failed if none. */
static inline uint8_t *
writer_room(struct writer *w, size_t n)
{
    if (w->failed || (size_t)(w->end - w->at) < n) {
        w->failed = true;
        return NULL;
    }
    uint8_t *p = w->at;
    w->at += n;
    return p;
}

static inline void
writer_u8(struct writer *w, uint8_t v)
{
    uint8_t *p = writer_room(w, 1);
    if (p)
        *p = v;
}

static inline void
writer_be16(struct writer *w, uint16_t v)
{
    uint8_t *p = writer_room(w, 2);
    if (p) {
        p[0] = (uint8_t)(v >> 8);
        p[1] = (uint8_t)v;
    }
}

static inline void
writer_be32(struct writer *w, uint32_t v)
{
    uint8_t *p = writer_room(w, 4);
    if (p) {
        v = __builtin_bswap32(v);
        memcpy(p, &v, 4);
    }
}

static inline void
writer_le32(struct writer *w, uint32_t v)
{
    uint8_t *p = writer_room(w, 4);
    if (p)
        memcpy(p, &v, 4);
}

static inline void
writer_le64(struct writer *w, uint64_t v)
{
    uint8_t *p = writer_room(w, 8);
    if (p)
        memcpy(p, &v, 8);
}

static inline void
writer_put(struct writer *w, struct slice s)
{
    uint8_t *p = writer_room(w, s.n);
    if (p && s.n)
        memcpy(p, s.p, s.n);
}

/* The octets and a NUL. An octet 0 inside is the caller's error: it fails. */
void writer_cstring(struct writer *w, struct slice s);

void writer_varint(struct writer *w, uint64_t v);

/* varint length, then the octets. */
void writer_bytes(struct writer *w, struct slice s);

/* Overwrites 4 octets already written at offset from start. */
void writer_patch_be32(struct writer *w, size_t offset, uint32_t v);

/* Lower-case hexadecimal; dst needs 2 * s.n + 1. Returns dst. */
char *bytes_to_hex(struct slice s, char *dst);

/* Octets of a hexadecimal text, spaces skipped; false on another character
 * or an odd digit. *n comes as capacity and leaves as length. */
MUST_CHECK bool bytes_from_hex(struct slice text, uint8_t *dst, size_t *n);

#endif
