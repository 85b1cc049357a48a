/*
 * raw.c - fields of a client's submit, packed and unpacked.
 *
 * Promise: as in raw.h.
 */
#include "engine/flow/raw.h"

#include <inttypes.h>
#include <stdio.h>

#include "proto/coding.h"
#include "proto/smpp.h"
#include "proto/udh.h"

/* What has a place of its own in the ACCEPT fact, or is ours to say. */
static bool
passes(uint16_t tag)
{
    return tag != TLV_MESSAGE_PAYLOAD && tag != TLV_QOS_TIME_TO_LIVE;
}

bool
raw_take(const struct pdu *p, struct writer *tlvs, struct raw *out)
{
    *out = (struct raw){
        .esm_class = (uint8_t)pdu_u32(p, FIELD_ESM_CLASS),
        .protocol_id = (uint8_t)pdu_u32(p, FIELD_PROTOCOL_ID),
        .priority = (uint8_t)pdu_u32(p, FIELD_PRIORITY_FLAG),
        .replace = (uint8_t)pdu_u32(p, FIELD_REPLACE_IF_PRESENT_FLAG),
        .data_coding = (uint8_t)pdu_u32(p, FIELD_DATA_CODING),
        .predefined = (uint8_t)pdu_u32(p, FIELD_SM_DEFAULT_MSG_ID),
        .source_ton = (uint8_t)pdu_u32(p, FIELD_SOURCE_ADDR_TON),
        .source_npi = (uint8_t)pdu_u32(p, FIELD_SOURCE_ADDR_NPI),
        .dest_ton = (uint8_t)pdu_u32(p, FIELD_DEST_ADDR_TON),
        .dest_npi = (uint8_t)pdu_u32(p, FIELD_DEST_ADDR_NPI),
        .service_type = pdu_slice(p, FIELD_SERVICE_TYPE),
    };
    if (pdu_tlv(p, TLV_MESSAGE_PAYLOAD) &&
        pdu_slice(p, FIELD_SHORT_MESSAGE).n == 0)
        out->flags |= RAW_PAYLOAD;
    for (unsigned i = 0; i < p->tlvs; i++) {
        if (!passes(p->tlv[i].tag))
            continue;
        writer_be16(tlvs, p->tlv[i].tag);
        writer_be16(tlvs, (uint16_t)p->tlv[i].value.n);
        writer_put(tlvs, p->tlv[i].value);
    }
    out->tlvs = writer_slice(tlvs);
    return !tlvs->failed && p->tlvs_dropped == 0;
}

void
raw_put(struct writer *w, const struct raw *r)
{
    const uint8_t fixed[] = {
        r->flags,      r->esm_class,   r->protocol_id, r->priority,
        r->replace,    r->data_coding, r->predefined,  r->source_ton,
        r->source_npi, r->dest_ton,    r->dest_npi,
    };
    writer_put(w, slice_of(fixed, sizeof fixed));
    writer_varint(w, r->group);
    writer_bytes(w, r->service_type);
    writer_bytes(w, r->source);
    writer_bytes(w, r->dest);
    writer_bytes(w, r->tlvs);
}

