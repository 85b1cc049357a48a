/*
 * test_recode.c - tests engine/flow/recode.c: bytes by hand from TS 23.038
 * and TS 23.040.
 */
#include "engine/flow/recode.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "engine/carrier/settings.h"
#include "proto/smpp.h"
#include "tests/engine/run_suite.h"

static struct carrier_settings carrier;
static uint8_t room[RECODE_BYTES];
static uint8_t coding;

static void
wants(enum carrier_charset charset, bool packed)
{
    carrier_settings_default(&carrier);
    carrier.encoding.charset_0 = charset;
    carrier.encoding.packed = packed;
}

static struct slice
recode(uint8_t data_coding, bool header, const void *p, size_t n)
{
    struct raw r = {.data_coding = data_coding,
                    .esm_class = header ? ESM_UDHI : 0};
    return recode_part(&carrier, &r, slice_of(p, n), room, &coding);
}

static void
is(struct slice got, const void *want, size_t n)
{
    ck_assert_uint_eq(got.n, n);
    ck_assert_int_eq(memcmp(got.p, want, n), 0);
}

/* "@£\x24é" in GSM 7-bit; a part with its header in front. */
static const uint8_t letters[] = {0x00, 0x01, 0x02, 0x05};
static const uint8_t part[] = {5, 0, 3, 7, 2, 1, 0x00, 0x01, 0x02, 0x05};

START_TEST(a_carrier_of_gsm_gets_what_came)
{
    wants(CARRIER_CHARSET_GSM7, false);
    carrier.encoding.data_coding_gsm7 = 0xF1;
    is(recode(0, false, letters, 4), letters, 4);
    ck_assert_uint_eq(coding, 0xF1);
    is(recode(8, false, letters, 4), letters, 4);
    ck_assert_uint_eq(coding, 8);
}
END_TEST

START_TEST(latin_1_is_written_behind_the_header)
{
    wants(CARRIER_CHARSET_LATIN1, false);
    is(recode(0, false, letters, 4), "@\xA3$\xE9", 4);
    ck_assert_uint_eq(coding, 0);
    is(recode(0, true, part, 10), "\x05\x00\x03\x07\x02\x01@\xA3$\xE9", 10);
    /* A header that is none: all is text. */
    is(recode(0, true, "\x20", 1), " ", 1);
    is(recode(0, false, "", 0), "", 0);
}
END_TEST

START_TEST(binary_and_other_alphabets_are_not_touched)
{
    static const uint8_t other[] = {1, 2, 3, 4, 5, 6, 8, 0xF5};
    wants(CARRIER_CHARSET_LATIN1, false);
    is(recode(other[_i], true, part, 10), part, 10);
    ck_assert_uint_eq(coding, other[_i]);
}
END_TEST

START_TEST(a_national_language_is_not_touched)
{
    static const uint8_t turkish[] = {3, 0x25, 1, 1, 'a', 0x04};
    wants(CARRIER_CHARSET_LATIN1, false);
    is(recode(0, true, turkish, 6), turkish, 6);
}
END_TEST

START_TEST(what_the_alphabet_lacks_makes_it_ucs2_or_a_mark)
{
    uint8_t full[160];
    wants(CARRIER_CHARSET_ASCII, false);
    /* The euro sign: ESC e. */
    is(recode(0, false, "a\x1B\x65", 3), "\0a\x20\xAC", 4);
    ck_assert_uint_eq(coding, 8);
    memset(full, 'a', sizeof full);
    full[159] = 0x05; /* e acute */
    struct slice got = recode(0, false, full, sizeof full);
    ck_assert_uint_eq(got.n, 160);
    ck_assert_uint_eq(got.p[158], 'a');
    ck_assert_uint_eq(got.p[159], '?');
    ck_assert_uint_eq(coding, 0);
}
END_TEST

START_TEST(septets_are_packed_behind_the_header)
{
    wants(CARRIER_CHARSET_GSM7, true);
    /* "hellohello" (TS 23.038, 6.1.2.1). */
    is(recode(0, false, "hellohello", 10),
       "\xE8\x32\x9B\xFD\x46\x97\xD9\xEC\x37", 9);
    /* One fill bit behind a header of six octets: 'a' is 0x61 << 1. */
    is(recode(0, true,
              "\x05\x00\x03\x07\x02\x01"
              "a",
              7),
       "\x05\x00\x03\x07\x02\x01\xC2", 7);
    ck_assert_uint_eq(coding, 0);
}
END_TEST

START_TEST(what_is_longer_than_a_part_stays)
{
    uint8_t long_one[200] = {0};
    wants(CARRIER_CHARSET_GSM7, true);
    is(recode(0, false, long_one, 161), long_one, 161);
    ck_assert_uint_eq(recode(0, false, long_one, 160).n, 140);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("recode");
    tcase_add_test(t, a_carrier_of_gsm_gets_what_came);
    tcase_add_test(t, latin_1_is_written_behind_the_header);
    tcase_add_loop_test(t, binary_and_other_alphabets_are_not_touched, 0, 8);
    tcase_add_test(t, a_national_language_is_not_touched);
    tcase_add_test(t, what_the_alphabet_lacks_makes_it_ucs2_or_a_mark);
    tcase_add_test(t, septets_are_packed_behind_the_header);
    tcase_add_test(t, what_is_longer_than_a_part_stays);
    return run_suite("recode", t);
}
