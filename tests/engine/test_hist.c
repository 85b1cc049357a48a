/*
 * test_hist.c - tests engine/core/hist.h.
 */
#include "engine/core/hist.h"

#include "tests/engine/run_suite.h"

static struct hist h;

START_TEST(percentiles_are_within_a_sixteenth)
{
    hist_init(&h);
    for (uint64_t v = 1; v <= 100000; v++)
        hist_record(&h, v);
    static const double shares[] = {0.5, 0.9, 0.99, 0.999};
    for (int i = 0; i < 4; i++) {
        double want = shares[i] * 100000;
        double got = (double)hist_percentile(&h, shares[i]);
        ck_assert_double_ge(got, want);
        ck_assert_double_le(got, want * 1.0626);
    }
    ck_assert_uint_eq(hist_percentile(&h, 1.0), 100000);
    ck_assert_uint_eq(hist_count(&h), 100000);
    ck_assert_uint_eq(hist_sum(&h), 5000050000);
}
END_TEST

START_TEST(small_values_are_exact)
{
    hist_init(&h);
    for (uint64_t v = 0; v < 16; v++)
        hist_record(&h, v);
    ck_assert_uint_eq(hist_percentile(&h, 0.5), 7);
    ck_assert_uint_eq(hist_percentile(&h, 0), 0);
}
END_TEST

START_TEST(the_largest_value_has_a_bucket)
{
    hist_init(&h);
    hist_record(&h, UINT64_MAX);
    ck_assert_uint_eq(hist_percentile(&h, 0.5), UINT64_MAX);
    ck_assert_uint_eq(hist_max(&h), UINT64_MAX);
}
END_TEST

START_TEST(an_empty_one_says_nothing)
{
    hist_init(&h);
    ck_assert_uint_eq(hist_percentile(&h, 0.99), 0);
}
END_TEST

START_TEST(two_can_be_added_up)
{
    static struct hist other;
    hist_init(&h);
    hist_init(&other);
    for (int i = 0; i < 100; i++) {
        hist_record(&h, 10);
        hist_record(&other, 1000);
    }
    hist_merge(&h, &other);
    ck_assert_uint_eq(hist_count(&h), 200);
    ck_assert_uint_eq(hist_percentile(&h, 0.5), 10);
    ck_assert_uint_ge(hist_percentile(&h, 0.51), 1000);
    ck_assert_uint_eq(hist_max(&h), 1000);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("hist");
    tcase_add_test(t, percentiles_are_within_a_sixteenth);
    tcase_add_test(t, small_values_are_exact);
    tcase_add_test(t, the_largest_value_has_a_bucket);
    tcase_add_test(t, an_empty_one_says_nothing);
    tcase_add_test(t, two_can_be_added_up);
    return run_suite("hist", t);
}
