/*
 * segment.c - a text cut into parts.
 *
 * Promise: as in segment.h. Nothing is kept about where parts begin: walking
 * there costs two comparisons a part, at most 255 times, and cannot disagree
 * with the plan.
 */
#include "proto/segment.h"

#include "proto/gsm7.h"

enum {
    USER_DATA_BYTES = 140, /* TS 23.040: TP-User-Data */
    CONCAT_8_BYTES = 5,    /* element, without the UDH's length octet */
    CONCAT_16_BYTES = 6,
    LANGUAGE_BYTES = 3,
};

/* Octets of one unit of the encoded text. */
static size_t
unit_bytes(const struct segment_plan *p)
{
    return p->alphabet == CODING_UCS2 ? 2 : 1;
}

/* Units that a message with so many octets of UDH holds. */
static unsigned
units_left(const struct segment_plan *p, bool septets, unsigned udh_bytes)
{
    unsigned left = USER_DATA_BYTES - udh_bytes;
    if (p->alphabet == CODING_UCS2)
        return left / 2;
    return septets ? left * 8 / 7 : left;
}

/* Octets of the national elements, which every part repeats. */
static unsigned
language_bytes(const struct segment_plan *p)
{
    return (p->lock ? LANGUAGE_BYTES : 0) + (p->shift ? LANGUAGE_BYTES : 0);
}

static void
set_limits(struct segment_plan *p, bool octets_as_septets)
{
    bool septets = p->alphabet == CODING_GSM7 || octets_as_septets;
    unsigned language = language_bytes(p);
    /* With SAR or message_payload the centre adds the UDH: the same size. */
    unsigned concat =
        p->way == SEGMENT_UDH16 ? CONCAT_16_BYTES : CONCAT_8_BYTES;
    p->single_limit = units_left(p, septets, language ? language + 1 : 0);
    p->part_limit = units_left(p, septets, language + concat + 1);
}

/* Where the piece that begins at a unit ends. */
static size_t
piece_end(const struct segment_plan *p, size_t from)
{
    size_t end = from + p->part_limit;
    if (end >= p->units)
        return p->units;
    bool cuts = p->alphabet == CODING_UCS2   ? ucs2_cuts_pair(p->text, 2 * end)
                : p->alphabet == CODING_GSM7 ? gsm7_cuts_pair(p->text, end)
                                             : false;
    return cuts ? end - 1 : end;
}

static unsigned
count_segments(const struct segment_plan *p)
{
    if (p->units <= p->single_limit)
        return 1;
    unsigned n = 0;
    for (size_t at = 0; at < p->units; n++)
        at = piece_end(p, at);
    return n;
}

/* The header of one part, or of the whole when it is not cut by us. */
static size_t
put_header(const struct segment_plan *p, unsigned part, struct writer *w)
{
    bool by_udh = p->way == SEGMENT_UDH8 || p->way == SEGMENT_UDH16;
    struct udh u = {
        .concat = by_udh && p->parts > 1,
        .reference_bits = p->way == SEGMENT_UDH16 ? 16 : 8,
        .reference = p->reference,
        .total = (uint8_t)p->parts,
        .number = (uint8_t)(part + 1),
        .lock = p->lock,
        .shift = p->shift,
    };
    return udh_build(&u, w);
}

/* Appends units of the text in wire form, behind udh_bytes of header. */
static void
put_units(const struct segment_plan *p, size_t from, size_t end,
          size_t udh_bytes, struct writer *w)
{
    size_t bytes = unit_bytes(p);
    struct slice units = {p->text.p + from * bytes, (end - from) * bytes};
    if (!p->packed) {
        writer_put(w, units);
        return;
    }
    unsigned fill = gsm7_fill_bits(udh_bytes);
    uint8_t *room = writer_room(w, gsm7_packed_bytes(units.n, fill));
    if (room)
        (void)gsm7_pack(units, fill, room);
}

