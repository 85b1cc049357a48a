/*
 * test_bytes.c - slices, cursors and writers stay inside their bounds.
 */
#include "proto/bytes.h"

#include <check.h>
#include <stdlib.h>

START_TEST(cursor_fails_once_and_stays_failed)
{
    static const uint8_t in[] = {0x12, 0x34, 0x56};
    struct cursor c = cursor_of(slice_of(in, sizeof in));
    ck_assert_uint_eq(cursor_be16(&c), 0x1234);
    ck_assert_uint_eq(cursor_be16(&c), 0);
    ck_assert(c.failed);
    ck_assert_uint_eq(cursor_left(&c), 1);
    ck_assert_uint_eq(cursor_u8(&c), 0);
    ck_assert_uint_eq(cursor_rest(&c).n, 0);
    ck_assert_uint_eq(cursor_cstring(&c, 10).n, 0);
}
END_TEST

START_TEST(empty_slice_may_be_null)
{
    struct cursor c = cursor_of((struct slice){0});
    ck_assert_uint_eq(cursor_left(&c), 0);
    ck_assert_uint_eq(cursor_take(&c, 0).n, 0);
    ck_assert(!c.failed);
    ck_assert(slice_eq((struct slice){0}, slice_str("")));
    cursor_u8(&c);
    ck_assert(c.failed);
}
END_TEST

START_TEST(integers_have_the_order_they_are_named_for)
{
    uint8_t out[19];
    struct writer w = writer_of(out, sizeof out);
    writer_u8(&w, 0xAB);
    writer_be16(&w, 0x0102);
    writer_be32(&w, 0x03040506);
    writer_le32(&w, 0x0A090807);
    writer_le64(&w, 0x1211100F0E0D0C0B);
    ck_assert(!w.failed);
    for (size_t i = 1; i < sizeof out; i++)
        ck_assert_uint_eq(out[i], i);
    struct cursor c = cursor_of(writer_slice(&w));
    ck_assert_uint_eq(cursor_u8(&c), 0xAB);
    ck_assert_uint_eq(cursor_be16(&c), 0x0102);
    ck_assert_uint_eq(cursor_be32(&c), 0x03040506);
    ck_assert_uint_eq(cursor_le32(&c), 0x0A090807);
    ck_assert_uint_eq(cursor_le64(&c), 0x1211100F0E0D0C0B);
    ck_assert(!c.failed && cursor_left(&c) == 0);
}
END_TEST

START_TEST(cstring_ends_within_its_limit)
{
    struct slice in = slice_of("abc\0rest", 8);
    struct cursor c = cursor_of(in);
    ck_assert(slice_eq(cursor_cstring(&c, 4), slice_str("abc")));
    ck_assert_uint_eq(cursor_left(&c), 4);
    c = cursor_of(in);
    cursor_cstring(&c, 3);
    ck_assert(c.failed);
    c = cursor_of(slice_of("abc", 3));
    cursor_cstring(&c, 10);
    ck_assert(c.failed);
}
END_TEST

START_TEST(varint_round_trips)
{
    static const uint64_t values[] = {
        0, 1, 0x7F, 0x80, 0x3FFF, 0x4000, UINT32_MAX, UINT64_MAX,
    };
    uint8_t out[10];
    struct writer w = writer_of(out, sizeof out);
    writer_varint(&w, values[_i]);
    ck_assert(!w.failed);
    struct cursor c = cursor_of(writer_slice(&w));
    ck_assert_uint_eq(cursor_varint(&c), values[_i]);
    ck_assert(!c.failed && cursor_left(&c) == 0);
    for (size_t n = 0; n < writer_used(&w); n++) {
        c = cursor_of(slice_of(out, n));
        cursor_varint(&c);
        ck_assert(c.failed);
    }
}
END_TEST

