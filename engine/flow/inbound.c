/*
 * inbound.c - a deliver_sm from a phone becomes an INBOUND fact.
 *
 * Promise: as in inbound.h. An exact copy is dropped when it can only be the
 * carrier's repetition: within 30 s (nobody types that fast twice and means
 * two), or on another session within 5 minutes, which is how a carrier
 * repeats what we did not acknowledge before a connection died.
 */
#include "engine/flow/inbound.h"

#include <xxhash.h>

#include "engine/flow/apply.h"
#include "engine/flow/reply.h"
#include "proto/addr.h"
#include "proto/smpp.h"
#include "proto/udh.h"

enum { SAME_SESSION_MS = 30000, OTHER_SESSION_MS = 300000 };

uint64_t
inbound_subscriber(const char *text)
{
    uint64_t v;
    if (text[0] == '+' && addr_to_u64(slice_str(text), &v))
        return v;
    return XXH3_64bits(text, strlen(text)) | (uint64_t)1 << 63;
}

static uint64_t
digest(const struct fact_inbound *x)
{
    uint64_t h = XXH3_64bits_withSeed(x->octets.p, x->octets.n, x->carrier);
    h = XXH3_64bits_withSeed(x->source.p, x->source.n, h);
    h = XXH3_64bits_withSeed(x->dest.p, x->dest.n, h);
    h = map_mix(h ^ (x->data_coding << 8 | x->esm_class));
    return h ? h : 1;
}

static bool
is_repeated(struct flow *f, const struct fact_inbound *x)
{
    uint64_t pos;
    struct slice fact;
    struct fact_inbound first;
    if (!map_get(&f->replies_seen, x->digest, &pos) ||
        !journal_read(&f->journal, pos, &fact) ||
        !fact_inbound_get(fact, &first))
        return false;
    uint64_t age = x->at_ms - first.at_ms;
    bool other = first.session != x->session || pos < f->boot_pos;
    return age < (other ? OTHER_SESSION_MS : SAME_SESSION_MS);
}

static void
read_parts(const struct pdu *pdu, struct fact_inbound *x)
{
    struct udh udh;
    uint32_t ref, total, index;
    x->total = 1;
    if ((x->esm_class & ESM_UDHI) && udh_parse(x->octets, &udh) && udh.concat &&
        udh.total > 1) {
        x->reference = udh.reference;
        x->bits = udh.reference_bits;
        x->total = udh.total;
        x->index = udh.number - 1u;
    } else if (pdu_tlv_u32(pdu, TLV_SAR_MSG_REF_NUM, &ref) &&
               pdu_tlv_u32(pdu, TLV_SAR_TOTAL_SEGMENTS, &total) &&
               pdu_tlv_u32(pdu, TLV_SAR_SEGMENT_SEQNUM, &index) && total > 1 &&
               index >= 1 && index <= total && total <= 255) {
        x->reference = ref;
        x->bits = 32; /* apart from what a UDH counts */
        x->total = total;
        x->index = index - 1;
    }
}

uint32_t
inbound_take(struct flow *f, struct carrier_entry *c, unsigned bind,
             uint64_t session, const struct pdu *pdu)
{
    struct addr source, dest;
    addr_from_wire((uint8_t)pdu_u32(pdu, FIELD_SOURCE_ADDR_TON),
                   (uint8_t)pdu_u32(pdu, FIELD_SOURCE_ADDR_NPI),
                   pdu_slice(pdu, FIELD_SOURCE_ADDR), NULL, &source);
    addr_from_wire((uint8_t)pdu_u32(pdu, FIELD_DEST_ADDR_TON),
                   (uint8_t)pdu_u32(pdu, FIELD_DEST_ADDR_NPI),
                   pdu_slice(pdu, FIELD_DESTINATION_ADDR), NULL, &dest);
    const struct number *n =
        directory_find_number(&f->directory, slice_str(dest.text));
    struct fact_inbound x = {
        .at_ms = f->wall.ms,
        .carrier = c->id,
        .bind = bind,
        .session = session,
        .number = n ? n->id : 0,
        .subscriber = inbound_subscriber(source.text),
        .data_coding = pdu_u32(pdu, FIELD_DATA_CODING),
        .esm_class = pdu_u32(pdu, FIELD_ESM_CLASS),
        .source = slice_str(source.text),
        .dest = slice_str(dest.text),
        .octets = pdu_user_data(pdu),
    };
    if (x.octets.n > STORE_FACT_MAX - 512)
        return ESME_RX_P_APPN; /* beyond what any phone can send */
    read_parts(pdu, &x);
    x.digest = digest(&x);
    if (is_repeated(f, &x))
        return ESME_ROK;
    uint64_t pos = journal_inbound(&f->journal, &x);
    if (!pos)
        return CARRIER_NO_ANSWER_NOW;
    apply_inbound(f, pos, &x);
    reply_route_ready(f);
    return ESME_ROK;
}
