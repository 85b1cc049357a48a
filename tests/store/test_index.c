/* The index against a naive model: RAM, runs, merges, expiry, reopening. */
#include <stdlib.h>

#include "store/index.h"
#include "tests/store/rig.h"

static struct rig g;
static struct store_index *x;

enum { KEYS = 20000, ID = 3 };

/* The model: the newest value of key i, and when it was put. */
static uint64_t value_of[KEYS], wall_of[KEYS];

static struct store_index_settings settings = {
    .id = ID,
    .freeze_entries = 1000,
    .ram_entries = 2500,
    .covered = true,
};

static void
open_index(void)
{
    ck_assert_int_eq(store_index_open(g.s, &settings, g.r, &x), STORE_OK);
    store_reader_rest(g.r);
}

static void
set_up(void)
{
    rig_init(&g);
    rig_open(&g);
    open_index();
}

static void
close_all(void)
{
    store_index_close(x);
    x = NULL;
    rig_close(&g);
}

static void
tear_down(void)
{
    close_all();
    rig_fini(&g);
}

static void
reopen(void)
{
    close_all();
    rig_open(&g);
    open_index();
}

/* Half of the keys are small numbers, half are spread. */
static uint64_t
key_of(uint64_t i)
{
    return i % 2 ? i + 1 : (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void
put(uint64_t i, uint64_t value, uint64_t wall_ms)
{
    store_index_put(x, key_of(i), value);
    value_of[i] = value;
    wall_of[i] = wall_ms;
}

static void
check_key(uint64_t i, uint64_t expired_ms)
{
    uint64_t value = 0;
    bool found = store_index_get(x, key_of(i), &value);
    if (value_of[i] == 0)
        ck_assert(!found);
    else if (wall_of[i] >= expired_ms)
        ck_assert_msg(found && value == value_of[i],
                      "key %llu: found %d %llu, want %llu",
                      (unsigned long long)i, found, (unsigned long long)value,
                      (unsigned long long)value_of[i]);
}

static void
check_all(uint64_t expired_ms)
{
    for (uint64_t i = 0; i < KEYS; i++)
        check_key(i, expired_ms);
    for (uint64_t i = KEYS; i < KEYS + 2000; i++) {
        uint64_t value = 77;
        ck_assert(!store_index_get(x, key_of(i), &value));
        ck_assert_uint_eq(value, 77); /* a miss leaves it alone */
    }
    store_reader_rest(g.r);
}

static void
checkpoint(uint64_t wall_ms)
{
    rig_fact(&g, wall_ms, 50);
    store_index_checkpoint(x, rig_checkpoint(&g), wall_ms);
    rig_commit_checkpoint(&g);
}

static uint64_t
runs(void)
{
    struct store_stats stats;
    store_stats(g.s, &stats);
    return stats.runs;
}

START_TEST(newest_put_is_found_in_ram_and_runs)
{
    uint64_t seed = 11;
    for (uint64_t round = 1; round <= 30; round++) {
        for (int k = 0; k < 1200; k++)
            put(rig_random(&seed) % KEYS, round * 10000 + (uint64_t)k + 1,
                round);
        ck_assert(store_index_is_ripe(x) == (round > 0));
        check_all(0);
        checkpoint(round);
        check_all(0);
    }
}
END_TEST

START_TEST(reopening_finds_what_the_last_checkpoint_held)
{
    uint64_t seed = 5;
    for (uint64_t round = 1; round <= 12; round++) {
        for (int k = 0; k < 700; k++)
            put(rig_random(&seed) % KEYS, round * 1000000 + (uint64_t)k + 1,
                round);
        checkpoint(round);
        if (round % 3 == 0)
            reopen();
        check_all(0);
    }
    static uint64_t saved[KEYS];
    memcpy(saved, value_of, sizeof saved);
    for (uint64_t i = 0; i < 500; i++)
        put(i, 77, 99);
    check_all(0);
    reopen(); /* without a checkpoint: replay would put them again */
    memcpy(value_of, saved, sizeof saved);
    check_all(0);
}
END_TEST

START_TEST(runs_are_merged_while_look_ups_go_on)
{
    uint64_t seed = 9;
    for (uint64_t round = 1; round <= 80; round++) {
        for (int k = 0; k < 300; k++)
            put(rig_random(&seed) % KEYS, round * 10000 + (uint64_t)k + 1,
                round);
        checkpoint(round);
        for (int k = 0; k < 200; k++)
            check_key(rig_random(&seed) % KEYS, 0);
        store_reader_rest(g.r);
    }
    for (int k = 0; k < 1000 && runs() > 20; k++) {
        check_all(0);
        rig_sleep_ms(5);
    }
    ck_assert_uint_le(runs(), 20); /* of 80: at most 15 of the smaller size */
    check_all(0);
    reopen();
    ck_assert_uint_le(runs(), 20);
    check_all(0);
}
END_TEST

START_TEST(large_runs_merge_in_slices)
{
    enum { EACH = 35000, ALL = 16 }; /* in all two slices and more */
    settings.ram_entries = 0;
    for (uint64_t round = 0; round < ALL; round++) {
        for (uint64_t i = 0; i < EACH; i++)
            store_index_put(x, round * EACH + i + 1, round * EACH + i + 7);
        checkpoint(round);
    }
    for (int k = 0; k < 4000 && runs() > 1; k++)
        rig_sleep_ms(5);
    ck_assert_uint_eq(runs(), 1);
    for (int again = 0; again < 2; again++) {
        for (uint64_t i = 0; i < ALL * EACH; i += 5) {
            uint64_t value = 0;
            ck_assert(store_index_get(x, i + 1, &value));
            ck_assert_uint_eq(value, i + 7);
        }
        for (uint64_t i = ALL * EACH; i < (ALL + 1) * EACH; i++) {
            uint64_t value;
            ck_assert(!store_index_get(x, i + 1, &value));
        }
        reopen();
        ck_assert_uint_eq(runs(), 1);
    }
}
END_TEST

START_TEST(old_runs_expire_at_a_checkpoint)
{
    uint64_t seed = 21;
    settings.ram_entries = 0;
    reopen();
    for (uint64_t round = 1; round <= 6; round++) {
        for (int k = 0; k < 1000; k++)
            put(rig_random(&seed) % KEYS, round * 10000 + (uint64_t)k + 1,
                round * 100);
        checkpoint(round * 100);
    }
    ck_assert_uint_eq(runs(), 6);
    store_index_expire(x, 300);
    checkpoint(700); /* nothing new: no run of its own */
    ck_assert_uint_eq(runs(), 4);
    uint64_t gone = 0, value;
    for (uint64_t i = 0; i < KEYS; i++)
        if (value_of[i] != 0 && wall_of[i] < 300 &&
            !store_index_get(x, key_of(i), &value))
            gone++;
    ck_assert_uint_gt(gone, 500);
    check_all(300);
    reopen();
    ck_assert_uint_eq(runs(), 4);
    check_all(300);
}
END_TEST

START_TEST(frozen_tables_leave_ram_once_they_are_runs)
{
    settings.ram_entries = 10000;
    reopen();
    for (uint64_t round = 1; round <= 7; round++) {
        for (uint64_t i = 0; i < 5000; i++)
            store_index_put(x, round * 5000 + i, i + 1);
        checkpoint(round);
    }
    uint64_t value;
    (void)store_index_get(x, UINT64_C(1) << 60, &value);
    /* Two frozen tables and the new one, 16 octets a slot, plus filters. */
    ck_assert_uint_lt(store_index_ram_bytes(x), 3 * 8192 * 2 * 16 + 200000);
    for (uint64_t i = 5000; i < 8 * 5000; i++) {
        ck_assert(store_index_get(x, i, &value));
        ck_assert_uint_eq(value, i % 5000 + 1);
    }
}
END_TEST

START_TEST(two_indexes_do_not_mix)
{
    struct store_index *y;
    struct store_index_settings other = settings;
    uint64_t value;
    other.id = ID + 1;
    other.covered = false;
    ck_assert_int_eq(store_index_open(g.s, &other, g.r, &y), STORE_OK);
    store_index_put(x, 1, 10);
    store_index_put(y, 1, 20);
    store_index_put(y, 2, 30);
    struct store_checkpoint *c = rig_checkpoint(&g);
    store_index_checkpoint(x, c, 1);
    store_index_checkpoint(y, c, 1);
    rig_commit_checkpoint(&g);
    store_index_close(y);
    reopen();
    ck_assert_int_eq(store_index_open(g.s, &other, g.r, &y), STORE_OK);
    ck_assert(store_index_get(x, 1, &value));
    ck_assert_uint_eq(value, 10);
    ck_assert(!store_index_get(x, 2, &value));
    ck_assert(store_index_get(y, 1, &value));
    ck_assert_uint_eq(value, 20);
    ck_assert(store_index_get(y, 2, &value));
    store_index_close(y);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, newest_put_is_found_in_ram_and_runs);
    tcase_add_test(tc, reopening_finds_what_the_last_checkpoint_held);
    tcase_add_test(tc, runs_are_merged_while_look_ups_go_on);
    tcase_add_test(tc, large_runs_merge_in_slices);
    tcase_add_test(tc, old_runs_expire_at_a_checkpoint);
    tcase_add_test(tc, frozen_tables_leave_ram_once_they_are_runs);
    tcase_add_test(tc, two_indexes_do_not_mix);
}

RIG_MAIN("index", add_tests)
