/*
 * test_client_outbind.c - tests engine/client/client.h: clients that we call.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/engine/client_rig.h"

static int listening;
static char where[32];

static void
set_up(void)
{
    rig_set_up();
    rig_serve();
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&a, n), 0);
    ck_assert_int_eq(listen(listening, 8), 0);
    ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&a, &n), 0);
    snprintf(where, sizeof where, "127.0.0.1:%u", ntohs(a.sin_port));
}

static void
tear_down(void)
{
    rig_tear_down();
    close(listening);
}

/* The connection that came, -1 when none did. */
static int
taken(void)
{
    int fd = -1;
    for (int i = 0; i < 50 && fd < 0; i++) {
        rig_turns(1);
        fd = accept(listening, NULL, NULL);
    }
    return fd;
}

/* 3.4, 4.1.7: system_id "volley", password "pw". */
#define OUTBIND "0000001a0000000b0000000000000001766f6c6c657900707700"

START_TEST(a_client_is_called_and_binds_on_that_connection)
{
    ck_assert(clients_outbind(server, 7, where, "volley", "pw"));
    int fd = taken();
    ck_assert_int_ge(fd, 0);
    ck_assert_str_eq(rig_get(fd, 26), OUTBIND);
    rig_put(fd, RIG_BIND_RX);
    ck_assert_uint_eq(flow.bound, 1);
    ck_assert_str_eq(rig_get(fd, 28),
                     "0000001c800000010000000000000001766f6c6c6579000210000"
                     "150");
    ck_assert_uint_eq(client_room(flow.client), 10);
    /* one connection at most */
    ck_assert(clients_outbind(server, 7, where, "volley", "pw"));
    ck_assert_int_eq(taken(), -1);
    close(fd);
}
END_TEST

START_TEST(it_is_called_again_with_back_off)
{
    ck_assert(clients_outbind(server, 7, where, "volley", "pw"));
    uint64_t waited[4] = {0};
    for (int i = 0; i < 4; i++) {
        int fd = taken();
        ck_assert_int_ge(fd, 0);
        close(fd);
        rig_turns(8);
        for (int k = 0; i < 3 && k < 400; k++) {
            rig_pass_ms(50);
            waited[i] += 50;
            struct client *c = clients_next(server, NULL);
            if (c)
                break;
        }
    }
    /* 1 s, 2 s, 4 s, each spread over its upper half */
    ck_assert_uint_ge(waited[0], 500);
    ck_assert_uint_le(waited[0], 1050);
    ck_assert_uint_ge(waited[1], 1000);
    ck_assert_uint_ge(waited[2], 2000);
    ck_assert_uint_le(waited[2], 4050);
}
END_TEST

START_TEST(it_is_no_longer_called_when_not_wanted)
{
    ck_assert(clients_outbind(server, 7, where, "volley", "pw"));
    int fd = taken();
    rig_get(fd, 26);
    rig_put(fd, RIG_BIND_TRX);
    ck_assert(clients_outbind(server, 7, NULL, NULL, NULL));
    ck_assert(client_is_bound(flow.client));
    close(fd);
    rig_turns(8);
    rig_pass_ms(400000);
    ck_assert_int_eq(taken(), -1);
    ck_assert_uint_eq(clients_count(server), 0);
}
END_TEST

START_TEST(who_does_not_bind_when_called_is_hung_up_on)
{
    ck_assert(clients_outbind(server, 7, where, "volley", "pw"));
    int fd = taken();
    rig_get(fd, 26);
    rig_pass_ms(10010);
    ck_assert(rig_is_at_end(fd));
    close(fd);
    ck_assert_uint_eq(flow.asked, 0);
}
END_TEST

START_TEST(where_must_be_a_place)
{
    static const char *const bad[] = {"",         "host",   ":2775",
                                      "host:",    "host:0", "host:65536",
                                      "host:27x", "[]:1"};
    ck_assert(!clients_outbind(server, 7, bad[_i], "volley", "pw"));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("outbind");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_client_is_called_and_binds_on_that_connection);
    tcase_add_test(t, it_is_called_again_with_back_off);
    tcase_add_test(t, it_is_no_longer_called_when_not_wanted);
    tcase_add_test(t, who_does_not_bind_when_called_is_hung_up_on);
    tcase_add_loop_test(t, where_must_be_a_place, 0, 8);
    return run_suite("client_outbind", t);
}
