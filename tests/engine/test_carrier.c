/*
 * test_carrier.c - tests engine/carrier/carrier.h: parts and deliveries.
 */
#include "engine/carrier/carrier.h"

#include <stdio.h>

#include "tests/engine/carrier_rig.h"

/* --- parts --- */

START_TEST(a_part_is_answered_with_its_id_and_verdict)
{
    rig_create();
    rig_await_bound(1);
    ck_assert_int_eq(rig_submit(42, -1), 0);
    rig_pass_ms(10);
    ck_assert_uint_eq(flow.answered, 1);
    ck_assert_uint_eq(flow.message, 42);
    ck_assert_str_eq(flow.id, "ID1");
    ck_assert_int_eq(flow.verdict, VERDICT_OK);
    centre.status = 0x0B;
    rig_submit(43, -1);
    rig_pass_ms(10);
    ck_assert_int_eq(flow.verdict, VERDICT_FAIL);
    ck_assert_uint_eq(flow.status, 0x0B);
}
END_TEST

START_TEST(in_flight_never_exceeds_the_window)
{
    settings.window = 7;
    settings.binds = 2;
    rig_create();
    rig_await_bound(2);
    centre.mute = true;
    uint64_t m = rig_fill(0);
    ck_assert_uint_eq(m, 14);
    ck_assert_int_eq(rig_submit(99, -1), -1);
    rig_pass_ms(10);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 0);
    ck_assert_uint_eq(carrier_room_at(carrier, fake_now).us, UINT64_MAX);
    ck_assert_uint_eq(centre.seat[0].submits, 7);
    ck_assert_uint_eq(centre.seat[1].submits, 7);
}
END_TEST

START_TEST(the_parts_of_a_message_keep_to_one_bind)
{
    settings.binds = 4;
    rig_create();
    rig_await_bound(4);
    int bind = rig_submit(1, -1);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(rig_submit(1, bind), bind);
    int other = rig_submit(2, -1);
    ck_assert_int_ne(other, bind);
}
END_TEST

START_TEST(nothing_leaves_before_its_position_is_durable)
{
    rig_create();
    rig_await_bound(1);
    rig_submit(1, -1);
    carrier_hold(carrier, ++position);
    for (int i = 0; i < 20; i++) { /* turns of an engine whose store stalls */
        fake_now.us += 1000;
        loop_turn(loop, 0);
        carrier_tick(carrier, fake_now);
        carrier_release(carrier, position - 1);
    }
    ck_assert_uint_eq(centre.submits, 0);
    carrier_release(carrier, position);
    rig_pass_ms(5);
    ck_assert_uint_eq(centre.submits, 1);
}
END_TEST

START_TEST(a_part_that_cannot_be_encoded_is_told_apart)
{
    rig_create();
    rig_await_bound(1);
    static struct pdu p;
    char far[80];
    memset(far, '1', sizeof far);
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 0);
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_of(far, sizeof far));
    struct part_ref part = {.message = 1};
    ck_assert_int_eq(carrier_submit(carrier, &p, &part, -1, fake_now),
                     CARRIER_CANNOT_ENCODE);
    ck_assert_int_eq(rig_submit(2, -1), 0);
}
END_TEST

START_TEST(each_part_gets_exactly_one_word_back)
{
    settings.binds = 3;
    rig_create();
    rig_await_bound(3);
    uint64_t m = 0;
    for (int round = 0; round < 40; round++) {
        centre.mute = round % 3 == 0;
        m = rig_fill(m);
        rig_pass_ms(3);
        for (unsigned i = 0; i < centre.seats && round % 7 == 6; i++)
            if (centre.seat[i].s) /* all die at once */
                session_close(centre.seat[i].s, CLOSE_ASKED, NULL, false);
        for (int i = 0; i < 200 && rig_bound_binds() < 3; i++)
            rig_pass_ms(10);
    }
    carrier_close(carrier, false);
    for (int i = 0; i < 200 && !carrier_is_closed(carrier); i++)
        rig_pass_ms(1);
    ck_assert(carrier_is_closed(carrier));
    ck_assert_uint_gt(m, 1000);
    ck_assert_uint_lt(m, PARTS_MAX);
    for (uint64_t i = 0; i < m; i++)
        ck_assert_msg(flow.seen[i] == 1, "message %llu: %u words",
                      (unsigned long long)i, flow.seen[i]);
    ck_assert_uint_gt(flow.lost[LOSS_UNKNOWN], 0);
}
END_TEST

START_TEST(a_timed_out_part_frees_its_slot_and_may_be_answered_late)
{
    settings.window = 1;
    settings.timers.stall_ms = 0;
    rig_create();
    rig_await_bound(1);
    centre.mute = true;
    rig_submit(7, -1);
    rig_pass_ms(5);
    rig_leap_ms(59000);
    ck_assert_uint_eq(flow.lost[LOSS_TIMED_OUT], 0);
    rig_leap_ms(1100);
    ck_assert_uint_eq(flow.lost[LOSS_TIMED_OUT], 1);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 1);
    ck_assert(session_answer(centre.seat[0].s, SMPP_SUBMIT_SM,
                             centre.seat[0].unanswered[0], 0,
                             slice_str("late")));
    rig_pass_ms(10);
    ck_assert_uint_eq(flow.late, 1);
    ck_assert_str_eq(flow.id, "late");
    ck_assert_uint_eq(flow.message, 7);
}
END_TEST

