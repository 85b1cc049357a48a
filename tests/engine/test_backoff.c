/*
 * test_backoff.c - tests engine/core/backoff.h.
 */
#include "engine/core/backoff.h"

#include "tests/engine/run_suite.h"

START_TEST(waits_double_up_to_the_most_within_their_jitter)
{
    struct backoff b;
    backoff_init(&b, 1000, 60000, (uint64_t)_i + 1);
    uint32_t top = 1000;
    for (int i = 0; i < 12; i++) {
        uint32_t ms = backoff_next(&b);
        ck_assert_uint_ge(ms, top / 2);
        ck_assert_uint_le(ms, top);
        top = top * 2 > 60000 ? 60000 : top * 2;
    }
}
END_TEST

START_TEST(many_do_not_come_back_together)
{
    unsigned slots[10] = {0};
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        struct backoff b;
        backoff_init(&b, 1000, 60000, seed * 7919);
        backoff_next(&b);
        backoff_next(&b);               /* 1,000 to 2,000 */
        uint32_t ms = backoff_next(&b); /* 2,000 to 4,000 */
        slots[(ms - 2000) / 201]++;
    }
    for (int i = 0; i < 10; i++)
        ck_assert_uint_gt(slots[i], 40);
}
END_TEST

START_TEST(a_floor_lifts_the_next_wait_alone)
{
    struct backoff b;
    backoff_init(&b, 1000, 60000, 3);
    backoff_floor(&b, 300000);
    backoff_floor(&b, 30000); /* the higher one stands */
    uint32_t ms = backoff_next(&b);
    ck_assert_uint_ge(ms, 300000);
    ck_assert_uint_le(ms, 330000);
    ck_assert_uint_le(backoff_next(&b), 2000);
}
END_TEST

START_TEST(success_starts_anew)
{
    struct backoff b;
    backoff_init(&b, 1000, 60000, 3);
    for (int i = 0; i < 10; i++)
        backoff_next(&b);
    backoff_reset(&b);
    ck_assert_uint_le(backoff_next(&b), 1000);
}
END_TEST

START_TEST(odd_settings_are_made_sense_of)
{
    struct backoff b;
    backoff_init(&b, 5000, 1000, 0); /* most under least, no seed */
    uint32_t ms = backoff_next(&b);
    ck_assert_uint_ge(ms, 2500);
    ck_assert_uint_le(ms, 5000);
    backoff_init(&b, 0, 0, 0);
    ck_assert_uint_le(backoff_next(&b), 1);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("backoff");
    tcase_add_loop_test(t, waits_double_up_to_the_most_within_their_jitter, 0,
                        20);
    tcase_add_test(t, many_do_not_come_back_together);
    tcase_add_test(t, a_floor_lifts_the_next_wait_alone);
    tcase_add_test(t, success_starts_anew);
    tcase_add_test(t, odd_settings_are_made_sense_of);
    return run_suite("backoff", t);
}
