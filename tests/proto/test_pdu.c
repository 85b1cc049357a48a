/*
 * test_pdu.c - proto/pdu.h against bytes written by hand from the
 * specification (section numbers of SMPP 3.4).
 */
#include "proto/pdu.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* A PDU in hexadecimal; spaces part the fields. */
static struct slice
wire(const char *hex)
{
    static uint8_t octets[1024];
    size_t n = sizeof octets;
    ck_assert(bytes_from_hex(slice_str(hex), octets, &n));
    return slice_of(octets, n);
}

static void
ck_text(const struct pdu *p, enum smpp_field f, const char *want)
{
    char text[300];
    ck_assert(pdu_has(p, f));
    slice_to_str(pdu_slice(p, f), text, sizeof text);
    ck_assert_str_eq(text, want);
}

static void
ck_wire(const struct pdu *p, uint8_t version, const char *hex)
{
    uint8_t out[1024];
    char got[2049], want[2049];
    struct writer w = writer_of(out, sizeof out);
    struct pdu_error e = {.detail = ""};
    enum pdu_fault fault = pdu_encode(p, version, &w, &e);
    ck_assert_msg(fault == PDU_OK, "%s", e.detail);
    ck_assert_str_eq(bytes_to_hex(writer_slice(&w), got),
                     bytes_to_hex(wire(hex), want));
}

/* 4.1.5 */
static const char bind_transceiver[] =
    "00000030 00000009 00000000 00000001"
    "534d505033544553 5400" /* system_id SMPP3TEST */
    "73656372 65743038 00"  /* password secret08 */
    "535542 4d495431 00"    /* system_type SUBMIT1 */
    "34 01 01"              /* version 3.4, TON 1, NPI 1 */
    "3100";                 /* address_range 1 */

START_TEST(bind_transceiver_is_as_the_book_says)
{
    struct pdu p, q;
    struct pdu_error e;
    ck_assert_int_eq(pdu_decode(wire(bind_transceiver), PDU_STRICT, &p, &e),
                     PDU_OK);
    ck_assert_uint_eq(p.id, SMPP_BIND_TRANSCEIVER);
    ck_assert_uint_eq(p.sequence, 1);
    ck_text(&p, FIELD_SYSTEM_ID, "SMPP3TEST");
    ck_text(&p, FIELD_PASSWORD, "secret08");
    ck_text(&p, FIELD_SYSTEM_TYPE, "SUBMIT1");
    ck_assert_uint_eq(pdu_u32(&p, FIELD_INTERFACE_VERSION), 0x34);
    ck_text(&p, FIELD_ADDRESS_RANGE, "1");
    pdu_init(&q, SMPP_BIND_TRANSCEIVER, 0, 1);
    pdu_set_slice(&q, FIELD_SYSTEM_ID, slice_str("SMPP3TEST"));
    pdu_set_slice(&q, FIELD_PASSWORD, slice_str("secret08"));
    pdu_set_slice(&q, FIELD_SYSTEM_TYPE, slice_str("SUBMIT1"));
    pdu_set_u32(&q, FIELD_INTERFACE_VERSION, 0x34);
    pdu_set_u32(&q, FIELD_ADDR_TON, 1);
    pdu_set_u32(&q, FIELD_ADDR_NPI, 1);
    pdu_set_slice(&q, FIELD_ADDRESS_RANGE, slice_str("1"));
    ck_wire(&q, SMPP_V34, bind_transceiver);
}
END_TEST

/* 4.4.1, with the UDH of part 1 of 2 and user_message_reference (5.3.2.17) */
static const char submit_sm[] =
    "00000054 00000004 00000000 7fffffff"
    "434d5400"                           /* service_type CMT */
    "05 00 564f4c4c455900"               /* from VOLLEY */
    "01 01 343437373030393030313233 00"  /* to 447700900123 */
    "43 00 01"                           /* UDHI + store, PID, prio */
    "00"                                 /* now */
    "3030303030323030303030303030305200" /* two days */
    "01 00 08 00"                        /* receipt, UCS-2 */
    "08 050003a70201 0041"               /* sm_length, text */
    "0204 0002 1234";