START_TEST(a_status_that_stops_the_bind_closes_and_reopens_it)
{
    rig_create();
    rig_await_bound(1);
    centre.status = ESME_RINVBNDSTS;
    rig_submit(1, -1);
    rig_pass_ms(50);
    ck_assert_int_eq(flow.verdict, VERDICT_STOP_BIND);
    ck_assert_uint_eq(rig_bound_binds(), 0);
    centre.status = 0;
    rig_await_bound(1);
    ck_assert_uint_eq(centre.seats, 2);
}
END_TEST

START_TEST(a_stalled_bind_is_recycled)
{
    rig_create();
    rig_await_bound(1);
    centre.mute = true;
    rig_submit(1, -1);
    carrier_set_backlog(carrier, 1000);
    for (int i = 0; i < 88; i++)
        rig_leap_ms(1000); /* enquire_link is answered all the while */
    ck_assert_uint_eq(centre.seats, 1);
    rig_leap_ms(2000);
    rig_pass_ms(50);
    struct bind_view v;
    carrier_look_bind(carrier, 0, &v);
    ck_assert_msg(strstr(v.last_error, "stalled") != NULL, "%s", v.last_error);
    rig_await_bound(1);
    ck_assert_uint_eq(centre.seats, 2);
}
END_TEST

START_TEST(an_idle_bind_is_not_called_stalled)
{
    rig_create();
    rig_await_bound(1);
    carrier_set_backlog(carrier, 1000); /* waiting for a number's rate, say */
    for (int i = 0; i < 200; i++)
        rig_leap_ms(1000);
    ck_assert_uint_eq(centre.seats, 1);
}
END_TEST

START_TEST(a_paused_carrier_sends_nothing_and_still_listens)
{
    rig_create();
    rig_await_bound(1);
    carrier_pause(carrier, true);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 0);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_PAUSED);
    ck_assert(rig_deliver(&centre.seat[0]));
    rig_pass_ms(10);
    ck_assert_uint_eq(flow.delivered, 1);
    carrier_pause(carrier, false);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
    ck_assert_uint_gt(carrier_room(carrier, fake_now), 0);
}
END_TEST

/* --- deliveries --- */

START_TEST(a_delivery_is_answered_only_when_durable)
{
    rig_create();
    rig_await_bound(1);
    ck_assert(rig_deliver(&centre.seat[0]));
    for (int i = 0; i < 50 && !flow.delivered; i++) {
        loop_turn(loop, 0);
        carrier_tick(carrier, fake_now);
    }
    ck_assert_uint_eq(flow.delivered, 1);
    carrier_hold(carrier, ++position);
    for (int i = 0; i < 10; i++)
        loop_turn(loop, 0);
    ck_assert_uint_eq(centre.delivered, 0);
    carrier_release(carrier, position);
    rig_pass_ms(5);
    ck_assert_uint_eq(centre.delivered, 1);
}
END_TEST

START_TEST(a_delivery_that_cannot_be_stored_is_offered_again)
{
    rig_create();
    rig_await_bound(1);
    flow.deliver_answer = CARRIER_NO_ANSWER_NOW;
    ck_assert(rig_deliver(&centre.seat[0]));
    rig_pass_ms(50);
    ck_assert_uint_gt(flow.delivered, 2);
    ck_assert_uint_eq(centre.delivered, 0);
    flow.deliver_answer = 0;
    rig_pass_ms(100); /* it is offered less often as time goes by */
    ck_assert_uint_eq(centre.delivered, 1);
}
END_TEST

START_TEST(two_connections_have_two_session_numbers)
{
    settings.binds = 2;
    rig_create();
    rig_await_bound(2);
    ck_assert(rig_deliver(&centre.seat[0]));
    rig_pass_ms(10);
    uint64_t first = flow.delivered_session;
    ck_assert(rig_deliver(&centre.seat[1]));
    rig_pass_ms(10);
    ck_assert_uint_ne(flow.delivered_session, first);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("carrier");
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_part_is_answered_with_its_id_and_verdict);
    tcase_add_test(t, in_flight_never_exceeds_the_window);
    tcase_add_test(t, the_parts_of_a_message_keep_to_one_bind);
    tcase_add_test(t, nothing_leaves_before_its_position_is_durable);
    tcase_add_test(t, a_part_that_cannot_be_encoded_is_told_apart);
    tcase_add_test(t, each_part_gets_exactly_one_word_back);
    tcase_add_test(t, a_timed_out_part_frees_its_slot_and_may_be_answered_late);
    tcase_add_test(t, a_status_that_stops_the_bind_closes_and_reopens_it);
    tcase_add_test(t, a_stalled_bind_is_recycled);
    tcase_add_test(t, an_idle_bind_is_not_called_stalled);
    tcase_add_test(t, a_paused_carrier_sends_nothing_and_still_listens);
    tcase_add_test(t, a_delivery_is_answered_only_when_durable);
    tcase_add_test(t, a_delivery_that_cannot_be_stored_is_offered_again);
    tcase_add_test(t, two_connections_have_two_session_numbers);
    return run_suite("carrier", t);
}
