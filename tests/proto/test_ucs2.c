/*
 * test_ucs2.c - proto/ucs2.c: strict UTF-8 in, tolerant UTF-16 in.
 */
#include "proto/ucs2.h"

#include <check.h>
#include <stdlib.h>

/* The ends of each row of Unicode's table 3-7, and the same in UTF-16BE. */
static const struct {
    const char *utf8;
    const char *utf16_hex;
} good[] = {
    {"", ""},
    {"A", "0041"},
    {"\x7F", "007f"},
    {"\xC2\x80", "0080"},
    {"\xDF\xBF", "07ff"},
    {"\xE0\xA0\x80", "0800"},
    {"\xED\x9F\xBF", "d7ff"},
    {"\xEE\x80\x80", "e000"},
    {"\xEF\xBF\xBF", "ffff"},
    {"\xF0\x90\x80\x80", "d800dc00"},
    {"\xF0\x9F\x98\x80", "d83dde00"},
    {"\xF4\x8F\xBF\xBF", "dbffdfff"},
    {"a\xE2\x82\xAC"
     "b",
     "006120ac0062"},
};

START_TEST(text_goes_to_utf16_and_back)
{
    uint8_t octets[64], text[64];
    char hex[130];
    struct slice utf8 = slice_str(good[_i].utf8);
    struct writer w = writer_of(octets, sizeof octets);
    ck_assert(ucs2_is_utf8(utf8));
    ck_assert_int_eq(ucs2_from_utf8(utf8, &w), TEXT_OK);
    ck_assert_str_eq(bytes_to_hex(writer_slice(&w), hex), good[_i].utf16_hex);
    struct writer back = writer_of(text, sizeof text);
    ck_assert_int_eq(ucs2_to_utf8(writer_slice(&w), &back), TEXT_OK);
    ck_assert(slice_eq(writer_slice(&back), utf8));
}
END_TEST

START_TEST(text_cut_inside_a_character_is_refused)
{
    struct slice utf8 = slice_str(good[_i].utf8);
    uint8_t octets[64];
    for (size_t n = 1; n < utf8.n; n++) {
        bool boundary = (utf8.p[n] & 0xC0) != 0x80;
        struct writer w = writer_of(octets, sizeof octets);
        struct slice cut = slice_of(utf8.p, n);
        ck_assert_int_eq(ucs2_is_utf8(cut), boundary);
        ck_assert_int_eq(ucs2_from_utf8(cut, &w),
                         boundary ? TEXT_OK : TEXT_BAD_UTF8);
    }
}
END_TEST

static const char *const bad[] = {
    "\x80",             /* a trail alone */
    "\xC0\x80",         /* overlong NUL */
    "\xC1\xBF",         /* overlong DEL */
    "\xE0\x9F\xBF",     /* overlong U+07FF */
    "\xF0\x8F\xBF\xBF", /* overlong U+FFFF */
    "\xED\xA0\x80",     /* a surrogate */
    "\xED\xBF\xBF",
    "\xF4\x90\x80\x80", /* U+110000 */
    "\xF5\x80\x80\x80",
    "\xFF",
    "\xFE",
    "\xC3(", /* no trail behind the lead */
    "\xE2\x82(",
    "\xE2(\xAC",
    "caf\xE9", /* Latin-1 */
};

START_TEST(malformed_utf8_is_refused)
{
    uint8_t octets[64];
    struct writer w = writer_of(octets, sizeof octets);
    ck_assert(!ucs2_is_utf8(slice_str(bad[_i])));
    ck_assert_int_eq(ucs2_from_utf8(slice_str(bad[_i]), &w), TEXT_BAD_UTF8);
}
END_TEST

