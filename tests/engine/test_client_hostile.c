/*
 * test_client_hostile.c - tests engine/client/client.h: peers that want us
 * ill, and that the others do not notice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/engine/client_rig.h"

START_TEST(who_does_not_bind_in_time_is_put_out)
{
    int fd = rig_connect();
    rig_pass_ms(9990);
    ck_assert_uint_eq(clients_count(server), 1);
    rig_pass_ms(20);
    ck_assert(rig_is_at_end(fd));
    rig_pass_ms(1100);
    ck_assert_uint_eq(flow.closed, 0);
}
END_TEST

START_TEST(an_octet_a_second_does_not_prolong_the_time_to_bind)
{
    static const char *const octet[] = {"00", "00", "00", "24", "00", "00",
                                        "00", "09", "00", "00", "00"};
    int fd = rig_connect();
    for (int i = 0; i < 10; i++) {
        rig_put(fd, octet[i]);
        rig_pass_ms(1000);
    }
    ck_assert(rig_is_at_end(fd));
    ck_assert_uint_eq(flow.asked, 0);
}
END_TEST

START_TEST(a_bound_client_must_finish_what_it_began)
{
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, "00000010 000000");
    rig_pass_ms(9000);
    rig_put(fd, "15");
    rig_pass_ms(990);
    ck_assert_uint_eq(flow.closed, 0);
    rig_pass_ms(20);
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000000000000200000000");
    ck_assert(rig_is_at_end(fd));
}
END_TEST

START_TEST(before_the_bind_no_long_pdu_is_waited_for)
{
    int fd = rig_connect();
    rig_put(fd, "00000401 00000009"); /* 1,025 octets */
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000000000000200000000");
    ck_assert(rig_is_at_end(fd));
}
END_TEST

START_TEST(before_the_bind_few_words_are_heard)
{
    int fd = rig_connect();
    for (int i = 0; i < 16; i++) {
        rig_put(fd, "00000010 00000015 00000000 00000001");
        ck_assert_str_eq(rig_get(fd, 16), "00000010800000150000000000000001");
    }
    rig_put(fd, "00000010 00000015 00000000 00000001");
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000000000000200000000");
    ck_assert(rig_is_at_end(fd));
}
END_TEST

START_TEST(a_malformed_bind_is_answered_and_asks_nobody)
{
    int fd = rig_connect();
    rig_put(fd, "00000018 00000009 00000000 00000001 ffffffffffffffff");
    const char *answer = rig_get(fd, 16);
    ck_assert_mem_eq(answer, "0000001080000009", 16);
    ck_assert_mem_ne(answer + 16, "00000000", 8);
    ck_assert_uint_eq(flow.asked, 0);
    /* a better one is heard */
    rig_put(fd, RIG_BIND_TRX);
    ck_assert_uint_eq(flow.bound, 1);
}
END_TEST

START_TEST(a_refused_one_is_not_heard_while_it_waits)
{
    flow.refuse_with = ESME_RINVPASWD;
    flow.refuse_ms = 2000;
    int fd = rig_connect();
    for (int i = 0; i < 5; i++)
        rig_put(fd, RIG_BIND_TRX);
    ck_assert_uint_eq(flow.asked, 1);
    rig_pass_ms(2010);
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000090000000e00000001");
    ck_assert(rig_is_at_end(fd));
    ck_assert_uint_eq(flow.asked, 1);
}
END_TEST

START_TEST(an_address_has_so_many_that_are_not_bound)
{
    rig_settings.per_address = 3;
    int fd[3];
    for (int i = 0; i < 3; i++)
        fd[i] = rig_connect();
    int fourth = rig_connect();
    ck_assert(rig_is_at_end(fourth));
    ck_assert_uint_eq(clients_count(server), 3);
    /* bound ones do not count */
    rig_put(fd[0], RIG_BIND_TRX);
    ck_assert_uint_eq(flow.bound, 1);
    int fifth = rig_connect();
    ck_assert_uint_eq(clients_count(server), 4);
    ck_assert(rig_is_silent(fifth));
}
END_TEST

START_TEST(the_oldest_that_said_nothing_makes_room)
{
    rig_settings.per_address = 3;
    flow.hold_binds = true;
    int asks = rig_connect();
    rig_put(asks, RIG_BIND_TRX);
    int silent = rig_connect(), younger = rig_connect();
    rig_pass_ms(1000);
    int newest = rig_connect();
    ck_assert(rig_is_at_end(silent));
    ck_assert(rig_is_silent(younger));
    ck_assert(rig_is_silent(asks));
    rig_put(newest, RIG_BIND_TRX);
    ck_assert_uint_eq(flow.asked, 2);
}
END_TEST

