/*
 * test_coding.c - proto/coding.c and proto/translit.c: the smallest alphabet
 * that fits, and any data_coding read.
 */
#include "proto/coding.h"

#include <check.h>
#include <stdlib.h>

#include "proto/gsm7.h"
#include "proto/translit.h"

/* ---- out ---- */

static const struct choice_case {
    struct coding_wish wish;
    const char *text;
    enum coding_alphabet alphabet;
    const char *hex;
    uint32_t culprit;
} choice_cases[] = {
    {{0}, "a@", CODING_GSM7, "6100", 0},
    {{0}, "a\xC3\xA7", CODING_UCS2, "006100e7", 0xE7},
    /* what data_coding 0 means is the link's (carrier-quirks.md, Q31) */
    {{.charset_0 = CODING_LATIN1}, "@\xC3\xA7$", CODING_LATIN1, "40e724", 0},
    {{.charset_0 = CODING_LATIN1}, "\xE2\x82\xAC", CODING_UCS2, "20ac", 0x20AC},
    {{.charset_0 = CODING_LATIN1}, "\xC2\x85", CODING_UCS2, "0085", 0x85},
    {{.charset_0 = CODING_ASCII}, "`[~]\r\n", CODING_ASCII, "605b7e5d0d0a", 0},
    {{.charset_0 = CODING_ASCII}, "\xC3\xA9", CODING_UCS2, "00e9", 0xE9},
    {{.charset_0 = CODING_ASCII}, "\t", CODING_UCS2, "0009", 9},
    /* transliteration: all of it or nothing */
    {{.transliterate = true},
     "\xE2\x80\x9CHi\xE2\x80\x9D",
     CODING_GSM7,
     "22486922",
     0},
    {{.transliterate = true},
     "\xE2\x80\x9C\xD0\xB0",
     CODING_UCS2,
     "201c0430",
     0x430},
    {{.transliterate = true, .charset_0 = CODING_ASCII},
     "\xE2\x80\x9C[\xE2\x80\xA6",
     CODING_ASCII,
     "225b2e2e2e",
     0},
    {{.transliterate = true, .charset_0 = CODING_ASCII},
     "\xE2\x80\x9C\xC3\xA9",
     CODING_UCS2,
     "201c00e9",
     0xE9},
    /* national tables keep the text: they come before transliteration */
    {{.transliterate = true, .shift = 1}, "\xC4\x9F", CODING_GSM7, "1b67", 0},
    {{.lock = 1}, "\xC4\x9F\xD0\xB0", CODING_UCS2, "011f0430", 0x430},
    /* Greek look-alikes only when asked for */
    {{.transliterate = true}, "\xCE\xB1", CODING_UCS2, "03b1", 0x3B1},
    {{.transliterate = true, .greek = true},
     "\xCE\xB1\xCF\x89",
     CODING_GSM7,
     "4115",
     0},
    {{0}, "", CODING_GSM7, "", 0},
};

START_TEST(smallest_alphabet_is_chosen)
{
    const struct choice_case *c = &choice_cases[_i];
    uint8_t buf[64];
    char hex[130];
    struct writer w = writer_of(buf, sizeof buf);
    struct coding_choice choice;
    ck_assert_int_eq(
        coding_from_utf8(slice_str(c->text), &c->wish, &w, &choice), TEXT_OK);
    ck_assert_str_eq(coding_name(choice.alphabet), coding_name(c->alphabet));
    ck_assert_str_eq(bytes_to_hex(writer_slice(&w), hex), c->hex);
    ck_assert_uint_eq(choice.culprit, c->culprit);
}
END_TEST

START_TEST(text_behind_other_octets_is_rewound_to_them)
{
    const struct coding_wish wish = {.transliterate = true, .lock = 1};
    uint8_t buf[32];
    char hex[65];
    struct writer w = writer_of(buf, sizeof buf);
    struct coding_choice choice;
    writer_u8(&w, 0xAA);
    ck_assert_int_eq(
        coding_from_utf8(slice_str("ab\xD0\xB0"), &wish, &w, &choice), TEXT_OK);
    ck_assert_str_eq(bytes_to_hex(writer_slice(&w), hex), "aa006100620430");
}
END_TEST

