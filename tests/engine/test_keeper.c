<<<<<<< /tmp/tmp16kb6wqz/cur
/*
 * test_keeper.c - tests engine/flow/keeper.c, and addresses of login.c.
 */
#include "engine/flow/keeper.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/core/loop.h"
#include "engine/flow/login.h"
#include "tests/engine/run_suite.h"

START_TEST(a_hash_knows_its_password_alone)
{
    char hash[KEEPER_HASH_BYTES], again[KEEPER_HASH_BYTES];
    ck_assert(keeper_hash(slice_str("secret"), hash));
    ck_assert(keeper_hash(slice_str("secret"), again));
    ck_assert_str_ne(hash, again); /* salted */
    ck_assert(!strstr(hash, "secret"));
    ck_assert(keeper_matches(hash, slice_str("secret")));
    ck_assert(!keeper_matches(hash, slice_str("Secret")));
    ck_assert(!keeper_matches(hash, slice_str("")));
    ck_assert(!keeper_matches("", slice_str("secret")));
    hash[strlen(hash) - 1] ^= 1;
    ck_assert(!keeper_matches(hash, slice_str("secret")));
}
END_TEST

START_TEST(lengths_have_bounds)
{
    char hash[KEEPER_HASH_BYTES], text[KEEPER_PASSWORD_MAX + 1];
    memset(text, 'x', sizeof text);
    ck_assert(!keeper_hash(slice_of(text, 0), hash));
    ck_assert(!keeper_hash(slice_of(text, sizeof text), hash));
    ck_assert(keeper_hash(slice_of(text, sizeof text - 1), hash));
    ck_assert(keeper_matches(hash, slice_of(text, sizeof text - 1)));
    ck_assert(!keeper_matches(hash, slice_of(text, sizeof text)));
}
END_TEST

/* The next answer; bounded. */
static bool
wait_for(struct keeper *k, uint64_t *token, bool *matches)
{
    for (int i = 0; i < 30000; i++) {
        if (keeper_take(k, token, matches))
            return true;
        usleep(1000);
    }
    return false;
}

START_TEST(who_did_not_fail_goes_before_who_did)
{
    char hash[KEEPER_HASH_BYTES];
    struct loop *loop = loop_create();
    struct keeper *k = keeper_create(loop);
    uint64_t token;
    bool matches;
    ck_assert(keeper_hash(slice_str("secret"), hash));
    ck_assert(keeper_ask(k, hash, slice_str("wrong"), 1, 100));
    ck_assert(wait_for(k, &token, &matches));
    ck_assert(token == 100 && !matches);
    ck_assert(keeper_ask(k, hash, slice_str("guess"), 1, 101));
    ck_assert(keeper_ask(k, hash, slice_str("secret"), 2, 102));
    ck_assert(wait_for(k, &token, &matches));
    ck_assert(token == 102 && matches);
    ck_assert(wait_for(k, &token, &matches));
    ck_assert(token == 101 && !matches);
    keeper_destroy(k);
    loop_destroy(loop);
}
END_TEST

START_TEST(one_address_has_its_share_of_the_queue)
{
    struct loop *loop = loop_create();
    struct keeper *k = keeper_create(loop);
    unsigned taken = 0;
    for (unsigned i = 0; i < 400; i++)
        taken += keeper_ask(k, "", slice_str("guess"), 1, i);
    ck_assert_uint_lt(taken, 60);
    ck_assert(keeper_ask(k, "", slice_str("other"), 2, 1000));
    keeper_destroy(k);
    loop_destroy(loop);
}
END_TEST

START_TEST(a_few_addresses_do_not_shut_out_the_others)
{
    enum { COMMON = 192, SLACK = 4 }; /* the thread takes some away */
    struct loop *loop = loop_create();
    struct keeper *k = keeper_create(loop);
    unsigned taken = 0;
    for (uint64_t from = 1; from <= 10; from++)
        for (unsigned i = 0; i < 64; i++)
            taken += keeper_ask(k, "", slice_str("guess"), from, i);
    /* Six took their share; those behind the common places one each. */
    ck_assert_uint_ge(taken, COMMON);
    ck_assert_uint_le(taken, COMMON + 10 + SLACK);
    ck_assert(keeper_ask(k, "", slice_str("new"), 77, 1000));
    keeper_destroy(k);
    loop_destroy(loop);
}
END_TEST

