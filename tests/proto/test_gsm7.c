/*
 * test_gsm7.c - proto/gsm7.c: the tables, escapes, packing.
 */
#include "proto/gsm7.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static struct slice
septets_of(const char *text, uint8_t lock, uint8_t shift, uint8_t *buf,
           size_t cap)
{
    struct writer w = writer_of(buf, cap);
    ck_assert_int_eq(gsm7_from_utf8(slice_str(text), lock, shift, &w, NULL),
                     TEXT_OK);
    return writer_slice(&w);
}

static void
check_hex(struct slice got, const char *want)
{
    char hex[1024];
    ck_assert_uint_lt(got.n, 500);
    ck_assert_str_eq(bytes_to_hex(got, hex), want);
}

/* Code points that trip people (TS 23.038, 6.2.1). */
static const struct {
    const char *text;
    const char *hex;
} known[] = {
    {"@", "00"},
    {"$", "02"},
    {"\xC3\x87", "09"},
    {"_", "11"},
    {"\xC2\xA4", "24"},
    {"\xC2\xA1", "40"},
    {"\xC2\xA7", "5f"},
    {"\xC2\xBF", "60"},
    {"\xC3\xA0", "7f"},
    {"\xCE\x94", "10"},
    {"\xCE\xA9", "15"},
    {"\f", "1b0a"},
    {"^", "1b14"},
    {"{", "1b28"},
    {"}", "1b29"},
    {"\\", "1b2f"},
    {"[", "1b3c"},
    {"~", "1b3d"},
    {"]", "1b3e"},
    {"|", "1b40"},
    {"\xE2\x82\xAC", "1b65"},
    {"Az09 \r\n", "417a3039200d0a"},
};

START_TEST(character_has_the_code_of_the_standard)
{
    uint8_t buf[32];
    check_hex(septets_of(known[_i].text, 0, 0, buf, sizeof buf), known[_i].hex);
}
END_TEST

/* Not in the default tables, whatever they look like. */
static const char *const missing[] = {
    "`",        "\t",           "\xC3\xA7", "\xC3\xA1", "\xC2\xA0",
    "\xCE\x91", "\xE2\x80\x99", "\x1B",     "\x7F",     "\xF0\x9F\x98\x80",
};

START_TEST(character_outside_the_tables_is_named)
{
    uint8_t buf[32];
    uint32_t culprit;
    char text[16];
    snprintf(text, sizeof text, "abcd%s", missing[_i]);
    struct writer w = writer_of(buf, sizeof buf);
    ck_assert_int_eq(gsm7_from_utf8(slice_str(text), 0, 0, &w, &culprit),
                     TEXT_UNFIT);
    struct cursor c = cursor_of(slice_str(missing[_i]));
    ck_assert_uint_eq(culprit, ucs2_next_utf8(&c));
    ck_assert_uint_eq(writer_used(&w), 4);
}
END_TEST

/* Each code of each table is read as a character that is sent as that code,
 * or as a lower one of the same character. Id 0 is the default pair. */
static void
check_round(uint8_t lock, uint8_t shift, bool escaped, uint8_t code)
{
    uint8_t text[16], back[8], pair[2] = {GSM7_ESCAPE, code};
    struct slice septets = slice_of(escaped ? pair : pair + 1, escaped ? 2 : 1);
    struct writer w = writer_of(text, sizeof text);
    ck_assert_int_eq(gsm7_to_utf8(septets, lock, shift, &w), TEXT_OK);
    struct slice utf8 = writer_slice(&w);
    if (slice_eq(utf8, slice_str("\xEF\xBF\xBD")))
        return; /* a code without a character */
    w = writer_of(back, sizeof back);
    ck_assert_int_eq(gsm7_from_utf8(utf8, lock, shift, &w, NULL), TEXT_OK);
    uint8_t again[16];
    struct writer w2 = writer_of(again, sizeof again);
    ck_assert_int_eq(gsm7_to_utf8(writer_slice(&w), lock, shift, &w2), TEXT_OK);
    ck_assert(slice_eq(writer_slice(&w2), utf8));
    ck_assert_uint_le(writer_used(&w), septets.n);
    if (writer_used(&w) == septets.n)
        ck_assert_uint_le(back[septets.n - 1], code);
}

