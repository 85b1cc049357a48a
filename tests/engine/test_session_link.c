/*
 * test_session_link.c - tests engine/session/session.h: the rules of the
 * stream, keeping alive, the end.
 */
#include "engine/session/session.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/engine/session_rig.h"

/* --- rules of the stream --- */

START_TEST(an_unknown_command_gets_a_nack_and_the_stream_goes_on)
{
    rig_bind_to_raw();
    rig_raw_put("00000014 00000777 00000000 00000005 01020304");
    ck_assert_str_eq(rig_raw_get(16), "00000010800000000000000300000005");
    rig_raw_put("00000014 80000777 00000000 00000006 01020304"); /* no answer */
    rig_raw_put("00000010 00000015 00000000 00000007");
    ck_assert_str_eq(rig_raw_get(16), "00000010800000150000000000000007");
}
END_TEST

static const char *const bad_lengths[] = {
    "0000000f 00000015 00000000 00000001",
    "00000000 00000015 00000000 00000001",
    "7fffffff 00000015 00000000 00000001",
    "00010001 00000015 00000000 00000001",
};

START_TEST(a_bad_length_is_nacked_and_ends_the_connection)
{
    rig_bind_to_raw();
    rig_raw_put(bad_lengths[_i]);
    ck_assert_str_eq(rig_raw_get(16), "00000010800000000000000200000000");
    ck_assert(rig_raw_is_at_end());
    close(raw);
    raw = -1;
    ck_assert(rig_until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_FRAMING);
}
END_TEST

START_TEST(tls_at_a_plain_port_is_named)
{
    rig_connect_raw_to_smsc();
    rig_raw_put("160301020001");
    close(raw);
    raw = -1;
    ck_assert(rig_until(&smsc.closed));
    ck_assert_ptr_nonnull(strstr(smsc.detail, "TLS"));
}
END_TEST

START_TEST(half_a_pdu_is_not_waited_for_for_ever)
{
    rig_bind_to_raw();
    rig_raw_put("00000020 00000005 0000");
    rig_pass_ms(9990);
    ck_assert(!esme.closed);
    rig_pass_ms(20);
    close(raw);
    raw = -1;
    ck_assert(rig_until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_FRAMING);
}
END_TEST

START_TEST(a_pdu_cut_at_every_octet_is_heard_once)
{
    rig_bind_to_raw();
    static const char pdu[] = "00000021000000050000000000000009"
                              "0000000000000000000000000000000000";
    for (size_t i = 0; i < 33; i++) {
        char one[3] = {pdu[i * 2], pdu[i * 2 + 1], 0};
        rig_raw_put(one);
    }
    ck_assert_uint_eq(esme.requests, 1);
}
END_TEST

START_TEST(a_malformed_request_costs_that_request_alone)
{
    rig_bind_to_raw();
    /* deliver_sm whose sm_length overruns */
    rig_raw_put("00000021 00000005 00000000 00000009"
                "00 0000 00 0000 00 000000 00 00 00 00 00 00 7f");
    ck_assert_str_eq(rig_raw_get(16), "00000010800000050000000100000009");
    ck_assert_uint_eq(esme.requests, 0);
    ck_assert(session_is_bound(esme.s));
}
END_TEST

START_TEST(a_nack_of_our_framing_ends_the_session)
{
    rig_bind_to_raw();
    rig_raw_put("00000010 80000000 00000002 00000000");
    close(raw);
    raw = -1;
    ck_assert(rig_until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_FRAMING);
}
END_TEST

/* --- keeping alive --- */

START_TEST(silence_brings_enquire_link_and_then_the_end)
{
    rig_bind_to_raw();
    rig_pass_ms(29999);
    rig_pass_ms(2);
    ck_assert_str_eq(rig_raw_get(16), "00000010000000150000000000000002");
    rig_pass_ms(9990);
    ck_assert(!esme.closed);
    rig_pass_ms(20);
    ck_assert(rig_until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_NO_ANSWER);
}
END_TEST

START_TEST(any_pdu_is_a_sign_of_life)
{
    rig_bind_to_raw();
    for (int i = 0; i < 5; i++) {
        rig_pass_ms(30001);
        rig_raw_get(16);
        rig_raw_put("00000010 80000000 00000003 00000002"); /* a nack will do */
    }
    ck_assert(!esme.closed);
}
END_TEST

START_TEST(a_peer_that_need_not_answer_is_asked_all_the_same)
{
    esme_settings.enquire_unanswered = true;
    rig_bind_to_raw();
    for (int i = 0; i < 6; i++)
        rig_pass_ms(30001);
    ck_assert(!esme.closed);
    ck_assert_str_eq(rig_raw_get(16), "00000010000000150000000000000002");
    ck_assert_str_eq(rig_raw_get(16), "00000010000000150000000000000003");
}
END_TEST

