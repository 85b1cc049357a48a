/*
 * test_due.c - tests engine/flow/due.c.
 */
#include "engine/flow/due.h"

#include <check.h>

#include "tests/engine/run_suite.h"

START_TEST(an_empty_heap_has_no_first)
{
    struct due d = {0};
    struct due_entry e;
    ck_assert(due_first(&d) == UINT64_MAX);
    ck_assert(!due_take(&d, UINT64_MAX, &e));
    due_fini(&d);
}
END_TEST

START_TEST(nothing_comes_before_its_time)
{
    struct due d = {0};
    struct due_entry e;
    due_put(&d, 100, 1, 2);
    ck_assert_uint_eq(due_first(&d), 100);
    ck_assert(!due_take(&d, 99, &e));
    ck_assert(due_take(&d, 100, &e));
    ck_assert_uint_eq(e.a, 1);
    ck_assert_uint_eq(e.b, 2);
    ck_assert(!due_take(&d, 100, &e));
    due_fini(&d);
}
END_TEST

/* Also when some are taken between the puts. */
START_TEST(it_comes_by_time_and_then_in_the_order_it_was_put)
{
    enum { N = 3000 };
    struct due d = {0};
    struct due_entry e;
    uint64_t seed = 2463534242u, when = 0, order = 0;
    for (uint64_t i = 0; i < N; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        due_put(&d, 1000 + (seed >> 33) % 50, i, 0);
        if (i % 7 == 0)
            ck_assert(due_take(&d, UINT64_MAX, &e));
    }
    size_t left = d.used;
    while (due_take(&d, UINT64_MAX, &e)) {
        ck_assert_uint_ge(e.when, when);
        ck_assert(e.when > when || e.a > order);
        when = e.when;
        order = e.a;
        left--;
    }
    ck_assert_uint_eq(left, 0);
    due_fini(&d);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("due");
    tcase_add_test(t, an_empty_heap_has_no_first);
    tcase_add_test(t, nothing_comes_before_its_time);
    tcase_add_test(t, it_comes_by_time_and_then_in_the_order_it_was_put);
    return run_suite("due", t);
}
