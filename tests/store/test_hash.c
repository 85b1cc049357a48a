/* The sorted hash table and the filter. */

#include <stdlib.h>

#include "store/filter.h"
#include "store/hash.h"
#include "tests/store/rig.h"

static struct store_hash h;

static void
set_up(void)
{
    store_hash_init(&h, 0);
}

static void
tear_down(void)
{
    store_hash_fini(&h);
}

/* Sorted, no gap between home and slot, as many as it says. */
static void
check_invariant(void)
{
    uint64_t last = 0;
    size_t n = 0, run_start = 0;
    for (size_t i = 0; i < h.total; i++) {
        uint64_t key = h.slots[i].key;
        if (key == 0) {
            run_start = i + 1;
            continue;
        }
        ck_assert_uint_gt(key, last);
        size_t home = key >> h.shift;
        ck_assert(home <= i && home >= run_start);
        last = key;
        n++;
    }
    ck_assert_uint_eq(n, h.n);
    ck_assert_uint_eq(h.slots[h.total - 1].key, 0);
}

static void
check_against(uint64_t (*key_of)(uint64_t i), size_t n)
{
    uint64_t value;
    for (uint64_t i = 0; i < n; i++)
        store_hash_put(&h, key_of(i), i);
    for (uint64_t i = 0; i < n; i += 3)
        store_hash_put(&h, key_of(i), i + 1000000);
    check_invariant();
    ck_assert_uint_eq(h.n, n);
    for (uint64_t i = 0; i < n; i++) {
        ck_assert(store_hash_get(&h, key_of(i), &value));
        ck_assert_uint_eq(value, i % 3 == 0 ? i + 1000000 : i);
    }
    for (uint64_t i = n; i < 2 * n; i++)
        ck_assert(!store_hash_get(&h, key_of(i), &value));
}

static uint64_t
spread_key(uint64_t i)
{
    return (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t
crowded_at_the_end(uint64_t i)
{
    return UINT64_MAX - i;
}

static uint64_t
crowded_at_the_start(uint64_t i)
{
    return i + 1;
}

START_TEST(puts_are_found_replaced_and_sorted)
{
    check_against(spread_key, 50000);
}
END_TEST

START_TEST(crowds_at_either_end_only_cost_time)
{
    check_against(crowded_at_the_start, 300);
    store_hash_fini(&h);
    store_hash_init(&h, 0);
    for (uint64_t i = 0; i < 120; i++) /* fits behind the last home */
        store_hash_put(&h, crowded_at_the_end(i), i);
    check_invariant();
    uint64_t value;
    for (uint64_t i = 0; i < 120; i++)
        ck_assert(store_hash_get(&h, crowded_at_the_end(i), &value));
    ck_assert(!store_hash_get(&h, crowded_at_the_end(120), &value));
}
END_TEST

START_TEST(a_table_made_large_enough_does_not_grow)
{
    store_hash_fini(&h);
    store_hash_init(&h, 10000);
    size_t before = store_hash_ram_bytes(&h);
    for (uint64_t i = 0; i < 10000; i++)
        store_hash_put(&h, spread_key(i), i);
    ck_assert_uint_eq(store_hash_ram_bytes(&h), before);
}
END_TEST

START_TEST(the_filter_forgets_none_and_passes_few_others)
{
    enum { N = 100000 };
    struct store_filter f = {0};
    unsigned passed = 0;
    uint64_t seed = 1;
    ck_assert(store_filter_init(&f, store_filter_lines(N)));
    for (uint64_t i = 0; i < N; i++)
        store_filter_add(&f, rig_random(&seed));
    uint64_t others = seed;
    seed = 1;
    for (uint64_t i = 0; i < N; i++)
        ck_assert(store_filter_has(&f, rig_random(&seed)));
    for (uint64_t i = 0; i < N; i++)
        passed += store_filter_has(&f, rig_random(&others));
    ck_assert_uint_lt(passed, N / 300); /* 1 in 500 is usual */
    store_filter_fini(&f);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, puts_are_found_replaced_and_sorted);
    tcase_add_test(tc, crowds_at_either_end_only_cost_time);
    tcase_add_test(tc, a_table_made_large_enough_does_not_grow);
    tcase_add_test(tc, the_filter_forgets_none_and_passes_few_others);
}

RIG_MAIN("hash", add_tests)
