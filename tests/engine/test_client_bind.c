/*
 * test_client_bind.c - tests engine/client/client.h: who is let in, and how
 * a bind ends. Octets are written by hand from the specification.
 */
#include "engine/client/client.h"

#include <string.h>
#include <sys/socket.h>

#include "tests/engine/client_rig.h"

START_TEST(the_flow_hears_who_asks)
{
    flow.hold_binds = true;
    int fd = rig_connect();
    rig_put(fd, RIG_BIND_TRX);
    ck_assert_uint_eq(flow.asked, 1);
    ck_assert_str_eq(flow.system_id, "esme");
    ck_assert_str_eq(flow.password, "secret");
    ck_assert_int_eq(flow.mode, SESSION_TRANSCEIVER);
    ck_assert_uint_eq(flow.version, 0x34);
    ck_assert_mem_eq(flow.peer, "127.0.0.1:", 10);
    ck_assert_str_eq(flow.tls, "");
    ck_assert(rig_is_silent(fd));
    struct client_view v;
    client_look(flow.client, &v);
    ck_assert_str_eq(v.state, "binding");
}
END_TEST

START_TEST(an_accepted_bind_is_answered_in_its_version)
{
    static const struct {
        const char *ask, *answer;
        uint8_t version;
    } rows[] = {
        /* 3.4, 4.1.2 and 5.3.2.25: "volley", sc_interface_version 0x50 */
        {RIG_BIND("00000009", "34"),
         "0000001c800000090000000000000001766f6c6c6579000210000150", 0x34},
        {RIG_BIND("00000001", "50"),
         "0000001c800000010000000000000001766f6c6c6579000210000150", 0x50},
        {RIG_BIND("00000002", "7f"),
         "0000001c800000020000000000000001766f6c6c6579000210000150", 0x50},
        /* no TLV for who speaks 3.3 */
        {RIG_BIND("00000002", "33"),
         "00000017800000020000000000000001766f6c6c657900", 0x33},
        {RIG_BIND("00000001", "00"),
         "00000017800000010000000000000001766f6c6c657900", 0x33},
        {RIG_BIND("00000009", "33"),
         "00000017800000090000000000000001766f6c6c657900", 0x33},
    };
    int fd = rig_connect();
    rig_put(fd, rows[_i].ask);
    ck_assert_str_eq(rig_get(fd, strlen(rows[_i].answer) / 2), rows[_i].answer);
    ck_assert(rig_is_silent(fd));
    ck_assert_uint_eq(client_version(flow.client), rows[_i].version);
    ck_assert(client_is_bound(flow.client));
}
END_TEST

START_TEST(a_refusal_waits_and_then_the_connection_ends)
{
    flow.refuse_with = ESME_RINVPASWD;
    flow.refuse_ms = 700;
    int fd = rig_connect();
    rig_put(fd, RIG_BIND_TRX);
    rig_pass_ms(699);
    ck_assert(rig_is_silent(fd));
    rig_pass_ms(2);
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000090000000e00000001");
    ck_assert(rig_is_at_end(fd));
    shutdown(fd, SHUT_RDWR);
    rig_turns(8);
    ck_assert_uint_eq(flow.closed, 1);
    ck_assert_str_eq(flow.why, "bind refused: 0x0E ESME_RINVPASWD");
    ck_assert_uint_eq(clients_count(server), 0);
}
END_TEST

START_TEST(a_client_that_leaves_while_it_is_asked_about_is_closed_once)
{
    flow.hold_binds = true;
    int fd = rig_connect();
    rig_put(fd, RIG_BIND_TRX);
    struct client *c = flow.client;
    shutdown(fd, SHUT_RDWR);
    rig_turns(8);
    ck_assert_uint_eq(flow.closed, 1);
    ck_assert_ptr_null(flow.client);
    (void)c;
}
END_TEST

START_TEST(who_never_asked_is_not_told_of)
{
    int fd = rig_connect();
    ck_assert_uint_eq(clients_count(server), 1);
    shutdown(fd, SHUT_RDWR);
    rig_turns(8);
    ck_assert_uint_eq(flow.closed, 0);
    ck_assert_uint_eq(clients_count(server), 0);
}
END_TEST

START_TEST(a_second_bind_is_refused_and_changes_nothing)
{
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, RIG_BIND_TX);
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000020000000500000001");
    ck_assert(client_is_bound(flow.client));
    ck_assert_int_eq(client_mode(flow.client), SESSION_TRANSCEIVER);
    ck_assert_uint_eq(flow.asked, 1);
}
END_TEST

START_TEST(an_unbind_is_answered_and_ends_it)
{
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, "00000010 00000006 00000000 00000009");
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000060000000000000009");
    ck_assert(rig_is_at_end(fd));
    shutdown(fd, SHUT_RDWR);
    rig_turns(8);
    ck_assert_uint_eq(flow.closed, 1);
}
END_TEST

START_TEST(an_unbind_waits_for_the_answers_that_are_owed)
{
    rig_durable = false;
    rig_pos = 5;
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, RIG_SUBMIT("00000002") "00000010 00000006 00000000 00000009");
    rig_pass_ms(6);
    ck_assert(rig_is_silent(fd));
    clients_release(server, 5);
    ck_assert_str_eq(rig_get(fd, 18), "000000128000000400000000000000023700");
    rig_pass_ms(80); /* offered again by then */
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000060000000000000009");
    ck_assert(rig_is_at_end(fd));
}
END_TEST

