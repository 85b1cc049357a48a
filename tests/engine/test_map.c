/*
 * test_map.c - tests engine/flow/map.c against a plain array.
 */
#include "engine/flow/map.h"

#include <check.h>

#include "tests/engine/run_suite.h"

enum { KEYS = 512, STEPS = 20000 };

START_TEST(an_empty_map_has_nothing)
{
    struct map m = {0};
    uint64_t v = 7, k;
    size_t i = 0;
    ck_assert(!map_get(&m, 1, &v));
    ck_assert(!map_take(&m, 1, &v));
    ck_assert(!map_next(&m, &i, &k, &v));
    ck_assert_uint_eq(v, 7);
    map_fini(&m);
}
END_TEST

START_TEST(a_second_put_replaces)
{
    struct map m = {0};
    uint64_t v;
    map_put(&m, 5, 1);
    map_put(&m, 5, 2);
    ck_assert_uint_eq(m.used, 1);
    ck_assert(map_get(&m, 5, &v));
    ck_assert_uint_eq(v, 2);
    ck_assert(map_take(&m, 5, NULL));
    ck_assert(!map_get(&m, 5, &v));
    ck_assert_uint_eq(m.used, 0);
    map_fini(&m);
}
END_TEST

static uint64_t
random_u64(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void
compare(const struct map *m, const uint64_t *model)
{
    size_t used = 0, seen = 0;
    uint64_t k, v;
    for (size_t i = 0; i < KEYS; i++) {
        bool found = map_get(m, i + 1, &v);
        ck_assert_int_eq(found, model[i] != 0);
        ck_assert(!found || v == model[i]);
        used += found;
    }
    for (size_t i = 0; map_next(m, &i, &k, &v); seen++)
        ck_assert_uint_eq(model[k - 1], v);
    ck_assert_uint_eq(seen, used);
    ck_assert_uint_eq(m->used, used);
}

/* Runs that wrap round the end of the table and shift back when something is
 * taken out of their middle: here all of it happens. */
START_TEST(puts_and_takes_agree_with_a_model)
{
    static uint64_t model[KEYS];
    struct map m = {0};
    uint64_t seed = 88172645463325252u + (uint64_t)_i, v;
    for (size_t i = 0; i < KEYS; i++)
        model[i] = 0;
    for (int step = 0; step < STEPS; step++) {
        uint64_t r = random_u64(&seed), key = r % KEYS;
        if (r >> 32 & 1) {
            model[key] = (r >> 33) | 1;
            map_put(&m, key + 1, model[key]);
        } else {
            ck_assert_int_eq(map_take(&m, key + 1, &v), model[key] != 0);
            ck_assert(model[key] == 0 || v == model[key]);
            model[key] = 0;
        }
        if (step % 500 == 0)
            compare(&m, model);
    }
    compare(&m, model);
    map_fini(&m);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("map");
    tcase_add_test(t, an_empty_map_has_nothing);
    tcase_add_test(t, a_second_put_replaces);
    tcase_add_loop_test(t, puts_and_takes_agree_with_a_model, 0, 8);
    return run_suite("map", t);
}
