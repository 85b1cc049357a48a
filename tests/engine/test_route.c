/* The rules of routes: which fits first, and what leads to the same path. */
#include <check.h>
#include <stdio.h>

#include "engine/flow/route.h"
#include "tests/engine/run_suite.h"

static const char *const acme[] = {"acme"}, *const both[] = {"acme", "backup"};
static const uint32_t busy[] = {0x58, 0x14};

#define TO(...)                                                                \
    .to = (const struct route_prefix[]){__VA_ARGS__},                          \
    .to_n = sizeof((const struct route_prefix[]){__VA_ARGS__}) /               \
            sizeof(struct route_prefix)
#define ACME .carriers = acme, .count = 1
#define BOTH .carriers = both, .count = 2

/* By number below. */
static const struct flow_route rules[] = {
    /* 0 */ {TO({"12125559999", true}), ACME},
    /* 1 */ {TO({"1212", false}, {"1646", false}), .from = "ACME*", BOTH},
    /* 2 */
    {TO({"1", false}), .account = "demo", .class = CLASS_CRITICAL, ACME},
    /* 3 */
    {TO({"1212555", false}), BOTH, .statuses = busy, .statuses_n = 2,
     .times = 1},
    /* 4 */ {TO({"44", false}, {"1", false}), BOTH},
    /* 5 */ {TO({"49", false}), .encoding = ROUTE_UCS2, ACME},
    /* 6 */ {TO({"49", false}), .network = "26201", BOTH},
    /* 7 */ {TO({"49", false}), BOTH},
};
enum { RULES = sizeof rules / sizeof *rules, NOBODY = -1 };

static struct directory nobody;
static struct routes routes;

static void
compile(void)
{
    routes_compile(&routes, &nobody, rules, RULES);
}

static void
forget(void)
{
    routes_fini(&routes);
}

static const struct ask {
    const char *from, *account;
    uint64_t to;
    enum message_class class;
    enum route_encoding encoding;
    const char *network;
    int rule;
} asks[] = {
    {"+1999", "demo", 12125559999, 2, ROUTE_GSM7, NULL, 0},
    /* one digit more or fewer is another number */
    {"+1999", "demo", 121255599990, 2, ROUTE_GSM7, NULL, 3},
    {"+1999", "demo", 1212555999, 2, ROUTE_GSM7, NULL, 3},
    {"ACMECO", "demo", 12121110000, 2, ROUTE_GSM7, NULL, 1},
    {"ACME", "demo", 16461110000, CLASS_CRITICAL, ROUTE_GSM7, NULL, 1},
    {"ACM", "demo", 16461110000, 2, ROUTE_GSM7, NULL, 4},
    {"ACM", "demo", 16461110000, CLASS_CRITICAL, ROUTE_GSM7, NULL, 2},
    {"ACM", "other", 16461110000, CLASS_CRITICAL, ROUTE_GSM7, NULL, 4},
    /* a wide rule before a narrow one wins */
    {"ACM", "demo", 12125550000, CLASS_CRITICAL, ROUTE_GSM7, NULL, 2},
    {"ACM", "demo", 12125550000, 2, ROUTE_GSM7, NULL, 3},
    {"+1999", "demo", 447700900123, 2, ROUTE_UCS2, NULL, 4},
    {"+1999", "demo", 491711234567, 2, ROUTE_UCS2, NULL, 5},
    {"+1999", "demo", 491711234567, 2, ROUTE_GSM7, NULL, 7},
    {"+1999", "demo", 491711234567, 2, ROUTE_GSM7, "26201", 6},
    {"+1999", "demo", 491711234567, 2, ROUTE_GSM7, "26202", 7},
    /* a campaign's row has no alphabet yet */
    {"+1999", "demo", 491711234567, 2, ROUTE_ANY_ENCODING, NULL, 7},
    {"+1999", "demo", 33612345678, 2, ROUTE_GSM7, NULL, NOBODY},
};

START_TEST(the_first_rule_that_fits_wins)
{
    const struct ask *a = &asks[_i];
    struct number n = {.id = 1};
    struct account account = {.id = 1};
    snprintf(n.text, sizeof n.text, "%s", a->from);
    snprintf(account.name, sizeof account.name, "%s", a->account);
    struct route_query q = {.number = &n,
                            .subscriber = a->to,
                            .account = &account,
                            .class = a->class,
                            .encoding = a->encoding,
                            .network = a->network ? slice_str(a->network)
                                                  : (struct slice){0}};
    unsigned rule = 1000;
    struct route_path *p = routes_match(&routes, &q, &rule);
    if (a->rule == NOBODY) {
        ck_assert_ptr_null(p);
        ck_assert_uint_eq(routes_key(&routes, &q), PATH_NONE);
        return;
    }
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq((int)rule, a->rule);
    ck_assert_uint_eq(routes_key(&routes, &q), p->key);
    ck_assert_ptr_eq(routes_by_key(&routes, p->key), p);
}
END_TEST

START_TEST(a_number_with_a_carrier_of_its_own_asks_no_rule)
{
    struct number n = {.id = 1, .carrier = 3};
    struct route_query q = {.number = &n, .subscriber = 447700900123};
    ck_assert_uint_eq(routes_key(&routes, &q), PATH_OWN);
}
END_TEST

START_TEST(rules_that_lead_to_the_same_are_one_path)
{
    ck_assert_ptr_eq(routes.of_rule[0], routes.of_rule[2]);
    ck_assert_ptr_eq(routes.of_rule[1], routes.of_rule[4]);
    /* on_error makes another one of it */
    ck_assert_ptr_ne(routes.of_rule[3], routes.of_rule[4]);
    ck_assert_uint_eq(routes.paths, 3);
}
END_TEST

START_TEST(keys_of_paths_last)
{
    uint32_t before = routes.of_rule[4]->key, table = routes.table;
    routes_compile(&routes, &nobody, rules + 4, 1);
    ck_assert_uint_eq(routes.of_rule[0]->key, before);
    ck_assert_uint_ne(routes.table, table);
    compile();
    ck_assert_uint_eq(routes.table, table);
}
END_TEST

START_TEST(what_may_never_fit_is_left_out)
{
    struct number n = {.id = 1};
    snprintf(n.text, sizeof n.text, "+1999");
    struct account demo = {.id = 1}, other = {.id = 2};
    snprintf(demo.name, sizeof demo.name, "demo");
    snprintf(other.name, sizeof other.name, "other");
    const struct flow_route one = {.account = "demo", ACME};
    routes_compile(&routes, &nobody, &one, 1);
    const struct route_path *p = routes.of_rule[0];
    ck_assert(routes_may_lead(&routes, p, &n, &demo, CLASS_MARKETING));
    ck_assert(!routes_may_lead(&routes, p, &n, &other, CLASS_MARKETING));
    compile();
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("route");
    tcase_add_checked_fixture(t, compile, forget);
    tcase_add_loop_test(t, the_first_rule_that_fits_wins, 0,
                        sizeof asks / sizeof *asks);
    tcase_add_test(t, a_number_with_a_carrier_of_its_own_asks_no_rule);
    tcase_add_test(t, rules_that_lead_to_the_same_are_one_path);
    tcase_add_test(t, keys_of_paths_last);
    tcase_add_test(t, what_may_never_fit_is_left_out);
    return run_suite("route", t);
}