START_TEST(an_unbind_does_not_wait_for_ever)
{
    flow.hold_requests = true;
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, RIG_SUBMIT("00000002") "00000010 00000006 00000000 00000009");
    rig_pass_ms(4990);
    ck_assert(rig_is_silent(fd));
    rig_pass_ms(20);
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000060000000000000009");
}
END_TEST

START_TEST(closing_at_once_unbinds_without_waiting)
{
    flow.hold_requests = true;
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, RIG_SUBMIT("00000002"));
    clients_close(server, false);
    rig_pass_ms(1);
    ck_assert_str_eq(rig_get(fd, 16), "00000010000000060000000000000001");
    rig_put(fd, RIG_SUBMIT("00000003"));
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000040000000400000003");
    rig_pass_ms(5010);
    ck_assert(rig_is_at_end(fd));
}
END_TEST

START_TEST(a_kick_unbinds_after_the_answers)
{
    flow.hold_requests = true;
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, RIG_SUBMIT("00000002"));
    client_kick(flow.client, "enough", true);
    ck_assert(rig_is_silent(fd));
    /* no more requests: 0x04 */
    rig_put(fd, RIG_SUBMIT("00000003"));
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000040000000400000003");
    client_answer(flow.client, SMPP_SUBMIT_SM, 2, 0, slice_str("7"));
    ck_assert_str_eq(rig_get(fd, 18), "000000128000000400000000000000023700");
    rig_pass_ms(2);
    ck_assert_str_eq(rig_get(fd, 16), "00000010000000060000000000000001");
    rig_put(fd, "00000010 80000006 00000000 00000001");
    ck_assert(rig_is_at_end(fd));
}
END_TEST

START_TEST(a_kick_without_draining_ends_it_at_once)
{
    int fd = rig_bind(RIG_BIND_TRX);
    client_kick(flow.client, "enough", false);
    ck_assert(rig_is_at_end(fd));
    ck_assert_uint_eq(flow.closed, 1);
    ck_assert_str_eq(flow.why, "enough");
}
END_TEST

START_TEST(closing_the_server_unbinds_all)
{
    int a = rig_bind(RIG_BIND_TRX), b = rig_bind(RIG_BIND_RX);
    int stranger = rig_connect();
    clients_close(server, true);
    ck_assert_str_eq(rig_get(a, 16), "00000010000000060000000000000001");
    ck_assert_str_eq(rig_get(b, 16), "00000010000000060000000000000001");
    ck_assert(rig_is_at_end(stranger));
    ck_assert(!clients_is_closed(server));
    rig_put(a, "00000010 80000006 00000000 00000001");
    rig_put(b, "00000010 80000006 00000000 00000001");
    shutdown(a, SHUT_RDWR);
    shutdown(b, SHUT_RDWR);
    rig_turns(8);
    ck_assert(clients_is_closed(server));
    ck_assert_uint_eq(flow.closed, 2);
}
END_TEST

START_TEST(a_silent_client_is_asked_and_then_given_up)
{
    int fd = rig_bind(RIG_BIND_TRX);
    rig_pass_ms(59990);
    ck_assert(rig_is_silent(fd));
    rig_pass_ms(20);
    ck_assert_str_eq(rig_get(fd, 16), "00000010000000150000000000000001");
    rig_put(fd, "00000010 80000015 00000000 00000001");
    rig_pass_ms(60010);
    ck_assert_str_eq(rig_get(fd, 16), "00000010000000150000000000000002");
    rig_pass_ms(119000);
    ck_assert_uint_eq(flow.closed, 0);
    rig_pass_ms(1010);
    rig_pass_ms(1);
    ck_assert_uint_eq(flow.closed, 1);
}
END_TEST

START_TEST(a_grant_may_set_other_times)
{
    flow.grant.enquire_ms = 5000;
    int fd = rig_bind(RIG_BIND_TRX);
    rig_pass_ms(5010);
    ck_assert_str_eq(rig_get(fd, 16), "00000010000000150000000000000001");
    struct client_grant other = {.enquire_ms = 2000, .window_in = 3};
    rig_put(fd, "00000010 80000015 00000000 00000001");
    client_regrant(flow.client, &other);
    rig_pass_ms(2010);
    ck_assert_str_eq(rig_get(fd, 16), "00000010000000150000000000000002");
    struct client_view v;
    client_look(flow.client, &v);
    ck_assert_uint_eq(v.window_in, 3);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("bind");
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_add_test(t, the_flow_hears_who_asks);
    tcase_add_loop_test(t, an_accepted_bind_is_answered_in_its_version, 0, 6);
    tcase_add_test(t, a_refusal_waits_and_then_the_connection_ends);
    tcase_add_test(t,
                   a_client_that_leaves_while_it_is_asked_about_is_closed_once);
    tcase_add_test(t, who_never_asked_is_not_told_of);
    tcase_add_test(t, a_second_bind_is_refused_and_changes_nothing);
    tcase_add_test(t, an_unbind_is_answered_and_ends_it);
    tcase_add_test(t, an_unbind_waits_for_the_answers_that_are_owed);
    tcase_add_test(t, an_unbind_does_not_wait_for_ever);
    tcase_add_test(t, closing_at_once_unbinds_without_waiting);
    tcase_add_test(t, a_kick_unbinds_after_the_answers);
    tcase_add_test(t, a_kick_without_draining_ends_it_at_once);
    tcase_add_test(t, closing_the_server_unbinds_all);
    tcase_add_test(t, a_silent_client_is_asked_and_then_given_up);
    tcase_add_test(t, a_grant_may_set_other_times);
    return run_suite("client_bind", t);
}