static void
fill_submit(struct pdu *q)
{
    pdu_init(q, SMPP_SUBMIT_SM, 0, 0x7FFFFFFF);
    pdu_set_slice(q, FIELD_SERVICE_TYPE, slice_str("CMT"));
    pdu_set_u32(q, FIELD_SOURCE_ADDR_TON, 5);
    pdu_set_slice(q, FIELD_SOURCE_ADDR, slice_str("VOLLEY"));
    pdu_set_u32(q, FIELD_DEST_ADDR_TON, 1);
    pdu_set_u32(q, FIELD_DEST_ADDR_NPI, 1);
    pdu_set_slice(q, FIELD_DESTINATION_ADDR, slice_str("447700900123"));
    pdu_set_u32(q, FIELD_ESM_CLASS, ESM_UDHI | ESM_MODE_STORE);
    pdu_set_u32(q, FIELD_PRIORITY_FLAG, 1);
    pdu_set_slice(q, FIELD_VALIDITY_PERIOD, slice_str("000002000000000R"));
    pdu_set_u32(q, FIELD_REGISTERED_DELIVERY, REGISTERED_FINAL);
    pdu_set_u32(q, FIELD_DATA_CODING, 8);
    pdu_set_slice(q, FIELD_SHORT_MESSAGE,
                  slice_of("\x05\x00\x03\xa7\x02\x01\x00\x41", 8));
}

START_TEST(submit_sm_is_as_the_book_says)
{
    struct pdu p, q;
    struct pdu_error e;
    uint32_t reference;
    ck_assert_int_eq(pdu_decode(wire(submit_sm), PDU_STRICT, &p, &e), PDU_OK);
    ck_text(&p, FIELD_SOURCE_ADDR, "VOLLEY");
    ck_text(&p, FIELD_DESTINATION_ADDR, "447700900123");
    ck_assert_uint_eq(pdu_u32(&p, FIELD_ESM_CLASS), 0x43);
    ck_assert_uint_eq(pdu_slice(&p, FIELD_SHORT_MESSAGE).n, 8);
    ck_assert(pdu_tlv_u32(&p, TLV_USER_MESSAGE_REFERENCE, &reference));
    ck_assert_uint_eq(reference, 0x1234);
    fill_submit(&q);
    ck_assert(
        pdu_add_tlv(&q, TLV_USER_MESSAGE_REFERENCE, slice_of("\x12\x34", 2)));
    ck_wire(&q, SMPP_V34, submit_sm);
}
END_TEST

/* 4.6.1: a receipt with receipted_message_id and message_state */
static const char deliver_sm[] =
    "00000046 00000005 00000000 00000003"
    "00 01 01 343437373030393030313233 00" /* from the phone */
    "05 00 564f4c4c455900"                 /* to the sender */
    "04 00 00 00 00 00 00 00 00"
    "06 69643a303132"    /* id:012 */
    "001e 0004 30313200" /* 5.3.2.12, with its NUL */
    "0427 0001 02";      /* 5.3.2.35 DELIVERED */

START_TEST(deliver_sm_is_as_the_book_says)
{
    struct pdu p, q;
    struct pdu_error e;
    struct slice id;
    ck_assert_int_eq(pdu_decode(wire(deliver_sm), PDU_STRICT, &p, &e), PDU_OK);
    ck_assert_uint_eq(pdu_u32(&p, FIELD_ESM_CLASS) & ESM_TYPE_MASK,
                      ESM_TYPE_RECEIPT);
    ck_assert(pdu_tlv_text(&p, TLV_RECEIPTED_MESSAGE_ID, &id));
    ck_assert(slice_eq(id, slice_str("012")));
    ck_assert(slice_eq(pdu_user_data(&p), slice_str("id:012")));
    pdu_init(&q, SMPP_DELIVER_SM, 0, 3);
    pdu_set_u32(&q, FIELD_SOURCE_ADDR_TON, 1);
    pdu_set_u32(&q, FIELD_SOURCE_ADDR_NPI, 1);
    pdu_set_slice(&q, FIELD_SOURCE_ADDR, slice_str("447700900123"));
    pdu_set_u32(&q, FIELD_DEST_ADDR_TON, 5);
    pdu_set_slice(&q, FIELD_DESTINATION_ADDR, slice_str("VOLLEY"));
    pdu_set_u32(&q, FIELD_ESM_CLASS, ESM_TYPE_RECEIPT);
    pdu_set_slice(&q, FIELD_SHORT_MESSAGE, slice_str("id:012"));
    ck_assert(pdu_add_tlv(&q, TLV_RECEIPTED_MESSAGE_ID, slice_str("012")));
    ck_assert(pdu_add_tlv(&q, TLV_MESSAGE_STATE, slice_of("\x02", 1)));
    ck_wire(&q, SMPP_V34, deliver_sm);
}
END_TEST

