/*
 * test_raw.c - tests engine/flow/raw.c.
 */
#include "engine/flow/raw.h"

#include <check.h>
#include <stdlib.h>

#include "tests/engine/run_suite.h"

static struct pdu pdu;
static uint8_t tlvs[RAW_TLVS_MAX], packed[RAW_BYTES_MAX];

static void
submit(void)
{
    pdu_init(&pdu, SMPP_SUBMIT_SM, 0, 1);
    pdu_set_u32(&pdu, FIELD_ESM_CLASS, 0x43);
    pdu_set_u32(&pdu, FIELD_PROTOCOL_ID, 0x41);
    pdu_set_u32(&pdu, FIELD_PRIORITY_FLAG, 3);
    pdu_set_u32(&pdu, FIELD_DATA_CODING, 8);
    pdu_set_u32(&pdu, FIELD_SOURCE_ADDR_TON, 5);
    pdu_set_u32(&pdu, FIELD_DEST_ADDR_TON, 1);
    pdu_set_u32(&pdu, FIELD_DEST_ADDR_NPI, 1);
    pdu_set_slice(&pdu, FIELD_SERVICE_TYPE, slice_str("CMT"));
}

static struct raw
taken(void)
{
    struct raw r;
    struct writer w = writer_of(tlvs, sizeof tlvs);
    ck_assert(raw_take(&pdu, &w, &r));
    return r;
}

START_TEST(what_was_packed_is_unpacked)
{
    struct raw r, back;
    submit();
    ck_assert(pdu_add_tlv(&pdu, 0x1400, slice_str("entity")));
    r = taken();
    r.group = 77;
    r.source = slice_str("ACME");
    struct writer w = writer_of(packed, sizeof packed);
    raw_put(&w, &r);
    ck_assert(raw_get(writer_slice(&w), &back));
    ck_assert_uint_eq(back.esm_class, 0x43);
    ck_assert_uint_eq(back.priority, 3);
    ck_assert_uint_eq(back.source_ton, 5);
    ck_assert_uint_eq(back.dest_npi, 1);
    ck_assert_uint_eq(back.group, 77);
    ck_assert(slice_eq(back.source, slice_str("ACME")));
    ck_assert(slice_eq(back.service_type, slice_str("CMT")));
    struct pdu out;
    pdu_init(&out, SMPP_SUBMIT_SM, 0, 1);
    ck_assert(raw_fill(&back, &out));
    ck_assert_uint_eq(pdu_u32(&out, FIELD_PROTOCOL_ID), 0x41);
    ck_assert(slice_eq(pdu_tlv(&out, 0x1400)->value, slice_str("entity")));
}
END_TEST

START_TEST(what_is_cut_off_anywhere_is_refused)
{
    struct raw r, back;
    submit();
    ck_assert(pdu_add_tlv(&pdu, 0x1400, slice_str("entity")));
    r = taken();
    struct writer w = writer_of(packed, sizeof packed);
    raw_put(&w, &r);
    struct slice whole = writer_slice(&w);
    for (size_t n = 0; n < whole.n; n++)
        ck_assert_msg(!raw_get(slice_of(whole.p, n), &back), "%zu octets", n);
}
END_TEST

START_TEST(payload_and_time_to_live_have_places_of_their_own)
{
    submit();
    ck_assert(pdu_add_tlv(&pdu, TLV_MESSAGE_PAYLOAD, slice_str("text")));
    ck_assert(pdu_add_tlv(&pdu, TLV_QOS_TIME_TO_LIVE, slice_of("\0\0\0\1", 4)));
    struct raw r = taken();
    ck_assert_uint_eq(r.tlvs.n, 0);
    ck_assert(r.flags & RAW_PAYLOAD);
}
END_TEST

START_TEST(more_tlvs_than_fit_are_refused)
{
    static uint8_t value[RAW_TLVS_MAX];
    struct raw r;
    struct writer w = writer_of(tlvs, sizeof tlvs);
    submit();
    ck_assert(pdu_add_tlv(&pdu, 0x1400, slice_of(value, RAW_TLVS_MAX - 4)));
    ck_assert(raw_take(&pdu, &w, &r));
    ck_assert(pdu_add_tlv(&pdu, 0x1401, slice_of(value, 1)));
    w = writer_of(tlvs, sizeof tlvs);
    ck_assert(!raw_take(&pdu, &w, &r));
}
END_TEST

