/*
 * pdu_decode.c - octets to struct pdu.
 *
 * Promise: as pdu_decode() in pdu.h. The walk stops at the first fault;
 * `has` and the TLVs then hold what stood before it. Only a fault writes
 * text, and nothing is cleared that will not be read.
 */
#include "proto/pdu.h"

#include <stdarg.h>
#include <stdio.h>

/* Passwords of 64 and ids of 100 characters are seen in the field. */
enum { LENIENT_TEXT_MAX = 255 };

/* Limits inside lists (3.4, 4.5.1.1, 4.5.2.1; ids of 3.3: 8 digits). */
enum { LIST_ADDRESS_MAX = 21, LIST_ID_MAX = 9 };

struct decode {
    struct cursor in;
    size_t whole; /* octets of the PDU */
    bool lenient;
    struct pdu *out;
    struct pdu_error *error; /* may be NULL */
};

static size_t
decode_offset(const struct decode *d)
{
    return d->whole - cursor_left(&d->in);
}

/* What a strict server answers; nothing to a response or a one-way PDU. */
static uint32_t
fault_status(uint32_t id, enum pdu_fault fault, enum smpp_field field)
{
    if (fault == PDU_BAD_COMMAND_LENGTH)
        return ESME_RINVCMDLEN;
    if (fault == PDU_NEED_MORE || smpp_is_response(id))
        return ESME_ROK;
    if (fault == PDU_UNKNOWN_COMMAND)
        return ESME_RINVCMDID;
    if (!smpp_response_of(id))
        return ESME_ROK;
    switch (fault) {
    case PDU_FIELD_TOO_LONG: return smpp_field_status(field);
    case PDU_SM_LENGTH_OVERRUN: return ESME_RINVMSGLEN;
    case PDU_TLV_HEADER_TRUNCATED:
    case PDU_TLV_OVERRUN: return ESME_RINVTLVSTREAM;
    case PDU_BAD_DEST_FLAG: return ESME_RINVDESTFLAG;
    default: return ESME_RINVCMDLEN;
    }
}

__attribute__((cold, format(printf, 5, 6))) static enum pdu_fault
fail(const struct decode *d, enum pdu_fault fault, enum smpp_field field,
     size_t offset, const char *format, ...)
{
    if (!d->error)
        return fault;
    *d->error = (struct pdu_error){
        .fault = fault,
        .field = field,
        .offset = offset,
        .status = fault_status(d->out->id, fault, field),
    };
    va_list ap;
    va_start(ap, format);
    vsnprintf(d->error->detail, sizeof d->error->detail, format, ap);
    va_end(ap);
    return fault;
}

/* A C-octet string. last: the body ends with it, so a lenient reader takes
 * what is left when the NUL is missing. */
static enum pdu_fault
decode_text(struct decode *d, enum smpp_field f, size_t limit, bool last,
            struct slice *out)
{
    size_t at = decode_offset(d);
    if (cursor_left(&d->in) == 0)
        return fail(d, PDU_TRUNCATED, f, at, "%s", smpp_field_name(f));
    struct cursor ahead = d->in;
    if (d->lenient)
        limit = LENIENT_TEXT_MAX;
    *out = cursor_cstring(&d->in, limit);
    if (!d->in.failed)
        return PDU_OK;
    d->in = ahead;
    struct slice s = cursor_cstring(&ahead, cursor_left(&ahead));
    if (!ahead.failed)
        return fail(d, PDU_FIELD_TOO_LONG, f, at, "%s: %zu octets, limit %zu",
                    smpp_field_name(f), s.n + 1, limit);
    if (d->lenient && last && cursor_left(&d->in) <= limit) {
        *out = cursor_rest(&d->in);
        return PDU_OK;
    }
    return fail(d, PDU_CSTRING_UNTERMINATED, f, at, "%s", smpp_field_name(f));
}

static enum pdu_fault
decode_entry(struct decode *d, enum pdu_type type, enum smpp_field f)
{
    size_t at = decode_offset(d);
    uint8_t flag = DEST_FLAG_ADDRESS;
    if (type == PDU_DESTS) {
        flag = cursor_u8(&d->in);
        if (!d->in.failed && flag != DEST_FLAG_ADDRESS &&
            flag != DEST_FLAG_LIST)
            return fail(d, PDU_BAD_DEST_FLAG, f, at, "%u", flag);
    }
    if (type != PDU_IDS && flag == DEST_FLAG_ADDRESS)
        cursor_take(&d->in, 2);
    if (d->in.failed)
        return fail(d, PDU_TRUNCATED, f, at, "%s", smpp_field_name(f));
    struct slice text;
    size_t limit = type == PDU_IDS ? LIST_ID_MAX : LIST_ADDRESS_MAX;
    enum pdu_fault fault = decode_text(d, f, limit, false, &text);
    if (fault)
        return fault;
    if (type == PDU_FAILURES)
        cursor_take(&d->in, 4);
    if (d->in.failed)
        return fail(d, PDU_TRUNCATED, f, at, "%s", smpp_field_name(f));
    return PDU_OK;
}

/* The raw octets of the whole list, each entry checked. count: of entries,
 * as the octet before the list said; at most 255. */
