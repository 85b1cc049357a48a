/* The log: positions, walking, rolls, reopening, time, expiry. */
#include <stdio.h>
#include <sys/stat.h>

#include "tests/store/rig.h"

static struct rig g;

static void
set_up(void)
{
    rig_init(&g);
}

static void
tear_down(void)
{
    rig_fini(&g);
}

/* Walks all facts from the oldest and expects numbers first.. in order. */
static void
check_walk(uint64_t first, uint64_t facts)
{
    uint64_t pos = 0, n = 0;
    struct slice fact;
    enum store_result res;
    while ((res = store_next(g.r, &pos, &fact, NULL)) == STORE_OK) {
        ck_assert_msg(rig_fact_is(fact, first + n), "fact %llu",
                      (unsigned long long)n);
        n++;
        pos += fact.n;
    }
    ck_assert_int_eq(res, STORE_NOT_FOUND);
    ck_assert_uint_eq(n, facts);
    ck_assert_uint_eq(pos, store_end(g.s));
    store_reader_rest(g.r);
}

START_TEST(durable_facts_are_read_at_their_positions)
{
    enum { N = 5000 };
    static uint64_t pos[N];
    uint64_t seed = 7;
    rig_open(&g);
    for (uint64_t i = 0; i < N; i++) {
        pos[i] = rig_fact(&g, i, 12 + rig_random(&seed) % 300);
        if (i % 700 == 699)
            rig_commit(&g);
    }
    rig_commit(&g);
    ck_assert_uint_eq(store_durable(g.s), store_end(g.s));
    for (uint64_t i = 0; i < N; i++) {
        struct slice fact;
        uint64_t k = rig_random(&seed) % N;
        ck_assert_int_eq(store_read(g.r, pos[k], &fact), STORE_OK);
        ck_assert(rig_fact_is(fact, k));
        if (i % 64 == 0)
            store_reader_rest(g.r);
    }
    check_walk(0, N);
}
END_TEST

START_TEST(largest_facts_fit_and_larger_are_refused)
{
    uint64_t pos;
    rig_open(&g);
    for (uint64_t i = 0; i < 10; i++)
        rig_fact(&g, i, i % 2 ? STORE_FACT_MAX : 12);
    ck_assert_ptr_null(store_batch_fact(g.s, g.b, STORE_FACT_MAX + 1, &pos));
    ck_assert_ptr_null(store_batch_fact(g.s, g.b, 3, &pos));
    rig_commit(&g);
    check_walk(0, 10);
}
END_TEST

START_TEST(nothing_is_read_before_it_is_durable)
{
    struct slice fact;
    uint64_t next = 0;
    rig_open(&g);
    uint64_t pos = rig_fact(&g, 1, 100);
    ck_assert_uint_eq(store_durable(g.s), pos);
    ck_assert_int_eq(store_read(g.r, pos, &fact), STORE_NOT_FOUND);
    ck_assert_int_eq(store_next(g.r, &next, &fact, NULL), STORE_NOT_FOUND);
    rig_commit(&g);
    ck_assert_int_eq(store_read(g.r, pos, &fact), STORE_OK);
    ck_assert_int_eq(store_read(g.r, pos + fact.n, &fact), STORE_NOT_FOUND);
}
END_TEST

START_TEST(reads_see_new_facts_without_losing_borrowed_ones)
{
    struct slice first, fact;
    rig_open(&g);
    uint64_t a = rig_fact(&g, 1, 100);
    rig_commit(&g);
    ck_assert_int_eq(store_read(g.r, a, &first), STORE_OK);
    /* Small blocks share B-tree pages: enough commits to reuse them all. */
    for (uint64_t i = 2; i < 60; i++) {
        uint64_t pos = rig_fact(&g, i, 100);
        rig_post(&g);
        while (store_durable(g.s) <= pos)
            rig_drain(&g, 10);
        if (i % 10 == 0) {
            ck_assert_int_eq(store_read(g.r, pos, &fact), STORE_OK);
            ck_assert(rig_fact_is(fact, i));
        }
    }
    ck_assert(rig_fact_is(first, 1));
}
END_TEST