START_TEST(transliteration_without_room_gives_way_to_ucs2)
{
    /* one character of three octets: (c) and the like need more septets */
    const struct coding_wish wish = {.transliterate = true};
    uint8_t buf[2];
    struct writer w = writer_of(buf, sizeof buf);
    struct coding_choice choice;
    ck_assert_int_eq(
        coding_from_utf8(slice_str("\xC2\xA9"), &wish, &w, &choice), TEXT_OK);
    ck_assert_int_eq(choice.alphabet, CODING_UCS2);
    ck_assert(!choice.transliterated);
}
END_TEST

/* ---- NFC and replacement ---- */

static const struct {
    const char *text;
    const char *sent; /* NULL: not to be had */
} translit_cases[] = {
    /* e + acute is é, which GSM 7-bit has */
    {"e\xCC\x81", "\xC3\xA9"},
    /* n + tilde, A + ring, and the Angstrom sign */
    {"n\xCC\x83"
     "A\xCC\x8A",
     "\xC3\xB1\xC3\x85"},
    {"\xE2\x84\xAB", "\xC3\x85"},
    /* c + cedilla is ç: c by the table */
    {"c\xCC\xA7", "c"},
    /* dot below and circumflex, in either order: one letter, o by the table */
    {"o\xCC\xA3\xCC\x82", "o"},
    {"o\xCC\x82\xCC\xA3", "o"},
    /* a mark that nothing composes with is dropped, its base stays */
    {"x\xCC\x81y", "xy"},
    {"\xC3\xA9\xCC\xB4", "\xC3\xA9"},
    /* a second mark of the same class is blocked: é, then a left-over */
    {"e\xCC\x81\xCC\x81", "\xC3\xA9"},
    /* u + diaeresis + macron, whose row keeps the diaeresis */
    {"u\xCC\x88\xCC\x84", "\xC3\xBC"},
    {"\xC3\xBC\xCC\x84", "\xC3\xBC"},
    /* a mark on something that cannot be sent */
    {"\xD0\xB8\xCC\x86", NULL},
    {"\xCC\x81", NULL},
    /* deleted, widened, spelt out */
    {"a\xC2\xAD\xE2\x80\x8B"
     "b",
     "ab"},
    {"\xEF\xBC\xA1\xEF\xBC\x91", "A1"},
    {"\xEF\xAC\x81 \xE2\x84\xA2 \xC2\xBD", "fi TM 1/2"},
    {"\xC2\xA6", "|"}, /* which the extension table has */
    {"\xF0\x9F\x98\x80", NULL},
};

START_TEST(character_is_replaced_after_nfc)
{
    const char *want = translit_cases[_i].sent;
    uint8_t septets[64], text[192];
    uint32_t culprit;
    struct writer w = writer_of(septets, sizeof septets);
    enum text_result result = translit_to_gsm7(
        slice_str(translit_cases[_i].text), false, &w, &culprit);
    ck_assert_int_eq(result, want ? TEXT_OK : TEXT_UNFIT);
    ck_assert_int_eq(culprit != 0, want == NULL);
    if (!want)
        return;
    struct writer back = writer_of(text, sizeof text);
    ck_assert_int_eq(gsm7_to_utf8(writer_slice(&w), 0, 0, &back), TEXT_OK);
    ck_assert(slice_eq(writer_slice(&back), slice_str(want)));
}
END_TEST

/* translit.def itself: each row in order, each replacement GSM 7-bit. */
START_TEST(every_replacement_is_gsm7_and_in_order)
{
    static const struct {
        uint32_t from;
        const char *to;
    } rows[] = {
#define TRANSLIT(from, group, to) {from, to},
#include "proto/translit.def"
#undef TRANSLIT
    };
    size_t n = sizeof rows / sizeof rows[0];
    ck_assert_uint_eq(n, 851);
    for (size_t i = 0; i < n; i++) {
        uint8_t buf[32], again[32], text[4];
        struct writer w = writer_of(buf, sizeof buf);
        struct writer w2 = writer_of(again, sizeof again);
        struct writer from = writer_of(text, sizeof text);
        uint32_t culprit;
        ck_assert(i == 0 || rows[i - 1].from < rows[i].from);
        ck_assert_int_eq(gsm7_from_utf8(slice_str(rows[i].to), 0, 0, &w, NULL),
                         TEXT_OK);
        ucs2_put_utf8(&from, rows[i].from);
        ck_assert_int_eq(
            translit_to_gsm7(writer_slice(&from), true, &w2, &culprit),
            TEXT_OK);
        /* U+0387 is U+00B7 to NFC, which has a row of its own */
        if (rows[i].from != 0x0387)
            ck_assert(slice_eq(writer_slice(&w), writer_slice(&w2)));
    }
}
END_TEST

