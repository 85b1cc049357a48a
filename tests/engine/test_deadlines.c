/*
 * test_deadlines.c - tests engine/core/deadlines.h.
 */
#include "engine/core/deadlines.h"

#include "tests/engine/run_suite.h"

enum { N = 200 };
static struct deadlines h;
static struct deadline d[N];

static void
set_up(void)
{
    h = (struct deadlines){0};
    for (int i = 0; i < N; i++)
        d[i] = (struct deadline){.owner = &d[i]};
    ck_assert(deadlines_reserve(&h, N));
}

static void
tear_down(void)
{
    deadlines_fini(&h);
}

static struct mono
at(uint64_t us)
{
    return (struct mono){us};
}

START_TEST(the_nearest_comes_first)
{
    ck_assert_ptr_null(deadlines_first(&h));
    deadlines_set(&h, &d[0], at(30));
    deadlines_set(&h, &d[1], at(10));
    deadlines_set(&h, &d[2], at(20));
    ck_assert_ptr_eq(deadlines_first(&h)->owner, &d[1]);
    deadlines_set(&h, &d[1], at(40));
    ck_assert_ptr_eq(deadlines_first(&h)->owner, &d[2]);
    deadlines_clear(&h, &d[2]);
    deadlines_clear(&h, &d[2]);
    ck_assert_ptr_eq(deadlines_first(&h)->owner, &d[0]);
}
END_TEST

START_TEST(nearer_only_moves_towards_now)
{
    deadlines_set_nearer(&h, &d[0], at(30));
    deadlines_set_nearer(&h, &d[0], at(40));
    ck_assert_uint_eq(d[0].when.us, 30);
    deadlines_set_nearer(&h, &d[0], at(20));
    ck_assert_uint_eq(d[0].when.us, 20);
}
END_TEST

START_TEST(a_model_agrees_over_random_steps)
{
    uint64_t seed = 88172645463325252u + (uint64_t)_i, model[N] = {0};
    for (int step = 0; step < 20000; step++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        int i = (int)(seed >> 8) % N;
        i = i < 0 ? -i : i;
        if (seed % 3) {
            model[i] = 1 + (seed >> 20) % 1000;
            deadlines_set(&h, &d[i], at(model[i]));
        } else {
            model[i] = 0;
            deadlines_clear(&h, &d[i]);
        }
        uint64_t least = 0;
        for (int k = 0; k < N; k++)
            if (model[k] && (!least || model[k] < least))
                least = model[k];
        struct deadline *first = deadlines_first(&h);
        ck_assert_uint_eq(first ? first->when.us : 0, least);
    }
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("deadlines");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, the_nearest_comes_first);
    tcase_add_test(t, nearer_only_moves_towards_now);
    tcase_add_loop_test(t, a_model_agrees_over_random_steps, 0, 3);
    return run_suite("deadlines", t);
}
