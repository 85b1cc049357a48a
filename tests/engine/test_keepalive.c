/*
 * test_keepalive.c - tests engine/session/keepalive.h.
 */
#include "engine/session/keepalive.h"

#include "tests/engine/run_suite.h"

static struct mono
at(uint64_t ms)
{
    return (struct mono){1000000 + ms * 1000};
}

START_TEST(silence_asks_once_then_kills)
{
    struct keepalive k;
    keepalive_init(&k, 30000, 10000, 0, at(0));
    ck_assert_uint_eq(keepalive_next(&k).us, at(30000).us);
    ck_assert_int_eq(keepalive_look(&k, at(29999)), KEEPALIVE_NOTHING);
    ck_assert_int_eq(keepalive_look(&k, at(30000)), KEEPALIVE_ENQUIRE);
    ck_assert_uint_eq(keepalive_next(&k).us, at(40000).us);
    ck_assert_int_eq(keepalive_look(&k, at(39999)), KEEPALIVE_NOTHING);
    ck_assert_int_eq(keepalive_look(&k, at(40000)), KEEPALIVE_DEAD);
}
END_TEST

START_TEST(a_sign_of_life_starts_anew)
{
    struct keepalive k;
    keepalive_init(&k, 30000, 10000, 0, at(0));
    keepalive_look(&k, at(30000));
    keepalive_heard(&k, at(35000));
    ck_assert_int_eq(keepalive_look(&k, at(64999)), KEEPALIVE_NOTHING);
    ck_assert_int_eq(keepalive_look(&k, at(65000)), KEEPALIVE_ENQUIRE);
}
END_TEST

START_TEST(without_an_answer_time_it_asks_again_and_again)
{
    struct keepalive k;
    keepalive_init(&k, 30000, 0, 0, at(0));
    for (uint64_t i = 1; i < 10; i++) {
        ck_assert_int_eq(keepalive_look(&k, at(30000 * i - 1)),
                         KEEPALIVE_NOTHING);
        ck_assert_int_eq(keepalive_look(&k, at(30000 * i)), KEEPALIVE_ENQUIRE);
    }
}
END_TEST

START_TEST(idle_kills_by_itself)
{
    struct keepalive k;
    keepalive_init(&k, 0, 0, 120000, at(0));
    ck_assert_uint_eq(keepalive_next(&k).us, at(120000).us);
    ck_assert_int_eq(keepalive_look(&k, at(119999)), KEEPALIVE_NOTHING);
    ck_assert_int_eq(keepalive_look(&k, at(120000)), KEEPALIVE_DEAD);
}
END_TEST

START_TEST(all_off_is_never_due)
{
    struct keepalive k;
    keepalive_init(&k, 0, 0, 0, at(0));
    ck_assert_uint_eq(keepalive_next(&k).us, UINT64_MAX);
    ck_assert_int_eq(keepalive_look(&k, at(1000000000)), KEEPALIVE_NOTHING);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("keepalive");
    tcase_add_test(t, silence_asks_once_then_kills);
    tcase_add_test(t, a_sign_of_life_starts_anew);
    tcase_add_test(t, without_an_answer_time_it_asks_again_and_again);
    tcase_add_test(t, idle_kills_by_itself);
    tcase_add_test(t, all_off_is_never_due);
    return run_suite("keepalive", t);
}