/* compose.def itself: each row in order, and each composes and decomposes. */
START_TEST(every_composition_composes)
{
    static const struct {
        uint32_t base, mark, composed;
    } rows[] = {
#define MARKS(first, last, class)
#define SINGLE(from, to)
#define COMPOSE(base, mark, composed) {base, mark, composed},
#include "proto/compose.def"
#undef MARKS
#undef SINGLE
#undef COMPOSE
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t run[TRANSLIT_RUN_MAX] = {rows[i].base, rows[i].mark};
        ck_assert(i == 0 || rows[i - 1].composed < rows[i].composed);
        ck_assert_uint_eq(translit_compose(run, 2), 1);
        ck_assert_uint_eq(run[0], rows[i].composed);
        run[0] = rows[i].composed;
        ck_assert_uint_eq(translit_compose(run, 1), 1);
        ck_assert_uint_eq(run[0], rows[i].composed);
    }
}
END_TEST

/* From Unicode's NormalizationTest: base, marks, and what NFC makes of it. */
static const struct {
    uint32_t run[4];
    uint32_t composed[4];
} nfc_cases[] = {
    {{'u', 0x308, 0x304}, {0x1D6}},
    {{0xFC, 0x304}, {0x1D6}},
    {{'u', 0x304, 0x308}, {0x1E7B}},
    {{0xEA, 0x323}, {0x1EC7}},
    {{'e', 0x323, 0x302}, {0x1EC7}},
    {{0x1E0A, 0x323}, {0x1E0C, 0x307}},
    {{'D', 0x31B, 0x307}, {0x1E0A, 0x31B}},
    {{0x3B9, 0x308, 0x301}, {0x390}},
    {{0x212B, 0x301}, {0x1FA}},
    {{'e', 0x301, 0x301}, {0xE9, 0x301}},
    /* a mark of the same class in front keeps the acute from the e */
    {{'e', 0x30D, 0x301}, {'e', 0x30D, 0x301}},
};

START_TEST(run_is_composed_as_unicode_says)
{
    uint32_t run[TRANSLIT_RUN_MAX] = {0};
    unsigned n = 0, want = 0;
    while (n < 4 && nfc_cases[_i].run[n])
        n++;
    while (want < 4 && nfc_cases[_i].composed[want])
        want++;
    memcpy(run, nfc_cases[_i].run, sizeof nfc_cases[_i].run);
    ck_assert_uint_eq(translit_compose(run, n), want);
    ck_assert_mem_eq(run, nfc_cases[_i].composed, want * sizeof run[0]);
}
END_TEST

START_TEST(endless_marks_stay_in_their_room)
{
    uint8_t text[2 * 200 + 1], buf[8];
    uint32_t culprit;
    text[0] = 'e';
    for (int i = 0; i < 200; i++) {
        text[1 + 2 * i] = 0xCC;
        text[2 + 2 * i] = 0x81;
    }
    struct writer w = writer_of(buf, sizeof buf);
    ck_assert_int_eq(
        translit_to_gsm7(slice_of(text, sizeof text), false, &w, &culprit),
        TEXT_OK);
    ck_assert_uint_eq(writer_used(&w), 1);
    ck_assert_uint_eq(buf[0], 0x05); /* é */
}
END_TEST

/* ---- in ---- */