START_TEST(a_walk_may_begin_between_facts)
{
    struct slice fact;
    rig_open(&g);
    for (uint64_t i = 0; i < 2000; i++)
        rig_fact(&g, i, 100);
    rig_commit(&g);
    for (uint64_t i = 0; i < 1999; i += 37) {
        uint64_t pos = 8 + i * 100 + 1 + i % 99;
        ck_assert_int_eq(store_next(g.r, &pos, &fact, NULL), STORE_OK);
        ck_assert_uint_eq(pos, 8 + (i + 1) * 100);
        ck_assert(rig_fact_is(fact, i + 1));
    }
    uint64_t pos = 8 + 1999 * 100 + 5;
    ck_assert_int_eq(store_next(g.r, &pos, &fact, NULL), STORE_NOT_FOUND);
}
END_TEST

START_TEST(reopening_finds_the_end_over_rolled_segments)
{
    uint64_t n = 0;
    struct store_stats stats;
    g.settings.segment_bytes = 256 << 10;
    rig_open(&g);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 12; i++) {
            for (int k = 0; k < 300; k++)
                rig_fact(&g, n++, 150);
            rig_commit(&g);
        }
        check_walk(0, n);
        uint64_t end = store_end(g.s);
        rig_reopen(&g);
        ck_assert_uint_eq(store_end(g.s), end);
        ck_assert_uint_eq(store_durable(g.s), end);
        check_walk(0, n);
    }
    store_stats(g.s, &stats);
    ck_assert_uint_ge(stats.segments, 5);
}
END_TEST

START_TEST(segments_roll_by_time_too)
{
    struct store_stats stats;
    g.settings.segment_s = 10;
    rig_open(&g);
    for (uint64_t i = 0; i < 5; i++) {
        rig_fact(&g, i, 50);
        g.b->wall_ms = 1000000 + i * 6000;
        rig_commit(&g);
    }
    store_stats(g.s, &stats);
    ck_assert_uint_eq(stats.segments, 3); /* 0 6 | 12 18 | 24 */
    check_walk(0, 5);
}
END_TEST

START_TEST(seek_by_time_finds_the_first_block_not_older)
{
    uint64_t pos[100];
    g.settings.segment_bytes = 64 << 10;
    rig_open(&g);
    for (uint64_t i = 0; i < 100; i++) {
        pos[i] = rig_fact(&g, i, 5000);
        g.b->wall_ms = 5000 + i * 10;
        rig_commit(&g);
    }
    for (uint64_t i = 0; i < 100; i++) {
        ck_assert_uint_eq(store_seek_time(g.r, 5000 + i * 10), pos[i]);
        if (i > 0)
            ck_assert_uint_eq(store_seek_time(g.r, 5000 + i * 10 - 1), pos[i]);
        store_reader_rest(g.r);
    }
    ck_assert_uint_eq(store_seek_time(g.r, 0), pos[0]);
    ck_assert_uint_eq(store_seek_time(g.r, 99999), store_end(g.s));
}
END_TEST

START_TEST(block_times_never_fall)
{
    struct slice fact;
    uint64_t pos = 0, wall_ms, last = 0;
    static const uint64_t clock_ms[] = {9000, 8000, 9500, 100};
    rig_open(&g);
    for (uint64_t i = 0; i < 4; i++) {
        rig_fact(&g, i, 50);
        g.b->wall_ms = clock_ms[i];
        rig_commit(&g);
    }
    rig_reopen(&g);
    rig_fact(&g, 4, 50);
    g.b->wall_ms = 200;
    rig_commit(&g);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(store_next(g.r, &pos, &fact, &wall_ms), STORE_OK);
        ck_assert_uint_ge(wall_ms, last);
        last = wall_ms;
        pos += fact.n;
    }
    ck_assert_uint_eq(last, 9500);
}
END_TEST

static unsigned
segments(void)
{
    struct store_stats stats;
    store_stats(g.s, &stats);
    return stats.segments;
}