START_TEST(each_code_of_each_language_comes_back)
{
    uint8_t id = (uint8_t)_i;
    for (uint8_t code = 0; code < 128; code++) {
        if (code == GSM7_ESCAPE)
            continue;
        check_round(id, 0, false, code);
        check_round(id, id, false, code);
        check_round(0, id, true, code);
        check_round(id, id, true, code);
    }
}
END_TEST

/* Cells where copies of the standard differ (gsm7_national.def). */
static const struct {
    uint8_t lock, shift;
    const char *text;
    const char *hex;
} settled[] = {
    {0, 3, "\xC3\xAA", "1b05"},
    {6, 0, "\xE0\xA4\x81", "00"},
    {7, 0, "\xE0\xB2\xA1", "24"},
    {0, 9, "\xE0\xAD\xAA", "1b20"},
    {0, 12, "\xE0\xB1\xA6", "1b1c"},
    {13, 0, "\xD9\x8D", "5c"},
    {4, 0, "()", "2928"},
    {0, 4, "*", "2a"},
    {4, 4, "*", "1b0b"},
    {1, 1, "\xC4\x9F", "0c"},
    {0, 1, "\xC4\x9F", "1b67"},
};

START_TEST(national_cell_is_as_settled)
{
    uint8_t buf[16];
    check_hex(septets_of(settled[_i].text, settled[_i].lock, settled[_i].shift,
                         buf, sizeof buf),
              settled[_i].hex);
}
END_TEST

/* gsm0338.md, 1: what to show for odd escapes. */
static const struct {
    const char *octets;
    size_t n;
    const char *text;
} odd[] = {
    {"a\x1B", 2, "a "},   /* an escape at the end */
    {"\x1B\x1B", 2, " "}, /* reserved for a further table */
    {"\x1B"
     "a",
     2, "a"},              /* not in the extension: the default's */
    {"\x1B\x0D", 2, "\r"}, /* a control */
    {"\x1B\x65"
     "b",
     3,
     "\xE2\x82\xAC"
     "b"},
    {"\xE1", 1, "a"}, /* bit 7 is nobody's */
    {"", 0, ""},
};

START_TEST(odd_escape_is_shown_as_told)
{
    uint8_t text[32];
    struct writer w = writer_of(text, sizeof text);
    struct slice octets = slice_of(odd[_i].octets, odd[_i].n);
    ck_assert_int_eq(gsm7_to_utf8(octets, 0, 0, &w), TEXT_OK);
    ck_assert(slice_eq(writer_slice(&w), slice_str(odd[_i].text)));
}
END_TEST

START_TEST(no_room_is_told_at_every_size)
{
    const char *text = "abc{def\xE2\x82\xAC@0123456789";
    uint8_t whole[64], small[64];
    struct slice all = septets_of(text, 0, 0, whole, sizeof whole);
    for (size_t cap = 0; cap < all.n; cap++) {
        struct writer w = writer_of(small, cap);
        ck_assert_int_eq(gsm7_from_utf8(slice_str(text), 0, 0, &w, NULL),
                         TEXT_NO_ROOM);
        w = writer_of(small, cap);
        ck_assert_int_eq(gsm7_from_utf8(slice_str(text), 0, 1, &w, NULL),
                         TEXT_NO_ROOM);
    }
    struct writer w = writer_of(small, all.n);
    ck_assert_int_eq(gsm7_from_utf8(slice_str(text), 0, 0, &w, NULL), TEXT_OK);
}
END_TEST

START_TEST(hellohello_packs_as_the_standard_shows)
{
    uint8_t buf[16], packed[16];
    struct slice s = septets_of("hellohello", 0, 0, buf, sizeof buf);
    ck_assert_uint_eq(gsm7_packed_bytes(s.n, 0), 9);
    size_t n = gsm7_pack(s, 0, packed);
    check_hex(slice_of(packed, n), "e8329bfd4697d9ec37");
}
END_TEST