bool
raw_get(struct slice packed, struct raw *out)
{
    struct cursor c = cursor_of(packed);
    *out = (struct raw){0};
    uint8_t *const fixed[] = {
        &out->flags,      &out->esm_class,  &out->protocol_id,
        &out->priority,   &out->replace,    &out->data_coding,
        &out->predefined, &out->source_ton, &out->source_npi,
        &out->dest_ton,   &out->dest_npi,
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        *fixed[i] = cursor_u8(&c);
    out->group = cursor_varint(&c);
    out->service_type = cursor_bytes(&c);
    out->source = cursor_bytes(&c);
    out->dest = cursor_bytes(&c);
    out->tlvs = cursor_bytes(&c);
    return !c.failed;
}

/* The next TLV of a stream that raw_take() wrote. */
static bool
next_tlv(struct cursor *c, uint16_t *tag, struct slice *value)
{
    if (cursor_left(c) < 4)
        return false;
    *tag = cursor_be16(c);
    *value = cursor_take(c, cursor_be16(c));
    return !c->failed;
}

bool
raw_fill(const struct raw *r, struct pdu *p)
{
    uint16_t tag;
    struct slice value;
    pdu_set_u32(p, FIELD_ESM_CLASS, r->esm_class);
    pdu_set_u32(p, FIELD_PROTOCOL_ID, r->protocol_id);
    pdu_set_u32(p, FIELD_PRIORITY_FLAG, r->priority);
    pdu_set_u32(p, FIELD_REPLACE_IF_PRESENT_FLAG, r->replace);
    pdu_set_u32(p, FIELD_DATA_CODING, r->data_coding);
    pdu_set_u32(p, FIELD_SM_DEFAULT_MSG_ID, r->predefined);
    if (r->service_type.n)
        pdu_set_slice(p, FIELD_SERVICE_TYPE, r->service_type);
    for (struct cursor c = cursor_of(r->tlvs); next_tlv(&c, &tag, &value);)
        if (!pdu_add_tlv(p, tag, value))
            return false;
    return true;
}

bool
raw_tlv(const struct raw *r, uint16_t tag, struct slice *value)
{
    uint16_t found;
    for (struct cursor c = cursor_of(r->tlvs); next_tlv(&c, &found, value);)
        if (found == tag)
            return true;
    return false;
}

static uint32_t
number_of(struct slice s)
{
    uint32_t v = 0;
    struct cursor c = cursor_of(s);
    while (cursor_left(&c))
        v = v << 8 | cursor_u8(&c);
    return v;
}

bool
raw_is_part(const struct raw *r, struct slice octets, uint32_t *reference)
{
    struct udh udh;
    struct slice ref;
    if ((r->esm_class & ESM_UDHI) && udh_parse(octets, &udh) && udh.concat) {
        *reference = udh.reference;
        return true;
    }
    if (!raw_tlv(r, TLV_SAR_MSG_REF_NUM, &ref))
        return false;
    *reference = number_of(ref);
    return true;
}

bool
raw_is_ucs2(const struct raw *r)
{
    return coding_of(r->data_coding, CODING_GSM7) == CODING_UCS2;
}

bool
raw_to_utf8(const struct raw *r, struct slice octets, struct writer *out)
{
    struct coding_options options = {.charset_0 = CODING_GSM7};
    struct udh udh = {0};
    struct slice body = octets;
    if (r->flags & RAW_TEXT) {
        writer_put(out, octets);
        return true;
    }
    if ((r->esm_class & ESM_UDHI) && udh_parse(octets, &udh)) {
        struct cursor c = cursor_of(octets);
        cursor_take(&c, udh.length);
        body = cursor_rest(&c);
    }
    switch (coding_to_utf8(r->data_coding, &options, &udh, body, out)) {
    case CODING_READ:
    case CODING_GUESSED: return true;
    default: break;
    }
    static const char digits[] = "0123456789abcdef";
    for (struct cursor c = cursor_of(octets); cursor_left(&c);) {
        uint8_t octet = cursor_u8(&c);
        writer_u8(out, (uint8_t)digits[octet >> 4]);
        writer_u8(out, (uint8_t)digits[octet & 15]);
    }
    return false;
}

char *
raw_id(const struct raw *r, uint64_t message, char dst[RAW_ID_BYTES])
{
    uint64_t id = r->group ? r->group : message;
    if (r->flags & RAW_HEX) { /* SMPP 3.3 has room for 8 characters */
        snprintf(dst, RAW_ID_BYTES, "%08" PRIX64, id);
        return dst;
    }
    /* Twice a message, so not by printf. */
    char digits[RAW_ID_BYTES];
    size_t n = 0, at = 0;
    do
        digits[n++] = (char)('0' + id % 10);
    while ((id /= 10) > 0);
    while (n > 0)
        dst[at++] = digits[--n];
    dst[at] = 0;
    return dst;
}

uint64_t
raw_id_read(struct slice text, bool hex)
{
    uint64_t v = 0;
    for (struct cursor c = cursor_of(text); cursor_left(&c);) {
        uint8_t x = cursor_u8(&c);
        unsigned digit = x >= '0' && x <= '9'          ? (unsigned)x - '0'
                         : hex && x >= 'A' && x <= 'F' ? x - 'A' + 10U
                         : hex && x >= 'a' && x <= 'f' ? x - 'a' + 10U
                                                       : 99;
        if (digit == 99 || v >> 56)
            return 0;
        v = v * (hex ? 16 : 10) + digit;
    }
    return v;
}
