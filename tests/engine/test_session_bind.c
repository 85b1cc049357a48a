/*
 * test_session_bind.c - tests engine/session/session.h: binding at either end.
 */
#include "engine/session/session.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/engine/session_rig.h"

/* --- binding --- */

START_TEST(a_bind_is_asked_and_accepted)
{
    rig_bind_both();
    ck_assert_str_eq(smsc.system_id, "volley");
    ck_assert_str_eq(smsc.password, "secret");
    ck_assert_str_eq(esme.system_id, "smsc");
    ck_assert_int_eq(smsc.mode, SESSION_TRANSCEIVER);
    ck_assert_uint_eq(session_version(esme.s), SMPP_V34);
    ck_assert_uint_eq(session_version(smsc.s), SMPP_V34);
}
END_TEST

START_TEST(the_lower_version_is_agreed_on)
{
    static const struct {
        uint8_t esme, smsc, agreed;
    } rows[] = {{0x50, 0x50, 0x50},
                {0x50, 0x34, 0x34},
                {0x34, 0x50, 0x34},
                {0x33, 0x50, 0x33}};
    esme_settings.version = rows[_i].esme;
    smsc_settings.version = rows[_i].smsc;
    esme.mode = SESSION_TRANSMITTER; /* 3.3 has no transceiver */
    rig_bind_both();
    ck_assert_uint_eq(session_version(esme.s), rows[_i].agreed);
    ck_assert_uint_eq(session_version(smsc.s), rows[_i].agreed);
}
END_TEST

START_TEST(a_refused_bind_is_told_with_its_status)
{
    bind_answer = ESME_RINVPASWD;
    rig_dial_how(true);
    ck_assert(rig_until(&esme.refused));
    ck_assert_uint_eq(esme.status, ESME_RINVPASWD);
    ck_assert(rig_until(&esme.closed));
    ck_assert(!esme.bound);
}
END_TEST

START_TEST(a_nack_refuses_a_bind_too)
{
    raw_wanted = true;
    rig_dial_how(true);
    ck_assert(rig_until(&esme.opened));
    rig_raw_get(35);
    rig_raw_put("00000010 80000000 00000004 00000001");
    ck_assert(rig_until(&esme.refused));
    ck_assert_uint_eq(esme.status, ESME_RINVBNDSTS);
    ck_assert(rig_until(&esme.closed));
}
END_TEST

START_TEST(a_bind_answer_without_a_body_binds)
{
    raw_wanted = true;
    rig_dial_how(true);
    ck_assert(rig_until(&esme.opened));
    rig_raw_get(35);
    rig_raw_put("00000010 80000009 00000000 00000001");
    ck_assert(rig_until(&esme.bound));
}
END_TEST

START_TEST(a_bind_without_an_answer_times_out)
{
    hold_bind = true;
    smsc_settings.bind_ms = 0;
    rig_dial_how(true);
    ck_assert(rig_until(&smsc.asked));
    rig_pass_ms(9999);
    ck_assert(!esme.closed);
    rig_pass_ms(2);
    ck_assert(rig_until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_NO_ANSWER);
}
END_TEST

START_TEST(nobody_who_binds_not_in_time_stays)
{
    rig_connect_raw_to_smsc();
    rig_pass_ms(4990);
    ck_assert(!smsc.closed);
    rig_pass_ms(20);
    ck_assert(rig_until(&smsc.closed));
    ck_assert_int_eq(smsc.why, CLOSE_NO_ANSWER);
}
END_TEST

START_TEST(after_a_refusal_another_bind_may_be_tried)
{
    rig_connect_raw_to_smsc();
    bind_answer = ESME_RINVPASWD;
    rig_raw_put(BIND_TRX);
    ck_assert_str_eq(rig_raw_get(16), "00000010800000090000000e00000001");
    bind_answer = 0;
    rig_raw_put(BIND_TRX);
    ck_assert(smsc.bound);
}
END_TEST

START_TEST(a_second_bind_is_refused_and_changes_nothing)
{
    rig_connect_raw_to_smsc();
    rig_raw_put(BIND_TRX);
    /* system_id "smsc", sc_interface_version 5.0 */
    ck_assert_str_eq(rig_raw_get(26),
                     "0000001a800000090000000000000001736d73630002100001"
                     "50");
    rig_raw_put("00000023 00000009 00000000 00000002 766f6c6c657900"
                "73656372657400 00 34 00 00 00 ");
    ck_assert_str_eq(rig_raw_get(16), "00000010800000090000000500000002");
    ck_assert(session_is_bound(smsc.s));
}
END_TEST

START_TEST(traffic_before_the_bind_is_refused)
{
    rig_connect_raw_to_smsc();
    rig_raw_put(
        "00000010 00000015 00000000 00000007"); /* enquire_link: answered */
    ck_assert_str_eq(rig_raw_get(16), "00000010800000150000000000000007");
    rig_raw_put("00000010 00000004 00000000 00000008");
    ck_assert_str_eq(rig_raw_get(16), "00000010800000040000000400000008");
    ck_assert_uint_eq(smsc.requests, 0);
}
END_TEST

START_TEST(a_receiver_may_not_submit)
{
    esme.mode = SESSION_RECEIVER;
    rig_bind_both();
    ck_assert_uint_ne(rig_submit(esme.s, 5), 0);
    for (int i = 0; i < 100 && !esme.answers; i++)
        rig_turns(1);
    ck_assert_uint_eq(esme.answer_status[0], ESME_RINVBNDSTS);
    ck_assert_uint_eq(smsc.requests, 0);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("session_bind");
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, a_bind_is_asked_and_accepted);
    tcase_add_loop_test(t, the_lower_version_is_agreed_on, 0, 4);
    tcase_add_test(t, a_refused_bind_is_told_with_its_status);
    tcase_add_test(t, a_nack_refuses_a_bind_too);
    tcase_add_test(t, a_bind_answer_without_a_body_binds);
    tcase_add_test(t, a_bind_without_an_answer_times_out);
    tcase_add_test(t, nobody_who_binds_not_in_time_stays);
    tcase_add_test(t, after_a_refusal_another_bind_may_be_tried);
    tcase_add_test(t, a_second_bind_is_refused_and_changes_nothing);
    tcase_add_test(t, traffic_before_the_bind_is_refused);
    tcase_add_test(t, a_receiver_may_not_submit);
    return run_suite("session_bind", t);
}
