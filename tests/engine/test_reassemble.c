/*
 * test_reassemble.c - tests engine/flow/reassemble.c.
 */
#include "engine/flow/reassemble.h"

#include <check.h>

#include "store/fact.h"
#include "tests/engine/run_suite.h"

static struct reassembly r;

static void
set_up(void)
{
    r = (struct reassembly){0};
}

static void
tear_down(void)
{
    reassembly_fini(&r);
}

static void
add(uint64_t pos, uint64_t at_ms, const char *from, unsigned reference,
    unsigned index, unsigned total)
{
    struct fact_inbound x = {
        .at_ms = at_ms,
        .reference = reference,
        .bits = 8,
        .index = index,
        .total = total,
        .source = slice_str(from),
        .dest = slice_str("+12125550101"),
    };
    reassembly_add(&r, pos, &x);
}

START_TEST(a_single_part_is_whole_at_once)
{
    add(8, 1000, "+1", 0, 0, 1);
    struct joint *j = reassembly_ready(&r, 0);
    ck_assert_ptr_nonnull(j);
    ck_assert_uint_eq(j->pos[0], 8);
    reassembly_end(&r, 8);
    ck_assert_ptr_null(reassembly_ready(&r, UINT64_MAX));
    ck_assert(reassembly_oldest_ms(&r) == UINT64_MAX);
}
END_TEST

/* All orders of three parts. */
START_TEST(parts_join_in_any_order)
{
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                          {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const unsigned *o = orders[_i];
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_ptr_null(reassembly_ready(&r, 0));
        add(100 + o[i], 1000 + i, "+1", 7, o[i], 3);
    }
    struct joint *j = reassembly_ready(&r, 0);
    ck_assert_ptr_nonnull(j);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(j->pos[i], 100 + i);
    ck_assert_uint_eq(j->first_ms, 1000);
}
END_TEST

/* A checkpoint brings the parts back by index, not by time. */
START_TEST(its_time_is_that_of_the_part_that_came_first)
{
    add(100, 5000, "+1", 7, 0, 3);
    add(102, 1000, "+1", 7, 2, 3);
    ck_assert_uint_eq(reassembly_oldest_ms(&r), 1000);
    ck_assert_ptr_null(reassembly_ready(&r, 1000));
    ck_assert_ptr_nonnull(reassembly_ready(&r, 1001));
}
END_TEST

START_TEST(an_incomplete_one_comes_out_when_it_waited_long_enough)
{
    add(100, 1000, "+1", 7, 0, 2);
    ck_assert_ptr_null(reassembly_ready(&r, 1000));
    struct joint *j = reassembly_ready(&r, 1001);
    ck_assert_ptr_nonnull(j);
    ck_assert_uint_eq(j->have, 1);
}
END_TEST

START_TEST(another_phone_with_the_same_reference_is_another_joint)
{
    add(100, 1000, "+1", 7, 0, 2);
    add(101, 1000, "+2", 7, 1, 2);
    ck_assert_ptr_null(reassembly_ready(&r, 0));
    ck_assert_uint_eq(r.joints, 2);
}
END_TEST

START_TEST(a_reference_used_again_begins_a_new_joint)
{
    add(100, 1000, "+1", 7, 0, 2);
    add(200, 2000, "+1", 7, 0, 2);
    struct joint *j = reassembly_ready(&r, 0);
    ck_assert_ptr_nonnull(j);
    ck_assert_uint_eq(j->pos[0], 100);
    ck_assert_uint_eq(j->pos[1], 0);
    reassembly_end(&r, 100);
    ck_assert_ptr_null(reassembly_ready(&r, 0));
    add(201, 2001, "+1", 7, 1, 2);
    j = reassembly_ready(&r, 0);
    ck_assert_ptr_nonnull(j);
    ck_assert_uint_eq(j->pos[0], 200);
    ck_assert_uint_eq(j->pos[1], 201);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("reassemble");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_single_part_is_whole_at_once);
    tcase_add_loop_test(t, parts_join_in_any_order, 0, 6);
    tcase_add_test(t, its_time_is_that_of_the_part_that_came_first);
    tcase_add_test(t, an_incomplete_one_comes_out_when_it_waited_long_enough);
    tcase_add_test(t, another_phone_with_the_same_reference_is_another_joint);
    tcase_add_test(t, a_reference_used_again_begins_a_new_joint);
    return run_suite("reassemble", t);
}
