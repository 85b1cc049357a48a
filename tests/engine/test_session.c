/*
 * test_session.c - tests engine/session/session.h: requests and their answers.
 */
#include "engine/session/session.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/engine/session_rig.h"

/* --- requests and answers --- */

START_TEST(answers_come_back_with_their_notes)
{
    rig_bind_both();
    for (uint64_t i = 0; i < 10; i++)
        ck_assert_uint_ne(rig_submit(esme.s, 100 + i), 0);
    ck_assert_uint_eq(session_in_flight(esme.s), 10);
    ck_assert_uint_eq(session_room(esme.s), 0);
    ck_assert_uint_eq(rig_submit(esme.s, 999), 0); /* the window is full */
    for (int i = 0; i < 200 && esme.answers < 10; i++)
        rig_turns(1);
    ck_assert_uint_eq(esme.answers, 10);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(esme.note[i], 100 + i);
    ck_assert_str_eq(esme.id[3], "m4");
    ck_assert_uint_eq(session_in_flight(esme.s), 0);
}
END_TEST

START_TEST(answers_out_of_order_pair_by_number)
{
    rig_bind_to_raw();
    rig_submit(esme.s, 1); /* sequence 2 */
    rig_submit(esme.s, 2);
    rig_submit(esme.s, 3);
    rig_turns(4);
    rig_raw_put("00000012 80000004 00000000 00000004 6300");
    rig_raw_put("00000012 80000004 00000000 00000002 6100");
    rig_raw_put("00000012 80000004 00000000 00000003 6200");
    ck_assert_uint_eq(esme.answers, 3);
    ck_assert_uint_eq(esme.note[0], 3);
    ck_assert_str_eq(esme.id[0], "c");
    ck_assert_uint_eq(esme.note[1], 1);
    ck_assert_str_eq(esme.id[1], "a");
}
END_TEST

START_TEST(an_answer_of_another_kind_leaves_the_request_waiting)
{
    rig_bind_to_raw();
    rig_submit(esme.s, 1);
    rig_turns(4);
    rig_raw_put("00000010 80000003 00000000 00000002"); /* query_sm_resp */
    rig_raw_put("00000010 80000004 00000000 00000063"); /* nobody's number */
    ck_assert_uint_eq(esme.answers, 0);
    ck_assert_uint_eq(session_counts(esme.s)->unpaired, 2);
    rig_raw_put("00000010 80000004 00000000 00000002");
    ck_assert_uint_eq(esme.answers, 1);
    rig_raw_put("00000010 80000004 00000000 00000002"); /* twice */
    ck_assert_uint_eq(esme.answers, 1);
}
END_TEST

START_TEST(a_nack_answers_by_number_alone)
{
    rig_bind_to_raw();
    rig_submit(esme.s, 1);
    rig_turns(4);
    rig_raw_put("00000010 80000000 00000003 00000002");
    ck_assert_uint_eq(esme.answers, 1);
    ck_assert_uint_eq(esme.answer_status[0], ESME_RINVCMDID);
}
END_TEST

START_TEST(an_answer_with_a_broken_body_still_pairs)
{
    rig_bind_to_raw();
    rig_submit(esme.s, 1);
    rig_turns(4);
    /* A TLV that runs past the PDU, and an id without NUL before it. */
    rig_raw_put("00000016 80000004 00000000 00000002 616263 64 0401");
    ck_assert_uint_eq(esme.answers, 1);
    ck_assert_uint_eq(esme.answer_status[0], 0);
    ck_assert(!esme.closed);
}
END_TEST

