/*
 * pdu_encode.c - struct pdu to octets.
 *
 * Promise: as pdu_encode() in pdu.h. Strict: what leaves obeys the limits of
 * the specification and of the version spoken, so no carrier can blame our
 * bytes. The decoder is the tolerant half.
 */
#include "proto/pdu.h"

#include <stdarg.h>
#include <stdio.h>

struct encode {
    struct writer *out;
    size_t start; /* where the PDU begins in out */
    uint8_t version;
    const struct pdu *p;
    struct pdu_error *error; /* may be NULL */
};

__attribute__((cold, format(printf, 4, 5))) static enum pdu_fault
refuse(const struct encode *e, enum pdu_fault fault, enum smpp_field field,
       const char *format, ...)
{
    if (!e->error)
        return fault;
    *e->error = (struct pdu_error){
        .fault = fault,
        .field = field,
        .offset = writer_used(e->out) - e->start,
    };
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->error->detail, sizeof e->error->detail, format, ap);
    va_end(ap);
    return fault;
}

static enum pdu_fault
refuse_tlv(const struct encode *e, enum pdu_fault fault, uint16_t tag,
           const char *why)
{
    const struct smpp_tlv_row *row = smpp_tlv_by_tag(tag);
    refuse(e, fault, FIELD_N, "%s (0x%04X): %s", row ? row->name : "TLV", tag,
           why);
    if (e->error)
        e->error->tag = tag;
    return fault;
}

static enum pdu_fault
encode_text(const struct encode *e, const struct pdu_row *row)
{
    struct slice s = pdu_slice(e->p, row->field);
    size_t limit = row->limit;
    /* 3.3, 6.2.2.2: an id that we hand out is 8 hexadecimal digits. */
    if (e->version < SMPP_V34 && row->field == FIELD_MESSAGE_ID &&
        smpp_is_response(e->p->id))
        limit = 9;
    if (s.n + 1 > limit)
        return refuse(e, PDU_FIELD_TOO_LONG, row->field,
                      "%s: %zu octets, limit %zu", smpp_field_name(row->field),
                      s.n + 1, limit);
    if (row->type == PDU_TIME && s.n != 0 && s.n != 16)
        return refuse(e, PDU_FIELD_INVALID, row->field,
                      "%s: %zu characters, not 16 or none",
                      smpp_field_name(row->field), s.n);
    if (s.n && memchr(s.p, 0, s.n))
        return refuse(e, PDU_FIELD_INVALID, row->field, "%s: holds a NUL",
                      smpp_field_name(row->field));
    writer_put(e->out, s);
    writer_u8(e->out, 0);
    return PDU_OK;
}

static enum pdu_fault
encode_byte(const struct encode *e, enum smpp_field f)
{
    uint32_t u = pdu_u32(e->p, f);
    if (u > 255)
        return refuse(e, PDU_FIELD_INVALID, f, "%s: %u is above 255",
                      smpp_field_name(f), u);
    writer_u8(e->out, (uint8_t)u);
    return PDU_OK;
}

/* sm_length and short_message: 254 octets at most before 5.0 (3.4, 5.2.21). */
static enum pdu_fault
encode_short_message(const struct encode *e)
{
    struct slice s = pdu_slice(e->p, FIELD_SHORT_MESSAGE);
    size_t limit = e->version >= SMPP_V50 ? 255 : 254;
    if (s.n > limit)
        return refuse(e, PDU_FIELD_TOO_LONG, FIELD_SHORT_MESSAGE,
                      "short_message: %zu octets, limit %zu", s.n, limit);
    if (s.n && pdu_tlv(e->p, TLV_MESSAGE_PAYLOAD))
        return refuse(e, PDU_FIELD_INVALID, FIELD_SHORT_MESSAGE,
                      "short_message and message_payload are both filled");
    writer_u8(e->out, (uint8_t)s.n);
    writer_put(e->out, s);
    return PDU_OK;
}

/* The entries must be as many as said, and each be well formed. */
static bool
list_is_sound(struct slice list, enum pdu_type type, uint32_t count)
{
    struct cursor c = cursor_of(list);
    struct pdu_entry entry;
    size_t limit = type == PDU_IDS ? 8 : 20;
    for (uint32_t i = 0; i < count; i++) {
        if (!pdu_next_entry(&c, type, &entry) || entry.text.n > limit)
            return false;
        if (entry.flag != DEST_FLAG_ADDRESS && entry.flag != DEST_FLAG_LIST)
            return false;
    }
    return !c.failed && cursor_left(&c) == 0;
}

/* The count and the list: row is the count's, row[1] the list's. */
static enum pdu_fault
encode_list(const struct encode *e, const struct pdu_row *row)
{
    enum smpp_field f = row[1].field;
    uint32_t count = pdu_has(e->p, f) ? e->p->v[f].u : 0;
    struct slice list = pdu_slice(e->p, f);
    uint32_t limit = e->version >= SMPP_V50 ? 255 : 254;
    uint32_t least = e->p->id == SMPP_SUBMIT_MULTI ? 1 : 0;
    if (count < least || count > limit)
        return refuse(e, PDU_FIELD_INVALID, f, "%s: %u entries, not %u to %u",
                      smpp_field_name(f), count, least, limit);
    if (!list_is_sound(list, row[1].type, count))
        return refuse(e, PDU_FIELD_INVALID, f,
                      "%s: the octets are not %u well-formed entries",
                      smpp_field_name(f), count);
    writer_u8(e->out, (uint8_t)count);
    writer_put(e->out, list);
    return PDU_OK;
}

