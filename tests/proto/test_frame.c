/*
 * test_frame.c - PDUs are found in a stream, bad lengths at once.
 */
#include "proto/frame.h"

#include <check.h>
#include <stdlib.h>

enum { LIMIT = 65536 };

static const struct {
    uint32_t length;
    size_t have;
    enum frame_result want;
    size_t missing;
    const char *detail;
} cases[] = {
    {16, 0, FRAME_NEED_MORE, 16, "fewer than 4 octets"},
    {16, 3, FRAME_NEED_MORE, 13, "fewer than 4 octets"},
    {16, 4, FRAME_NEED_MORE, 12, "4 of 16 octets"},
    {16, 15, FRAME_NEED_MORE, 1, "15 of 16 octets"},
    {16, 16, FRAME_WHOLE, 0, ""},
    {16, 20, FRAME_WHOLE, 0, ""},
    {15, 4, FRAME_BAD_LENGTH, 0, "15 is below 16"},
    {0, 16, FRAME_BAD_LENGTH, 0, "0 is below 16"},
    {LIMIT, 20, FRAME_NEED_MORE, LIMIT - 20, "20 of 65536 octets"},
    {LIMIT + 1, 4, FRAME_BAD_LENGTH, 0, "65537 is above the limit"},
    {0xFFFFFFFF, 16, FRAME_BAD_LENGTH, 0, "4294967295 is above the limit"},
};

START_TEST(length_decides)
{
    uint8_t in[32] = {0};
    char detail[64];
    struct slice pdu = {0};
    struct writer w = writer_of(in, sizeof in);
    writer_be32(&w, cases[_i].length);
    struct slice s = slice_of(in, cases[_i].have);
    ck_assert_int_eq(frame_next(s, LIMIT, &pdu), cases[_i].want);
    ck_assert_uint_eq(frame_missing(s, LIMIT), cases[_i].missing);
    ck_assert_str_eq(frame_detail(s, LIMIT, detail, sizeof detail),
                     cases[_i].detail);
    ck_assert_uint_eq(pdu.n,
                      cases[_i].want == FRAME_WHOLE ? cases[_i].length : 0);
}
END_TEST

START_TEST(limit_is_the_callers)
{
    struct slice pdu;
    struct slice s = slice_of("\0\1\x11\x70", 4); /* 70000 */
    ck_assert_int_eq(frame_next(s, LIMIT, &pdu), FRAME_BAD_LENGTH);
    ck_assert_int_eq(frame_next(s, 70000, &pdu), FRAME_NEED_MORE);
}
END_TEST

START_TEST(web_and_tls_clients_are_seen_by_their_length)
{
    struct slice pdu;
    ck_assert_int_eq(frame_next(slice_str("GET / HTTP/1.1"), LIMIT, &pdu),
                     FRAME_BAD_LENGTH);
    ck_assert_int_eq(frame_next(slice_of("\x16\x03\x01\x00", 4), LIMIT, &pdu),
                     FRAME_BAD_LENGTH);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("frame");
    TCase *t = tcase_create("frame");
    tcase_add_loop_test(t, length_decides, 0, sizeof cases / sizeof *cases);
    tcase_add_test(t, limit_is_the_callers);
    tcase_add_test(t, web_and_tls_clients_are_seen_by_their_length);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