START_TEST(answers_are_as_the_book_says)
{
    struct pdu q;
    pdu_init(&q, SMPP_SUBMIT_SM_RESP, 0, 2); /* 4.4.2 */
    pdu_set_slice(&q, FIELD_MESSAGE_ID, slice_str("a7"));
    ck_wire(&q, SMPP_V34, "00000013 80000004 00000000 00000002 613700");
    pdu_init(&q, SMPP_SUBMIT_SM_RESP, ESME_RTHROTTLED, 2);
    ck_wire(&q, SMPP_V34, "00000010 80000004 00000058 00000002");
    pdu_init(&q, SMPP_DELIVER_SM_RESP, ESME_ROK, 2); /* 4.6.2 */
    ck_wire(&q, SMPP_V34, "00000011 80000005 00000000 00000002 00");
    pdu_init(&q, SMPP_ENQUIRE_LINK, 0, 9); /* 4.11.1 */
    ck_wire(&q, SMPP_V34, "00000010 00000015 00000000 00000009");
    pdu_init(&q, SMPP_ENQUIRE_LINK_RESP, 0, 9);
    ck_wire(&q, SMPP_V34, "00000010 80000015 00000000 00000009");
    pdu_init(&q, SMPP_GENERIC_NACK, ESME_RINVCMDLEN, 0); /* 4.3.1 */
    ck_wire(&q, SMPP_V34, "00000010 80000000 00000002 00000000");
    pdu_init(&q, SMPP_BIND_TRANSCEIVER_RESP, 0, 1); /* 4.1.6, 5.3.2.25 */
    pdu_set_slice(&q, FIELD_SYSTEM_ID, slice_str("MC"));
    ck_assert(pdu_add_tlv(&q, TLV_SC_INTERFACE_VERSION, slice_of("4", 1)));
    ck_wire(&q, SMPP_V34,
            "00000018 80000009 00000000 00000001 4d4300 0210 0001 34");
}
END_TEST

START_TEST(response_without_body_is_kept_as_such)
{
    struct pdu p;
    struct pdu_error e;
    const char *hex = "00000010 80000005 00000064 00000002";
    ck_assert_int_eq(pdu_decode(wire(hex), PDU_STRICT, &p, &e), PDU_OK);
    ck_assert(p.bare);
    ck_assert_uint_eq(p.has, 0);
    ck_wire(&p, SMPP_V34, hex);
}
END_TEST

/* 4.5.1 and 4.5.1.1: a phone and a distribution list */
static const char submit_multi[] = "0000002d 00000021 00000000 00000004"
                                   "00 00 00 313000"
                                   "02 01 01 01 3400 02 66616d00"
                                   "00 00 00 00 00 00 00 00 00"
                                   "02 6869";

START_TEST(submit_multi_is_as_the_book_says)
{
    struct pdu p, q;
    struct pdu_error e;
    struct pdu_entry entry;
    uint8_t list[64];
    struct writer w = writer_of(list, sizeof list);
    ck_assert_int_eq(pdu_decode(wire(submit_multi), PDU_STRICT, &p, &e),
                     PDU_OK);
    ck_assert_uint_eq(pdu_u32(&p, FIELD_NUMBER_OF_DESTS), 2);
    struct cursor c = cursor_of(pdu_slice(&p, FIELD_DEST_ADDRESS));
    ck_assert(pdu_next_entry(&c, PDU_DESTS, &entry));
    ck_assert_uint_eq(entry.ton, 1);
    ck_assert(slice_eq(entry.text, slice_str("4")));
    pdu_put_entry(&w, PDU_DESTS, &entry);
    ck_assert(pdu_next_entry(&c, PDU_DESTS, &entry));
    ck_assert_uint_eq(entry.flag, DEST_FLAG_LIST);
    ck_assert(slice_eq(entry.text, slice_str("fam")));
    pdu_put_entry(&w, PDU_DESTS, &entry);
    ck_assert(!pdu_next_entry(&c, PDU_DESTS, &entry));
    pdu_init(&q, SMPP_SUBMIT_MULTI, 0, 4);
    pdu_set_slice(&q, FIELD_SOURCE_ADDR, slice_str("10"));
    pdu_set_slice(&q, FIELD_DEST_ADDRESS, writer_slice(&w));
    pdu_set_u32(&q, FIELD_DEST_ADDRESS, 2);
    pdu_set_slice(&q, FIELD_SHORT_MESSAGE, slice_str("hi"));
    ck_wire(&q, SMPP_V34, submit_multi);
}
END_TEST

