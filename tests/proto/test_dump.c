/*
 * test_dump.c - PDUs in logs: one line, and nothing private unless asked.
 */
#include "proto/dump.h"

#include <check.h>
#include <stdlib.h>

static void
fill(struct pdu *p)
{
    pdu_init(p, SMPP_SUBMIT_SM, 0, 7);
    p->length = 99;
    pdu_set_u32(p, FIELD_SOURCE_ADDR_TON, 5);
    pdu_set_slice(p, FIELD_SOURCE_ADDR, slice_str("VOLLEY"));
    pdu_set_u32(p, FIELD_DEST_ADDR_TON, 1);
    pdu_set_u32(p, FIELD_DEST_ADDR_NPI, 1);
    pdu_set_slice(p, FIELD_DESTINATION_ADDR, slice_str("447700900123"));
    pdu_set_u32(p, FIELD_ESM_CLASS, 0x40);
    pdu_set_u32(p, FIELD_SM_LENGTH, 2);
    pdu_set_slice(p, FIELD_SHORT_MESSAGE, slice_str("hi"));
    ck_assert(pdu_add_tlv(p, TLV_MESSAGE_PAYLOAD, slice_str("secret")));
    ck_assert(pdu_add_tlv(p, TLV_SOURCE_PORT, slice_of("\x0b\x84", 2)));
}

START_TEST(line_hides_numbers_and_texts)
{
    struct pdu p;
    char line[512];
    fill(&p);
    size_t n = dump_line(&p, 0, line, sizeof line);
    ck_assert_uint_eq(n, strlen(line));
    ck_assert_str_eq(line, "submit_sm seq=7 status=0x00000000 len=99 "
                           "from=5/0:#6 to=1/1:#12 esm_class=0x40 sm_length=2 "
                           "message_payload=#6 source_port=0x0b84");
}
END_TEST

START_TEST(line_shows_what_is_asked_for)
{
    struct pdu p;
    char line[512];
    fill(&p);
    dump_line(&p, DUMP_NUMBERS, line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, " to=1/1:447700900123 "));
    ck_assert_ptr_null(strstr(line, "6869"));
    dump_line(&p, DUMP_TEXTS, line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, "short_message=0x6869"));
    ck_assert_ptr_null(strstr(line, "447700900123"));
}
END_TEST

START_TEST(status_is_named)
{
    struct pdu p;
    char line[128];
    pdu_init(&p, SMPP_SUBMIT_SM_RESP, ESME_RTHROTTLED, 9);
    p.length = 16;
    dump_line(&p, 0, line, sizeof line);
    ck_assert_str_eq(line, "submit_sm_resp seq=9 status=0x00000058 "
                           "ESME_RTHROTTLED len=16");
    pdu_init(&p, 0x01000001, 0x499, 9);
    dump_line(&p, 0, line, sizeof line);
    ck_assert_str_eq(line, "command_0x01000001 seq=9 status=0x00000499 len=0");
}
END_TEST

START_TEST(line_stays_one_line)
{
    struct pdu p;
    char line[256];
    pdu_init(&p, SMPP_SUBMIT_SM_RESP, 0, 1);
    pdu_set_slice(&p, FIELD_MESSAGE_ID, slice_str("a\n\"\x80"));
    dump_line(&p, 0, line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, "message_id=\"a\\x0a\\x22\\x80\""));
}
END_TEST

START_TEST(output_is_cut_at_the_buffer)
{
    struct pdu p;
    char whole[512], cut[512];
    fill(&p);
    size_t n = dump_line(&p, DUMP_ALL, whole, sizeof whole);
    for (size_t cap = 1; cap <= n; cap++) {
        memset(cut, '#', sizeof cut);
        ck_assert_uint_eq(dump_line(&p, DUMP_ALL, cut, cap), n);
        ck_assert_uint_eq(strlen(cut), cap - 1);
        ck_assert(memcmp(cut, whole, cap - 1) == 0);
        ck_assert_int_eq(cut[cap], '#');
    }
    ck_assert_uint_eq(dump_line(&p, DUMP_ALL, NULL, 0), n);
}
END_TEST

/* bind_receiver of "id" with password "pw", then two stray octets */
static const uint8_t bind[] = {0,   0, 0, 29,   0, 0, 0,   1,   0, 0,
                               0,   0, 0, 0,    0, 1, 'i', 'd', 0, 'p',
                               'w', 0, 0, 0x34, 1, 1, 0,   9,   9};

START_TEST(listing_accounts_for_every_octet)
{
    struct pdu p;
    struct pdu_error e;
    char text[4096];
    struct slice whole = slice_of(bind, sizeof bind);
    ck_assert_int_eq(pdu_decode(whole, PDU_STRICT, &p, &e),
                     PDU_TLV_HEADER_TRUNCATED);
    dump_hex(whole, &p, &e, DUMP_ALL, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "   16  696400"));
    ck_assert_ptr_nonnull(strstr(text, "   19  707700"));
    ck_assert_ptr_nonnull(strstr(text, "interface_version 52 (3.4)"));
    ck_assert_ptr_nonnull(strstr(text, "   27  0909"));
    ck_assert_ptr_nonnull(strstr(text, "2 octets not read"));
    ck_assert_ptr_nonnull(strstr(text, "tlv_header_truncated: 2 octets left"));
    dump_hex(whole, &p, NULL, DUMP_NUMBERS | DUMP_TEXTS, text, sizeof text);
    ck_assert_ptr_null(strstr(text, "7077"));
    ck_assert_ptr_null(strstr(text, "\"pw\""));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("dump");
    TCase *t = tcase_create("dump");
    tcase_add_test(t, line_hides_numbers_and_texts);
    tcase_add_test(t, line_shows_what_is_asked_for);
    tcase_add_test(t, status_is_named);
    tcase_add_test(t, line_stays_one_line);
    tcase_add_test(t, output_is_cut_at_the_buffer);
    tcase_add_test(t, listing_accounts_for_every_octet);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
