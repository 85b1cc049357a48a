/* A sorted run: looked up by its place in the file, whatever its keys. */

#include <stdlib.h>

#include "store/room.h"
#include "store/run.h"
#include "tests/store/rig.h"

enum { MANY = 50000 };

static struct rig g;

static void
set_up(void)
{
    rig_init(&g);
    rig_open(&g);
}

static void
tear_down(void)
{
    rig_fini(&g);
}

static uint64_t
spread_key(uint64_t i)
{
    return (i + 1) * (UINT64_MAX / (MANY + 2));
}

/* All in the lowest part of the range, but for the last. */
static uint64_t
crowded_key(uint64_t i)
{
    return i + 1 == MANY ? UINT64_MAX : 7 + i * i;
}

static struct store_run *
written(uint64_t (*key_of)(uint64_t i), uint64_t n, bool scattered)
{
    struct store_run_writer w;
    struct store_run *run;
    ck_assert_int_eq(store_run_writer_init(&w, 1, 1, n), 0);
    ck_assert_int_eq(mdb_txn_begin(g.s->state.lmdb, NULL, 0, &w.txn), 0);
    w.dbi = g.s->state.dbi;
    w.run->seq_first = w.run->seq_last = 1;
    w.run->filter.scattered = scattered;
    for (uint64_t i = 0; i < n; i++)
        ck_assert_int_eq(
            store_run_writer_add(&w, (struct store_entry){key_of(i), i}), 0);
    ck_assert_int_eq(store_run_writer_finish(&w, &run), 0);
    ck_assert_int_eq(store_run_put_head(run, w.txn, w.dbi), 0);
    ck_assert_int_eq(mdb_txn_commit(w.txn), 0);
    store_run_writer_fini(&w);
    return run;
}

static void
check(const struct store_run *run, uint64_t (*key_of)(uint64_t i), uint64_t n)
{
    const struct store_env *e = &g.s->state;
    ck_assert_uint_eq(run->entries, n);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t value = UINT64_MAX, key = key_of(i);
        ck_assert(store_filter_has(&run->filter, key));
        ck_assert_int_eq(store_run_get(run, e, key, &value), STORE_OK);
        ck_assert_uint_eq(value, i);
        if (key_of(i) + 1 != key_of(i + 1))
            ck_assert_int_eq(store_run_get(run, e, key + 1, &value),
                             STORE_NOT_FOUND);
    }
    if (key_of(0) > 1)
        ck_assert_int_eq(store_run_get(run, e, key_of(0) - 1, &(uint64_t){0}),
                         STORE_NOT_FOUND);
}

/* As it was written, and as it is read back. */
static void
check_both(uint64_t (*key_of)(uint64_t i), uint64_t n, bool scattered)
{
    struct store_run *run = written(key_of, n, scattered), *again;
    ck_assert_int_eq(store_run_locate(run, &g.s->state), STORE_OK);
    check(run, key_of, n);
    store_run_release(run);
    atomic_fetch_add(&g.s->state_txn, 1); /* there is something newer to see */
    ck_assert_int_eq(store_run_load(g.r, 1, 0, &again), STORE_OK);
    ck_assert_int_eq(store_run_locate(again, &g.s->state), STORE_OK);
    ck_assert_int_eq(again->filter.scattered, scattered);
    check(again, key_of, n);
    store_run_release(again);
}

START_TEST(every_key_is_found_and_no_other)
{
    check_both(spread_key, MANY, false);
}
END_TEST

START_TEST(keys_that_are_not_spread_only_cost_time)
{
    check_both(crowded_key, MANY, false);
}
END_TEST

START_TEST(a_few_entries_stay_in_memory)
{
    check_both(spread_key, 1 + (uint64_t)_i * 60, false);
}
END_TEST

START_TEST(a_run_of_the_first_format_is_read)
{
    check_both(spread_key, MANY, true);
}
END_TEST

START_TEST(a_block_that_was_changed_behind_our_back_is_damage)
{
    struct store_run *run = written(spread_key, MANY, false);
    run->fences[3]++;
    ck_assert_int_eq(store_run_locate(run, &g.s->state), STORE_CORRUPT);
    store_run_release(run);
}
END_TEST

START_TEST(blocks_are_copied_whole)
{
    uint8_t *octets = malloc(RUN_BLOCK_BYTES);
    struct store_run *run = written(spread_key, RUN_BLOCK_ENTRIES + 5, false);
    ck_assert_int_eq(store_run_locate(run, &g.s->state), STORE_OK);
    ck_assert_uint_eq(store_run_read(run, &g.s->state, 0, octets),
                      RUN_BLOCK_BYTES);
    ck_assert_uint_eq(store_run_read(run, &g.s->state, 1, octets), 5 * 16);
    uint64_t key;
    memcpy(&key, octets, sizeof key);
    ck_assert_uint_eq(key, spread_key(RUN_BLOCK_ENTRIES));
    store_run_release(run);
    free(octets);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, every_key_is_found_and_no_other);
    tcase_add_test(tc, keys_that_are_not_spread_only_cost_time);
    tcase_add_loop_test(tc, a_few_entries_stay_in_memory, 0, 6);
    tcase_add_test(tc, a_run_of_the_first_format_is_read);
    tcase_add_test(tc, a_block_that_was_changed_behind_our_back_is_damage);
    tcase_add_test(tc, blocks_are_copied_whole);
}

RIG_MAIN("run", add_tests)