/* 4.5.2.1 */
START_TEST(submit_multi_resp_lists_what_failed)
{
    const char *hex = "0000001d 80000021 00000000 00000004 413100 01"
                      "02 08 363500 00000015";
    struct pdu p;
    struct pdu_error e;
    struct pdu_entry entry;
    ck_assert_int_eq(pdu_decode(wire(hex), PDU_STRICT, &p, &e), PDU_OK);
    struct cursor c = cursor_of(pdu_slice(&p, FIELD_UNSUCCESS_SME));
    ck_assert(pdu_next_entry(&c, PDU_FAILURES, &entry));
    ck_assert_uint_eq(entry.status, ESME_RINVSERTYP);
    ck_assert(slice_eq(entry.text, slice_str("65")));
}
END_TEST

/* 4.7.1: user data in message_payload alone */
START_TEST(data_sm_is_as_the_book_says)
{
    const char *hex = "00000025 00000103 00000000 00000005"
                      "00 01 01 3100 01 01 3200 00 01 00"
                      "0424 0005 48656c6c6f";
    struct pdu p;
    struct pdu_error e;
    ck_assert_int_eq(pdu_decode(wire(hex), PDU_STRICT, &p, &e), PDU_OK);
    ck_assert(slice_eq(pdu_user_data(&p), slice_str("Hello")));
    ck_wire(&p, SMPP_V34, hex);
}
END_TEST

START_TEST(lenient_takes_what_strict_refuses)
{
    static const struct {
        const char *hex;
        enum pdu_fault strict;
        size_t offset;
    } cases[] = {
        /* password of 9 characters */
        {"00000022 00000009 00000000 00000001 696400 50505050505050505000"
         "00 34 00 00 00",
         PDU_FIELD_TOO_LONG, 19},
        /* message_id without its NUL */
        {"00000013 80000004 00000000 00000001 414243", PDU_CSTRING_UNTERMINATED,
         16},
        /* one stray octet */
        {"00000011 00000015 00000000 00000001 00", PDU_TLV_HEADER_TRUNCATED,
         16},
        /* a TLV that overruns */
        {"00000015 00000015 00000000 00000001 0427 0002 01", PDU_TLV_OVERRUN,
         16},
    };
    struct pdu p;
    struct pdu_error e;
    struct slice in = wire(cases[_i].hex);
    ck_assert_int_eq(pdu_decode(in, PDU_STRICT, &p, &e), cases[_i].strict);
    ck_assert_uint_eq(e.offset, cases[_i].offset);
    ck_assert_int_eq(pdu_decode(in, PDU_LENIENT, &p, &e), PDU_OK);
}
END_TEST

START_TEST(lenient_has_limits_too)
{
    uint8_t octets[16 + 300];
    struct pdu p;
    struct pdu_error e;
    struct writer w = writer_of(octets, sizeof octets);
    writer_be32(&w, sizeof octets);
    writer_be32(&w, SMPP_SUBMIT_SM_RESP);
    writer_be32(&w, 0);
    writer_be32(&w, 1);
    memset(writer_room(&w, 300), 'x', 300);
    octets[sizeof octets - 1] = 0;
    ck_assert_int_eq(pdu_decode(writer_slice(&w), PDU_LENIENT, &p, &e),
                     PDU_FIELD_TOO_LONG);
    ck_assert_uint_eq(p.sequence, 1);
}
END_TEST

