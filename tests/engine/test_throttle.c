/*
 * test_throttle.c - tests engine/carrier/throttle.h against carriers that
 * count in different ways.
 */
#include "engine/carrier/throttle.h"

#include <string.h>

#include "tests/engine/run_suite.h"

enum { ALLOWS = 500, ROUND_TRIP_MS = 20 };

/* How a carrier counts what it allows. */
enum counting { SLIDING, BUCKET, CALENDAR, COUNTINGS, NOISE, NOISE_THEN_LIMIT };

static struct second sliding;
static double tokens;
static uint64_t calendar, calendar_n;
static uint32_t dice;

static bool
allows(enum counting how, struct mono now)
{
    switch (how) {
    case SLIDING:
        if (second_count(&sliding, now) >= ALLOWS)
            return false;
        second_add(&sliding, now, 1);
        return true;
    /* One in forty, whatever the rate. */
    case NOISE: return (dice = dice * 1103515245 + 12345) / 65536 % 40 != 0;
    case NOISE_THEN_LIMIT:
        return now.us < 50000000 ? allows(NOISE, now) : allows(SLIDING, now);
    case BUCKET:
        if (tokens < 1)
            return false;
        tokens -= 1;
        return true;
    default:
        if (now.us / 1000000 != calendar)
            calendar_n = 0;
        calendar = now.us / 1000000;
        return calendar_n++ < ALLOWS;
    }
}

struct outcome {
    uint64_t accepted, refused;
};

/* From `from_ms` to `to_ms`, with work always waiting; answers come back
 * after the round trip. */
static struct outcome
run(struct throttle *t, enum counting how, unsigned configured, uint64_t ms_n)
{
    static uint32_t back[ROUND_TRIP_MS][2];
    memset(back, 0, sizeof back);
    struct outcome o = {0, 0};
    double credit = 0;
    for (uint64_t ms = 10000; ms < 10000 + ms_n; ms++) {
        struct mono now = {ms * 1000};
        throttle_tick(t, now, configured);
        uint32_t *answers = back[ms % ROUND_TRIP_MS];
        for (uint32_t i = 0; i < answers[0]; i++)
            throttle_accepted(t, now);
        for (uint32_t i = 0; i < answers[1]; i++)
            throttle_refused(t, now, configured);
        answers[0] = answers[1] = 0;
        tokens = tokens + ALLOWS / 1000.0 > 20 ? 20 : tokens + ALLOWS / 1000.0;
        credit += (configured ? configured : 2000) / 1000.0;
        uint32_t room = throttle_room(t, now);
        for (; room > 0 && credit >= 1; room--, credit -= 1) {
            throttle_take(t, now, 1);
            bool ok = allows(how, now);
            answers[ok ? 0 : 1]++;
            o.accepted += ok;
            o.refused += !ok;
        }
        credit = credit > 5 ? 5 : credit;
    }
    return o;
}

static void
set_up(void)
{
    memset(&sliding, 0, sizeof sliding);
    tokens = 20;
    calendar = calendar_n = 0;
}

START_TEST(half_of_what_is_configured_is_nearly_all_used)
{
    struct throttle t;
    throttle_init(&t);
    struct outcome o = run(&t, (enum counting)_i, 1000, 60000);
    ck_assert_msg(o.accepted >= 475 * 60, "%llu accepted",
                  (unsigned long long)o.accepted);
    ck_assert_msg(o.refused * 50 < o.accepted + o.refused, "%llu refused",
                  (unsigned long long)o.refused);
}
END_TEST

START_TEST(it_works_without_a_configured_rate)
{
    struct throttle t;
    throttle_init(&t);
    struct outcome o = run(&t, (enum counting)_i, 0, 60000);
    ck_assert_msg(o.accepted >= 430 * 60, "%llu accepted",
                  (unsigned long long)o.accepted);
    ck_assert_msg(o.refused * 25 < o.accepted + o.refused, "%llu refused",
                  (unsigned long long)o.refused);
}
END_TEST

START_TEST(without_refusals_the_limit_is_lifted)
{
    struct throttle t;
    throttle_init(&t);
    struct mono now = {10000000};
    for (int i = 0; i < 100; i++)
        throttle_accepted(&t, now);
    throttle_refused(&t, now, 1000);
    ck_assert(throttle_is_on(&t));
    for (int i = 0; i < 1000; i++)
        throttle_tick(&t, now = mono_add_ms(now, 101), 1000);
    ck_assert(!throttle_is_on(&t));
    ck_assert_uint_eq(throttle_room(&t, now), UINT32_MAX);
}
END_TEST

START_TEST(refusals_at_any_rate_do_not_pin_it)
{
    struct throttle t;
    throttle_init(&t);
    struct outcome o = run(&t, NOISE, 0, 60000);
    /* 2,000 a second are offered, 39 of 40 can be taken. */
    ck_assert_uint_gt(o.accepted, 60 * 1950 * 9 / 10);
}
END_TEST

START_TEST(a_limit_is_seen_behind_noise)
{
    struct throttle t;
    throttle_init(&t);
    struct outcome before = run(&t, NOISE_THEN_LIMIT, 0, 40000);
    dice = 0;
    throttle_init(&t);
    struct outcome o = run(&t, NOISE_THEN_LIMIT, 0, 100000);
    uint64_t limited = o.accepted - before.accepted;
    ck_assert_uint_gt(limited, 60 * ALLOWS * 9 / 10);
    ck_assert_uint_lt(o.refused - before.refused, limited / 10);
}
END_TEST

START_TEST(it_is_cut_at_most_once_a_second)
{
    struct throttle t;
    throttle_init(&t);
    struct mono now = {10000000};
    for (int i = 0; i < 100; i++)
        throttle_accepted(&t, now = mono_add_ms(now, 10));
    throttle_refused(&t, now, 1000);
    double limit = t.limit;
    ck_assert_double_gt(limit, 80);
    ck_assert_double_lt(limit, 110);
    throttle_refused(&t, mono_add_ms(now, 999), 1000);
    ck_assert_double_eq(t.limit, limit);
    throttle_refused(&t, mono_add_ms(now, 1001), 1000);
    ck_assert_double_lt(t.limit, limit);
    ck_assert_double_ge(t.limit, 1);
}
END_TEST

START_TEST(refusals_that_go_on_stop_everything_for_a_moment)
{
    struct throttle t;
    throttle_init(&t);
    struct mono now = {10000000};
    for (int i = 0; i < 9; i++)
        throttle_refused(&t, now, 1000);
    ck_assert_uint_eq(throttle_room(&t, mono_add_ms(now, 99)), 0);
    ck_assert_uint_gt(throttle_room(&t, mono_add_ms(now, 101)), 0);
    ck_assert_uint_ge(throttle_next(&t, now).us, now.us + 100000);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("throttle");
    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_loop_test(t, half_of_what_is_configured_is_nearly_all_used, 0,
                        COUNTINGS);
    tcase_add_loop_test(t, it_works_without_a_configured_rate, 0, COUNTINGS);
    tcase_add_test(t, without_refusals_the_limit_is_lifted);
    tcase_add_test(t, refusals_at_any_rate_do_not_pin_it);
    tcase_add_test(t, a_limit_is_seen_behind_noise);
    tcase_add_test(t, it_is_cut_at_most_once_a_second);
    tcase_add_test(t, refusals_that_go_on_stop_everything_for_a_moment);
    return run_suite("throttle", t);
}
