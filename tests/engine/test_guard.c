/*
 * test_guard.c - tests engine/client/guard.h.
 */
#include "engine/client/guard.h"

#include "tests/engine/run_suite.h"

START_TEST(an_address_is_counted_up_and_down)
{
    struct guard g;
    ck_assert(guard_init(&g, 10));
    guard_add(&g, 5);
    guard_add(&g, 5);
    guard_add(&g, 0); /* a socket whose peer has gone */
    ck_assert_uint_eq(guard_count(&g, 5), 2);
    ck_assert_uint_eq(guard_count(&g, 0), 1);
    ck_assert_uint_eq(guard_count(&g, 6), 0);
    guard_drop(&g, 5);
    guard_drop(&g, 6);
    ck_assert_uint_eq(guard_count(&g, 5), 1);
    guard_drop(&g, 5);
    guard_drop(&g, 5);
    ck_assert_uint_eq(guard_count(&g, 5), 0);
    guard_fini(&g);
}
END_TEST

START_TEST(a_model_agrees_over_random_steps)
{
    enum { ADDRESSES = 300, MOST = 128 };
    struct guard g;
    unsigned model[ADDRESSES] = {0}, sum = 0;
    uint64_t seed = 123456789u + (uint64_t)_i;
    ck_assert(guard_init(&g, MOST));
    for (int step = 0; step < 30000; step++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        unsigned i = (unsigned)(seed >> 8) % ADDRESSES;
        /* like addresses of one network, spread over the table */
        uint64_t address = (uint64_t)i << 32 | 10;
        if (seed % 2 && sum < MOST) {
            guard_add(&g, address);
            model[i]++, sum++;
        } else if (model[i]) {
            guard_drop(&g, address);
            model[i]--, sum--;
        }
        unsigned k = (unsigned)(seed >> 40) % ADDRESSES;
        ck_assert_uint_eq(guard_count(&g, (uint64_t)k << 32 | 10), model[k]);
    }
    guard_fini(&g);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("guard");
    tcase_add_test(t, an_address_is_counted_up_and_down);
    tcase_add_loop_test(t, a_model_agrees_over_random_steps, 0, 3);
    return run_suite("guard", t);
}
