/*
 * test_cli_figure.c - numbers, spans, moments and progress as people read
 * them.
 */
#include "engine/cli/figure.h"

#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/cli/progress.h"
#include "engine/cli/when.h"
#include "engine/cli/width.h"

START_TEST(counts_have_commas_between_thousands)
{
    char buf[FIGURE_CAP];
    ck_assert_str_eq(figure_count(buf, 0), "0");
    ck_assert_str_eq(figure_count(buf, 999), "999");
    ck_assert_str_eq(figure_count(buf, 1000), "1,000");
    ck_assert_str_eq(figure_count(buf, 12345678), "12,345,678");
    ck_assert_str_eq(figure_count(buf, -100), "-100");
    ck_assert_str_eq(figure_count(buf, -1000), "-1,000");
    ck_assert_str_eq(figure_count(buf, LLONG_MIN),
                     "-9,223,372,036,854,775,808");
}
END_TEST

START_TEST(rates_below_ten_show_a_decimal)
{
    char buf[FIGURE_CAP];
    ck_assert_str_eq(figure_rate(buf, 0), "0/s");
    ck_assert_str_eq(figure_rate(buf, 0.25), "0.2/s");
    ck_assert_str_eq(figure_rate(buf, 9.94), "9.9/s");
    ck_assert_str_eq(figure_rate(buf, 9.96), "10/s");
    ck_assert_str_eq(figure_rate(buf, 1003.4), "1,003/s");
    ck_assert_str_eq(figure_rate(buf, -1), "0/s");
    ck_assert_str_eq(figure_rate(buf, NAN), "0/s");
}
END_TEST

START_TEST(bytes_change_unit_at_a_thousand)
{
    char buf[FIGURE_CAP];
    ck_assert_str_eq(figure_bytes(buf, 999), "999 B");
    ck_assert_str_eq(figure_bytes(buf, 1000), "1.0 kB");
    ck_assert_str_eq(figure_bytes(buf, 4200000), "4.2 MB");
    ck_assert_str_eq(figure_bytes(buf, 5e15), "5000.0 TB");
}
END_TEST

START_TEST(spans_show_their_two_largest_units)
{
    char buf[FIGURE_CAP];
    ck_assert_str_eq(figure_span(buf, 0), "0s");
    ck_assert_str_eq(figure_span(buf, 59.9), "59s");
    ck_assert_str_eq(figure_span(buf, 60), "1m 00s");
    ck_assert_str_eq(figure_span(buf, 3599), "59m 59s");
    ck_assert_str_eq(figure_span(buf, 3600), "1h 00m");
    ck_assert_str_eq(figure_span(buf, 90000), "1d 01h");
    ck_assert_str_eq(figure_span(buf, -1), "-");
    ck_assert_str_eq(figure_span(buf, INFINITY), "-");
}
END_TEST

START_TEST(hundred_per_cent_only_when_all_is_done)
{
    ck_assert_uint_eq(figure_percent(999999, 1000000), 99);
    ck_assert_uint_eq(figure_percent(1000000, 1000000), 100);
    ck_assert_uint_eq(figure_percent(5, 0), 0);
    ck_assert_uint_eq(figure_percent(7, 5), 100);
}
END_TEST

static const struct {
    const char *text;
    int64_t ms; /* -1: refused */
} moments[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2025-11-21T14:03:22Z", 1763733802000},
    {"2025-11-21T14:03:22.5Z", 1763733802500},
    {"2025-11-21T14:03:22.123456Z", 1763733802123},
    {"2025-11-21T15:03:22+01:00", 1763733802000},
    {"2025-11-21T12:33:22-01:30", 1763733802000},
    {"2024-02-29T00:00:00Z", 1709164800000},
    {"2025-02-29T00:00:00Z", -1},
    {"2025-11-21T24:00:00Z", -1},
    {"2025-13-01T00:00:00Z", -1},
    {"2025-11-21T14:03:22", -1},
    {"2025-11-21T14:03:22.Z", -1},
    {"2025-11-21T14:03:22Zx", -1},
    {"", -1},
};

START_TEST(rfc3339_is_read)
{
    int64_t ms = -1;
    bool ok = when_parse(moments[_i].text, &ms);
    ck_assert_int_eq(ok, moments[_i].ms >= 0);
    if (ok)
        ck_assert_int_eq(ms, moments[_i].ms);
}
END_TEST

START_TEST(rfc3339_is_written)
{
    char buf[WHEN_CAP];
    ck_assert_str_eq(when_rfc3339(buf, 1763733802000), "2025-11-21T14:03:22Z");
    ck_assert_str_eq(when_rfc3339(buf, 1763733802005),
                     "2025-11-21T14:03:22.005Z");
}
END_TEST