START_TEST(more_tlvs_than_kept_are_counted)
{
    uint8_t octets[16 + 4 * 60];
    struct pdu p;
    struct pdu_error e;
    struct writer w = writer_of(octets, sizeof octets);
    writer_be32(&w, sizeof octets);
    writer_be32(&w, SMPP_ENQUIRE_LINK);
    writer_be32(&w, 0);
    writer_be32(&w, 1);
    for (int i = 0; i < 60; i++) {
        writer_be16(&w, (uint16_t)(0x1400 + i));
        writer_be16(&w, 0);
    }
    ck_assert_int_eq(pdu_decode(writer_slice(&w), PDU_STRICT, &p, &e), PDU_OK);
    ck_assert_uint_eq(p.tlvs, PDU_TLVS_MAX);
    ck_assert_uint_eq(p.tlvs_dropped, 60 - PDU_TLVS_MAX);
    pdu_init(&p, SMPP_ENQUIRE_LINK, 0, 1);
    for (int i = 0; i < PDU_TLVS_MAX; i++)
        ck_assert(pdu_add_tlv(&p, 0x1400, slice_str("")));
    ck_assert(!pdu_add_tlv(&p, 0x1400, slice_str("")));
}
END_TEST

/* What the encoder must refuse: the change made to a good submit_sm. */
static void
break_submit(struct pdu *q, int how)
{
    static uint8_t octets[255];
    switch (how) {
    case 0:
        pdu_set_slice(q, FIELD_SOURCE_ADDR, slice_str("111111111111111111111"));
        break;
    case 1:
        pdu_set_slice(q, FIELD_SCHEDULE_DELIVERY_TIME, slice_str("tomorrow"));
        break;
    case 2: pdu_set_u32(q, FIELD_ESM_CLASS, 256); break;
    case 3: pdu_set_slice(q, FIELD_SOURCE_ADDR, slice_of("a\0b", 3)); break;
    case 4: pdu_set_slice(q, FIELD_SHORT_MESSAGE, slice_of(octets, 255)); break;
    case 5:
        ck_assert(pdu_add_tlv(q, TLV_MESSAGE_PAYLOAD, slice_str("x")));
        break;
    case 6:
        ck_assert(pdu_add_tlv(q, TLV_USER_MESSAGE_REFERENCE, slice_str("x")));
        break;
    case 7:
        ck_assert(pdu_add_tlv(q, TLV_BILLING_IDENTIFICATION, slice_str("xy")));
        break;
    case 8:
        ck_assert(pdu_add_tlv(q, TLV_SOURCE_PORT, slice_str("xy")));
        ck_assert(pdu_add_tlv(q, TLV_SOURCE_PORT, slice_str("xy")));
        break;
    default: break;
    }
}

START_TEST(encoder_refuses_what_3_4_forbids)
{
    static const enum pdu_fault want[] = {
        PDU_FIELD_TOO_LONG, PDU_FIELD_INVALID,  PDU_FIELD_INVALID,
        PDU_FIELD_INVALID,  PDU_FIELD_TOO_LONG, PDU_FIELD_INVALID,
        PDU_FIELD_INVALID,  PDU_NOT_IN_VERSION, PDU_FIELD_INVALID,
    };
    uint8_t out[1024];
    struct writer w = writer_of(out, sizeof out);
    struct pdu_error e;
    struct pdu q;
    fill_submit(&q);
    break_submit(&q, _i);
    ck_assert_int_eq(pdu_encode(&q, SMPP_V34, &w, &e), want[_i]);
    ck_assert_str_ne(e.detail, "");
}
END_TEST

START_TEST(version_decides_what_may_be_sent)
{
    uint8_t out[1024];
    struct pdu q;
    struct writer w = writer_of(out, sizeof out);
    pdu_init(&q, SMPP_BIND_TRANSCEIVER, 0, 1);
    ck_assert_int_eq(pdu_encode(&q, SMPP_V33, &w, NULL), PDU_NOT_IN_VERSION);
    pdu_init(&q, SMPP_BROADCAST_SM, 0, 1);
    ck_assert_int_eq(pdu_encode(&q, SMPP_V34, &w, NULL), PDU_NOT_IN_VERSION);
    ck_assert_int_eq(pdu_encode(&q, SMPP_V50, &w, NULL), PDU_OK);
    fill_submit(&q);
    ck_assert_int_eq(pdu_encode(&q, SMPP_V33, &w, NULL), PDU_OK);
    ck_assert(pdu_add_tlv(&q, TLV_SOURCE_PORT, slice_str("xy")));
    ck_assert_int_eq(pdu_encode(&q, SMPP_V33, &w, NULL), PDU_NOT_IN_VERSION);
    pdu_init(&q, SMPP_SUBMIT_SM_RESP, 0, 1);
    pdu_set_slice(&q, FIELD_MESSAGE_ID, slice_str("123456789"));
    ck_assert_int_eq(pdu_encode(&q, SMPP_V33, &w, NULL), PDU_FIELD_TOO_LONG);
}
END_TEST

