/*
 * test_id.c - tests engine/flow/id.c.
 */
#include "engine/flow/id.h"

#include <check.h>
#include <stdlib.h>

static const struct pair {
    enum id_kind kind;
    uint64_t number;
    const char *text;
} pairs[] = {
    {ID_MESSAGE, 0, "msg_0000000000000"},
    {ID_MESSAGE, 31, "msg_000000000000z"},
    {ID_CAMPAIGN, 32, "cmp_0000000000010"},
    {ID_THREAD, 1234567890123456789u, "thr_128ggyhyyk08n"},
    {ID_EVENT, UINT64_MAX, "evt_fzzzzzzzzzzzz"},
    {ID_ACCOUNT, 1, "act_0000000000001"},
    {ID_SENDER, 18, "sdr_000000000000j"},
    {ID_POOL, 20, "pol_000000000000m"},
    {ID_UPLOAD, 22, "upl_000000000000p"},
};

START_TEST(number_and_text_say_the_same)
{
    const struct pair *p = &pairs[_i];
    char text[ID_BYTES];
    uint64_t number = 77;
    ck_assert_str_eq(id_to_text(p->kind, p->number, text), p->text);
    ck_assert(id_from_text(p->kind, slice_str(text), &number));
    ck_assert_uint_eq(number, p->number);
}
END_TEST

START_TEST(texts_sort_as_numbers_do)
{
    uint64_t number = 1;
    char before[ID_BYTES], now[ID_BYTES];
    id_to_text(ID_MESSAGE, 0, before);
    for (int i = 0; i < 64; i++, number = number << 1 | 1) {
        id_to_text(ID_MESSAGE, number, now);
        ck_assert_str_lt(before, now);
        memcpy(before, now, sizeof before);
    }
}
END_TEST

static const char *const strangers[] = {
    "",
    "msg_",
    "msg_000000000000",   /* one short */
    "msg_00000000000000", /* one long */
    "cmp_0000000000001",  /* another kind */
    "msg-0000000000001",
    "MSG_0000000000001",
    "msg_000000000000i", /* letters that look like digits */
    "msg_000000000000l",
    "msg_000000000000o",
    "msg_000000000000u",
    "msg_000000000000Z",
    "msg_g000000000000", /* more than 64 bits */
    "msg_zzzzzzzzzzzzz",
    "msg_00000 0000000",
};

START_TEST(another_text_is_no_id)
{
    uint64_t number = 77;
    ck_assert(!id_from_text(ID_MESSAGE, slice_str(strangers[_i]), &number));
    ck_assert_uint_eq(number, 77);
}
END_TEST

START_TEST(a_nul_inside_is_no_digit)
{
    uint64_t number;
    ck_assert(
        !id_from_text(ID_MESSAGE, slice_of("msg_00000\0000000", 17), &number));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("id");
    TCase *t = tcase_create("id");
    tcase_add_loop_test(t, number_and_text_say_the_same, 0,
                        sizeof pairs / sizeof pairs[0]);
    tcase_add_test(t, texts_sort_as_numbers_do);
    tcase_add_loop_test(t, another_text_is_no_id, 0,
                        sizeof strangers / sizeof strangers[0]);
    tcase_add_test(t, a_nul_inside_is_no_digit);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
