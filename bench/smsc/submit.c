/*
 * submit.c - fast reading of submit_sm; see submit.h.
 *
 * The fields stand in the order of SMPP 3.4, 4.4.1. The walker of pdu.c
 * costs a table row a field; here the order is the program.
 */
#include "bench/smsc/submit.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "proto/udh.h"

/* Octets with NUL (3.4, 5.2). */
enum {
    SERVICE_TYPE_BYTES = 6,
    ADDR_BYTES = SUBMIT_ADDR_MAX + 1,
    TIME_BYTES = 17,
};

/* A string of at most max octets, NUL included. */
static inline struct slice
read_string(struct cursor *c, size_t max)
{
    /* Empty strings are the common case: two thirds of a submit_sm's. */
    if (cursor_left(c) && *c->at == 0)
        return (struct slice){cursor_take(c, 1).p, 0};
    return cursor_cstring(c, max);
}

/* Keeps the parts' numbers when they make sense; a bad SAR is no SAR. */
static void
set_part(struct submit *out, uint32_t ref, uint32_t total, uint32_t part)
{
    if (part < 1 || part > total || total > 255 || total < 2)
        return;
    out->ref = (uint16_t)ref;
    out->total = (uint8_t)total;
    out->part = (uint8_t)part;
}

static void
set_text(struct submit *out, struct slice user_data)
{
    out->text = user_data;
    if (!(out->esm_class & ESM_UDHI))
        return;
    struct udh udh;
    if (!udh_parse(user_data, &udh))
        return;
    struct cursor c = cursor_of(user_data);
    (void)cursor_take(&c, udh.length);
    out->text = cursor_rest(&c);
    if (udh.concat)
        set_part(out, udh.reference, udh.total, udh.number);
}

/* message_payload and sar_* are all that a centre needs (3.4, 5.3.2). */
static uint32_t
read_tlvs(struct cursor *c, struct submit *out)
{
    uint32_t ref = 0, total = 0, part = 0;
    while (cursor_left(c)) {
        uint16_t tag = cursor_be16(c);
        size_t n = cursor_be16(c);
        struct slice v = cursor_take(c, n);
        if (c->failed)
            return ESME_RINVTLVSTREAM;
        struct cursor value = cursor_of(v);
        if (tag == TLV_MESSAGE_PAYLOAD && out->text.n == 0)
            set_text(out, v);
        else if (tag == TLV_SAR_MSG_REF_NUM)
            ref = cursor_be16(&value);
        else if (tag == TLV_SAR_TOTAL_SEGMENTS)
            total = cursor_u8(&value);
        else if (tag == TLV_SAR_SEGMENT_SEQNUM)
            part = cursor_u8(&value);
    }
    if (total)
        set_part(out, ref, total, part);
    return ESME_ROK;
}

/* Which field broke the cursor, as a status. */
static inline uint32_t
blame(const struct cursor *c, uint32_t status)
{
    return c->failed ? status : ESME_ROK;
}

uint32_t
submit_read(struct slice pdu, struct submit *out)
{
    struct cursor c = cursor_of(pdu);
    (void)cursor_take(&c, 12);
    out->sequence = cursor_be32(&c);
    out->ref = 0;
    out->total = out->part = 1;
    (void)read_string(&c, SERVICE_TYPE_BYTES);
    if (c.failed)
        return ESME_RINVSERTYP;
    out->source_ton = cursor_u8(&c);
    out->source_npi = cursor_u8(&c);
    out->source = read_string(&c, ADDR_BYTES);
    if (c.failed)
        return ESME_RINVSRCADR;
    out->dest_ton = cursor_u8(&c);
    out->dest_npi = cursor_u8(&c);
    out->dest = read_string(&c, ADDR_BYTES);
    if (c.failed || out->dest.n == 0)
        return ESME_RINVDSTADR;
    out->esm_class = cursor_u8(&c);
    (void)cursor_take(&c, 2); /* protocol_id, priority_flag */
    (void)read_string(&c, TIME_BYTES);
    uint32_t status = blame(&c, ESME_RINVSCHED);
    (void)read_string(&c, TIME_BYTES);
    if (!status)
        status = blame(&c, ESME_RINVEXPIRY);
    out->registered = cursor_u8(&c);
    (void)cursor_u8(&c); /* replace_if_present_flag */
    out->data_coding = cursor_u8(&c);
    (void)cursor_u8(&c); /* sm_default_msg_id */
    struct slice message = cursor_take(&c, cursor_u8(&c));
    if (status || c.failed)
        return status ? status : ESME_RINVMSGLEN;
    set_text(out, message);
    return cursor_left(&c) ? read_tlvs(&c, out) : ESME_ROK;
}

uint32_t
submit_from_pdu(const struct pdu *p, struct submit *out)
{
    *out = (struct submit){
        .sequence = p->sequence,
        .source_ton = (uint8_t)pdu_u32(p, FIELD_SOURCE_ADDR_TON),
        .source_npi = (uint8_t)pdu_u32(p, FIELD_SOURCE_ADDR_NPI),
        .source = pdu_slice(p, FIELD_SOURCE_ADDR),
        .dest_ton = (uint8_t)pdu_u32(p, FIELD_DEST_ADDR_TON),
        .dest_npi = (uint8_t)pdu_u32(p, FIELD_DEST_ADDR_NPI),
        .dest = pdu_slice(p, FIELD_DESTINATION_ADDR),
        .esm_class = (uint8_t)pdu_u32(p, FIELD_ESM_CLASS),
        .registered = (uint8_t)pdu_u32(p, FIELD_REGISTERED_DELIVERY),
        .data_coding = (uint8_t)pdu_u32(p, FIELD_DATA_CODING),
        .total = 1,
        .part = 1,
    };
    /* data_sm allows 64 characters; our phones have at most 20 digits. */
    if (out->source.n > SUBMIT_ADDR_MAX)
        return ESME_RINVSRCADR;
    if (out->dest.n > SUBMIT_ADDR_MAX ||
        (out->dest.n == 0 && p->id != SMPP_SUBMIT_MULTI))
        return ESME_RINVDSTADR;
    set_text(out, pdu_user_data(p));
    uint32_t ref = 0, total = 0, part = 0;
    if (pdu_tlv_u32(p, TLV_SAR_MSG_REF_NUM, &ref) &&
        pdu_tlv_u32(p, TLV_SAR_TOTAL_SEGMENTS, &total) &&
        pdu_tlv_u32(p, TLV_SAR_SEGMENT_SEQNUM, &part))
        set_part(out, ref, total, part);
    return ESME_ROK;
}

uint32_t
submit_text_hash(const struct submit *s)
{
    return (uint32_t)XXH3_64bits_withSeed(
        s->text.p ? s->text.p : (const void *)"", s->text.n, s->data_coding);
}
