/*
 * test_calm.c - tests engine/flow/calm.c: moments that slow feeds share.
 */
#include "engine/flow/calm.h"

#include <check.h>
#include <stdlib.h>

#include "tests/engine/run_suite.h"

START_TEST(a_shared_moment_is_never_early_and_little_late)
{
    for (uint32_t per_s = 1; per_s <= 1000000; per_s = per_s * 7 / 4 + 1)
        for (uint64_t us = 1000000; us < 1030000; us += 997) {
            uint64_t at = calm_share(us, per_s);
            ck_assert_uint_ge(at, us);
            ck_assert(at - us < 2048 || (at - us) * per_s <= 1000000 / 16);
        }
}
END_TEST

START_TEST(feeds_of_ten_a_second_share_moments)
{
    ck_assert_uint_eq(calm_share(8193, 10), 12288);
    ck_assert_uint_eq(calm_share(16384, 10), 16384);
    ck_assert_uint_eq(calm_share(16385, 10), 20480);
}
END_TEST

START_TEST(no_limit_waits_no_longer_than_a_slow_one)
{
    ck_assert_uint_eq(calm_share(8193, 0), 16384);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("calm");
    tcase_add_test(t, a_shared_moment_is_never_early_and_little_late);
    tcase_add_test(t, feeds_of_ten_a_second_share_moments);
    tcase_add_test(t, no_limit_waits_no_longer_than_a_slow_one);
    return run_suite("calm", t);
}
