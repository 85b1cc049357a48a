/*
 * test_resolve.c - tests engine/core/resolve.h with names of this machine.
 */
#include "engine/core/resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "engine/core/loop.h"
#include "tests/engine/run_suite.h"

static struct loop *loop;
static struct resolver *resolver;
static int answers;
static struct resolved last;

static void
set_up(void)
{
    loop = loop_create();
    resolver = resolver_create(loop);
    answers = 0;
}

static void
tear_down(void)
{
    resolver_destroy(resolver);
    loop_destroy(loop);
}

static void
found(void *arg, const struct resolved *out)
{
    (void)arg;
    answers++;
    last = *out;
}

START_TEST(addresses_in_digits_need_no_question)
{
    struct resolved out;
    ck_assert(resolve_numeric("127.0.0.1", 2775, &out));
    const struct sockaddr_in *v4 = (const void *)&out.addr[0];
    ck_assert_int_eq(v4->sin_family, AF_INET);
    ck_assert_int_eq(ntohs(v4->sin_port), 2775);
    ck_assert(resolve_numeric("::1", 2776, &out));
    ck_assert_int_eq(out.addr[0].ss_family, AF_INET6);
    ck_assert(!resolve_numeric("localhost", 1, &out));
    ck_assert(!resolve_numeric("1.2.3", 1, &out));
    ck_assert(!resolve_numeric("", 1, &out));
}
END_TEST

START_TEST(a_name_is_answered_in_a_later_turn)
{
    ck_assert_ptr_nonnull(
        resolver_ask(resolver, "localhost", 2775, found, NULL));
    ck_assert_int_eq(answers, 0);
    for (int i = 0; i < 200 && answers == 0; i++)
        loop_turn(loop, 50);
    ck_assert_int_eq(answers, 1);
    ck_assert_uint_ge(last.count, 1);
}
END_TEST

START_TEST(a_name_that_cannot_be_is_an_error_in_words)
{
    ck_assert_ptr_nonnull(
        resolver_ask(resolver, "no name has blanks", 1, found, NULL));
    for (int i = 0; i < 400 && answers == 0; i++)
        loop_turn(loop, 50);
    ck_assert_int_eq(answers, 1);
    ck_assert_uint_eq(last.count, 0);
    ck_assert_ptr_nonnull(last.error);
}
END_TEST

START_TEST(a_cancelled_question_is_not_answered)
{
    struct question *q = resolver_ask(resolver, "localhost", 1, found, NULL);
    resolver_cancel(q);
    ck_assert_ptr_nonnull(resolver_ask(resolver, "localhost", 2, found, NULL));
    for (int i = 0; i < 200 && answers == 0; i++)
        loop_turn(loop, 50);
    for (int i = 0; i < 5; i++)
        loop_turn(loop, 5);
    ck_assert_int_eq(answers, 1);
}
END_TEST

START_TEST(it_can_go_away_with_questions_open)
{
    for (int i = 0; i < 20; i++)
        resolver_ask(resolver, "localhost", 1, found, NULL);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("resolve");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, addresses_in_digits_need_no_question);
    tcase_add_test(t, a_name_is_answered_in_a_later_turn);
    tcase_add_test(t, a_name_that_cannot_be_is_an_error_in_words);
    tcase_add_test(t, a_cancelled_question_is_not_answered);
    tcase_add_test(t, it_can_go_away_with_questions_open);
    return run_suite("resolve", t);
}
