/*
 * test_window.c - tests engine/session/window.h.
 */
#include "engine/session/window.h"

#include "tests/engine/run_suite.h"

static struct window w;

static void
set_up(void)
{
    window_init(&w, 10);
}

static void
tear_down(void)
{
    window_fini(&w);
}

static uint32_t
open_one(uint64_t word, uint64_t ms)
{
    struct session_note n = {{word}};
    ck_assert(window_ready(&w));
    return window_open(&w, SMPP_SUBMIT_SM_RESP, &n, (struct mono){ms * 1000});
}

static enum window_pairing
answer(uint32_t sequence, uint64_t *word)
{
    struct session_note n = {{0}};
    enum window_pairing p = window_close(&w, sequence, SMPP_SUBMIT_SM_RESP, &n);
    *word = n.word[0];
    return p;
}

START_TEST(room_is_the_limit_less_what_is_open)
{
    ck_assert_uint_eq(window_room(&w), 10);
    for (unsigned i = 0; i < 10; i++)
        open_one(i, 0);
    ck_assert_uint_eq(window_room(&w), 0);
    uint64_t word;
    ck_assert_int_eq(answer(5, &word), PAIRED);
    ck_assert_uint_eq(window_room(&w), 1);
}
END_TEST

START_TEST(any_order_of_answers_finds_its_note)
{
    static const unsigned order[] = {3, 9, 0, 1, 8, 2, 7, 5, 4, 6};
    uint32_t sequence[10];
    for (unsigned i = 0; i < 10; i++)
        sequence[i] = open_one(100 + i, i);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t word;
        ck_assert_int_eq(answer(sequence[order[i]], &word), PAIRED);
        ck_assert_uint_eq(word, 100 + order[i]);
        ck_assert_int_eq(answer(sequence[order[i]], &word), PAIRED_NOT);
    }
    struct mono t;
    ck_assert(!window_oldest(&w, &t));
}
END_TEST

START_TEST(the_oldest_gives_the_deadline)
{
    uint32_t a = open_one(1, 10);
    uint32_t b = open_one(2, 20);
    open_one(3, 30);
    struct mono t;
    uint64_t word;
    ck_assert(window_oldest(&w, &t));
    ck_assert_uint_eq(t.us, 10000);
    answer(b, &word);
    ck_assert(window_oldest(&w, &t));
    ck_assert_uint_eq(t.us, 10000);
    answer(a, &word);
    ck_assert(window_oldest(&w, &t));
    ck_assert_uint_eq(t.us, 30000);
}
END_TEST

START_TEST(expiry_is_exact_and_in_order)
{
    open_one(1, 10);
    open_one(2, 20);
    struct session_note n;
    ck_assert(!window_expire(&w, (struct mono){109999}, 100, &n));
    ck_assert(window_expire(&w, (struct mono){110000}, 100, &n));
    ck_assert_uint_eq(n.word[0], 1);
    ck_assert(!window_expire(&w, (struct mono){110000}, 100, &n));
    ck_assert_uint_eq(w.open, 1);
}
END_TEST

START_TEST(a_late_answer_pairs_once)
{
    uint32_t s = open_one(7, 0);
    struct session_note n;
    uint64_t word;
    ck_assert(window_expire(&w, (struct mono){1000000}, 100, &n));
    ck_assert_int_eq(answer(s, &word), PAIRED_LATE);
    ck_assert_uint_eq(word, 7);
    ck_assert_int_eq(answer(s, &word), PAIRED_NOT);
    ck_assert_int_eq(answer(0, &word), PAIRED_NOT);
}
END_TEST

START_TEST(another_response_does_not_close)
{
    uint32_t s = open_one(7, 0);
    struct session_note n;
    ck_assert_int_eq(window_close(&w, s, SMPP_QUERY_SM_RESP, &n), PAIRED_OTHER);
    ck_assert_int_eq(window_close(&w, s, SMPP_GENERIC_NACK, &n), PAIRED);
}
END_TEST