/* 2025-11-21 14:03:22 UTC is 15:03:22 here. */
static const int64_t now_ms = 1763733802000;

static void
in_berlin(void)
{
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
}

START_TEST(moments_of_today_show_their_clock_alone)
{
    char buf[WHEN_CAP];
    ck_assert_str_eq(when_local(buf, now_ms - 3600000, now_ms), "14:03:22");
    ck_assert_str_eq(when_local(buf, now_ms - 86400000, now_ms),
                     "2025-11-20 15:03");
}
END_TEST

static const struct {
    const char *text;
    int64_t ms; /* -1: refused */
} typed[] = {
    {"+2h", 1763733802000 + 7200000},
    {"+90s", 1763733802000 + 90000},
    {"16:00", 1763737200000},            /* today */
    {"15:00", 1763733600000 + 86400000}, /* has passed: tomorrow */
    {"2025-12-01 09:30", 1764577800000},
    {"2025-07-01 09:30", 1751355000000}, /* summer time */
    {"2025-12-01T09:30:00Z", 1764581400000},
    {"2025-02-30 09:30", -1},
    {"25:00", -1},
    {"tomorrow", -1},
    {"+2", -1},
    {"", -1},
};

START_TEST(typed_times_are_local)
{
    int64_t ms = -1;
    bool ok = when_parse_typed(typed[_i].text, now_ms, &ms);
    ck_assert_int_eq(ok, typed[_i].ms >= 0);
    if (ok)
        ck_assert_int_eq(ms, typed[_i].ms);
}
END_TEST

START_TEST(spans_need_a_unit)
{
    int64_t ms;
    ck_assert(when_parse_span("500ms", &ms));
    ck_assert_int_eq(ms, 500);
    ck_assert(when_parse_span("2w", &ms));
    ck_assert_int_eq(ms, 1209600000);
    ck_assert(!when_parse_span("5", &ms));
    ck_assert(!when_parse_span("-5s", &ms));
    ck_assert(!when_parse_span("5 s", &ms));
    ck_assert(!when_parse_span("99999999999999999999s", &ms));
}
END_TEST

static char *
bar(struct progress progress, size_t columns, bool utf8)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    progress_print(&progress, out, columns, utf8);
    fclose(out);
    return text;
}

START_TEST(bar_shows_settled_and_begun)
{
    struct progress progress = {25, 50, 100, 12, 4};
    char *text = bar(progress, 58, false);
    ck_assert_str_eq(text, "[#######=======..............]   50%  50/100  "
                           "12/s  ETA 4s");
    free(text);
}
END_TEST

START_TEST(bar_never_exceeds_its_columns)
{
    struct progress progress = {25, 50, 100, 12, 4};
    for (size_t columns = 1; columns < 120; columns++) {
        char *text = bar(progress, columns, true);
        ck_assert_uint_le(width_of(text), columns);
        free(text);
    }
}
END_TEST

START_TEST(bar_is_full_only_at_the_end)
{
    struct progress progress = {999999, 999999, 1000000, 1, 1};
    char *text = bar(progress, 200, false);
    ck_assert_ptr_nonnull(strstr(text, "#.]"));
    ck_assert_ptr_nonnull(strstr(text, " 99%"));
    free(text);
}
END_TEST

START_TEST(time_left_is_unknown_without_a_rate)
{
    ck_assert(progress_left_s(100, 0) < 0);
    ck_assert(progress_left_s(0, 0) == 0);
    ck_assert(progress_left_s(100, 50) == 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cli figures");
    TCase *figures = tcase_create("figures");
    tcase_add_test(figures, counts_have_commas_between_thousands);
    tcase_add_test(figures, rates_below_ten_show_a_decimal);
    tcase_add_test(figures, bytes_change_unit_at_a_thousand);
    tcase_add_test(figures, spans_show_their_two_largest_units);
    tcase_add_test(figures, hundred_per_cent_only_when_all_is_done);
    tcase_add_test(figures, bar_shows_settled_and_begun);
    tcase_add_test(figures, bar_never_exceeds_its_columns);
    tcase_add_test(figures, bar_is_full_only_at_the_end);
    tcase_add_test(figures, time_left_is_unknown_without_a_rate);
    suite_add_tcase(suite, figures);
    TCase *when = tcase_create("when");
    tcase_add_unchecked_fixture(when, in_berlin, NULL);
    tcase_add_loop_test(when, rfc3339_is_read, 0,
                        (int)(sizeof moments / sizeof *moments));
    tcase_add_test(when, rfc3339_is_written);
    tcase_add_test(when, moments_of_today_show_their_clock_alone);
    tcase_add_loop_test(when, typed_times_are_local, 0,
                        (int)(sizeof typed / sizeof *typed));
    tcase_add_test(when, spans_need_a_unit);
    suite_add_tcase(suite, when);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
