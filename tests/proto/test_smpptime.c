/*
 * test_smpptime.c - SMPP times are read, checked and written (3.4, 7.1.1).
 */
#include "proto/smpptime.h"

#include <check.h>
#include <stdlib.h>

static int64_t
unix_ms(int year, int month, int day, int hour, int minute, int second)
{
    struct smpptime_civil c = {year, month, day, hour, minute, second};
    return smpptime_from_civil(&c) * 1000;
}

START_TEST(absolute_time_is_read)
{
    int64_t t = 0;
    ck_assert_int_eq(smpptime_read(slice_str("260131235959900+"), 0, &t),
                     SMPPTIME_ABSOLUTE);
    ck_assert_int_eq(t, unix_ms(2026, 1, 31, 23, 59, 59) + 900);
    /* local is an hour behind */
    ck_assert_int_eq(smpptime_read(slice_str("260201000000004-"), 0, &t),
                     SMPPTIME_ABSOLUTE);
    ck_assert_int_eq(t, unix_ms(2026, 2, 1, 1, 0, 0));
    /* 48 quarters: 12 h ahead */
    ck_assert_int_eq(smpptime_read(slice_str("240229120000048+"), 0, &t),
                     SMPPTIME_ABSOLUTE);
    ck_assert_int_eq(t, unix_ms(2024, 2, 29, 0, 0, 0));
}
END_TEST

START_TEST(relative_time_counts_from_now)
{
    int64_t t = 0, now = unix_ms(2026, 1, 31, 12, 0, 0) + 7;
    ck_assert_int_eq(smpptime_read(slice_str("000002000000000R"), now, &t),
                     SMPPTIME_RELATIVE);
    ck_assert_int_eq(t, unix_ms(2026, 2, 2, 12, 0, 0) + 7);
    ck_assert_int_eq(smpptime_read(slice_str("000000010203000R"), now, &t),
                     SMPPTIME_RELATIVE);
    ck_assert_int_eq(t, unix_ms(2026, 1, 31, 13, 2, 3) + 7);
    /* a month after 31 January is the last of February */
    ck_assert_int_eq(smpptime_read(slice_str("000100000000000R"), now, &t),
                     SMPPTIME_RELATIVE);
    ck_assert_int_eq(t, unix_ms(2026, 2, 28, 12, 0, 0) + 7);
    ck_assert_int_eq(smpptime_read(slice_str("021300000000000R"), now, &t),
                     SMPPTIME_RELATIVE);
    ck_assert_int_eq(t, unix_ms(2029, 2, 28, 12, 0, 0) + 7);
}
END_TEST

static const char *const bad[] = {
    "260131235959900",   "2601312359599000+", "260131235959900X",
    "261331000000000+",  "260001000000000+",  "260229000000000+",
    "260100000000000+",  "260131240000000+",  "260131006000000+",
    "260131000060000+",  "260131000000049+",  "2601310000000a0+",
    "26013100000000 0+", "tomorrow",
};

START_TEST(bad_time_is_refused)
{
    int64_t t = 7;
    ck_assert_int_eq(smpptime_read(slice_str(bad[_i]), 0, &t), SMPPTIME_BAD);
    ck_assert_int_eq(t, 7);
}
END_TEST

START_TEST(empty_time_is_the_centres_default)
{
    int64_t t = 7;
    ck_assert_int_eq(smpptime_read(slice_str(""), 0, &t), SMPPTIME_EMPTY);
    ck_assert_int_eq(t, 7);
}
END_TEST

START_TEST(absolute_time_is_written_and_read_back)
{
    char text[SMPPTIME_SIZE];
    int64_t t, back = 0;
    ck_assert(
        smpptime_write_absolute(unix_ms(2026, 1, 31, 23, 59, 59) + 950, text));
    ck_assert_str_eq(text, "260131235959900+");
    /* a step that meets every month, day and hour */
    for (t = unix_ms(2000, 1, 1, 0, 0, 0); t < unix_ms(2100, 1, 1, 0, 0, 0);
         t += 86400000LL * 3 + 3661100) {
        bool good =
            smpptime_write_absolute(t, text) &&
            smpptime_read(slice_str(text), 0, &back) == SMPPTIME_ABSOLUTE;
        if (!good || back != t)
            ck_abort_msg("%s", text);
    }
    ck_assert(
        !smpptime_write_absolute(unix_ms(1999, 12, 31, 23, 59, 59), text));
    ck_assert(!smpptime_write_absolute(unix_ms(2100, 1, 1, 0, 0, 0), text));
    ck_assert(!smpptime_write_absolute(-1, text));
}
END_TEST

START_TEST(relative_time_is_written_up_to_a_month)
{
    char text[SMPPTIME_SIZE];
    ck_assert(smpptime_write_relative(2 * 86400, text));
    ck_assert_str_eq(text, "000002000000000R");
    ck_assert(smpptime_write_relative(32 * 86400 - 1, text));
    ck_assert_str_eq(text, "000031235959000R");
    ck_assert(!smpptime_write_relative(32 * 86400, text));
    ck_assert(smpptime_write_relative(1, text));
    ck_assert_str_eq(text, "000000000001000R");
    ck_assert(!smpptime_write_relative(0, text));
    ck_assert(!smpptime_write_relative(-5, text));
}
END_TEST

START_TEST(calendar_agrees_with_known_days)
{
    struct smpptime_civil c;
    ck_assert_int_eq(unix_ms(1970, 1, 1, 0, 0, 0), 0);
    ck_assert_int_eq(unix_ms(2001, 9, 9, 1, 46, 40), 1000000000000);
    ck_assert_int_eq(unix_ms(2038, 1, 19, 3, 14, 8), 2147483648000);
    ck_assert_int_eq(unix_ms(1969, 12, 31, 23, 59, 59), -1000);
    smpptime_to_civil(-1, &c);
    ck_assert_int_eq(c.year, 1969);
    ck_assert_int_eq(c.second, 59);
    c = (struct smpptime_civil){2000, 2, 29, 0, 0, 0};
    ck_assert(smpptime_civil_exists(&c));
    c.year = 1900;
    ck_assert(!smpptime_civil_exists(&c));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("smpptime");
    TCase *t = tcase_create("smpptime");
    tcase_add_test(t, absolute_time_is_read);
    tcase_add_test(t, relative_time_counts_from_now);
    tcase_add_loop_test(t, bad_time_is_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, empty_time_is_the_centres_default);
    tcase_add_test(t, absolute_time_is_written_and_read_back);
    tcase_add_test(t, relative_time_is_written_up_to_a_month);
    tcase_add_test(t, calendar_agrees_with_known_days);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
