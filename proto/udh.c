/*
 * udh.c - the user data header: tolerant reading, plain building.
 */
#include "proto/udh.h"

/* Information element identifiers (TS 23.040, 9.2.3.24). */
enum {
    IE_CONCAT_8 = 0x00,
    IE_PORTS_8 = 0x04,
    IE_PORTS_16 = 0x05,
    IE_CONCAT_16 = 0x08,
    IE_SHIFT = 0x24,
    IE_LOCK = 0x25,
    LANGUAGE_MAX = 13, /* TS 23.038, 6.2.1.2.4 */
};

static void
set_concat(struct udh *u, struct slice s, uint8_t reference_bits)
{
    struct cursor c = cursor_of(s);
    u->reference_bits = reference_bits;
    u->reference = reference_bits == 16 ? cursor_be16(&c) : cursor_u8(&c);
    u->total = cursor_u8(&c);
    u->number = cursor_u8(&c);
}

static void
set_ports(struct udh *u, struct slice s)
{
    struct cursor c = cursor_of(s);
    bool wide = s.n == 4;
    u->ports = true;
    u->dst_port = wide ? cursor_be16(&c) : cursor_u8(&c);
    u->src_port = wide ? cursor_be16(&c) : cursor_u8(&c);
}

static uint8_t
language_of(struct slice s)
{
    return s.p[0] <= LANGUAGE_MAX ? s.p[0] : 0;
}

/* An element of another length than its kind has is stepped over. */
static void
set_element(struct udh *u, uint8_t id, struct slice s)
{
    if (id == IE_CONCAT_8 && s.n == 3)
        set_concat(u, s, 8);
    else if (id == IE_CONCAT_16 && s.n == 4)
        set_concat(u, s, 16);
    else if ((id == IE_PORTS_8 && s.n == 2) || (id == IE_PORTS_16 && s.n == 4))
        set_ports(u, s);
    else if (id == IE_LOCK && s.n == 1)
        u->lock = language_of(s);
    else if (id == IE_SHIFT && s.n == 1)
        u->shift = language_of(s);
}

bool
udh_parse(struct slice user_data, struct udh *out)
{
    memset(out, 0, sizeof *out);
    struct cursor all = cursor_of(user_data);
    uint8_t length = cursor_u8(&all);
    struct slice header = cursor_take(&all, length);
    if (all.failed)
        return false;
    out->length = (size_t)length + 1;

    struct cursor c = cursor_of(header);
    while (cursor_left(&c) > 0) {
        uint8_t id = cursor_u8(&c);
        struct slice s = cursor_take(&c, cursor_u8(&c));
        if (c.failed)
            break; /* it runs over the header: the rest is ignored */
        set_element(out, id, s);
    }
    /* TS 23.040, 9.2.3.24.1: number 0 or above total is no part of anything. */
    out->concat = out->number >= 1 && out->number <= out->total;
    if (!out->concat)
        out->reference = out->reference_bits = out->total = out->number = 0;
    return true;
}

static void
put_concat(const struct udh *u, struct writer *out)
{
    if (u->reference_bits == 16) {
        writer_be16(out, IE_CONCAT_16 << 8 | 4);
        writer_be16(out, u->reference);
    } else {
        writer_be16(out, IE_CONCAT_8 << 8 | 3);
        writer_u8(out, (uint8_t)u->reference);
    }
    writer_u8(out, u->total);
    writer_u8(out, u->number);
}

static void
put_language(uint8_t id, uint8_t language, struct writer *out)
{
    writer_u8(out, id);
    writer_u8(out, 1);
    writer_u8(out, language);
}

size_t
udh_build(const struct udh *u, struct writer *out)
{
    if (!u->ports && !u->concat && !u->lock && !u->shift)
        return 0;
    size_t start = writer_used(out);
    uint8_t *length = writer_room(out, 1);
    if (u->ports) {
        writer_be16(out, IE_PORTS_16 << 8 | 4);
        writer_be16(out, u->dst_port);
        writer_be16(out, u->src_port);
    }
    if (u->concat)
        put_concat(u, out);
    if (u->lock)
        put_language(IE_LOCK, u->lock, out);
    if (u->shift)
        put_language(IE_SHIFT, u->shift, out);
    if (out->failed)
        return 0;
    size_t written = writer_used(out) - start;
    *length = (uint8_t)(written - 1);
    return written;
}
