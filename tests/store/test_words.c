/* Words: eviction, checkpoints, copying on write, reopening. */
#include <stdlib.h>

#include "store/words.h"
#include "tests/store/rig.h"

static struct rig g;
static struct store_words *w;

enum { PAGES = 40, RAM_PAGES = 6 };

static uint64_t model[PAGES * WORDS_PER_PAGE];
static uint64_t at_checkpoint[PAGES * WORDS_PER_PAGE];

static void
open_words(void)
{
    ck_assert_int_eq(store_words_open(g.s, g.r, RAM_PAGES, &w), STORE_OK);
}

static void
set_up(void)
{
    rig_init(&g);
    rig_open(&g);
    open_words();
}

static void
close_all(void)
{
    store_words_close(w);
    w = NULL;
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
    open_words();
}

static void
set(uint64_t number, uint64_t word)
{
    store_words_set(w, number, word);
    model[number] = word;
}

static void
check_all(void)
{
    for (uint64_t i = 0; i < PAGES * WORDS_PER_PAGE; i++)
        if (store_words_get(w, i) != model[i])
            ck_abort_msg("word %llu is wrong", (unsigned long long)i);
    store_reader_rest(g.r);
}

START_TEST(words_never_set_are_zero)
{
    ck_assert_uint_eq(store_words_get(w, 0), 0);
    ck_assert_uint_eq(store_words_get(w, UINT64_MAX), 0);
    ck_assert_uint_eq(store_words_dirty_pages(w), 0);
    store_words_prefetch(w, 12345678);
}
END_TEST

START_TEST(sets_survive_eviction_checkpoint_and_reopening)
{
    uint64_t seed = 3;
    for (int round = 0; round < 12; round++) {
        for (int k = 0; k < 5000; k++)
            set(rig_random(&seed) % (PAGES * WORDS_PER_PAGE),
                rig_random(&seed));
        check_all();
        rig_fact(&g, 1, 50);
        store_words_checkpoint(w, rig_checkpoint(&g));
        ck_assert_uint_eq(store_words_dirty_pages(w), 0);
        rig_commit_checkpoint(&g);
        check_all();
        ck_assert_uint_le(store_words_ram_bytes(w),
                          (RAM_PAGES + 1) * UINT64_C(66000) + 200 * 40);
        if (round % 4 == 3)
            reopen();
        check_all();
    }
}
END_TEST

START_TEST(a_set_during_a_checkpoint_does_not_reach_it)
{
    for (uint64_t i = 0; i < PAGES * WORDS_PER_PAGE; i += 1000)
        set(i, i + 1);
    rig_fact(&g, 1, 50);
    store_words_checkpoint(w, rig_checkpoint(&g));
    memcpy(at_checkpoint, model, sizeof model);
    for (uint64_t i = 0; i < PAGES * WORDS_PER_PAGE; i += 500)
        set(i, i + 2);
    check_all();
    rig_commit_checkpoint(&g);
    check_all(); /* the newer sets are dirty and stay in RAM */
    reopen();
    memcpy(model, at_checkpoint, sizeof model);
    check_all();
}
END_TEST

START_TEST(numbers_may_lie_far_apart)
{
    for (uint64_t i = 1; i <= 200; i++)
        store_words_set(w, i * UINT64_C(0x0123456789abcd), i);
    rig_fact(&g, 1, 50);
    store_words_checkpoint(w, rig_checkpoint(&g));
    rig_commit_checkpoint(&g);
    reopen();
    for (uint64_t i = 1; i <= 200; i++) {
        ck_assert_uint_eq(store_words_get(w, i * UINT64_C(0x0123456789abcd)),
                          i);
        ck_assert_uint_eq(
            store_words_get(w, i * UINT64_C(0x0123456789abcd) + 1), 0);
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, words_never_set_are_zero);
    tcase_add_test(tc, sets_survive_eviction_checkpoint_and_reopening);
    tcase_add_test(tc, a_set_during_a_checkpoint_does_not_reach_it);
    tcase_add_test(tc, numbers_may_lie_far_apart);
}

RIG_MAIN("words", add_tests)