/* What carriers send (gsm0338.md, 4). */
static const struct {
    const char *hex;
    const char *utf8;
} odd[] = {
    {"feff00410042", "AB"}, /* a byte order mark */
    {"fffe41004200", "AB"}, /* little-endian */
    {"fffe3dd800de", "\xF0\x9F\x98\x80"},
    {"feff", ""},
    {"0041feff", "A\xEF\xBB\xBF"}, /* elsewhere it is a character */
    {"d83d", "\xEF\xBF\xBD"},      /* lone surrogates */
    {"de000041", "\xEF\xBF\xBD"
                 "A"},
    {"d83d0041", "\xEF\xBF\xBD"
                 "A"},
    {"d83dd83dde00", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
    {"004100", "A\xEF\xBF\xBD"}, /* an odd octet */
    {"00", "\xEF\xBF\xBD"},
};

START_TEST(odd_utf16_is_read_as_well_as_can_be)
{
    uint8_t octets[32], text[64];
    size_t n = sizeof octets;
    ck_assert(bytes_from_hex(slice_str(odd[_i].hex), octets, &n));
    struct writer w = writer_of(text, sizeof text);
    ck_assert_int_eq(ucs2_to_utf8(slice_of(octets, n), &w), TEXT_OK);
    ck_assert(slice_eq(writer_slice(&w), slice_str(odd[_i].utf8)));
}
END_TEST

START_TEST(room_is_never_overstepped)
{
    const struct slice text =
        slice_str("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    uint8_t octets[16], small[16];
    struct writer w = writer_of(octets, sizeof octets);
    ck_assert_int_eq(ucs2_from_utf8(text, &w), TEXT_OK);
    struct slice utf16 = writer_slice(&w);
    for (size_t cap = 0; cap < utf16.n; cap++) {
        struct writer s = writer_of(small, cap);
        ck_assert_int_eq(ucs2_from_utf8(text, &s), TEXT_NO_ROOM);
        s = writer_of(small, cap);
        ck_assert_int_eq(ucs2_to_utf8(utf16, &s), TEXT_NO_ROOM);
    }
    struct writer s = writer_of(small, text.n);
    ck_assert_int_eq(ucs2_to_utf8(utf16, &s), TEXT_OK);
}
END_TEST

START_TEST(no_code_point_is_written_badly)
{
    static const uint32_t points[] = {0xD800, 0xDFFF, 0x110000, UCS2_BAD};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint8_t text[8];
        struct writer w = writer_of(text, sizeof text);
        ucs2_put_utf8(&w, points[i]);
        ck_assert(slice_eq(writer_slice(&w), slice_str("\xEF\xBF\xBD")));
    }
}
END_TEST

START_TEST(cut_between_surrogates_is_seen)
{
    const uint8_t octets[] = {0, 'a', 0xD8, 0x3D, 0xDE, 0, 0, 'b'};
    struct slice s = slice_of(octets, sizeof octets);
    ck_assert(!ucs2_cuts_pair(s, 0));
    ck_assert(!ucs2_cuts_pair(s, 2));
    ck_assert(ucs2_cuts_pair(s, 4));
    ck_assert(!ucs2_cuts_pair(s, 6));
    ck_assert(!ucs2_cuts_pair(s, 8));
}
END_TEST

#define LOOP(t, test, cases)                                                   \
    tcase_add_loop_test(t, test, 0, sizeof(cases) / sizeof((cases)[0]))

static Suite *
ucs2_suite(void)
{
    Suite *s = suite_create("ucs2");
    TCase *t = tcase_create("ucs2");
    LOOP(t, text_goes_to_utf16_and_back, good);
    LOOP(t, text_cut_inside_a_character_is_refused, good);
    LOOP(t, malformed_utf8_is_refused, bad);
    LOOP(t, odd_utf16_is_read_as_well_as_can_be, odd);
    tcase_add_test(t, room_is_never_overstepped);
    tcase_add_test(t, no_code_point_is_written_badly);
    tcase_add_test(t, cut_between_surrogates_is_seen);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *r = srunner_create(ucs2_suite());
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