static void
wait_segments(unsigned n)
{
    for (int i = 0; i < 2000 && segments() != n; i++)
        rig_sleep_ms(5);
    ck_assert_uint_eq(segments(), n);
}

START_TEST(expiry_unlinks_old_segments_but_not_what_is_kept)
{
    uint64_t pos[10];
    struct slice fact;
    struct stat st;
    char path[128];
    g.settings.segment_s = 1;
    rig_open(&g);
    for (uint64_t i = 0; i < 10; i++) {
        pos[i] = rig_fact(&g, i, 5000);
        g.b->wall_ms = 10000 + i * 1000;
        rig_commit(&g);
    }
    ck_assert_uint_eq(segments(), 10);
    store_expire(g.s, 14000, pos[2] + 1); /* kept from 2 on */
    wait_segments(8);
    ck_assert_uint_eq(store_oldest(g.s), pos[2]);
    store_expire(g.s, 14000, pos[9]); /* 10000..13999 are old */
    wait_segments(6);
    ck_assert_uint_eq(store_oldest(g.s), pos[4]);
    snprintf(path, sizeof path, "%s/log/%020llu", g.dir,
             (unsigned long long)pos[3]);
    for (int i = 0; i < 1000 && stat(path, &st) == 0; i++)
        rig_sleep_ms(5);
    ck_assert_int_ne(stat(path, &st), 0);
    ck_assert_int_eq(store_read(g.r, pos[3], &fact), STORE_NOT_FOUND);
    ck_assert_int_eq(store_read(g.r, pos[4], &fact), STORE_OK);
    check_walk(4, 6);
    store_expire(g.s, UINT64_MAX, UINT64_MAX);
    wait_segments(1); /* the newest stays: it tells where the log ends */
    uint64_t end = store_end(g.s);
    rig_reopen(&g);
    ck_assert_uint_eq(store_end(g.s), end);
    check_walk(9, 1);
}
END_TEST

START_TEST(a_reader_keeps_what_it_borrowed_while_its_segment_expires)
{
    struct slice fact, again;
    g.settings.segment_s = 1;
    rig_open(&g);
    uint64_t pos = rig_fact(&g, 0, 50000);
    for (uint64_t i = 1; i < 4; i++) {
        rig_commit(&g);
        rig_fact(&g, i, 50000);
        g.b->wall_ms += i * 10000;
    }
    rig_commit(&g);
    ck_assert_int_eq(store_read(g.r, pos, &fact), STORE_OK);
    store_expire(g.s, UINT64_MAX, UINT64_MAX);
    wait_segments(1);
    rig_sleep_ms(50);
    ck_assert(rig_fact_is(fact, 0));
    ck_assert_int_eq(store_read(g.r, pos, &again), STORE_NOT_FOUND);
    ck_assert(rig_fact_is(fact, 0));
    store_reader_rest(g.r);
}
END_TEST

START_TEST(a_second_process_is_locked_out)
{
    char why[STORE_WHY_BYTES];
    struct store *second;
    rig_open(&g);
    ck_assert_int_eq(store_open(&g.settings, 0, &second, why), STORE_LOCKED);
    ck_assert_ptr_nonnull(strstr(why, "in use"));
}
END_TEST

START_TEST(posting_never_blocks_and_two_batches_exist)
{
    rig_open(&g);
    rig_fact(&g, 0, 100);
    ck_assert_ptr_null(store_batch_take(g.s)); /* one gathers at a time */
    rig_post(&g);
    struct store_batch *second = store_batch_take(g.s);
    ck_assert_ptr_nonnull(second);
    ck_assert(store_batch_is_empty(second));
    ck_assert_uint_eq(second->first_pos, 108);
    store_post(g.s, second);
    ck_assert_ptr_null(store_batch_take(g.s));
    rig_drain(&g, 5000);
    rig_commit(&g);
    check_walk(0, 1);
}
END_TEST