START_TEST(a_request_not_answered_in_time_is_lost_and_may_come_late)
{
    rig_bind_to_raw();
    rig_submit(esme.s, 77);
    rig_turns(4);
    rig_raw_get(60);
    rig_pass_ms(29000); /* traffic keeps the link alive */
    rig_raw_put("00000010 00000015 00000000 00000001");
    rig_pass_ms(29000);
    rig_raw_put("00000010 00000015 00000000 00000002");
    rig_pass_ms(1990);
    ck_assert_uint_eq(esme.lost, 0);
    rig_pass_ms(20);
    ck_assert_uint_eq(esme.lost, 1);
    ck_assert_int_eq(esme.loss[0], SESSION_TIMED_OUT);
    ck_assert_uint_eq(esme.lost_note[0], 77);
    ck_assert_uint_eq(session_in_flight(esme.s), 0);
    rig_raw_put("00000012 80000004 00000000 00000002 6100");
    ck_assert_uint_eq(esme.late, 1);
    ck_assert_uint_eq(esme.note[0], 77);
    rig_raw_put("00000012 80000004 00000000 00000002 6100");
    ck_assert_uint_eq(esme.answers, 1);
}
END_TEST

/* Its time begins when it may leave. */
START_TEST(a_request_that_waits_for_our_store_is_not_lost)
{
    raw_wanted = true;
    rig_dial_how(false); /* held */
    ck_assert(rig_until(&esme.opened));
    rig_raw_get(35);
    rig_raw_put("00000011 80000009 00000000 00000001 00");
    rig_submit(esme.s, 1);
    session_hold(esme.s, 10);
    rig_submit(esme.s, 2);
    session_hold(esme.s, 11);
    session_release(esme.s, 10);
    rig_turns(4);
    rig_raw_get(60);
    for (int i = 0; i < 3; i++) {
        rig_pass_ms(20000);
        rig_raw_put("00000010 00000015 00000000 00000001");
    }
    rig_pass_ms(20);
    ck_assert_uint_eq(esme.lost, 1);
    ck_assert_uint_eq(esme.lost_note[0], 1);
    session_release(esme.s, 11);
    rig_turns(4);
    rig_raw_put("00000012 80000004 00000000 00000003 6100");
    ck_assert_uint_eq(esme.answers, 1);
    ck_assert_uint_eq(esme.late, 0);
    ck_assert_uint_eq(esme.lost, 1);
}
END_TEST

/* The answer may stand in the socket all the time. */
START_TEST(a_request_is_not_lost_while_we_do_not_listen)
{
    rig_bind_to_raw();
    rig_submit(esme.s, 77);
    rig_turns(4);
    rig_raw_get(60);
    session_pause(esme.s, true);
    rig_raw_put("00000012 80000004 00000000 00000002 6100");
    rig_pass_ms(70000);
    ck_assert_uint_eq(esme.lost, 0);
    session_pause(esme.s, false);
    rig_pass_ms(10);
    ck_assert_uint_eq(esme.answers, 1);
    ck_assert_uint_eq(esme.late, 0);
    rig_submit(esme.s, 78);
    rig_turns(4);
    session_pause(esme.s, true);
    rig_pass_ms(70000);
    session_pause(esme.s, false);
    rig_pass_ms(900);
    ck_assert_uint_eq(esme.lost, 0);
    rig_pass_ms(200);
    ck_assert_uint_eq(esme.lost, 1);
}
END_TEST

START_TEST(a_death_tells_the_sent_from_the_unsent)
{
    raw_wanted = true;
    rig_dial_how(false); /* held */
    ck_assert(rig_until(&esme.opened));
    rig_raw_get(35);
    rig_raw_put("00000011 80000009 00000000 00000001 00");
    rig_submit(esme.s, 1);
    session_hold(esme.s, 10);
    rig_submit(esme.s, 2);
    session_hold(esme.s, 11);
    rig_submit(esme.s, 3);
    session_release(esme.s, 10);
    rig_turns(4);
    close(raw);
    raw = -1;
    ck_assert(rig_until(&esme.closed));
    ck_assert_uint_eq(esme.lost, 3);
    ck_assert_uint_eq(esme.lost_note[0], 1);
    ck_assert_int_eq(esme.loss[0], SESSION_UNKNOWN);
    ck_assert_int_eq(esme.loss[1], SESSION_NOT_SENT);
    ck_assert_int_eq(esme.loss[2], SESSION_NOT_SENT);
}
END_TEST