static const struct {
    const char *net, *peer;
    bool holds;
} nets[] = {
    {"192.0.2.0/24", "192.0.2.77:40000", true},
    {"192.0.2.0/24", "192.0.3.77:40000", false},
    {"192.0.2.1", "192.0.2.1:1", true},
    {"192.0.2.1", "192.0.2.2:1", false},
    {"192.0.2.128/25", "192.0.2.127:1", false},
    {"192.0.2.128/25", "192.0.2.128:1", true},
    {"0.0.0.0/0", "203.0.113.9:1", true},
    {"0.0.0.0/0", "[2001:db8::1]:1", false},
    {"2001:db8::/32", "[2001:db8:1::2]:5", true},
    {"2001:db8::/32", "[2001:db9::2]:5", false},
    {"::1", "[::1]:5", true},
};

START_TEST(a_net_holds_its_addresses)
{
    struct login_net n;
    ck_assert(login_read_net(slice_str(nets[_i].net), &n));
    ck_assert_int_eq(login_net_holds(&n, nets[_i].peer), nets[_i].holds);
}
END_TEST

static const char *const bad_nets[] = {
    "",
    "x",
    "192.0.2.0/33",
    "192.0.2.0/",
    "192.0.2.0/-1",
    "192.0.2.0/8x",
    "192.0.2",
    "2001:db8::/129",
    "example.org",
};

START_TEST(what_is_no_net_is_refused)
{
    struct login_net n;
    ck_assert(!login_read_net(slice_str(bad_nets[_i]), &n));
}
END_TEST

START_TEST(sources_fit_patterns)
{
    static struct login l = {.sources = 2, .source = {"ACME*", "+12125550101"}};
    ck_assert(login_allows_source(&l, "ACME"));
    ck_assert(login_allows_source(&l, "ACME7"));
    ck_assert(!login_allows_source(&l, "ACM"));
    ck_assert(login_allows_source(&l, "+12125550101"));
    ck_assert(!login_allows_source(&l, "+121255501011"));
    l.sources = 0;
    ck_assert(!login_allows_source(&l, "ACME"));
}
END_TEST

int
main(void)
{
    TCase *c = tcase_create("keeper");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_hash_knows_its_password_alone);
    tcase_add_test(c, lengths_have_bounds);
    tcase_add_test(c, who_did_not_fail_goes_before_who_did);
    tcase_add_test(c, one_address_has_its_share_of_the_queue);
    tcase_add_test(c, a_few_addresses_do_not_shut_out_the_others);
    tcase_add_loop_test(c, a_net_holds_its_addresses, 0,
                        sizeof nets / sizeof *nets);
    tcase_add_loop_test(c, what_is_no_net_is_refused, 0,
                        sizeof bad_nets / sizeof *bad_nets);
    tcase_add_test(c, sources_fit_patterns);
    return run_suite("keeper", c);
}
||||||| /tmp/tmp16kb6wqz/base
<<<<<<< /tmp/tmprfyt6kdl/cur
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
    tcase_add_test(t, a_few_addresses_do_not_shut_out_the_others);
    return run_suite("keeper", t);
}
||||||| /tmp/tmprfyt6kdl/base
=======
/*
 * test_keeper.c - tests engine/flow/keeper.c, and addresses of login.c.
 */
#include "engine/flow/keeper.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/core/loop.h"
#include "engine/flow/login.h"
#include "tests/engine/run_suite.h"

START_TEST(a_hash_knows_its_password_alone)
{
    char hash[KEEPER_HASH_BYTES], again[KEEPER_HASH_BYTES];
    ck_assert(keeper_hash(slice_str("secret"), hash));
    ck_assert(keeper_hash(slice_str("secret"), again));
    ck_assert_str_ne(hash, again); /* salted */
    ck_assert(!strstr(hash, "secret"));
    ck_assert(keeper_matches(hash, slice_str("secret")));
    ck_assert(!keeper_matches(hash, slice_str("Secret")));
    ck_assert(!keeper_matches(hash, slice_str("")));
    ck_assert(!keeper_matches("", slice_str("secret")));
    hash[strlen(hash) - 1] ^= 1;
    ck_assert(!keeper_matches(hash, slice_str("secret")));
}
END_TEST

START_TEST(lengths_have_bounds)
{
    char hash[KEEPER_HASH_BYTES], text[KEEPER_PASSWORD_MAX + 1];
    memset(text, 'x', sizeof text);
    ck_assert(!keeper_hash(slice_of(text, 0), hash));
    ck_assert(!keeper_hash(slice_of(text, sizeof text), hash));
    ck_assert(keeper_hash(slice_of(text, sizeof text - 1), hash));
    ck_assert(keeper_matches(hash, slice_of(text, sizeof text - 1)));
    ck_assert(!keeper_matches(hash, slice_of(text, sizeof text)));
}
END_TEST