START_TEST(a_batch_given_back_unposted_leaves_no_trace)
{
    rig_open(&g);
    uint64_t pos = rig_fact(&g, 99, 100);
    store_batch_return(g.s, g.b);
    g.b = NULL;
    ck_assert_uint_eq(store_end(g.s), pos);
    ck_assert_uint_eq(rig_fact(&g, 0, 100), pos);
    rig_commit(&g);
    check_walk(0, 1);
}
END_TEST

START_TEST(ready_turns_true_when_the_pace_allows)
{
    g.settings.pace_ms = 20;
    rig_open(&g);
    uint64_t start = rig_now_us();
    for (uint64_t i = 0; i < 20; i++) {
        for (int k = 0; k < 1000 && !store_is_ready(g.s); k++)
            rig_drain(&g, 10);
        ck_assert(store_is_ready(g.s));
        rig_fact(&g, i, 100);
        rig_commit(&g);
    }
    /* Eight may follow each other, then one in 20 ms. */
    ck_assert_uint_ge(rig_now_us() - start, 11 * 20000);
    check_walk(0, 20);
}
END_TEST

START_TEST(a_batch_in_a_hurry_does_not_wait_for_the_pace)
{
    g.settings.pace_ms = 1000;
    rig_open(&g);
    uint64_t start = rig_now_us();
    for (uint64_t i = 0; i < 20; i++) {
        rig_fact(&g, i, 100);
        g.b->hurry = true;
        rig_commit(&g);
    }
    /* Paced they would take 12 s. */
    ck_assert_uint_lt(rig_now_us() - start, 6 * 1000000);
    check_walk(0, 20);
    /* The next one is in no hurry, and was given no more than one pace. */
    start = rig_now_us();
    rig_fact(&g, 20, 100);
    rig_commit(&g);
    ck_assert_uint_ge(rig_now_us() - start, 500000);
    ck_assert_uint_lt(rig_now_us() - start, 6 * 1000000);
    check_walk(0, 21);
}
END_TEST

START_TEST(below_the_reserve_new_work_is_refused_and_answers_get_in)
{
    char why[STORE_WHY_BYTES];
    g.settings.min_free_bytes = UINT64_MAX;
    rig_open(&g);
    for (int i = 0; i < 1000 && store_state(g.s, NULL, 0) == STORE_OK; i++)
        rig_sleep_ms(5);
    ck_assert_int_eq(store_state(g.s, why, sizeof why), STORE_FULL);
    ck_assert_ptr_nonnull(strstr(why, "free space"));
    rig_fact(&g, 0, 100);
    rig_commit(&g);
    check_walk(0, 1);
    g.settings.min_free_bytes = 1;
    rig_reopen(&g);
    ck_assert_int_eq(store_state(g.s, why, sizeof why), STORE_OK);
    ck_assert_str_eq(why, "");
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, durable_facts_are_read_at_their_positions);
    tcase_add_test(tc, largest_facts_fit_and_larger_are_refused);
    tcase_add_test(tc, nothing_is_read_before_it_is_durable);
    tcase_add_test(tc, reads_see_new_facts_without_losing_borrowed_ones);
    tcase_add_test(tc, a_walk_may_begin_between_facts);
    tcase_add_test(tc, reopening_finds_the_end_over_rolled_segments);
    tcase_add_test(tc, segments_roll_by_time_too);
    tcase_add_test(tc, seek_by_time_finds_the_first_block_not_older);
    tcase_add_test(tc, block_times_never_fall);
    tcase_add_test(tc, expiry_unlinks_old_segments_but_not_what_is_kept);
    tcase_add_test(tc,
                   a_reader_keeps_what_it_borrowed_while_its_segment_expires);
    tcase_add_test(tc, a_second_process_is_locked_out);
    tcase_add_test(tc, posting_never_blocks_and_two_batches_exist);
    tcase_add_test(tc,
                   below_the_reserve_new_work_is_refused_and_answers_get_in);
    tcase_add_test(tc, a_batch_given_back_unposted_leaves_no_trace);
    tcase_add_test(tc, ready_turns_true_when_the_pace_allows);
    tcase_add_test(tc, a_batch_in_a_hurry_does_not_wait_for_the_pace);
}

RIG_MAIN("log", add_tests)