START_TEST(full_buffer_is_told)
{
    uint8_t out[84];
    struct pdu q;
    fill_submit(&q);
    ck_assert(pdu_add_tlv(&q, TLV_USER_MESSAGE_REFERENCE, slice_str("xy")));
    for (size_t cap = 0; cap < sizeof out; cap++) {
        struct writer w = writer_of(out, cap);
        ck_assert_int_eq(pdu_encode(&q, SMPP_V34, &w, NULL), PDU_NO_ROOM);
    }
    struct writer w = writer_of(out, sizeof out);
    ck_assert_int_eq(pdu_encode(&q, SMPP_V34, &w, NULL), PDU_OK);
    ck_assert_uint_eq(writer_used(&w), sizeof out);
}
END_TEST

/* Octets for a field of the row: none, some, or as many as it may have. */
static void
fill_row(struct pdu *q, const struct pdu_row *row, struct writer *lists)
{
    static const char text[] = "0123456789012345678901234567890123456789"
                               "01234567890123456789012345678901234567890"
                               "01234567890123456789";
    size_t start = writer_used(lists);
    struct pdu_entry e = {1, 2, 3, slice_str("4915111"), 0x14};
    if (row->type == PDU_IDS)
        e = (struct pdu_entry){.text = slice_str("0A1B2C3D")};
    switch ((enum pdu_type)row->type) {
    case PDU_BYTE: pdu_set_u32(q, row->field, 0x10u + row->field); break;
    case PDU_TEXT:
        pdu_set_slice(q, row->field, slice_of(text, row->limit - 1u));
        break;
    case PDU_TIME:
        pdu_set_slice(q, row->field, slice_str("260131120000000+"));
        break;
    case PDU_OCTETS:
        pdu_set_slice(q, row->field, slice_of("\0\1\xff", 3));
        break;
    case PDU_DESTS:
    case PDU_FAILURES:
    case PDU_IDS:
        pdu_put_entry(lists, row->type, &e);
        pdu_put_entry(lists, row->type, &e);
        pdu_set_slice(
            q, row->field,
            slice_of(lists->start + start, writer_used(lists) - start));
        pdu_set_u32(q, row->field, 2);
        break;
    default: break; /* counts and lengths follow */
    }
}

static const uint32_t all_commands[] = {
#define SMPP_COMMAND(symbol, id, name, versions, shape, section) id,
#include "proto/smpp.def"
};

START_TEST(every_command_survives_a_round_trip)
{
    uint8_t out[2048], lists[256];
    struct pdu p, q;
    struct pdu_error e = {.detail = ""};
    uint32_t id = all_commands[_i];
    struct writer w = writer_of(out, sizeof out);
    struct writer l = writer_of(lists, sizeof lists);
    uint8_t version = smpp_command_in(id, SMPP_V50) ? SMPP_V50 : SMPP_V33;
    pdu_init(&q, id, 0, 77);
    for (const struct pdu_row *row = pdu_rows(id); row->type; row++) {
        fill_row(&q, row, &l);
        if (version == SMPP_V33 && row->field == FIELD_MESSAGE_ID)
            pdu_set_slice(&q, FIELD_MESSAGE_ID, slice_str("0A1B2C3D"));
    }
    ck_assert_msg(pdu_encode(&q, version, &w, &e) == PDU_OK, "%s", e.detail);
    ck_assert_msg(pdu_decode(writer_slice(&w), PDU_STRICT, &p, &e) == PDU_OK,
                  "%s", e.detail);
    ck_assert_uint_eq(p.sequence, 77);
    for (const struct pdu_row *row = pdu_rows(id); row->type; row++) {
        ck_assert(pdu_has(&p, row->field));
        if (row->type == PDU_BYTE)
            ck_assert_uint_eq(pdu_u32(&p, row->field), pdu_u32(&q, row->field));
        else
            ck_assert(slice_eq(pdu_slice(&p, row->field),
                               pdu_slice(&q, row->field)) ||
                      row->type == PDU_COUNT || row->type == PDU_LENGTH);
    }
}
END_TEST