static enum pdu_fault
encode_body(const struct encode *e, const struct pdu_row *row)
{
    for (; row->type != PDU_END; row++) {
        enum pdu_fault fault = PDU_OK;
        switch ((enum pdu_type)row->type) {
        case PDU_BYTE: fault = encode_byte(e, row->field); break;
        case PDU_TEXT:
        case PDU_TIME: fault = encode_text(e, row); break;
        case PDU_LENGTH:
            fault = encode_short_message(e);
            row++;
            break;
        default: /* a count, then its list */
            fault = encode_list(e, row);
            row++;
            break;
        }
        if (fault)
            return fault;
    }
    return PDU_OK;
}

/* The lengths that a version knows, where 5.0 changed them. */
static void
tlv_limits(const struct smpp_tlv_row *row, uint8_t version, size_t *min,
           size_t *max)
{
    *min = row->min;
    *max = row->max;
    switch (row->tag) {
    case TLV_SOURCE_TELEMATICS_ID:
        *min = *max = version >= SMPP_V50 ? 2 : 1;
        break;
    case TLV_MS_VALIDITY: *max = version >= SMPP_V50 ? 4 : 1; break;
    case TLV_ALERT_ON_MESSAGE_DELIVERY:
        *max = version >= SMPP_V50 ? 1 : 0;
        break;
    default: break;
    }
}

static enum pdu_fault
check_tlv(const struct encode *e, unsigned i, size_t n)
{
    uint16_t tag = e->p->tlv[i].tag;
    const struct smpp_tlv_row *row = smpp_tlv_by_tag(tag);
    if (e->version < SMPP_V34 || (row && row->since > e->version))
        return refuse_tlv(e, PDU_NOT_IN_VERSION, tag,
                          "this version does not know it");
    if (n > UINT16_MAX)
        return refuse_tlv(e, PDU_FIELD_TOO_LONG, tag, "above 65535 octets");
    if (!row)
        return PDU_OK;
    size_t min, max;
    tlv_limits(row, e->version, &min, &max);
    if (n < min || n > max)
        return refuse_tlv(e, PDU_FIELD_INVALID, tag,
                          "its length is outside its limits");
    for (unsigned k = 0; k < i && !row->repeats; k++)
        if (e->p->tlv[k].tag == tag)
            return refuse_tlv(e, PDU_FIELD_INVALID, tag,
                              "it may stand only once");
    return PDU_OK;
}

/* Strings get the NUL that the specification asks for, if it is missing. */
static enum pdu_fault
encode_tlvs(const struct encode *e)
{
    for (unsigned i = 0; i < e->p->tlvs; i++) {
        const struct tlv *t = &e->p->tlv[i];
        const struct smpp_tlv_row *row = smpp_tlv_by_tag(t->tag);
        struct slice s = t->value;
        bool nul = row && row->type == TLV_TYPE_CSTRING &&
                   (s.n == 0 || s.p[s.n - 1] != 0);
        enum pdu_fault fault = check_tlv(e, i, s.n + nul);
        if (fault)
            return fault;
        writer_be16(e->out, t->tag);
        writer_be16(e->out, (uint16_t)(s.n + nul));
        writer_put(e->out, s);
        if (nul)
            writer_u8(e->out, 0);
    }
    return PDU_OK;
}

/*
 * 3.4, 4.1.2 and 4.4.2: a refused bind or submit is answered without a body.
 * data_sm_resp and deliver_sm_resp keep theirs.
 */
static bool
has_body(const struct pdu *p)
{
    if (!smpp_is_response(p->id))
        return true;
    if (p->bare)
        return false;
    switch (p->id) {
    case SMPP_BIND_RECEIVER_RESP:
    case SMPP_BIND_TRANSMITTER_RESP:
    case SMPP_BIND_TRANSCEIVER_RESP:
    case SMPP_SUBMIT_SM_RESP:
        return p->status == ESME_ROK || p->has != 0 || p->tlvs != 0;
    default: return true;
    }
}

enum pdu_fault
pdu_encode(const struct pdu *p, uint8_t version, struct writer *w,
           struct pdu_error *error)
{
    struct encode e = {w, writer_used(w), version, p, error};
    const struct pdu_row *rows = pdu_rows(p->id);
    if (!rows)
        return refuse(&e, PDU_UNKNOWN_COMMAND, FIELD_N, "0x%08X", p->id);
    if (!smpp_command_in(p->id, version))
        return refuse(&e, PDU_NOT_IN_VERSION, FIELD_N,
                      "%s: this version does not know it",
                      smpp_command_name(p->id));
    writer_be32(w, 0); /* command_length, patched below */
    writer_be32(w, p->id);
    writer_be32(w, p->status);
    writer_be32(w, p->sequence);
    if (has_body(p)) {
        enum pdu_fault fault = encode_body(&e, rows);
        if (!fault)
            fault = encode_tlvs(&e);
        if (fault)
            return fault;
    }
    if (w->failed)
        return refuse(&e, PDU_NO_ROOM, FIELD_N, "the buffer is full");
    writer_patch_be32(w, e.start, (uint32_t)(writer_used(w) - e.start));
    return PDU_OK;
}