START_TEST(a_pdu_that_breaks_a_rule_is_refused_and_takes_no_slot)
{
    rig_bind_both();
    static struct pdu p;
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 0);
    char far[80];
    memset(far, '1', sizeof far);
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_of(far, sizeof far));
    struct session_note n = {{0}};
    enum pdu_fault fault;
    ck_assert_uint_eq(session_request(esme.s, &p, &n, &fault), 0);
    ck_assert_int_eq(fault, PDU_FIELD_TOO_LONG);
    ck_assert_uint_eq(session_in_flight(esme.s), 0);
    ck_assert_uint_ne(rig_submit(esme.s, 1), 0);
}
END_TEST

START_TEST(requests_of_the_peer_are_answered_by_the_owner)
{
    rig_bind_to_raw();
    esme.answer_now = false;
    /* deliver_sm with nothing in it, 3.4, 4.6.1 */
    rig_raw_put("00000021 00000005 00000000 00000009"
                "00 0000 00 0000 00 000000 00 00 00 00 00 00 00");
    ck_assert_uint_eq(esme.requests, 1);
    ck_assert_uint_eq(esme.request_id[0], SMPP_DELIVER_SM);
    ck_assert(session_answer(esme.s, SMPP_DELIVER_SM, 9, 0, slice_of(NULL, 0)));
    ck_assert_str_eq(rig_raw_get(17), "0000001180000005000000000000000900");
    ck_assert(session_answer(esme.s, SMPP_DELIVER_SM, 0xFFFFFFFF,
                             ESME_RX_T_APPN, slice_of(NULL, 0)));
    ck_assert_str_eq(rig_raw_get(16), "000000108000000500000064ffffffff");
}
END_TEST

START_TEST(a_request_put_off_is_offered_again_and_nothing_is_lost)
{
    rig_bind_both();
    smsc.later = 3;
    for (uint64_t i = 0; i < 10; i++)
        rig_submit(esme.s, i);
    for (int i = 0; i < 20; i++)
        rig_pass_ms(5);
    ck_assert_uint_eq(smsc.requests, 10);
    ck_assert_uint_eq(esme.answers, 10);
    ck_assert_uint_eq(smsc.request_seq[0] + 9, smsc.request_seq[9]);
}
END_TEST

START_TEST(a_paused_session_hears_nothing_until_it_goes_on)
{
    rig_bind_both();
    session_pause(smsc.s, true);
    rig_submit(esme.s, 1);
    rig_turns(10);
    ck_assert_uint_eq(smsc.requests, 0);
    session_pause(smsc.s, false);
    for (int i = 0; i < 100 && !esme.answers; i++)
        rig_turns(1);
    ck_assert_uint_eq(smsc.requests, 1);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("session");
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, answers_come_back_with_their_notes);
    tcase_add_test(t, answers_out_of_order_pair_by_number);
    tcase_add_test(t, an_answer_of_another_kind_leaves_the_request_waiting);
    tcase_add_test(t, a_nack_answers_by_number_alone);
    tcase_add_test(t, an_answer_with_a_broken_body_still_pairs);
    tcase_add_test(t, a_request_not_answered_in_time_is_lost_and_may_come_late);
    tcase_add_test(t, a_request_that_waits_for_our_store_is_not_lost);
    tcase_add_test(t, a_request_is_not_lost_while_we_do_not_listen);
    tcase_add_test(t, a_death_tells_the_sent_from_the_unsent);
    tcase_add_test(t, a_pdu_that_breaks_a_rule_is_refused_and_takes_no_slot);
    tcase_add_test(t, requests_of_the_peer_are_answered_by_the_owner);
    tcase_add_test(t, a_request_put_off_is_offered_again_and_nothing_is_lost);
    tcase_add_test(t, a_paused_session_hears_nothing_until_it_goes_on);
    return run_suite("session", t);
}
