/*
 * test_quirks.c - tests engine/carrier/quirks.h.
 */
#include "engine/carrier/quirks.h"

#include "tests/engine/run_suite.h"

enum { AS_IS = CARRIER_ID_AS_IS, HEX = CARRIER_ID_HEX, DEC = CARRIER_ID_DEC };

static const struct {
    const char *resp, *receipt;
    int resp_form, receipt_form;
    bool same;
} rows[] = {
    {"1A2B", "1A2B", AS_IS, AS_IS, true},
    {"1A2B", "1a2b", AS_IS, AS_IS, true},
    {"000024", "24", AS_IS, AS_IS, true},
    {"24", "25", AS_IS, AS_IS, false},
    {"0", "000", AS_IS, AS_IS, true},
    {"4B5C6D7E", "1264348542", AS_IS, AS_IS, false},
    {"4B5C6D7E", "1264348542", HEX, DEC, true},
    {"4b5c6d7e", "01264348542", HEX, DEC, true},
    {"1264348542", "4B5C6D7E", DEC, HEX, true},
    {"ffffffffffffffff", "18446744073709551615", HEX, DEC, true},
    /* More than 64 bits keep their letters. */
    {"1ffffffffffffffff", "36893488147419103231", HEX, DEC, false},
    {"1FFFFFFFFFFFFFFFF", "1ffffffffffffffff", HEX, HEX, true},
    {"550e8400-e29b-41d4-a716-446655440000",
     "550E8400-E29B-41D4-A716-446655440000", AS_IS, AS_IS, true},
    {"550e8400-e29b-41d4-a716-446655440000",
     "550E8400-E29B-41D4-A716-446655440000", HEX, DEC, true},
    {"99 ", " 99", AS_IS, AS_IS, true},
};

START_TEST(two_forms_of_an_id_meet_or_do_not)
{
    struct carrier_settings s;
    carrier_settings_default(&s);
    s.receipts.id_in_resp = (enum carrier_id_form)rows[_i].resp_form;
    s.receipts.id_in_receipt = (enum carrier_id_form)rows[_i].receipt_form;
    char a[QUIRKS_KEY_BYTES], b[QUIRKS_KEY_BYTES];
    size_t an = quirks_id_key(&s, slice_str(rows[_i].resp), QUIRKS_IN_RESP, a);
    size_t bn =
        quirks_id_key(&s, slice_str(rows[_i].receipt), QUIRKS_IN_RECEIPT, b);
    ck_assert_uint_eq(an, strlen(a));
    ck_assert_uint_eq(bn, strlen(b));
    ck_assert_msg((strcmp(a, b) == 0) == rows[_i].same, "%s against %s", a, b);
}
END_TEST

START_TEST(an_empty_id_has_no_key)
{
    struct carrier_settings s;
    carrier_settings_default(&s);
    char out[QUIRKS_KEY_BYTES];
    for (int form = 0; form < 3; form++) {
        s.receipts.id_in_resp = (enum carrier_id_form)form;
        ck_assert_uint_eq(
            quirks_id_key(&s, slice_of(NULL, 0), QUIRKS_IN_RESP, out), 0);
        ck_assert_uint_eq(
            quirks_id_key(&s, slice_of("  ", 2), QUIRKS_IN_RESP, out), 0);
        ck_assert_str_eq(out, "");
    }
}
END_TEST

START_TEST(an_id_of_any_length_stays_inside_the_buffer)
{
    struct carrier_settings s;
    carrier_settings_default(&s);
    char far[1000], out[QUIRKS_KEY_BYTES];
    memset(far, 'A', sizeof far);
    size_t n =
        quirks_id_key(&s, slice_of(far, sizeof far), QUIRKS_IN_RESP, out);
    ck_assert_uint_eq(n, QUIRKS_KEY_BYTES - 1);
    ck_assert_uint_eq(strlen(out), n);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("quirks");
    tcase_add_loop_test(t, two_forms_of_an_id_meet_or_do_not, 0,
                        sizeof rows / sizeof rows[0]);
    tcase_add_test(t, an_empty_id_has_no_key);
    tcase_add_test(t, an_id_of_any_length_stays_inside_the_buffer);
    return run_suite("quirks", t);
}
