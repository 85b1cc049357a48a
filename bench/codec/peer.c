/*
 * peer.c - the same PDUs by Debian's libsmpp34.
 *
 * Promise: as in peer.h. submit_sm_t and deliver_sm_t differ in the length
 * of two times, so each field is copied through a pair of macros.
 */
#include "bench/codec/peer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <smpp34.h>
#include <smpp34_structs.h>

#include <smpp34_params.h>

struct peer {
    uint32_t id;
    union {
        submit_sm_t submit;
        deliver_sm_t deliver;
    } pdu, scratch; /* what is packed; what is unpacked into */
};

/* Every field that both have: BYTE(ours, theirs), TEXT(ours, theirs). */
#define FIELDS                                                                 \
    TEXT(FIELD_SERVICE_TYPE, service_type)                                     \
    BYTE(FIELD_SOURCE_ADDR_TON, source_addr_ton)                               \
    BYTE(FIELD_SOURCE_ADDR_NPI, source_addr_npi)                               \
    TEXT(FIELD_SOURCE_ADDR, source_addr)                                       \
    BYTE(FIELD_DEST_ADDR_TON, dest_addr_ton)                                   \
    BYTE(FIELD_DEST_ADDR_NPI, dest_addr_npi)                                   \
    TEXT(FIELD_DESTINATION_ADDR, destination_addr)                             \
    BYTE(FIELD_ESM_CLASS, esm_class)                                           \
    BYTE(FIELD_PROTOCOL_ID, protocol_id)                                       \
    BYTE(FIELD_PRIORITY_FLAG, priority_flag)                                   \
    TEXT(FIELD_SCHEDULE_DELIVERY_TIME, schedule_delivery_time)                 \
    TEXT(FIELD_VALIDITY_PERIOD, validity_period)                               \
    BYTE(FIELD_REGISTERED_DELIVERY, registered_delivery)                       \
    BYTE(FIELD_REPLACE_IF_PRESENT_FLAG, replace_if_present_flag)               \
    BYTE(FIELD_DATA_CODING, data_coding)                                       \
    BYTE(FIELD_SM_DEFAULT_MSG_ID, sm_default_msg_id)

/* A text with its NUL into an array of n octets. */
static bool
put_text(uint8_t *to, size_t n, struct slice s)
{
    if (s.n >= n)
        return false;
    if (s.n)
        memcpy(to, s.p, s.n);
    to[s.n] = 0;
    return true;
}

static bool
is_text(const uint8_t *theirs, size_t n, struct slice s)
{
    return s.n < n && slice_eq(slice_of(theirs, s.n), s) && theirs[s.n] == 0;
}

/* build_tlv() prepends: the last one first. */
static bool
put_tlvs(tlv_t **list, const struct pdu *p)
{
    *list = NULL;
    for (unsigned i = p->tlvs; i-- > 0;) {
        tlv_t t = {.tag = p->tlv[i].tag, .length = (uint16_t)p->tlv[i].value.n};
        if (p->tlv[i].value.n > sizeof t.value.octet)
            return false;
        if (t.length == 1)
            t.value.val08 = p->tlv[i].value.p[0];
        else
            memcpy(t.value.octet, p->tlv[i].value.p, t.length);
        if (build_tlv(list, &t) != 0)
            return false;
    }
    return true;
}

static bool
has_tlv(const tlv_t *list, const struct tlv *ours)
{
    for (const tlv_t *t = list; t; t = t->next)
        if (t->tag == ours->tag && t->length == ours->value.n &&
            memcmp(t->value.octet, ours->value.p, t->length) == 0)
            return true;
    return false;
}

static bool
tlvs_agree(const tlv_t *list, const struct pdu *p)
{
    unsigned n = 0;
    for (const tlv_t *t = list; t; t = t->next)
        n++;
    for (unsigned i = 0; i < p->tlvs; i++)
        if (!has_tlv(list, &p->tlv[i]))
            return false;
    return n == p->tlvs;
}