/* The next answer; bounded. */
static bool
wait_for(struct keeper *k, uint64_t *token, bool *matches)
{
    for (int i = 0; i < 30000; i++) {
        if (keeper_take(k, token, matches))
            return true;
        usleep(1000);
    }
    return false;
}

START_TEST(who_did_not_fail_goes_before_who_did)
{
    char hash[KEEPER_HASH_BYTES];
    struct loop *loop = loop_create();
    struct keeper *k = keeper_create(loop);
    uint64_t token;
    bool matches;
    ck_assert(keeper_hash(slice_str("secret"), hash));
    ck_assert(keeper_ask(k, hash, slice_str("wrong"), 1, 100));
    ck_assert(wait_for(k, &token, &matches));
    ck_assert(token == 100 && !matches);
    ck_assert(keeper_ask(k, hash, slice_str("guess"), 1, 101));
    ck_assert(keeper_ask(k, hash, slice_str("secret"), 2, 102));
    ck_assert(wait_for(k, &token, &matches));
    ck_assert(token == 102 && matches);
    ck_assert(wait_for(k, &token, &matches));
    ck_assert(token == 101 && !matches);
    keeper_destroy(k);
    loop_destroy(loop);
}
END_TEST

START_TEST(one_address_has_its_share_of_the_queue)
{
    struct loop *loop = loop_create();
    struct keeper *k = keeper_create(loop);
    unsigned taken = 0;
    for (unsigned i = 0; i < 400; i++)
        taken += keeper_ask(k, "", slice_str("guess"), 1, i);
    ck_assert_uint_lt(taken, 60);
    ck_assert(keeper_ask(k, "", slice_str("other"), 2, 1000));
    keeper_destroy(k);
    loop_destroy(loop);
}
END_TEST

static const struct {
    const char *net, *peer;
    bool holds;
} nets[] = {
    {"192.0.2.0/24", "192.0.2.77:40000", true},
    {"192.0.2.0/24", "192.0.3.77:40000", false},
    {"192.0.2.1", "192.0.2.1:1", true},
    {"192.0.2.1", "192.0.2.2:1", false},
    {"192.0.2.128/25", "192.0.2.127:1", false},
    {"192.0.2.128/25", "192.0.2.128:1", true},
    {"0.0.0.0/0", "203.0.113.9:1", true},
    {"0.0.0.0/0", "[2001:db8::1]:1", false},
    {"2001:db8::/32", "[2001:db8:1::2]:5", true},
    {"2001:db8::/32", "[2001:db9::2]:5", false},
    {"::1", "[::1]:5", true},
};

START_TEST(a_net_holds_its_addresses)
{
    struct login_net n;
    ck_assert(login_read_net(slice_str(nets[_i].net), &n));
    ck_assert_int_eq(login_net_holds(&n, nets[_i].peer), nets[_i].holds);
}
END_TEST

static const char *const bad_nets[] = {
    "",
    "x",
    "192.0.2.0/33",
    "192.0.2.0/",
    "192.0.2.0/-1",
    "192.0.2.0/8x",
    "192.0.2",
    "2001:db8::/129",
    "example.org",
};

START_TEST(what_is_no_net_is_refused)
{
    struct login_net n;
    ck_assert(!login_read_net(slice_str(bad_nets[_i]), &n));
}
END_TEST

START_TEST(sources_fit_patterns)
{
    static struct login l = {.sources = 2, .source = {"ACME*", "+12125550101"}};
    ck_assert(login_allows_source(&l, "ACME"));
    ck_assert(login_allows_source(&l, "ACME7"));
    ck_assert(!login_allows_source(&l, "ACM"));
    ck_assert(login_allows_source(&l, "+12125550101"));
    ck_assert(!login_allows_source(&l, "+121255501011"));
    l.sources = 0;
    ck_assert(!login_allows_source(&l, "ACME"));
}
END_TEST

int
main(void)
{
    TCase *c = tcase_create("keeper");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_hash_knows_its_password_alone);
    tcase_add_test(c, lengths_have_bounds);
    tcase_add_test(c, who_did_not_fail_goes_before_who_did);
    tcase_add_test(c, one_address_has_its_share_of_the_queue);
    tcase_add_loop_test(c, a_net_holds_its_addresses, 0,
                        sizeof nets / sizeof *nets);
    tcase_add_loop_test(c, what_is_no_net_is_refused, 0,
                        sizeof bad_nets / sizeof *bad_nets);
    tcase_add_test(c, sources_fit_patterns);
    return run_suite("keeper", c);
}
>>>>>>> /tmp/tmprfyt6kdl/mine
=======
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
    tcase_add_test(t, a_few_addresses_do_not_shut_out_the_others);
    return run_suite("keeper", t);
}
>>>>>>> /tmp/tmp16kb6wqz/mine