static void
plan_fill(struct segment_plan *p, const struct segment_options *o,
          const struct coding_choice *choice)
{
    p->way = o->way;
    p->alphabet = choice->alphabet;
    p->data_coding =
        choice->alphabet == CODING_UCS2 ? 0x08 : o->data_coding_gsm7;
    p->packed = o->packed && choice->alphabet == CODING_GSM7;
    p->transliterated = choice->transliterated;
    p->lock = choice->lock;
    p->shift = choice->shift;
    p->reference = o->reference;
    p->culprit = choice->culprit;
}

/* message_payload carries the whole text: its user data is put together now,
 * behind the encoded text. */
static enum segment_result
plan_payload(struct segment_plan *p, struct writer *w)
{
    p->parts = 1;
    uint8_t *start = w->at;
    size_t udh_bytes = put_header(p, 0, w);
    if (udh_bytes == 0 && !p->packed) {
        p->payload = p->text;
        return SEGMENT_OK;
    }
    put_units(p, 0, p->units, udh_bytes, w);
    if (w->failed)
        return SEGMENT_NO_ROOM;
    p->payload = slice_of(start, (size_t)(w->at - start));
    return SEGMENT_OK;
}

enum segment_result
segment_plan(struct slice utf8, const struct segment_options *o, uint8_t *buf,
             size_t cap, struct segment_plan *out)
{
    const struct coding_wish wish = {o->charset_0, o->lock, o->shift,
                                     o->transliterate, o->greek};
    struct coding_choice choice;
    struct writer w = writer_of(buf, cap);
    memset(out, 0, sizeof *out);
    switch (coding_from_utf8(utf8, &wish, &w, &choice)) {
    case TEXT_OK: break;
    case TEXT_BAD_UTF8: return SEGMENT_BAD_UTF8;
    default: return SEGMENT_NO_ROOM;
    }
    plan_fill(out, o, &choice);
    out->text = writer_slice(&w);
    out->units = (unsigned)(out->text.n / unit_bytes(out));
    set_limits(out, o->octets_as_septets);
    out->segments = out->parts = count_segments(out);
    out->has_udh =
        language_bytes(out) > 0 || (out->parts > 1 && o->way <= SEGMENT_UDH16);

    unsigned max = o->max_parts ? o->max_parts : SEGMENT_DEFAULT_MAX_PARTS;
    if (max > SEGMENT_HARD_MAX_PARTS)
        max = SEGMENT_HARD_MAX_PARTS;
    if (out->segments > max)
        return SEGMENT_TOO_LONG;
    if (o->way == SEGMENT_PAYLOAD && out->segments > 1)
        return plan_payload(out, &w);
    return SEGMENT_OK;
}

static void
take_payload(const struct segment_plan *p, struct segment_part *out)
{
    out->in_payload = true;
    out->octets = p->payload;
    out->units = p->units;
    out->udh_bytes = p->has_udh ? (uint8_t)(p->payload.p[0] + 1) : 0;
}

void
segment_part(const struct segment_plan *p, unsigned part,
             struct segment_part *out)
{
    out->sar = p->way == SEGMENT_SAR && p->parts > 1;
    out->sar_reference = p->reference;
    out->sar_total = (uint8_t)p->parts;
    out->sar_number = (uint8_t)(part + 1);
    if (p->payload.p) {
        take_payload(p, out);
        return;
    }
    size_t from = 0, end = p->units;
    if (p->parts > 1) {
        end = piece_end(p, 0);
        for (unsigned i = 0; i < part; i++) {
            from = end;
            end = piece_end(p, from);
        }
    }
    out->in_payload = false;
    out->units = (unsigned)(end - from);
    struct writer w = writer_of(out->room, sizeof out->room);
    out->udh_bytes = (uint8_t)put_header(p, part, &w);
    if (out->udh_bytes == 0 && !p->packed) {
        size_t bytes = unit_bytes(p);
        out->octets = slice_of(p->text.p + from * bytes, out->units * bytes);
        return;
    }
    put_units(p, from, end, out->udh_bytes, &w);
    out->octets = writer_slice(&w);
}