#define BYTE(ours, theirs) to->theirs = (uint8_t)pdu_u32(p, ours);
#define TEXT(ours, theirs)                                                     \
    good = put_text(to->theirs, sizeof to->theirs, pdu_slice(p, ours)) && good;
#define DEFINE_FILL(name, type)                                                \
    static bool fill_##name(type *to, const struct pdu *p)                     \
    {                                                                          \
        struct slice text = pdu_slice(p, FIELD_SHORT_MESSAGE);                 \
        bool good = text.n <= sizeof to->short_message;                        \
        to->command_id = p->id;                                                \
        to->command_status = p->status;                                        \
        to->sequence_number = p->sequence;                                     \
        FIELDS                                                                 \
        to->sm_length = (uint8_t)text.n;                                       \
        if (good)                                                              \
            memcpy(to->short_message, text.p, text.n);                         \
        return good && put_tlvs(&to->tlv, p);                                  \
    }
DEFINE_FILL(submit, submit_sm_t)
DEFINE_FILL(deliver, deliver_sm_t)
#undef BYTE
#undef TEXT

#define BYTE(ours, theirs) good = got->theirs == pdu_u32(p, ours) && good;
#define TEXT(ours, theirs)                                                     \
    good = is_text(got->theirs, sizeof got->theirs, pdu_slice(p, ours)) && good;
#define DEFINE_AGREES(name, type)                                              \
    static bool agrees_##name(const type *got, const struct pdu *p)            \
    {                                                                          \
        struct slice text = pdu_slice(p, FIELD_SHORT_MESSAGE);                 \
        bool good =                                                            \
            got->command_id == p->id && got->command_status == p->status &&    \
            got->sequence_number == p->sequence && got->sm_length == text.n && \
            memcmp(got->short_message, text.p, text.n) == 0;                   \
        FIELDS                                                                 \
        return good && tlvs_agree(got->tlv, p);                                \
    }
DEFINE_AGREES(submit, submit_sm_t)
DEFINE_AGREES(deliver, deliver_sm_t)
#undef BYTE
#undef TEXT

struct peer *
peer_create(const struct pdu *p)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return NULL;
    peer->id = p->id;
    bool good = p->id == SUBMIT_SM ? fill_submit(&peer->pdu.submit, p)
                                   : fill_deliver(&peer->pdu.deliver, p);
    if (good)
        return peer;
    peer_destroy(peer);
    return NULL;
}

static tlv_t *
tlvs_of(uint32_t id, const void *pdu)
{
    return id == SUBMIT_SM ? ((const submit_sm_t *)pdu)->tlv
                           : ((const deliver_sm_t *)pdu)->tlv;
}

void
peer_destroy(struct peer *peer)
{
    if (!peer)
        return;
    destroy_tlv(tlvs_of(peer->id, &peer->pdu));
    free(peer);
}

size_t
peer_pack(const struct peer *peer, uint8_t *to, size_t room)
{
    int n = 0;
    /* It packs from what it takes as not const, and changes nothing. */
    if (smpp34_pack2(to, (int)room, &n, (void *)(uintptr_t)&peer->pdu) != 0)
        return 0;
    return (size_t)n;
}

bool
peer_unpack(struct peer *peer, struct slice whole)
{
    /* It expects a cleared struct, as its own examples do. */
    memset(&peer->scratch, 0, sizeof peer->scratch);
    if (smpp34_unpack2(&peer->scratch, whole.p, (int)whole.n) != 0)
        return false;
    tlv_t *list = tlvs_of(peer->id, &peer->scratch);
    if (list)
        destroy_tlv(list);
    return true;
}

bool
peer_agrees(struct peer *peer, struct slice whole, const struct pdu *p)
{
    memset(&peer->scratch, 0, sizeof peer->scratch);
    if (smpp34_unpack2(&peer->scratch, whole.p, (int)whole.n) != 0)
        return false;
    bool good = peer->id == SUBMIT_SM
                    ? agrees_submit(&peer->scratch.submit, p)
                    : agrees_deliver(&peer->scratch.deliver, p);
    destroy_tlv(tlvs_of(peer->id, &peer->scratch));
    return good;
}