START_TEST(every_number_has_a_name_and_back)
{
    uint32_t v;
    for (size_t i = 0; i < sizeof all_commands / sizeof *all_commands; i++) {
        ck_assert(smpp_command_by_name(smpp_command_name(all_commands[i]), &v));
        ck_assert_uint_eq(v, all_commands[i]);
    }
    for (uint32_t tag = 0; tag <= UINT16_MAX; tag++) {
        const struct smpp_tlv_row *row = smpp_tlv_by_tag((uint16_t)tag);
        if (row) {
            ck_assert_uint_eq(row->tag, tag);
            ck_assert_ptr_eq(smpp_tlv_by_name(row->name), row);
        }
    }
    for (uint32_t s = 0; s < 0x600; s++)
        if (smpp_status_name(s)) {
            ck_assert(smpp_status_by_name(smpp_status_name(s), &v));
            ck_assert_uint_eq(v, s);
        }
    ck_assert_ptr_null(smpp_command_name(0x0000000A));
    ck_assert_ptr_null(smpp_command_name(0x80000102));
    ck_assert_ptr_null(smpp_command_name(0x00000114));
    ck_assert_ptr_null(smpp_tlv_by_tag(0x1400));
    ck_assert_ptr_null(smpp_status_name(0x09));
    ck_assert_ptr_eq(smpp_tlv_by_name("dest_port"),
                     smpp_tlv_by_tag(TLV_DESTINATION_PORT));
    ck_assert(smpp_status_by_name("ESME_RINVOPTPARSTREAM", &v));
    ck_assert_uint_eq(v, ESME_RINVTLVSTREAM);
}
END_TEST

START_TEST(answers_and_tlvs_belong_to_commands)
{
    ck_assert_uint_eq(smpp_response_of(SMPP_SUBMIT_SM), SMPP_SUBMIT_SM_RESP);
    ck_assert_uint_eq(smpp_response_of(SMPP_ALERT_NOTIFICATION), 0);
    ck_assert_uint_eq(smpp_response_of(SMPP_OUTBIND), 0);
    ck_assert_uint_eq(smpp_response_of(SMPP_SUBMIT_SM_RESP), 0);
    ck_assert(smpp_tlv_listed(TLV_SC_INTERFACE_VERSION, SMPP_BIND_RECEIVER_RESP,
                              SMPP_V34));
    ck_assert(
        !smpp_tlv_listed(TLV_SC_INTERFACE_VERSION, SMPP_SUBMIT_SM, SMPP_V50));
    ck_assert(!smpp_tlv_listed(TLV_DEST_BEARER_TYPE, SMPP_SUBMIT_SM, SMPP_V34));
    ck_assert(smpp_tlv_listed(TLV_DEST_BEARER_TYPE, SMPP_SUBMIT_SM, SMPP_V50));
    ck_assert(
        smpp_tlv_listed(TLV_BROADCAST_REP_NUM, SMPP_BROADCAST_SM, SMPP_V50));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("pdu");
    TCase *t = tcase_create("pdu");
    tcase_add_test(t, bind_transceiver_is_as_the_book_says);
    tcase_add_test(t, submit_sm_is_as_the_book_says);
    tcase_add_test(t, deliver_sm_is_as_the_book_says);
    tcase_add_test(t, answers_are_as_the_book_says);
    tcase_add_test(t, response_without_body_is_kept_as_such);
    tcase_add_test(t, submit_multi_is_as_the_book_says);
    tcase_add_test(t, submit_multi_resp_lists_what_failed);
    tcase_add_test(t, data_sm_is_as_the_book_says);
    tcase_add_loop_test(t, lenient_takes_what_strict_refuses, 0, 4);
    tcase_add_test(t, lenient_has_limits_too);
    tcase_add_test(t, more_tlvs_than_kept_are_counted);
    tcase_add_loop_test(t, encoder_refuses_what_3_4_forbids, 0, 9);
    tcase_add_test(t, version_decides_what_may_be_sent);
    tcase_add_test(t, full_buffer_is_told);
    tcase_add_loop_test(t, every_command_survives_a_round_trip, 0,
                        sizeof all_commands / sizeof *all_commands);
    tcase_add_test(t, every_number_has_a_name_and_back);
    tcase_add_test(t, answers_and_tlvs_belong_to_commands);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
