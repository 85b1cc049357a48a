/*
 * test_login.c - tests passwords, addresses and sources of logins.
 */
#include "engine/flow/login.h"

#include <check.h>
#include <stdlib.h>

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

START_TEST(a_share_is_an_address_or_the_64_of_one)
{
    uint64_t v4 = login_peer_share("192.0.2.1:40000");
    ck_assert(v4 == login_peer_share("192.0.2.1:1"));
    ck_assert(v4 == login_peer_share("[::ffff:192.0.2.1]:1"));
    ck_assert(v4 != login_peer_share("192.0.2.2:40000"));
    uint64_t v6 = login_peer_share("[2001:db8:1:2::1]:40000");
    ck_assert(v6 == login_peer_share("[2001:db8:1:2:ffff:ffff::3]:1"));
    ck_assert(v6 != login_peer_share("[2001:db8:1:3::1]:40000"));
    ck_assert(v4 != v6);
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
    TCase *c = tcase_create("login");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_hash_knows_its_password_alone);
    tcase_add_test(c, lengths_have_bounds);
    tcase_add_loop_test(c, a_net_holds_its_addresses, 0,
                        sizeof nets / sizeof *nets);
    tcase_add_test(c, a_share_is_an_address_or_the_64_of_one);
    tcase_add_loop_test(c, what_is_no_net_is_refused, 0,
                        sizeof bad_nets / sizeof *bad_nets);
    tcase_add_test(c, sources_fit_patterns);
    return run_suite("login", c);
}
