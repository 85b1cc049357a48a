/*
 * pdu.c - the shapes of PDU bodies, their lists, and access to a struct pdu.
 *
 * Promise: as in pdu.h. pdu_decode.c and pdu_encode.c walk the rows that
 * are made here from pdu.def; nothing else knows the order of fields.
 */
#include "proto/pdu.h"

#define BYTE(f)        {FIELD_##f, PDU_BYTE, 1},
#define TEXT(f, limit) {FIELD_##f, PDU_TEXT, limit},
#define TIME(f)        {FIELD_##f, PDU_TIME, 17},
#define COUNT(f)       {FIELD_##f, PDU_COUNT, 1},
#define LENGTH(f)      {FIELD_##f, PDU_LENGTH, 1},
#define OCTETS(f)      {FIELD_##f, PDU_OCTETS, 255},
#define DESTS(f)       {FIELD_##f, PDU_DESTS, 0},
#define FAILURES(f)    {FIELD_##f, PDU_FAILURES, 0},
#define IDS(f)         {FIELD_##f, PDU_IDS, 0},
#define PDU_SHAPE(symbol, rows)                                                \
    static const struct pdu_row shape_##symbol[] = {rows{FIELD_N, PDU_END, 0}};
#include "proto/pdu.def"

/* In the order of smpp.def, which smpp_command_row() counts. */
static const struct pdu_row *const shapes[] = {
#define SMPP_COMMAND(symbol, id, name, versions, shape, section) shape_##shape,
#include "proto/smpp.def"
};

const struct pdu_row *
pdu_rows(uint32_t id)
{
    int row = smpp_command_row(id);
    return row < 0 ? NULL : shapes[row];
}

const char *
pdu_fault_name(enum pdu_fault fault)
{
    switch (fault) {
    case PDU_OK: return "ok";
    case PDU_NEED_MORE: return "need_more";
    case PDU_BAD_COMMAND_LENGTH: return "bad_command_length";
    case PDU_UNKNOWN_COMMAND: return "unknown_command";
    case PDU_TRUNCATED: return "truncated";
    case PDU_CSTRING_UNTERMINATED: return "cstring_unterminated";
    case PDU_FIELD_TOO_LONG: return "field_too_long";
    case PDU_SM_LENGTH_OVERRUN: return "sm_length_overrun";
    case PDU_TLV_HEADER_TRUNCATED: return "tlv_header_truncated";
    case PDU_TLV_OVERRUN: return "tlv_overrun";
    case PDU_BAD_DEST_FLAG: return "bad_dest_flag";
    case PDU_NO_ROOM: return "no_room";
    case PDU_FIELD_MISSING: return "field_missing";
    case PDU_FIELD_INVALID: return "field_invalid";
    case PDU_NOT_IN_VERSION: return "not_in_version";
    }
    return "unknown";
}

bool
pdu_peek(struct slice bytes, struct pdu *out)
{
    struct cursor c = cursor_of(bytes);
    out->length = cursor_be32(&c);
    out->id = cursor_be32(&c);
    out->status = cursor_be32(&c);
    out->sequence = cursor_be32(&c);
    out->bare = false;
    out->has = 0;
    out->tlvs = 0;
    out->tlvs_dropped = 0;
    return !c.failed;
}

void
pdu_init(struct pdu *p, uint32_t id, uint32_t status, uint32_t sequence)
{
    p->length = 0;
    p->id = id;
    p->status = status;
    p->sequence = sequence;
    p->bare = false;
    p->has = 0;
    p->tlvs = 0;
    p->tlvs_dropped = 0;
}

const struct tlv *
pdu_tlv(const struct pdu *p, uint16_t tag)
{
    for (unsigned i = 0; i < p->tlvs; i++)
        if (p->tlv[i].tag == tag)
            return &p->tlv[i];
    return NULL;
}

bool
pdu_tlv_u32(const struct pdu *p, uint16_t tag, uint32_t *out)
{
    const struct tlv *t = pdu_tlv(p, tag);
    if (!t || t->value.n < 1 || t->value.n > 4)
        return false;
    struct cursor c = cursor_of(t->value);
    uint32_t v = 0;
    while (cursor_left(&c))
        v = v << 8 | cursor_u8(&c);
    *out = v;
    return true;
}

bool
pdu_tlv_text(const struct pdu *p, uint16_t tag, struct slice *out)
{
    const struct tlv *t = pdu_tlv(p, tag);
    if (!t)
        return false;
    *out = t->value;
    if (out->n && out->p[out->n - 1] == 0)
        out->n--;
    return true;
}

bool
pdu_add_tlv(struct pdu *p, uint16_t tag, struct slice value)
{
    if (p->tlvs >= PDU_TLVS_MAX)
        return false;
    p->tlv[p->tlvs++] = (struct tlv){.tag = tag, .value = value};
    return true;
}

bool
pdu_next_entry(struct cursor *list, enum pdu_type type, struct pdu_entry *out)
{
    if (list->failed || cursor_left(list) == 0)
        return false;
    *out = (struct pdu_entry){.flag = DEST_FLAG_ADDRESS};
    if (type == PDU_DESTS)
        out->flag = cursor_u8(list);
    if (type != PDU_IDS && out->flag == DEST_FLAG_ADDRESS) {
        out->ton = cursor_u8(list);
        out->npi = cursor_u8(list);
    }
    out->text = cursor_cstring(list, cursor_left(list));
    if (type == PDU_FAILURES)
        out->status = cursor_be32(list);
    return !list->failed;
}

void
pdu_put_entry(struct writer *w, enum pdu_type type, const struct pdu_entry *e)
{
    if (type == PDU_DESTS)
        writer_u8(w, e->flag);
    if (type == PDU_FAILURES ||
        (type == PDU_DESTS && e->flag == DEST_FLAG_ADDRESS)) {
        writer_u8(w, e->ton);
        writer_u8(w, e->npi);
    }
    writer_cstring(w, e->text);
    if (type == PDU_FAILURES)
        writer_be32(w, e->status);
}

struct slice
pdu_user_data(const struct pdu *p)
{
    struct slice s = pdu_slice(p, FIELD_SHORT_MESSAGE);
    const struct tlv *payload = s.n ? NULL : pdu_tlv(p, TLV_MESSAGE_PAYLOAD);
    return payload ? payload->value : s;
}
