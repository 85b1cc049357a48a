/*
 * test_listen.c - tests engine/core/listen.h.
 */
#include "engine/core/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"
#include "tests/engine/run_suite.h"

static struct loop *loop;
static struct listener *listener;
static int accepted, last_fd;

static void
on_accepted(void *arg, int fd)
{
    (void)arg;
    accepted++;
    last_fd = fd;
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    close(fd);
}

static void
set_up(void)
{
    char error[128];
    loop = loop_create();
    accepted = 0;
    listener = listener_open(loop, "127.0.0.1:0", on_accepted, NULL, error,
                             sizeof error);
    ck_assert_ptr_nonnull(listener);
}

static void
tear_down(void)
{
    listener_close(listener);
    loop_turn(loop, 0);
    loop_destroy(loop);
}

static int
dial(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(listener_port(listener)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void
turns(int n)
{
    for (int i = 0; i < n; i++)
        loop_turn(loop, 5);
}

START_TEST(connections_are_accepted)
{
    int a = dial(), b = dial();
    turns(5);
    ck_assert_int_eq(accepted, 2);
    close(a);
    close(b);
}
END_TEST

START_TEST(a_paused_listener_keeps_them_waiting)
{
    listener_pause(listener, true);
    int a = dial();
    turns(5);
    ck_assert_int_eq(accepted, 0);
    listener_pause(listener, false);
    turns(5);
    ck_assert_int_eq(accepted, 1);
    close(a);
}
END_TEST

START_TEST(out_of_descriptors_it_rests_and_comes_back)
{
    log_set_level(LEVEL_ERROR);
    int null = open("/dev/null", O_WRONLY);
    log_to(null);
    int client = dial();
    int other = dial();
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int used = dup(0);
    close(used);
    struct rlimit few = {(rlim_t)used, limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    int64_t before = metric_read(METRIC_TURNS);
    for (int i = 0; i < 8; i++)
        loop_turn(loop, 10);
    ck_assert_int_eq(accepted, 0);
    /* It slept rather than spun: each turn waited its 10 ms. */
    ck_assert_int_eq(metric_read(METRIC_TURNS) - before, 8);
    char c;
    ck_assert_int_le(recv(client, &c, 1, MSG_DONTWAIT), 0); /* turned away */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int i = 0; i < 40 && accepted == 0; i++)
        loop_turn(loop, 20);
    ck_assert_int_eq(accepted, 1);
    close(client);
    close(other);
    log_to(STDERR_FILENO);
    close(null);
}
END_TEST

START_TEST(an_address_in_use_is_said_in_words)
{
    char where[32], error[128];
    snprintf(where, sizeof where, "127.0.0.1:%u", listener_port(listener));
    ck_assert_ptr_null(
        listener_open(loop, where, on_accepted, NULL, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "in use"));
    ck_assert_ptr_nonnull(strstr(error, where));
}
END_TEST

static const char *const bad[] = {"",           "127.0.0.1", "nowhere:1",
                                  "127.0.0.1:", "1.1.1.1:x", "127.0.0.1:65536",
                                  "[::1:2775"};

START_TEST(what_is_no_address_is_refused)
{
    char error[128];
    ck_assert_ptr_null(
        listener_open(loop, bad[_i], on_accepted, NULL, error, sizeof error));
    ck_assert_ptr_nonnull(strstr(error, "ADDRESS:PORT"));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("listen");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, connections_are_accepted);
    tcase_add_test(t, a_paused_listener_keeps_them_waiting);
    tcase_add_test(t, out_of_descriptors_it_rests_and_comes_back);
    tcase_add_test(t, an_address_in_use_is_said_in_words);
    tcase_add_loop_test(t, what_is_no_address_is_refused, 0,
                        sizeof bad / sizeof *bad);
    return run_suite("listen", t);
}