START_TEST(varint_beyond_64_bits_fails)
{
    struct cursor c =
        cursor_of(slice_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
    cursor_varint(&c);
    ck_assert(c.failed);
    c = cursor_of(slice_of("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11));
    cursor_varint(&c);
    ck_assert(c.failed);
}
END_TEST

START_TEST(counted_bytes_do_not_overrun)
{
    uint8_t out[8];
    struct writer w = writer_of(out, sizeof out);
    writer_bytes(&w, slice_str("volley"));
    struct cursor c = cursor_of(writer_slice(&w));
    ck_assert(slice_eq(cursor_bytes(&c), slice_str("volley")));
    c = cursor_of(slice_of(out, writer_used(&w) - 1));
    ck_assert_uint_eq(cursor_bytes(&c).n, 0);
    ck_assert(c.failed);
    c = cursor_of(slice_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10));
    cursor_bytes(&c);
    ck_assert(c.failed);
}
END_TEST

START_TEST(writer_stops_at_its_end)
{
    uint8_t out[4] = {0, 0, 0, 9};
    struct writer w = writer_of(out, 3);
    writer_be16(&w, 0x0102);
    writer_be16(&w, 0x0304);
    ck_assert(w.failed);
    ck_assert_uint_eq(writer_used(&w), 2);
    writer_u8(&w, 5);
    ck_assert_uint_eq(writer_used(&w), 2);
    ck_assert_uint_eq(out[3], 9);
}
END_TEST

START_TEST(nul_inside_a_cstring_is_refused)
{
    uint8_t out[8];
    struct writer w = writer_of(out, sizeof out);
    writer_cstring(&w, slice_of("a\0b", 3));
    ck_assert(w.failed);
}
END_TEST

START_TEST(patch_stays_in_what_was_written)
{
    uint8_t out[8] = {0};
    struct writer w = writer_of(out, sizeof out);
    writer_be32(&w, 0);
    writer_patch_be32(&w, 0, 0x01020304);
    ck_assert(!w.failed && out[0] == 1 && out[3] == 4);
    writer_patch_be32(&w, 1, 0);
    ck_assert(w.failed);
}
END_TEST

START_TEST(hex_is_read_and_written)
{
    uint8_t octets[3];
    char text[7];
    size_t n = sizeof octets;
    ck_assert(bytes_from_hex(slice_str("00 aB\tfF"), octets, &n));
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(bytes_to_hex(slice_of(octets, n), text), "00abff");
    n = sizeof octets;
    ck_assert(!bytes_from_hex(slice_str("0"), octets, &n));
    ck_assert(!bytes_from_hex(slice_str("0g"), octets, &n));
    ck_assert(!bytes_from_hex(slice_str("@0"), octets, &n));
    n = sizeof octets;
    ck_assert(!bytes_from_hex(slice_str("00112233"), octets, &n));
}
END_TEST

START_TEST(slice_to_str_cuts_and_ends)
{
    char text[4] = "xxx";
    ck_assert_uint_eq(slice_to_str(slice_str("volley"), text, 4), 3);
    ck_assert_str_eq(text, "vol");
    ck_assert_uint_eq(slice_to_str((struct slice){0}, text, 4), 0);
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(slice_to_str(slice_str("a"), text, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("bytes");
    TCase *t = tcase_create("bytes");
    tcase_add_test(t, cursor_fails_once_and_stays_failed);
    tcase_add_test(t, empty_slice_may_be_null);
    tcase_add_test(t, integers_have_the_order_they_are_named_for);
    tcase_add_test(t, cstring_ends_within_its_limit);
    tcase_add_loop_test(t, varint_round_trips, 0, 8);
    tcase_add_test(t, varint_beyond_64_bits_fails);
    tcase_add_test(t, counted_bytes_do_not_overrun);
    tcase_add_test(t, writer_stops_at_its_end);
    tcase_add_test(t, nul_inside_a_cstring_is_refused);
    tcase_add_test(t, patch_stays_in_what_was_written);
    tcase_add_test(t, hex_is_read_and_written);
    tcase_add_test(t, slice_to_str_cuts_and_ends);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