START_TEST(all_together_have_so_many_that_are_not_bound)
{
    rig_settings.unbound = 2;
    rig_connect();
    rig_connect();
    ck_assert(rig_is_at_end(rig_connect()));
    rig_pass_ms(1001);
    ck_assert(rig_is_silent(rig_connect()));
    ck_assert_uint_eq(clients_count(server), 2);
}
END_TEST

START_TEST(there_are_so_many_connections_in_all)
{
    rig_settings.connections = 2;
    rig_bind(RIG_BIND_TRX);
    rig_bind(RIG_BIND_TRX);
    ck_assert(rig_is_at_end(rig_connect()));
}
END_TEST

/* Sends enquire_link until the kernel takes no more. */
static size_t
flood(int fd)
{
    uint8_t pdu[16], many[16 * 256];
    size_t n = sizeof pdu, sum = 0;
    ck_assert(
        bytes_from_hex(slice_str("00000010000000150000000000000001"), pdu, &n));
    for (size_t i = 0; i < sizeof many; i += 16)
        memcpy(many + i, pdu, 16);
    for (int quiet = 0; quiet < 50;) {
        ssize_t k = send(fd, many, sizeof many, MSG_NOSIGNAL | MSG_DONTWAIT);
        rig_turns(1);
        quiet = k > 0 ? 0 : quiet + 1;
        sum += k > 0 ? (size_t)k : 0;
        if (k < 0 && errno != EAGAIN)
            break;
        if (sum > 64u << 20)
            break;
    }
    return sum;
}

START_TEST(who_never_reads_has_bounded_output)
{
    int good = rig_bind(RIG_BIND_TRX);
    struct client *c = flow.client;
    int fd = rig_connect(), little = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    rig_put(fd, RIG_BIND_TRX);
    ck_assert_ptr_ne(flow.client, c);
    flood(fd);
    ck_assert_uint_le(session_backed_up(client_session(flow.client)),
                      512 * 1024);
    rig_put(good, RIG_SUBMIT("00000002"));
    ck_assert_str_eq(rig_get(good, 18), "000000128000000400000000000000023700");
}
END_TEST

START_TEST(who_floods_a_closed_window_keeps_little_of_us)
{
    flow.hold_requests = true;
    flow.grant.window_in = 5;
    int fd = rig_bind(RIG_BIND_TRX);
    uint8_t pdu[64], many[43 * 100];
    size_t n = sizeof pdu, sum = 0;
    ck_assert(bytes_from_hex(slice_str(RIG_SUBMIT("00000002")), pdu, &n));
    for (size_t i = 0; i < 100; i++)
        memcpy(many + i * n, pdu, n);
    for (int quiet = 0; quiet < 20;) {
        ssize_t k = send(fd, many, sizeof many, MSG_NOSIGNAL | MSG_DONTWAIT);
        rig_turns(1);
        quiet = k > 0 ? 0 : quiet + 1;
        sum += k > 0 ? (size_t)k : 0;
    }
    ck_assert_uint_gt(sum, 100000);
    ck_assert_uint_eq(flow.requests, 5);
    struct client_view v;
    client_look(flow.client, &v);
    ck_assert_uint_eq(v.held_in, 5);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("hostile");
    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_add_test(t, who_does_not_bind_in_time_is_put_out);
    tcase_add_test(t, an_octet_a_second_does_not_prolong_the_time_to_bind);
    tcase_add_test(t, a_bound_client_must_finish_what_it_began);
    tcase_add_test(t, before_the_bind_no_long_pdu_is_waited_for);
    tcase_add_test(t, before_the_bind_few_words_are_heard);
    tcase_add_test(t, a_malformed_bind_is_answered_and_asks_nobody);
    tcase_add_test(t, a_refused_one_is_not_heard_while_it_waits);
    tcase_add_test(t, an_address_has_so_many_that_are_not_bound);
    tcase_add_test(t, the_oldest_that_said_nothing_makes_room);
    tcase_add_test(t, all_together_have_so_many_that_are_not_bound);
    tcase_add_test(t, there_are_so_many_connections_in_all);
    tcase_add_test(t, who_never_reads_has_bounded_output);
    tcase_add_test(t, who_floods_a_closed_window_keeps_little_of_us);
    return run_suite("client_hostile", t);
}
