/*
 * test_word.c - tests engine/flow/word.h and word.c.
 */
#include "engine/flow/word.h"

#include <check.h>
#include <stdlib.h>

START_TEST(a_word_keeps_state_flags_and_position)
{
    uint64_t top = ((uint64_t)1 << 56) - 1;
    uint64_t w = word_make(MSG_RECEIVED, 15, top);
    ck_assert_int_eq(word_state(w), MSG_RECEIVED);
    ck_assert_uint_eq(word_flags(w), 15);
    ck_assert_uint_eq(word_pos(w), top);
    w = word_make(MSG_QUEUED, WORD_LONG, 12345);
    ck_assert_int_eq(word_state(w), MSG_QUEUED);
    ck_assert_uint_eq(word_flags(w), WORD_LONG);
    ck_assert_uint_eq(word_pos(w), 12345);
}
END_TEST

START_TEST(what_is_too_large_does_not_spill)
{
    uint64_t w = word_make(MSG_NONE, 16, (uint64_t)1 << 56);
    ck_assert_uint_eq(w, 0);
}
END_TEST

/* product.md, 4: the states as people read them. */
static const char *const names[MSG_KIND_N] = {
    "queued",    "accepted",   "queued",    "held",     "submitted",
    "delivered", "failed",     "expired",   "rejected", "unknown",
    "cancelled", "suppressed", "uncertain", "received",
};

START_TEST(every_state_has_its_name)
{
    ck_assert_str_eq(state_name((enum message_state_kind)_i), names[_i]);
}
END_TEST

START_TEST(a_damaged_word_has_a_name_too)
{
    ck_assert_str_eq(state_name(word_state(UINT64_MAX)), "unknown");
}
END_TEST

START_TEST(no_state_is_both_waiting_and_final)
{
    ck_assert(!state_is_final(MSG_UNCERTAIN));
    ck_assert(state_is_eligible(MSG_UNCERTAIN));
    ck_assert(!state_is_final(MSG_HELD));
    ck_assert(!state_is_eligible(MSG_HELD));
    ck_assert(state_is_final(MSG_CANCELLED));
    ck_assert(!state_is_eligible(MSG_FAILED));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("word");
    TCase *t = tcase_create("word");
    tcase_add_test(t, a_word_keeps_state_flags_and_position);
    tcase_add_test(t, what_is_too_large_does_not_spill);
    tcase_add_loop_test(t, every_state_has_its_name, 0, MSG_KIND_N);
    tcase_add_test(t, a_damaged_word_has_a_name_too);
    tcase_add_test(t, no_state_is_both_waiting_and_final);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