static const struct read_case {
    uint8_t data_coding;
    struct coding_options options;
    struct udh udh;
    const char *hex;
    const char *text;
    enum coding_result result;
} read_cases[] = {
    {0x00, {0}, {0}, "0061411b65", "@aA\xE2\x82\xAC", CODING_READ},
    /* octets above 0x7F: not GSM 7-bit, whatever it says */
    {0x00, {0}, {0}, "63616680e9", "caf\xE2\x82\xAC\xC3\xA9", CODING_GUESSED},
    {0x00, {.charset_0 = CODING_LATIN1}, {0}, "40e9", "@\xC3\xA9", CODING_READ},
    {0x00, {.charset_0 = CODING_ASCII}, {0}, "405f24", "@_$", CODING_READ},
    {0x00, {.charset_0 = CODING_ASCII}, {0}, "e9", "\xC3\xA9", CODING_GUESSED},
    {0x01, {0}, {0}, "405f", "@_", CODING_READ},
    {0x03, {0}, {0}, "e9a4", "\xC3\xA9\xC2\xA4", CODING_READ},
    {0x02, {0}, {0}, "0102", "", CODING_BINARY},
    {0x04, {0}, {0}, "0102", "", CODING_BINARY},
    {0x09, {0}, {0}, "0102", "", CODING_BINARY},
    {0x06,
     {0},
     {0},
     "bfe0f0fd41",
     "\xD0\x9F\xD1\x80\xE2\x84\x96\xC2\xA7"
     "A",
     CODING_READ},
    {0x07,
     {0},
     {0},
     "f9ec20aaa1",
     "\xD7\xA9\xD7\x9C \xC3\x97\xEF\xBF\xBD",
     CODING_READ},
    {0x08, {0}, {0}, "00e9d83dde00", "\xC3\xA9\xF0\x9F\x98\x80", CODING_READ},
    /* message waiting, GSM classes, flash (smpp.md, 9) */
    {0xC8, {0}, {0}, "00", "@", CODING_READ},
    {0xD0, {0}, {0}, "00", "@", CODING_READ},
    {0xE0, {0}, {0}, "00e9", "\xC3\xA9", CODING_READ},
    {0xF0, {0}, {0}, "00", "@", CODING_READ},
    {0xF1, {0}, {0}, "00", "@", CODING_READ},
    {0xF5, {0}, {0}, "00", "", CODING_BINARY},
    {0x10, {.charset_0 = CODING_LATIN1}, {0}, "00", "@", CODING_READ},
    {0x15, {0}, {0}, "00", "", CODING_BINARY},
    {0x18, {0}, {0}, "00e9", "\xC3\xA9", CODING_READ},
    {0x0B, {0}, {0}, "00", "@", CODING_READ}, /* reserved: as 0 */
    {0x80, {.charset_0 = CODING_LATIN1}, {0}, "e9", "\xC3\xA9", CODING_READ},
    /* national tables from the UDH */
    {0x00, {0}, {.lock = 1}, "0c", "\xC4\x9F", CODING_READ},
    {0x00, {0}, {.shift = 1}, "1b67", "\xC4\x9F", CODING_READ},
    {0x00,
     {0},
     {.lock = 6, .shift = 6},
     "2f1b1c",
     "\xE0\xA4\xA8\xE0\xA5\xA6",
     CODING_READ},
    /* packed, alone and with fill bits behind a UDH of 6 */
    {0x00,
     {.packed = true},
     {0},
     "e8329bfd4697d9ec37",
     "hellohello",
     CODING_READ},
    {0x00,
     {.packed = true},
     {.length = 6},
     "c2e170381c0e03",
     "aaaaaaa",
     CODING_READ},
    {0x08, {.packed = true}, {0}, "00e9", "\xC3\xA9", CODING_READ},
    /* East Asian */
    {0x05,
     {0},
     {0},
     "93fa967b41",
     "\xE6\x97\xA5\xE6\x9C\xAC"
     "A",
     CODING_READ},
    {0x0A,
     {0},
     {0},
     "1b2442467c4b5c1b284241",
     "\xE6\x97\xA5\xE6\x9C\xAC"
     "A",
     CODING_READ},
    {0x0D, {0}, {0}, "c6fccbdc", "\xE6\x97\xA5\xE6\x9C\xAC", CODING_READ},
    {0x0E, {0}, {0}, "c7d1b1db", "\xED\x95\x9C\xEA\xB8\x80", CODING_READ},
    {0x0E, {0}, {0}, "41ff", "A\xC3\xBF", CODING_GUESSED},
    {0x00, {0}, {0}, "", "", CODING_READ},
};

