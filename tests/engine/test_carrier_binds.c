/*
 * test_carrier_binds.c - tests engine/carrier/carrier.h: binds and new
 * settings.
 */
#include "engine/carrier/carrier.h"

#include <stdio.h>

#include "tests/engine/carrier_rig.h"

/* --- binds --- */

START_TEST(all_binds_come_up_and_the_carrier_is_up)
{
    settings.binds = 3;
    rig_create();
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_DOWN);
    rig_await_bound(3);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
    ck_assert_uint_eq(centre.seats, 3);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 300);
}
END_TEST

START_TEST(a_pair_sends_by_its_transmitter_alone)
{
    settings.bind = CARRIER_BIND_PAIR;
    settings.binds = 2;
    rig_create();
    rig_await_bound(4);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 200);
    for (uint64_t m = 0; m < 50; m++)
        ck_assert_int_eq(rig_submit(m, 1) % 2, 0);
    rig_pass_ms(20);
    ck_assert_uint_eq(flow.answered, 50);
    for (unsigned i = 0; i < centre.seats; i++)
        if (centre.seat[i].mode == SESSION_RECEIVER)
            ck_assert_uint_eq(centre.seat[i].submits, 0);
}
END_TEST

START_TEST(a_wrong_password_is_tried_again_after_five_minutes)
{
    centre.bind_status = ESME_RINVPASWD;
    rig_create();
    rig_pass_ms(200);
    ck_assert_uint_eq(centre.seats, 1);
    struct bind_view v;
    carrier_look_bind(carrier, 0, &v);
    ck_assert_str_eq(v.state, "down");
    ck_assert_msg(strstr(v.last_error, "0x0E ESME_RINVPASWD") != NULL, "%s",
                  v.last_error);
    rig_leap_ms(299000);
    ck_assert_uint_eq(centre.seats, 1);
    rig_leap_ms(32000);
    rig_pass_ms(20);
    ck_assert_uint_eq(centre.seats, 2);
}
END_TEST

START_TEST(already_bound_waits_thirty_seconds_and_doubles)
{
    centre.bind_status = ESME_RALYBND;
    rig_create();
    rig_pass_ms(200);
    ck_assert_uint_eq(centre.seats, 1);
    rig_leap_ms(29500);
    ck_assert_uint_eq(centre.seats, 1);
    rig_leap_ms(4000);
    rig_pass_ms(20);
    ck_assert_uint_eq(centre.seats, 2);
    rig_leap_ms(59000);
    ck_assert_uint_eq(centre.seats, 2);
    rig_leap_ms(8000);
    rig_pass_ms(20);
    ck_assert_uint_eq(centre.seats, 3);
}
END_TEST

START_TEST(after_5_0_is_refused_3_4_is_offered_soon)
{
    settings.version = SMPP_V50;
    centre.bind_status = ESME_RINVSYSID;
    centre.refuse_version = SMPP_V50;
    rig_create();
    for (int i = 0; i < 4000 && rig_bound_binds() < 1; i++)
        rig_pass_ms(1);
    ck_assert_uint_eq(rig_bound_binds(), 1);
    ck_assert_uint_eq(centre.seats, 2);
    ck_assert_uint_eq(centre.seat[1].version, SMPP_V34);
}
END_TEST

START_TEST(one_bind_never_has_two_sockets)
{
    centre.silent_bind = true; /* each try ends by the bind timer */
    settings.binds = 2;
    rig_create();
    for (int i = 0; i < 60; i++) {
        rig_leap_ms(1500);
        rig_pass_ms(5);
    }
    ck_assert_uint_gt(centre.seats, 4);
    ck_assert_uint_le(centre.live_peak, 2);
}
END_TEST