START_TEST(numbers_wrap_from_the_last_to_one)
{
    w.next_sequence = SMPP_SEQUENCE_MAX - 1;
    ck_assert_uint_eq(open_one(1, 0), SMPP_SEQUENCE_MAX - 1);
    ck_assert_uint_eq(open_one(2, 0), SMPP_SEQUENCE_MAX);
    ck_assert_uint_eq(open_one(3, 0), 1);
    uint64_t word;
    ck_assert_int_eq(answer(SMPP_SEQUENCE_MAX, &word), PAIRED);
    ck_assert_uint_eq(word, 2);
}
END_TEST

START_TEST(a_number_that_waits_is_not_given_again)
{
    uint32_t stuck = open_one(1, 0);
    uint64_t word;
    for (int i = 0; i < 1000; i++) {
        uint32_t s = open_one(2, 0);
        ck_assert_uint_ne(s & w.mask, stuck & w.mask);
        ck_assert_int_eq(answer(s, &word), PAIRED);
    }
    ck_assert_int_eq(answer(stuck, &word), PAIRED);
    ck_assert_uint_eq(word, 1);
}
END_TEST

START_TEST(the_end_takes_all_oldest_first_and_knows_the_unsent)
{
    uint32_t sequence[4];
    for (unsigned i = 0; i < 4; i++)
        sequence[i] = open_one(i, i);
    uint64_t word;
    answer(sequence[1], &word);
    window_mark_unsent(&w, sequence[3]);
    window_mark_unsent(&w, 999); /* not ours */
    struct session_note n;
    bool unsent;
    ck_assert(window_take(&w, &n, &unsent));
    ck_assert_uint_eq(n.word[0], 0);
    ck_assert(!unsent);
    ck_assert(window_take(&w, &n, &unsent));
    ck_assert_uint_eq(n.word[0], 2);
    ck_assert(window_take(&w, &n, &unsent));
    ck_assert_uint_eq(n.word[0], 3);
    ck_assert(unsent);
    ck_assert(!window_take(&w, &n, &unsent));
}
END_TEST

/* Against a plain table, over random steps. */
START_TEST(a_model_agrees_over_random_steps)
{
    struct {
        uint32_t sequence;
        uint64_t word;
    } model[10];
    unsigned n = 0;
    srand((unsigned)_i + 1);
    w.next_sequence = SMPP_SEQUENCE_MAX - 500;
    for (uint64_t step = 1; step < 5000; step++) {
        if (n < 10 && rand() % 2) {
            model[n].word = step;
            model[n].sequence = open_one(step, step);
            ck_assert_uint_ge(model[n].sequence, 1);
            ck_assert_uint_le(model[n].sequence, SMPP_SEQUENCE_MAX);
            for (unsigned k = 0; k < n; k++)
                ck_assert_uint_ne(model[k].sequence, model[n].sequence);
            n++;
        } else if (n > 0) {
            unsigned k = (unsigned)rand() % n;
            uint64_t word;
            ck_assert_int_eq(answer(model[k].sequence, &word), PAIRED);
            ck_assert_uint_eq(word, model[k].word);
            model[k] = model[--n];
        }
        ck_assert_uint_eq(w.open, n);
        uint64_t least = UINT64_MAX;
        for (unsigned k = 0; k < n; k++)
            least = model[k].word < least ? model[k].word : least;
        struct mono t;
        if (window_oldest(&w, &t))
            ck_assert_uint_eq(t.us, least * 1000);
    }
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("window");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, room_is_the_limit_less_what_is_open);
    tcase_add_test(t, any_order_of_answers_finds_its_note);
    tcase_add_test(t, the_oldest_gives_the_deadline);
    tcase_add_test(t, expiry_is_exact_and_in_order);
    tcase_add_test(t, a_late_answer_pairs_once);
    tcase_add_test(t, another_response_does_not_close);
    tcase_add_test(t, numbers_wrap_from_the_last_to_one);
    tcase_add_test(t, a_number_that_waits_is_not_given_again);
    tcase_add_test(t, the_end_takes_all_oldest_first_and_knows_the_unsent);
    tcase_add_loop_test(t, a_model_agrees_over_random_steps, 0, 4);
    return run_suite("window", t);
}
