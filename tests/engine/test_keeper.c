/*
 * test_keeper.c - tests engine/flow/keeper.h: right and wrong passwords, and
 * who gets a place in the queue.
 */
#include <time.h>

#include "engine/core/loop.h"
#include "engine/flow/keeper.h"
#include "tests/engine/run_suite.h"

enum { SHARE = 32, COMMON = 192 };

static struct loop *loop;
static struct keeper *keeper;
static char right[KEEPER_HASH_BYTES];

static void
set_up(void)
{
    loop = loop_create();
    keeper = keeper_create(loop);
    ck_assert(keeper && keeper_hash(slice_str("secret"), right));
}

static void
tear_down(void)
{
    keeper_destroy(keeper);
    loop_destroy(loop);
}

/* The next answer, waited for at most ten seconds. */
static bool
answer(uint64_t *token, bool *matches)
{
    for (int i = 0; i < 10000; i++) {
        if (keeper_take(keeper, token, matches))
            return true;
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return false;
}

START_TEST(a_password_is_right_or_wrong)
{
    uint64_t token;
    bool matches;
    ck_assert(keeper_ask(keeper, right, slice_str("secret"), 1, 7));
    ck_assert(answer(&token, &matches));
    ck_assert(token == 7 && matches);
    ck_assert(keeper_ask(keeper, right, slice_str("Secret"), 2, 8));
    ck_assert(answer(&token, &matches));
    ck_assert(token == 8 && !matches);
    /* nobody's hash: no password is right */
    ck_assert(keeper_ask(keeper, "", slice_str("secret"), 3, 9));
    ck_assert(answer(&token, &matches));
    ck_assert(token == 9 && !matches);
}
END_TEST

START_TEST(who_did_not_fail_goes_before_who_did)
{
    uint64_t token;
    bool matches;
    ck_assert(keeper_ask(keeper, right, slice_str("wrong"), 1, 100));
    ck_assert(answer(&token, &matches));
    ck_assert(token == 100 && !matches);
    ck_assert(keeper_ask(keeper, right, slice_str("guess"), 1, 101));
    ck_assert(keeper_ask(keeper, right, slice_str("secret"), 2, 102));
    ck_assert(answer(&token, &matches));
    ck_assert(token == 102 && matches);
    ck_assert(answer(&token, &matches));
    ck_assert(token == 101 && !matches);
}
END_TEST

START_TEST(one_address_has_its_share_of_the_queue)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < 400; i++)
        taken += keeper_ask(keeper, "", slice_str("guess"), 1, i);
    ck_assert_uint_lt(taken, 60);
    ck_assert(keeper_ask(keeper, "", slice_str("other"), 2, 1000));
}
END_TEST

/* How many of n questions from an address are taken. */
static unsigned
ask_many(uint64_t from, unsigned n)
{
    unsigned taken = 0;
    while (n--)
        taken += keeper_ask(keeper, "", slice_str("guess"), from, n);
    return taken;
}

START_TEST(a_few_addresses_do_not_shut_out_the_others)
{
    /* The thread may take one or two away meanwhile. */
    unsigned first = ask_many(1, 2 * SHARE);
    ck_assert(first >= SHARE && first <= SHARE + 2);
    unsigned taken = first;
    for (uint64_t from = 2; from <= 10; from++)
        taken += ask_many(from, 2 * SHARE);
    /* nine took all they could: those behind the common places had one each */
    ck_assert_uint_ge(taken, COMMON);
    ck_assert_uint_le(taken, COMMON + 10 + 4);
    ck_assert(keeper_ask(keeper, right, slice_str("secret"), 77, 1000));
    ck_assert_uint_eq(ask_many(77, 2 * SHARE), 0);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("keeper");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_password_is_right_or_wrong);
    tcase_add_test(t, who_did_not_fail_goes_before_who_did);
    tcase_add_test(t, one_address_has_its_share_of_the_queue);
    tcase_add_test(t, a_few_addresses_do_not_shut_out_the_others);
    return run_suite("keeper", t);
}