START_TEST(reconnects_are_spread_and_bounded)
{
    uint16_t port = settings.port;
    listener_close(listener); /* nobody listens */
    rig_turns(1);
    rig_create();
    unsigned tries[2] = {0, 0};
    struct bind_view v;
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 3000; i++) {
            fake_now.us += 100000;
            rig_turns(3);
        }
        carrier_look_bind(carrier, 0, &v);
        tries[half] = (unsigned)v.reconnects;
    }
    ck_assert_msg(strstr(v.last_error, "refused") != NULL, "%s", v.last_error);
    /* 300 s at 30 to 60 s each, after doubling from 1 s. */
    unsigned second = tries[1] - tries[0];
    ck_assert_uint_ge(second, 4);
    ck_assert_uint_le(second, 11);
    char where[32], error[64];
    snprintf(where, sizeof where, "127.0.0.1:%u", port);
    listener =
        listener_open(loop, where, rig_accept, NULL, error, sizeof error);
    ck_assert_ptr_nonnull(listener);
    for (int i = 0; i < 700 && rig_bound_binds() < 1; i++) {
        fake_now.us += 100000;
        rig_turns(5);
    }
    ck_assert_uint_eq(rig_bound_binds(), 1);
}
END_TEST

START_TEST(a_lost_bind_degrades_the_carrier_and_comes_back)
{
    settings.binds = 2;
    rig_create();
    rig_await_bound(2);
    session_close(centre.seat[0].s, CLOSE_ASKED, NULL, false);
    rig_pass_ms(20);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_DEGRADED);
    ck_assert_int_eq(flow.state, CARRIER_DEGRADED);
    rig_await_bound(2);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
}
END_TEST

START_TEST(a_drain_waits_for_answers_then_unbinds)
{
    rig_create();
    rig_await_bound(1);
    centre.mute = true;
    rig_submit(1, -1);
    rig_pass_ms(10);
    carrier_close(carrier, true);
    rig_pass_ms(50);
    ck_assert(!carrier_is_closed(carrier));
    ck_assert(session_answer(centre.seat[0].s, SMPP_SUBMIT_SM,
                             centre.seat[0].unanswered[0], 0, slice_str("a")));
    rig_pass_ms(50);
    ck_assert(carrier_is_closed(carrier));
    ck_assert_uint_eq(flow.answered, 1);
    ck_assert_uint_eq(flow.lost[LOSS_UNKNOWN], 0);
}
END_TEST

START_TEST(a_carrier_that_a_person_drains_stays_down_until_resumed)
{
    struct carrier_view v;
    settings.binds = 2;
    rig_create();
    rig_await_bound(2);
    centre.mute = true;
    rig_submit(1, -1);
    rig_pass_ms(10);
    carrier_drain(carrier);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 0);
    rig_pass_ms(50);
    carrier_look(carrier, &v);
    ck_assert(v.drained && !v.at_rest); /* one still waits for its answer */
    unsigned seat = centre.seat[0].unanswered[0] ? 0 : 1;
    ck_assert(session_answer(centre.seat[seat].s, SMPP_SUBMIT_SM,
                             centre.seat[seat].unanswered[0], 0,
                             slice_str("a")));
    rig_pass_ms(50);
    ck_assert_uint_eq(flow.answered, 1);
    for (int i = 0; i < 60; i++)
        rig_leap_ms(1000);
    carrier_look(carrier, &v);
    ck_assert(v.drained && v.at_rest);
    ck_assert_uint_eq(centre.seats, 2);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_PAUSED);
    carrier_pause(carrier, false);
    rig_await_bound(2);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
}
END_TEST

START_TEST(a_kick_closes_one_bind_and_it_comes_back)
{
    struct bind_view v;
    settings.binds = 2;
    rig_create();
    rig_await_bound(2);
    ck_assert(!carrier_kick(carrier, 2));
    ck_assert(carrier_kick(carrier, 1));
    rig_pass_ms(100);
    rig_await_bound(2);
    ck_assert_uint_eq(centre.seats, 3);
    carrier_look_bind(carrier, 0, &v);
    ck_assert_uint_eq(v.reconnects, 0);
    carrier_look_bind(carrier, 1, &v);
    ck_assert_uint_eq(v.reconnects, 1);
    ck_assert(carrier_kick(carrier, CARRIER_ALL_BINDS));
    rig_pass_ms(100);
    rig_await_bound(2);
    ck_assert_uint_eq(centre.seats, 5);
}
END_TEST

