/* A carrier is judged by its answers, and comes back by probes. */
#include <check.h>

#include "engine/flow/health.h"
#include "tests/engine/run_suite.h"

/* The carrier that is asked: what carrier.h says of it is all that counts. */
static enum carrier_state state;
static bool throttled;

static struct health h;
static struct health_settings settings = {50, 8, 20};
static uint64_t ms;

static struct mono
now(void)
{
    return (struct mono){ms * 1000};
}

static bool
tick(void)
{
    return health_judge(&h, state <= CARRIER_DEGRADED, throttled, &settings,
                        now(), ms);
}

/* A part that is answered after so long; time goes on meanwhile. */
static void
answer(unsigned after_ms, bool good, bool fault)
{
    uint64_t sent = ms;
    health_sent(&h, now());
    ms += after_ms;
    health_answered(&h, now(), ms, sent, good, fault);
    tick();
}

static void
begin(void)
{
    h = (struct health){0};
    ms = 1000000;
    state = CARRIER_UP;
    throttled = false;
    tick();
    for (int i = 0; i < 200; i++)
        answer(5, true, false);
    ck_assert_int_eq(h.state, HEALTH_GOOD);
}

START_TEST(a_few_refusals_change_nothing)
{
    for (int i = 0; i < 500; i++)
        answer(2, i % 3 != 0, i % 3 == 0);
    ck_assert_int_eq(h.state, HEALTH_GOOD);
}
END_TEST

START_TEST(who_refuses_half_is_skipped)
{
    uint64_t from = ms;
    while (h.state == HEALTH_GOOD && ms < from + 5000)
        answer(5, false, true);
    ck_assert_int_eq(h.state, HEALTH_SKIPPED);
    ck_assert_uint_lt(ms - from, 2000);
}
END_TEST

START_TEST(what_is_the_messages_fault_is_not_the_carriers)
{
    for (int i = 0; i < 1000; i++)
        answer(5, false, false);
    ck_assert_int_eq(h.state, HEALTH_GOOD);
}
END_TEST

START_TEST(who_falls_silent_is_skipped_within_two_seconds)
{
    health_sent(&h, now());
    for (int i = 0; i < 39 && h.state == HEALTH_GOOD; i++) {
        ms += 50;
        tick();
    }
    ck_assert_int_eq(h.state, HEALTH_SKIPPED);
    ck_assert_str_eq(h.why, "does not answer");
}
END_TEST

START_TEST(who_becomes_slow_is_skipped)
{
    for (int i = 0; i < 40 && h.state == HEALTH_GOOD; i++)
        answer(900, true, false);
    ck_assert_int_eq(h.state, HEALTH_SKIPPED);
    ck_assert_str_eq(h.why, "answers much slower than usual");
}
END_TEST

START_TEST(half_a_second_is_never_slow)
{
    for (int i = 0; i < 200; i++)
        answer(499, true, false);
    ck_assert_int_eq(h.state, HEALTH_GOOD);
}
END_TEST

static void
break_down(void)
{
    while (h.state == HEALTH_GOOD)
        answer(5, false, true);
}

static void
until(enum health_state s, uint64_t most_ms)
{
    uint64_t from = ms;
    while (h.state != s && ms - from <= most_ms) {
        ms += 10;
        tick();
    }
    ck_assert_int_eq(h.state, s);
}

START_TEST(good_probes_bring_it_back)
{
    break_down();
    until(HEALTH_PROBING, 600);
    ck_assert_uint_eq(h.probes_left, 4);
    for (int i = 0; i < 3; i++)
        answer(5, true, false);
    ck_assert_int_eq(h.state, HEALTH_PROBING);
    answer(5, true, false);
    ck_assert_int_eq(h.state, HEALTH_GOOD);
}
END_TEST

START_TEST(probes_that_fail_come_at_growing_intervals)
{
    break_down();
    uint64_t before = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t from = ms;
        until(HEALTH_PROBING, 31000);
        ck_assert_uint_ge(ms - from, before);
        before = ms - from;
        answer(5, false, true);
        ck_assert_int_eq(h.state, HEALTH_SKIPPED);
    }
    ck_assert_uint_ge(before, 29000);
}
END_TEST