START_TEST(data_coding_is_read)
{
    const struct read_case *c = &read_cases[_i];
    uint8_t octets[64], text[256];
    size_t n = sizeof octets;
    ck_assert(bytes_from_hex(slice_str(c->hex), octets, &n));
    struct writer w = writer_of(text, sizeof text);
    ck_assert_int_eq(coding_to_utf8(c->data_coding, &c->options, &c->udh,
                                    slice_of(octets, n), &w),
                     c->result);
    ck_assert(slice_eq(writer_slice(&w), slice_str(c->text)));
    ck_assert(ucs2_is_utf8(writer_slice(&w)));
}
END_TEST

START_TEST(any_octets_become_utf8_in_the_room_promised)
{
    uint8_t octets[170], text[4 * 170];
    uint64_t seed = 88172645463325252u + (uint64_t)_i;
    for (int round = 0; round < 40; round++) {
        size_t n = (size_t)round * 4;
        for (size_t i = 0; i < n; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            octets[i] = (uint8_t)seed;
        }
        const struct coding_options o = {.packed = round & 1};
        const struct udh udh = {.length = seed % 20,
                                .lock = seed >> 8 & 15,
                                .shift = seed >> 12 & 15};
        struct writer w = writer_of(text, o.packed ? 4 * n + 4 : 3 * n + 4);
        ck_assert_int_ne(
            coding_to_utf8((uint8_t)_i, &o, &udh, slice_of(octets, n), &w),
            CODING_NO_ROOM);
        ck_assert(ucs2_is_utf8(writer_slice(&w)));
        w = writer_of(text, n / 4);
        (void)!coding_to_utf8((uint8_t)_i, &o, NULL, slice_of(octets, n), &w);
        ck_assert_uint_le(writer_used(&w), n / 4);
    }
}
END_TEST

START_TEST(long_packed_text_keeps_its_escapes)
{
    /* escapes at every distance from the chunks of the reader */
    static uint8_t septets[1000], packed[900], text[4000], plain[4000];
    for (size_t shift = 0; shift < 3; shift++) {
        for (size_t i = 0; i < sizeof septets; i++)
            septets[i] = (i + shift) % 3 ? 'a' : GSM7_ESCAPE;
        struct slice s = slice_of(septets, sizeof septets - 1);
        size_t n = gsm7_pack(s, 0, packed);
        const struct coding_options o = {.packed = true};
        struct writer w = writer_of(text, sizeof text);
        ck_assert_int_eq(coding_to_utf8(0, &o, NULL, slice_of(packed, n), &w),
                         CODING_READ);
        struct writer w2 = writer_of(plain, sizeof plain);
        ck_assert_int_eq(gsm7_to_utf8(s, 0, 0, &w2), TEXT_OK);
        ck_assert(slice_eq(writer_slice(&w), writer_slice(&w2)));
    }
}
END_TEST

#define LOOP(t, test, cases)                                                   \
    tcase_add_loop_test(t, test, 0, sizeof(cases) / sizeof((cases)[0]))

static Suite *
coding_suite(void)
{
    Suite *s = suite_create("coding");
    TCase *t = tcase_create("out");
    LOOP(t, smallest_alphabet_is_chosen, choice_cases);
    tcase_add_test(t, text_behind_other_octets_is_rewound_to_them);
    tcase_add_test(t, transliteration_without_room_gives_way_to_ucs2);
    LOOP(t, character_is_replaced_after_nfc, translit_cases);
    tcase_add_test(t, every_replacement_is_gsm7_and_in_order);
    tcase_add_test(t, every_composition_composes);
    LOOP(t, run_is_composed_as_unicode_says, nfc_cases);
    tcase_add_test(t, endless_marks_stay_in_their_room);
    suite_add_tcase(s, t);
    t = tcase_create("in");
    LOOP(t, data_coding_is_read, read_cases);
    tcase_add_loop_test(t, any_octets_become_utf8_in_the_room_promised, 0, 256);
    tcase_add_test(t, long_packed_text_keeps_its_escapes);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *r = srunner_create(coding_suite());
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