static enum pdu_fault
decode_list(struct decode *d, const struct pdu_row *row, uint32_t count)
{
    struct cursor start = d->in;
    for (uint32_t i = 0; i < count; i++) {
        enum pdu_fault fault = decode_entry(d, row->type, row->field);
        if (fault)
            return fault;
    }
    struct pdu_value *v = &d->out->v[row->field];
    v->u = count;
    v->s = cursor_take(&start, cursor_left(&start) - cursor_left(&d->in));
    return PDU_OK;
}

static enum pdu_fault
decode_octets(struct decode *d, const struct pdu_row *row, uint32_t n)
{
    struct pdu_value *v = &d->out->v[row->field];
    size_t left = cursor_left(&d->in);
    if (n > left)
        return fail(d, PDU_SM_LENGTH_OVERRUN, row->field, decode_offset(d),
                    "sm_length %u, %zu octets left", n, left);
    v->u = n;
    v->s = cursor_take(&d->in, n);
    return PDU_OK;
}

static enum pdu_fault
decode_body(struct decode *d, const struct pdu_row *row)
{
    uint32_t number = 0; /* the last octet read: a count or a length */
    uint64_t has = 0;
    enum pdu_fault fault = PDU_OK;
    for (; row->type != PDU_END; row++) {
        struct pdu_value *v = &d->out->v[row->field];
        switch ((enum pdu_type)row->type) {
        case PDU_BYTE:
        case PDU_COUNT:
        case PDU_LENGTH:
            number = v->u = cursor_u8(&d->in);
            if (d->in.failed)
                fault = fail(d, PDU_TRUNCATED, row->field, d->whole, "%s",
                             smpp_field_name(row->field));
            break;
        case PDU_TEXT:
        case PDU_TIME:
            fault = decode_text(d, row->field, row->limit,
                                row[1].type == PDU_END, &v->s);
            break;
        case PDU_OCTETS: fault = decode_octets(d, row, number); break;
        default: fault = decode_list(d, row, number); break;
        }
        if (fault)
            break;
        has |= (uint64_t)1 << row->field;
    }
    d->out->has = has;
    return fault;
}

static void
keep_tlv(struct pdu *out, uint16_t tag, struct slice value)
{
    if (out->tlvs == PDU_TLVS_MAX) {
        out->tlvs_dropped++;
        return;
    }
    const struct smpp_tlv_row *row = smpp_tlv_by_tag(tag);
    struct tlv *t = &out->tlv[out->tlvs++];
    t->tag = tag;
    t->odd_length = row && (value.n < row->min || value.n > row->max);
    t->value = value;
}

/* Octets too few for a TLV header. */
static enum pdu_fault
decode_stray(struct decode *d)
{
    char hex[8];
    size_t at = decode_offset(d);
    struct slice stray = cursor_rest(&d->in);
    if (d->lenient)
        return PDU_OK;
    return fail(d, PDU_TLV_HEADER_TRUNCATED, FIELD_N, at, "%zu octets left: %s",
                stray.n, bytes_to_hex(stray, hex));
}

static enum pdu_fault
decode_tlvs(struct decode *d)
{
    while (cursor_left(&d->in)) {
        if (cursor_left(&d->in) < 4)
            return decode_stray(d);
        size_t at = decode_offset(d);
        uint16_t tag = cursor_be16(&d->in);
        uint16_t n = cursor_be16(&d->in);
        size_t left = cursor_left(&d->in);
        if (n > left) {
            if (d->lenient)
                return PDU_OK;
            fail(d, PDU_TLV_OVERRUN, FIELD_N, at,
                 "tag 0x%04X length %u, %zu octets left", tag, n, left);
            if (d->error)
                d->error->tag = tag;
            return PDU_TLV_OVERRUN;
        }
        keep_tlv(d->out, tag, cursor_take(&d->in, n));
    }
    return PDU_OK;
}

/* Whether the octets hold the header and all that it announces. */
static enum pdu_fault
check_length(const struct decode *d, size_t n)
{
    uint32_t length = d->out->length;
    if (n < 4)
        return fail(d, PDU_NEED_MORE, FIELD_N, n, "fewer than 4 octets");
    if (length < PDU_HEADER_BYTES)
        return fail(d, PDU_BAD_COMMAND_LENGTH, FIELD_N, 0, "%u is below 16",
                    length);
    if (n < length)
        return fail(d, PDU_NEED_MORE, FIELD_N, n, "%zu of %u octets", n,
                    length);
    return PDU_OK;
}

enum pdu_fault
pdu_decode(struct slice whole, enum pdu_mode mode, struct pdu *out,
           struct pdu_error *error)
{
    struct decode d = {
        .in = cursor_of(whole),
        .whole = whole.n,
        .lenient = mode == PDU_LENIENT,
        .out = out,
        .error = error,
    };
    if (!pdu_peek(whole, out))
        out->length = cursor_be32(&d.in); /* the rest is 0: too short */
    enum pdu_fault fault = check_length(&d, whole.n);
    if (fault)
        return fault;
    d.whole = out->length;
    d.in = cursor_of(slice_of(whole.p, out->length));
    cursor_take(&d.in, PDU_HEADER_BYTES);
    const struct pdu_row *rows = pdu_rows(out->id);
    if (!rows)
        return fail(&d, PDU_UNKNOWN_COMMAND, FIELD_N, 4, "0x%08X", out->id);
    if (out->length == PDU_HEADER_BYTES && smpp_is_response(out->id)) {
        out->bare = rows->type != PDU_END;
        return PDU_OK;
    }
    fault = decode_body(&d, rows);
    return fault ? fault : decode_tlvs(&d);
}