/* Every length and every fill, packed into its own place and back. */
START_TEST(packed_septets_come_back)
{
    unsigned fill = (unsigned)_i;
    for (size_t n = 1; n <= 160; n++) {
        uint8_t septets[168], back[160];
        for (size_t i = 0; i < n; i++)
            septets[i] = (uint8_t)((i * 37 + n + 1) & 0x7F);
        septets[n - 1] |= 1; /* a last @ is not told from padding */
        uint8_t want[160];
        memcpy(want, septets, n);
        size_t bytes = gsm7_pack(slice_of(septets, n), fill, septets);
        ck_assert_uint_eq(bytes, gsm7_packed_bytes(n, fill));
        struct slice packed = slice_of(septets, bytes);
        ck_assert_uint_ge(gsm7_packed_septets(packed, fill), n);
        ck_assert_uint_le(gsm7_packed_septets(packed, fill), n + 1);
        gsm7_unpack(packed, fill, n, back);
        ck_assert_mem_eq(back, want, n);
    }
}
END_TEST

START_TEST(padding_of_seven_septets_is_no_character)
{
    const uint8_t seven[] = {0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67};
    const uint8_t eight[] = {0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68};
    uint8_t packed[8];
    size_t n = gsm7_pack(slice_of(seven, 7), 0, packed);
    ck_assert_uint_eq(n, 7);
    ck_assert_uint_eq(gsm7_packed_septets(slice_of(packed, n), 0), 7);
    n = gsm7_pack(slice_of(eight, 8), 0, packed);
    ck_assert_uint_eq(n, 7);
    ck_assert_uint_eq(gsm7_packed_septets(slice_of(packed, n), 0), 8);
    ck_assert_uint_eq(gsm7_packed_septets(slice_of(packed, 0), 0), 0);
}
END_TEST

START_TEST(fill_bits_reach_the_next_septet)
{
    /* gsm0338.md, 3: fill = (7 - (8 u mod 7)) mod 7 */
    static const unsigned fill[] = {0, 6, 5, 4, 3, 2, 1, 0, 6};
    for (size_t u = 0; u < sizeof fill / sizeof fill[0]; u++)
        ck_assert_uint_eq(gsm7_fill_bits(u), fill[u]);
}
END_TEST

START_TEST(languages_have_the_tables_of_the_standard)
{
    for (uint8_t id = 0; id < 20; id++) {
        bool real = id >= 1 && id <= 13;
        ck_assert_int_eq(gsm7_has_shift(id), real);
        ck_assert_int_eq(gsm7_has_lock(id), real && id != 2);
    }
}
END_TEST

#define LOOP(t, test, cases)                                                   \
    tcase_add_loop_test(t, test, 0, sizeof(cases) / sizeof((cases)[0]))

static Suite *
gsm7_suite(void)
{
    Suite *s = suite_create("gsm7");
    TCase *t = tcase_create("tables");
    LOOP(t, character_has_the_code_of_the_standard, known);
    LOOP(t, character_outside_the_tables_is_named, missing);
    LOOP(t, national_cell_is_as_settled, settled);
    LOOP(t, odd_escape_is_shown_as_told, odd);
    tcase_add_loop_test(t, each_code_of_each_language_comes_back, 0, 15);
    tcase_add_test(t, languages_have_the_tables_of_the_standard);
    tcase_add_test(t, no_room_is_told_at_every_size);
    suite_add_tcase(s, t);
    t = tcase_create("packing");
    tcase_add_test(t, hellohello_packs_as_the_standard_shows);
    tcase_add_loop_test(t, packed_septets_come_back, 0, 7);
    tcase_add_test(t, padding_of_seven_septets_is_no_character);
    tcase_add_test(t, fill_bits_reach_the_next_septet);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *r = srunner_create(gsm7_suite());
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