/* TS 23.040, 9.2.3.24.1 and .8; SMPP 3.4, 5.3.2.22. */
static const struct {
    const char *octets;
    size_t n;
    uint8_t esm_class;
    bool part;
    uint32_t reference;
} parts[] = {
    {"\5\0\3\x77\2\1x", 7, 0x40, true, 0x77},
    {"\6\x08\4\x01\x02\2\1x", 8, 0x40, true, 0x102},
    {"\6\5\4\x0b\x84\x23\xf0x", 8, 0x40, false, 0},
    {"\5\0\3\x77\2\1x", 7, 0x00, false, 0},
    {"", 0, 0x40, false, 0},
};

START_TEST(a_part_is_known_by_its_header)
{
    uint32_t reference = 0;
    struct raw r = {.esm_class = parts[_i].esm_class};
    ck_assert_int_eq(
        raw_is_part(&r, slice_of(parts[_i].octets, parts[_i].n), &reference),
        parts[_i].part);
    ck_assert_uint_eq(reference, parts[_i].reference);
}
END_TEST

static const struct {
    const char *octets;
    size_t n;
    uint8_t data_coding, esm_class;
    bool text;
    const char *shown;
} texts[] = {
    {"hello", 5, 0, 0, true, "hello"},
    {"\0h\0\xe9", 4, 8, 0, true, "h\xc3\xa9"},
    {"caf\xe9", 4, 3, 0, true, "caf\xc3\xa9"},
    {"\5\0\3\x77\2\1rest", 10, 0, 0x40, true, "rest"},
    {"\x01\xfe", 2, 4, 0, false, "01fe"},
};

START_TEST(octets_are_read_as_their_coding_says)
{
    uint8_t room[256];
    struct writer w = writer_of(room, sizeof room);
    struct raw r = {.data_coding = texts[_i].data_coding,
                    .esm_class = texts[_i].esm_class};
    ck_assert_int_eq(
        raw_to_utf8(&r, slice_of(texts[_i].octets, texts[_i].n), &w),
        texts[_i].text);
    ck_assert(slice_eq(writer_slice(&w), slice_str(texts[_i].shown)));
}
END_TEST

START_TEST(ids_are_decimal_or_eight_hexadecimal_digits)
{
    char id[RAW_ID_BYTES];
    struct raw r = {0};
    ck_assert_str_eq(raw_id(&r, 1234567890123, id), "1234567890123");
    ck_assert_uint_eq(raw_id_read(slice_str(id), false), 1234567890123);
    r.flags = RAW_HEX;
    ck_assert_str_eq(raw_id(&r, 0xBEEF, id), "0000BEEF");
    ck_assert_uint_eq(raw_id_read(slice_str("0000beef"), true), 0xBEEF);
    r.group = 5;
    ck_assert_str_eq(raw_id(&r, 9, id), "00000005");
    ck_assert_uint_eq(raw_id_read(slice_str("12x"), false), 0);
    ck_assert_uint_eq(raw_id_read(slice_str(""), false), 0);
    ck_assert_uint_eq(raw_id_read(slice_str("99999999999999999999"), false), 0);
}
END_TEST

int
main(void)
{
    TCase *c = tcase_create("raw");
    tcase_add_test(c, what_was_packed_is_unpacked);
    tcase_add_test(c, what_is_cut_off_anywhere_is_refused);
    tcase_add_test(c, payload_and_time_to_live_have_places_of_their_own);
    tcase_add_test(c, more_tlvs_than_fit_are_refused);
    tcase_add_loop_test(c, a_part_is_known_by_its_header, 0,
                        sizeof parts / sizeof *parts);
    tcase_add_loop_test(c, octets_are_read_as_their_coding_says, 0,
                        sizeof texts / sizeof *texts);
    tcase_add_test(c, ids_are_decimal_or_eight_hexadecimal_digits);
    return run_suite("raw", c);
}