START_TEST(a_probe_that_is_not_answered_has_failed)
{
    break_down();
    until(HEALTH_PROBING, 600);
    health_sent(&h, now());
    until(HEALTH_SKIPPED, 1100);
}
END_TEST

START_TEST(answers_of_the_bad_time_are_no_probes)
{
    health_sent(&h, now());
    uint64_t sent = ms;
    break_down();
    until(HEALTH_PROBING, 2000);
    health_answered(&h, now(), ms, sent, false, true);
    tick();
    ck_assert_int_eq(h.state, HEALTH_PROBING);
}
END_TEST

START_TEST(no_bind_is_out_and_back_at_once)
{
    state = CARRIER_DOWN;
    ck_assert(tick());
    ck_assert_int_eq(h.state, HEALTH_OUT);
    state = CARRIER_UP;
    ms += 5000;
    ck_assert(tick());
    ck_assert_int_eq(h.state, HEALTH_GOOD);
}
END_TEST

START_TEST(a_bind_that_died_with_parts_is_probed_first)
{
    health_sent(&h, now());
    health_lost(&h, now(), LOSS_UNKNOWN);
    state = CARRIER_DOWN;
    tick();
    ms += 100;
    state = CARRIER_UP;
    tick();
    ck_assert_int_eq(h.state, HEALTH_PROBING);
    for (int i = 0; i < 4; i++)
        answer(5, true, false);
    ck_assert_int_eq(h.state, HEALTH_GOOD);
}
END_TEST

START_TEST(throttled_is_strained_and_no_more)
{
    throttled = true;
    tick();
    ck_assert_int_eq(h.state, HEALTH_STRAINED);
    throttled = false;
    tick();
    ck_assert_int_eq(h.state, HEALTH_GOOD);
}
END_TEST

START_TEST(receipts_that_say_undelivered_tell_too)
{
    for (int i = 0; i < 3000; i++)
        health_receipt(&h, now(), true);
    ms += 400000;
    for (int i = 0; i < 99; i++)
        health_receipt(&h, now(), false);
    tick();
    ck_assert_int_eq(h.state, HEALTH_GOOD);
    for (int i = 0; i < 20; i++)
        health_receipt(&h, now(), false);
    tick();
    ck_assert_int_eq(h.state, HEALTH_SKIPPED);
}
END_TEST

START_TEST(thresholds_can_be_turned_off)
{
    settings = (struct health_settings){0};
    for (int i = 0; i < 500; i++)
        answer(i % 2 ? 900 : 5, false, true);
    ck_assert_int_eq(h.state, HEALTH_GOOD);
    settings = (struct health_settings){50, 8, 20};
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("health");
    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_test(t, a_few_refusals_change_nothing);
    tcase_add_test(t, who_refuses_half_is_skipped);
    tcase_add_test(t, what_is_the_messages_fault_is_not_the_carriers);
    tcase_add_test(t, who_falls_silent_is_skipped_within_two_seconds);
    tcase_add_test(t, who_becomes_slow_is_skipped);
    tcase_add_test(t, half_a_second_is_never_slow);
    tcase_add_test(t, good_probes_bring_it_back);
    tcase_add_test(t, probes_that_fail_come_at_growing_intervals);
    tcase_add_test(t, a_probe_that_is_not_answered_has_failed);
    tcase_add_test(t, answers_of_the_bad_time_are_no_probes);
    tcase_add_test(t, no_bind_is_out_and_back_at_once);
    tcase_add_test(t, a_bind_that_died_with_parts_is_probed_first);
    tcase_add_test(t, throttled_is_strained_and_no_more);
    tcase_add_test(t, receipts_that_say_undelivered_tell_too);
    tcase_add_test(t, thresholds_can_be_turned_off);
    return run_suite("health", t);
}