START_TEST(two_sessions_keep_each_other_alive)
{
    rig_bind_both();
    for (int i = 0; i < 100; i++)
        rig_pass_ms(5000);
    ck_assert(!esme.closed);
    ck_assert(!smsc.closed);
}
END_TEST

/* --- the end --- */

START_TEST(unbind_waits_for_answers_then_closes_both_ends)
{
    rig_bind_both();
    smsc.answer_now = false;
    rig_submit(esme.s, 1);
    rig_turns(5);
    session_unbind(esme.s, 5000);
    ck_assert_uint_eq(rig_submit(esme.s, 2), 0);
    rig_turns(10);
    ck_assert(!esme.closed);
    ck_assert_int_eq(session_get_state(esme.s), SESSION_DRAINING);
    ck_assert(session_answer(smsc.s, SMPP_SUBMIT_SM, smsc.request_seq[0], 0,
                             slice_str("x")));
    rig_pass_ms(2);
    rig_pass_ms(2);
    ck_assert(rig_until(&esme.closed));
    ck_assert(rig_until(&smsc.closed));
    ck_assert_uint_eq(esme.answers, 1);
    ck_assert_uint_eq(esme.lost, 0);
    ck_assert_int_eq(esme.why, CLOSE_ASKED);
    ck_assert_str_eq(smsc.detail, "unbound by the peer");
}
END_TEST

START_TEST(unbind_does_not_wait_for_ever)
{
    rig_bind_to_raw();
    rig_submit(esme.s, 1);
    session_unbind(esme.s, 2000);
    rig_pass_ms(2001);
    rig_pass_ms(1);
    ck_assert_int_eq(session_get_state(esme.s), SESSION_UNBINDING);
    rig_pass_ms(5001);
    close(raw);
    raw = -1;
    ck_assert(rig_until(&esme.closed));
    ck_assert_uint_eq(esme.lost, 1);
    ck_assert_int_eq(esme.loss[0], SESSION_UNKNOWN);
}
END_TEST

START_TEST(the_peers_unbind_is_answered_before_the_close)
{
    rig_bind_to_raw();
    rig_raw_put("00000010 00000006 00000000 0000000a");
    ck_assert_str_eq(rig_raw_get(16), "0000001080000006000000000000000a");
    ck_assert(rig_raw_is_at_end());
    close(raw);
    raw = -1;
    ck_assert(rig_until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_PEER);
}
END_TEST

START_TEST(unbinds_that_cross_end_well)
{
    rig_bind_to_raw();
    session_unbind(esme.s, 0);
    rig_pass_ms(2);
    ck_assert_str_eq(rig_raw_get(16), "00000010000000060000000000000002");
    rig_raw_put("00000010 00000006 00000000 0000000a");
    ck_assert_str_eq(rig_raw_get(16), "0000001080000006000000000000000a");
    ck_assert(rig_raw_is_at_end());
}
END_TEST

START_TEST(an_orphan_tells_nobody)
{
    rig_bind_both();
    rig_submit(esme.s, 1);
    session_orphan(esme.s);
    esme.s = NULL;
    rig_turns(10);
    ck_assert(!esme.closed);
    ck_assert_uint_eq(esme.lost, 0);
    ck_assert(rig_until(&smsc.closed));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("session_link");
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, an_unknown_command_gets_a_nack_and_the_stream_goes_on);
    tcase_add_loop_test(t, a_bad_length_is_nacked_and_ends_the_connection, 0,
                        4);
    tcase_add_test(t, tls_at_a_plain_port_is_named);
    tcase_add_test(t, half_a_pdu_is_not_waited_for_for_ever);
    tcase_add_test(t, a_pdu_cut_at_every_octet_is_heard_once);
    tcase_add_test(t, a_malformed_request_costs_that_request_alone);
    tcase_add_test(t, a_nack_of_our_framing_ends_the_session);
    tcase_add_test(t, silence_brings_enquire_link_and_then_the_end);
    tcase_add_test(t, any_pdu_is_a_sign_of_life);
    tcase_add_test(t, a_peer_that_need_not_answer_is_asked_all_the_same);
    tcase_add_test(t, two_sessions_keep_each_other_alive);
    tcase_add_test(t, unbind_waits_for_answers_then_closes_both_ends);
    tcase_add_test(t, unbind_does_not_wait_for_ever);
    tcase_add_test(t, the_peers_unbind_is_answered_before_the_close);
    tcase_add_test(t, unbinds_that_cross_end_well);
    tcase_add_test(t, an_orphan_tells_nobody);
    return run_suite("session_link", t);
}
