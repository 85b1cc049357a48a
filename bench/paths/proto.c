/*
 * proto.c - paths of the protocol: PDUs, texts and receipts, in and out.
 */
#include "bench/paths/paths.h"
#include "proto/gsm7.h"
#include "proto/pdu.h"
#include "proto/receipt.h"
#include "proto/segment.h"

/* 121 characters with letters of the basic table beyond ASCII and one of the
 * shift table. */
#define TEXT                                                                   \
    "Hi Zo\xc3\xa8, your order \xc2\xa3"                                       \
    "45.90 is on its way to \xc3\x85lesund and comes "                         \
    "[today] between 14 and 16. Call us on +47 22 33 44 55 if not."

enum { PART_BYTES = 140 };

static void
set_addresses(struct pdu *p, const char *from, const char *to)
{
    pdu_set_u32(p, FIELD_SOURCE_ADDR_TON, 1);
    pdu_set_u32(p, FIELD_SOURCE_ADDR_NPI, 1);
    pdu_set_slice(p, FIELD_SOURCE_ADDR, slice_str(from));
    pdu_set_u32(p, FIELD_DEST_ADDR_TON, 1);
    pdu_set_u32(p, FIELD_DEST_ADDR_NPI, 1);
    pdu_set_slice(p, FIELD_DESTINATION_ADDR, slice_str(to));
}

static void
submit_encode(unsigned count)
{
    static struct pdu p;
    static uint8_t text[PART_BYTES], room[512];
    memset(text, 'a', sizeof text);
    for (unsigned i = 0; i < count; i++) {
        struct writer w = writer_of(room, sizeof room);
        pdu_init(&p, SMPP_SUBMIT_SM, 0, i + 1);
        set_addresses(&p, "12125550101", "14155550123");
        pdu_set_u32(&p, FIELD_REGISTERED_DELIVERY, 1);
        pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_of(text, sizeof text));
        paths_need(pdu_encode(&p, SMPP_V34, &w, NULL) == PDU_OK);
        paths_use(writer_slice(&w).n);
    }
}

/* One PDU that another program would send, in its octets. */
static struct slice
written(const struct pdu *p)
{
    static uint8_t room[1024];
    struct writer w = writer_of(room, sizeof room);
    paths_need(pdu_encode(p, SMPP_V34, &w, NULL) == PDU_OK);
    return writer_slice(&w);
}

static void
decode(unsigned count, struct slice octets)
{
    static struct pdu p;
    struct pdu_error why;
    for (unsigned i = 0; i < count; i++) {
        paths_need(pdu_decode(octets, PDU_LENIENT, &p, &why) == PDU_OK);
        paths_use(p.has);
    }
}

static void
submit_decode(unsigned count)
{
    static struct pdu p;
    static uint8_t text[PART_BYTES];
    memset(text, 'a', sizeof text);
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 77);
    set_addresses(&p, "12125550101", "14155550123");
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_of(text, sizeof text));
    decode(count, written(&p));
}

static void
answer_decode(unsigned count)
{
    static struct pdu p;
    pdu_init(&p, SMPP_SUBMIT_SM_RESP, 0, 77);
    pdu_set_slice(&p, FIELD_MESSAGE_ID, slice_str("5f0e9a7c21d84b36"));
    decode(count, written(&p));
}

static void
receipt_decode(unsigned count)
{
    static struct pdu p;
    static const uint8_t delivered = 2;
    struct receipt r;
    struct pdu_error why;
    pdu_init(&p, SMPP_DELIVER_SM, 0, 77);
    set_addresses(&p, "14155550123", "12125550101");
    pdu_set_u32(&p, FIELD_ESM_CLASS, 4); /* SMPP 3.4, 5.2.12: a receipt */
    pdu_set_slice(
        &p, FIELD_SHORT_MESSAGE,
        slice_str("id:5f0e9a7c21d84b36 sub:001 dlvrd:001 submit "
                  "date:2603020800 done date:2603020801 stat:DELIVRD err:000 "
                  "text:Hi Zo your order is on"));
    paths_need(pdu_add_tlv(&p, TLV_RECEIPTED_MESSAGE_ID,
                           slice_of("5f0e9a7c21d84b36", 17)) &&
               pdu_add_tlv(&p, TLV_MESSAGE_STATE, slice_of(&delivered, 1)));
    struct slice octets = written(&p);
    for (unsigned i = 0; i < count; i++) {
        paths_need(pdu_decode(octets, PDU_LENIENT, &p, &why) == PDU_OK);
        paths_need(receipt_from_pdu(&p, NULL, &r) && r.final);
        paths_use(r.id.n);
    }
}

static void
gsm7_encode(unsigned count)
{
    uint8_t room[256];
    for (unsigned i = 0; i < count; i++) {
        struct writer w = writer_of(room, sizeof room);
        paths_need(gsm7_from_utf8(slice_str(TEXT), 0, 0, &w, NULL) == TEXT_OK);
        paths_use(writer_slice(&w).n);
    }
}

static void
gsm7_decode(unsigned count)
{
    uint8_t septets[256], room[768];
    struct writer from = writer_of(septets, sizeof septets);
    paths_need(gsm7_from_utf8(slice_str(TEXT), 0, 0, &from, NULL) == TEXT_OK);
    for (unsigned i = 0; i < count; i++) {
        struct writer w = writer_of(room, sizeof room);
        paths_need(gsm7_to_utf8(writer_slice(&from), 0, 0, &w) == TEXT_OK);
        paths_use(writer_slice(&w).n);
    }
}

/* A text of three parts, planned and cut. */
static void
cut_parts(unsigned count)
{
    static uint8_t room[SEGMENT_BUFFER_BYTES];
    static char text[] = TEXT " " TEXT " " TEXT;
    struct segment_options options = {.reference = 7};
    struct segment_plan plan;
    static struct segment_part part;
    for (unsigned i = 0; i < count; i++) {
        paths_need(segment_plan(slice_str(text), &options, room, sizeof room,
                                &plan) == SEGMENT_OK);
        paths_need(plan.parts == 3);
        for (unsigned k = 0; k < plan.parts; k++) {
            segment_part(&plan, k, &part);
            paths_use(part.octets.n);
        }
    }
}

const struct path paths_proto[] = {
    {"submit-encode", 20000, submit_encode, "submit_sm of 140 octets written"},
    {"submit-decode", 20000, submit_decode, "submit_sm of 140 octets read"},
    {"answer-decode", 20000, answer_decode, "submit_sm_resp read"},
    {"receipt-decode", 10000, receipt_decode,
     "deliver_sm with a receipt and two TLVs read, and its receipt"},
    {"gsm7-encode", 10000, gsm7_encode, "text of 121 characters to septets"},
    {"gsm7-decode", 10000, gsm7_decode, "septets of 121 characters to text"},
    {"cut-parts", 5000, cut_parts, "text of 365 characters cut in three parts"},
    {0},
};
