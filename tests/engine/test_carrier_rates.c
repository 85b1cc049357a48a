/*
 * test_carrier_rates.c - tests engine/carrier/carrier.h: rates and throttling.
 */
#include "engine/carrier/carrier.h"

#include <stdio.h>

#include "tests/engine/carrier_rig.h"

/* --- rates --- */

/* The most arrivals in any second, stepped by arrivals. */
static size_t
worst_second(size_t from)
{
    size_t a = from, worst = 0;
    for (size_t b = from; b < centre.at_n; b++) {
        while (centre.at[b] - centre.at[a] >= 1000000)
            a++;
        if (b - a + 1 > worst)
            worst = b - a + 1;
    }
    return worst;
}

START_TEST(the_rate_holds_in_every_second_also_over_reconnects)
{
    settings.rate = 200;
    settings.binds = 2;
    rig_create();
    rig_await_bound(2);
    uint64_t m = 0;
    for (int ms = 0; ms < 12000; ms++) {
        m = rig_fill(m);
        rig_pass_ms(1);
        if (ms % 2500 == 2000)
            for (unsigned i = 0; i < centre.seats; i++)
                if (centre.seat[i].s)
                    session_close(centre.seat[i].s, CLOSE_ASKED, NULL, false);
    }
    ck_assert_uint_le(worst_second(0), 200);
    ck_assert_uint_gt(centre.at_n, 1000);
}
END_TEST

START_TEST(the_mean_is_within_one_percent_of_the_rate)
{
    settings.rate = 500;
    rig_create();
    rig_await_bound(1);
    uint64_t m = 0;
    for (int ms = 0; ms < 30000; ms++) {
        m = rig_fill(m);
        rig_pass_ms(1);
    }
    ck_assert_uint_le(worst_second(0), 500);
    ck_assert_uint_gt(centre.at_n, 500 * 30 * 99 / 100);
}
END_TEST

START_TEST(nothing_is_sent_before_the_time_given)
{
    settings.rate = 100;
    carrier = carrier_create(loop, &settings, &flow_ops, NULL,
                             mono_add_ms(fake_now, 3000));
    rig_await_bound(1);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 0);
    rig_leap_ms(3000);
    ck_assert_uint_gt(carrier_room(carrier, fake_now), 0);
}
END_TEST

START_TEST(throttling_finds_the_carriers_own_limit)
{
    settings.rate = 1000;
    centre.limit = 500;
    rig_create();
    rig_await_bound(1);
    uint64_t m = 0, before = 0, refused_before = 0;
    for (int ms = 0; ms < 40000; ms++) {
        if (ms == 10000) {
            before = centre.submits;
            refused_before = centre.throttled;
        }
        m = rig_fill(m);
        rig_pass_ms(1);
    }
    uint64_t sent = centre.submits - before;
    uint64_t refused = centre.throttled - refused_before;
    uint64_t good = sent - refused;
    ck_assert_msg(good >= 475 * 30 && good <= 500 * 30 + 50, "%llu accepted",
                  (unsigned long long)good);
    ck_assert_msg(centre.throttled * 50 < centre.submits, "%llu of %llu",
                  (unsigned long long)centre.throttled,
                  (unsigned long long)centre.submits);
    centre.limit = 0; /* the carrier recovers */
    for (int ms = 0; ms < 60000; ms++) {
        m = rig_fill(m);
        rig_pass_ms(1);
    }
    struct carrier_view v;
    carrier_look(carrier, &v);
    ck_assert_uint_eq(v.rate_limit, 1000);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("carrier_rates");
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_rate_holds_in_every_second_also_over_reconnects);
    tcase_add_test(t, the_mean_is_within_one_percent_of_the_rate);
    tcase_add_test(t, nothing_is_sent_before_the_time_given);
    tcase_add_test(t, throttling_finds_the_carriers_own_limit);
    return run_suite("carrier_rates", t);
}
