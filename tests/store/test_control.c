/* Small rows: control writes, checkpoint rows, walking a table. */
#include <stdio.h>

#include "tests/store/rig.h"

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

static void
check_row(enum store_table table, const char *key, const char *want)
{
    struct slice value;
    enum store_result res = store_get(g.r, table, slice_str(key), &value);
    if (!want) {
        ck_assert_int_eq(res, STORE_NOT_FOUND);
        return;
    }
    ck_assert_int_eq(res, STORE_OK);
    ck_assert(slice_eq(value, slice_str(want)));
}

START_TEST(rows_are_put_replaced_and_deleted_in_order)
{
    struct store_batch *b = rig_batch(&g);
    store_batch_put(b, TABLE_ACCOUNT, slice_str("a"), slice_str("one"));
    store_batch_put(b, TABLE_ACCOUNT, slice_str("b"), slice_str("two"));
    store_batch_put(b, TABLE_ACCOUNT, slice_str("a"), slice_str("three"));
    store_batch_delete(b, TABLE_ACCOUNT, slice_str("b"));
    store_batch_delete(b, TABLE_ACCOUNT, slice_str("never there"));
    ck_assert(!store_batch_is_empty(b));
    check_row(TABLE_ACCOUNT, "a", NULL);
    rig_commit(&g);
    check_row(TABLE_ACCOUNT, "a", "three");
    check_row(TABLE_ACCOUNT, "b", NULL);
    check_row(TABLE_SENDER, "a", NULL);
    rig_reopen(&g);
    check_row(TABLE_ACCOUNT, "a", "three");
}
END_TEST

START_TEST(a_table_is_walked_in_order_of_keys_and_ends_at_its_end)
{
    struct slice key, value, after = {NULL, 0};
    char text[16];
    for (unsigned i = 0; i < 300; i += 3) {
        snprintf(text, sizeof text, "%03u", i);
        store_batch_put(rig_batch(&g), TABLE_NUMBER, slice_str(text),
                        slice_str(text));
        store_batch_put(rig_batch(&g), TABLE_POOL, slice_str(text),
                        slice_str("another table"));
    }
    store_batch_put(rig_batch(&g), TABLE_NUMBER, slice_str(""),
                    slice_str("the empty key comes first"));
    rig_commit(&g);
    ck_assert_int_eq(store_after(g.r, TABLE_NUMBER, after, &key, &value),
                     STORE_OK);
    ck_assert_uint_eq(key.n, 0);
    for (unsigned i = 0; i < 300; i += 3) {
        after = key;
        after.p = after.p ? after.p : (const uint8_t *)"";
        ck_assert_int_eq(store_after(g.r, TABLE_NUMBER, after, &key, &value),
                         STORE_OK);
        snprintf(text, sizeof text, "%03u", i);
        ck_assert(slice_eq(key, slice_str(text)));
    }
    ck_assert_int_eq(store_after(g.r, TABLE_NUMBER, key, &key, &value),
                     STORE_NOT_FOUND);
    ck_assert_int_eq(
        store_after(g.r, TABLE_NUMBER, slice_str("0005"), &key, &value),
        STORE_OK);
    ck_assert(slice_eq(key, slice_str("003")));
}
END_TEST

START_TEST(keys_and_values_of_all_sizes_come_back)
{
    static uint8_t bytes[100000];
    struct slice value;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t n = 1; n <= 255; n += 127)
        store_batch_put(rig_batch(&g), TABLE_CAMPAIGN, slice_of(bytes, n),
                        slice_of(bytes, n * 390));
    rig_commit(&g);
    for (size_t n = 1; n <= 255; n += 127) {
        ck_assert_int_eq(
            store_get(g.r, TABLE_CAMPAIGN, slice_of(bytes, n), &value),
            STORE_OK);
        ck_assert(slice_eq(value, slice_of(bytes, n * 390)));
    }
}
END_TEST

START_TEST(a_snapshot_stays_until_the_rest)
{
    struct slice value;
    store_batch_put(rig_batch(&g), TABLE_KEY, slice_str("k"), slice_str("1"));
    rig_commit(&g);
    ck_assert_int_eq(store_get(g.r, TABLE_KEY, slice_str("k"), &value),
                     STORE_OK);
    for (int i = 0; i < 20; i++) {
        uint64_t before;
        struct store_stats stats;
        store_stats(g.s, &stats);
        before = stats.commits;
        store_batch_put(rig_batch(&g), TABLE_KEY, slice_str("k"),
                        slice_str("2"));
        rig_post(&g);
        for (int k = 0; k < 1000 && stats.commits == before; k++) {
            rig_drain(&g, 10);
            store_stats(g.s, &stats);
        }
    }
    ck_assert(slice_eq(value, slice_str("1")));
    check_row(TABLE_KEY, "k", "1");
    store_reader_rest(g.r);
    check_row(TABLE_KEY, "k", "2");
}
END_TEST

START_TEST(a_checkpoint_keeps_its_rows_and_its_position)
{
    ck_assert_uint_eq(store_checkpoint_pos(g.s), 0);
    rig_fact(&g, 1, 100);
    struct store_checkpoint *c = rig_checkpoint(&g);
    ck_assert(store_checkpoint_busy(g.s));
    store_checkpoint_put(c, TABLE_THREAD, slice_str("t"), slice_str("head"));
    store_checkpoint_put(c, TABLE_THREAD, slice_str("u"), slice_str("head"));
    store_checkpoint_delete(c, TABLE_THREAD, slice_str("u"));
    uint64_t pos = store_end(g.s);
    rig_commit_checkpoint(&g);
    ck_assert_uint_eq(store_checkpoint_pos(g.s), pos);
    check_row(TABLE_THREAD, "t", "head");
    check_row(TABLE_THREAD, "u", NULL);
    rig_fact(&g, 2, 100);
    rig_commit(&g);
    rig_reopen(&g);
    ck_assert_uint_eq(store_checkpoint_pos(g.s), pos);
    check_row(TABLE_THREAD, "t", "head");
}
END_TEST

START_TEST(stopping_finishes_a_checkpoint_that_was_posted)
{
    rig_fact(&g, 1, 100);
    struct store_checkpoint *c = rig_checkpoint(&g);
    store_checkpoint_put(c, TABLE_PROGRESS, slice_str("p"), slice_str("42"));
    uint64_t end = store_end(g.s);
    rig_post(&g);
    rig_reopen(&g);
    ck_assert_uint_eq(store_end(g.s), end);
    ck_assert_uint_eq(store_checkpoint_pos(g.s), end);
    check_row(TABLE_PROGRESS, "p", "42");
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, rows_are_put_replaced_and_deleted_in_order);
    tcase_add_test(tc, a_table_is_walked_in_order_of_keys_and_ends_at_its_end);
    tcase_add_test(tc, keys_and_values_of_all_sizes_come_back);
    tcase_add_test(tc, a_snapshot_stays_until_the_rest);
    tcase_add_test(tc, a_checkpoint_keeps_its_rows_and_its_position);
    tcase_add_test(tc, stopping_finishes_a_checkpoint_that_was_posted);
}

RIG_MAIN("control", add_tests)