START_TEST(a_kick_ends_a_drain_that_waits)
{
    struct carrier_view v;
    rig_create();
    rig_await_bound(1);
    centre.mute = true;
    rig_submit(1, -1);
    rig_pass_ms(10);
    carrier_drain(carrier);
    rig_pass_ms(50);
    ck_assert(carrier_kick(carrier, 0));
    rig_pass_ms(50);
    carrier_look(carrier, &v);
    ck_assert(v.at_rest);
    ck_assert_uint_eq(flow.lost[LOSS_UNKNOWN], 1);
    ck_assert_uint_eq(centre.seats, 1);
}
END_TEST

/* --- settings --- */

START_TEST(a_new_rate_keeps_the_binds)
{
    rig_create();
    rig_await_bound(1);
    static struct carrier_settings other;
    other = settings;
    other.rate = 50;
    ck_assert(carrier_reload(carrier, &other));
    rig_pass_ms(20);
    ck_assert_uint_eq(centre.seats, 1);
    ck_assert_uint_le(carrier_room(carrier, fake_now), 50);
}
END_TEST

START_TEST(a_new_password_makes_new_binds)
{
    rig_create();
    rig_await_bound(1);
    static struct carrier_settings other;
    other = settings;
    other.password = "other";
    ck_assert(!carrier_reload(carrier, &other));
    rig_pass_ms(50);
    rig_await_bound(1);
    ck_assert_uint_eq(centre.seats, 2);
}
END_TEST

START_TEST(more_and_fewer_binds_are_opened_and_closed)
{
    settings.binds = 2;
    rig_create();
    rig_await_bound(2);
    static struct carrier_settings more, fewer;
    more = fewer = settings;
    more.binds = 4;
    fewer.binds = 1;
    ck_assert(carrier_reload(carrier, &more));
    rig_await_bound(4);
    ck_assert(carrier_reload(carrier, &fewer));
    for (int i = 0; i < 100; i++)
        rig_pass_ms(1);
    ck_assert_uint_eq(rig_bound_binds(), 1);
    ck_assert_uint_eq(centre.live, 1);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
}
END_TEST

START_TEST(a_rebind_by_a_person_recycles_all)
{
    settings.binds = 2;
    rig_create();
    rig_await_bound(2);
    carrier_rebind(carrier);
    rig_pass_ms(100);
    rig_await_bound(2);
    ck_assert_uint_eq(centre.seats, 4);
    ck_assert_uint_le(centre.live_peak, 2);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("carrier_binds");
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, all_binds_come_up_and_the_carrier_is_up);
    tcase_add_test(t, a_pair_sends_by_its_transmitter_alone);
    tcase_add_test(t, a_wrong_password_is_tried_again_after_five_minutes);
    tcase_add_test(t, already_bound_waits_thirty_seconds_and_doubles);
    tcase_add_test(t, after_5_0_is_refused_3_4_is_offered_soon);
    tcase_add_test(t, one_bind_never_has_two_sockets);
    tcase_add_test(t, reconnects_are_spread_and_bounded);
    tcase_add_test(t, a_lost_bind_degrades_the_carrier_and_comes_back);
    tcase_add_test(t, a_drain_waits_for_answers_then_unbinds);
    tcase_add_test(t, a_carrier_that_a_person_drains_stays_down_until_resumed);
    tcase_add_test(t, a_kick_closes_one_bind_and_it_comes_back);
    tcase_add_test(t, a_kick_ends_a_drain_that_waits);
    tcase_add_test(t, a_new_rate_keeps_the_binds);
    tcase_add_test(t, a_new_password_makes_new_binds);
    tcase_add_test(t, more_and_fewer_binds_are_opened_and_closed);
    tcase_add_test(t, a_rebind_by_a_person_recycles_all);
    return run_suite("carrier_binds", t);
}
