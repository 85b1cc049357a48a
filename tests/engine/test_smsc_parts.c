/*
 * test_smsc_parts.c - the simulator's parts that need no socket: ids, limit,
 * wheel, options, script, ledger and its counting.
 */
#include "bench/smsc/check.h"
#include "bench/smsc/limit.h"
#include "bench/smsc/script.h"
#include "bench/smsc/settings.h"
#include "bench/smsc/wheel.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
    enum msgid_form form;
    uint8_t version;
    uint64_t id;
    const char *answer;
    const char *receipt;
} ids[] = {
    {MSGID_DEC, 0x34, 1795292346400427u, "1795292346400427",
     "1795292346400427"},
    {MSGID_HEX, 0x34, 1795292346400427u, "660cf12933eab", "660cf12933eab"},
    {MSGID_MIXED, 0x34, 255, "ff", "255"},
    {MSGID_MIXED, 0x33, 0x1234567890u, "34567890", "34567890"},
    {MSGID_DEC, 0x34, 0, "0", "0"},
    {MSGID_DEC, 0x34, 10, "10", "10"},
    {MSGID_DEC, 0x34, 99999999, "99999999", "99999999"},
    {MSGID_DEC, 0x34, 100000000, "100000000", "100000000"},
    {MSGID_DEC, 0x50, UINT64_MAX, "18446744073709551615",
     "18446744073709551615"},
};

START_TEST(ids_have_the_form_asked_for)
{
    char text[MSGID_BYTES];
    msgid_in_answer(ids[_i].form, ids[_i].version, ids[_i].id, text);
    ck_assert_str_eq(text, ids[_i].answer);
    msgid_in_receipt(ids[_i].form, ids[_i].version, ids[_i].id, text);
    ck_assert_str_eq(text, ids[_i].receipt);
}
END_TEST

START_TEST(uuids_differ_and_look_like_uuids)
{
    char a[MSGID_BYTES], b[MSGID_BYTES];
    ck_assert_uint_eq(msgid_in_answer(MSGID_UUID, 0x34, 7, a), 36);
    ck_assert_uint_eq(msgid_in_answer(MSGID_UUID, 0x34, 8, b), 36);
    ck_assert_str_ne(a, b);
    ck_assert_int_eq(a[14], '4');
    ck_assert_int_eq(a[8], '-');
}
END_TEST

START_TEST(no_second_holds_more_than_the_limit)
{
    struct limit l;
    ck_assert(limit_init(&l, 3));
    uint64_t t = 5000000;
    ck_assert(limit_take(&l, t));
    ck_assert(limit_take(&l, t + 500000));
    ck_assert(limit_take(&l, t + 999999));
    ck_assert(!limit_take(&l, t + 999999));
    /* [t, t + 1 s) is over: the first no longer counts. */
    ck_assert(limit_take(&l, t + 1000000));
    ck_assert(!limit_take(&l, t + 1499999));
    ck_assert(limit_take(&l, t + 1500000));
    limit_fini(&l);
    ck_assert(limit_init(&l, 0));
    for (unsigned i = 0; i < 1000; i++)
        ck_assert(limit_take(&l, t));
    limit_fini(&l);
}
END_TEST

START_TEST(the_wheel_gives_letters_at_their_time_and_in_order)
{
    struct letter_pool *pool = letter_pool_create(100);
    struct wheel *w = wheel_create(1000);
    /* The last is more than one round (32768 ms) away. */
    static const uint64_t due[] = {1005, 1005, 1000, 900, 40000, 1006};
    for (unsigned i = 0; i < 6; i++) {
        struct letter *l = letter_take(pool);
        l->id = i;
        wheel_put(w, l, due[i]);
    }
    ck_assert_uint_eq(wheel_count(w), 6);
    ck_assert_ptr_null(wheel_take(w, 999));
    ck_assert_uint_eq(wheel_take(w, 1000)->id, 2);
    ck_assert_uint_eq(wheel_take(w, 1000)->id, 3);
    ck_assert_ptr_null(wheel_take(w, 1004));
    ck_assert_uint_eq(wheel_take(w, 1005)->id, 0);
    ck_assert_uint_eq(wheel_take(w, 1005)->id, 1);
    ck_assert_ptr_null(wheel_take(w, 1005));
    ck_assert_uint_eq(wheel_take(w, 39999)->id, 5);
    ck_assert_ptr_null(wheel_take(w, 39999));
    ck_assert_uint_eq(wheel_take(w, 40000)->id, 4);
    ck_assert_ptr_null(wheel_take(w, 90000));
    wheel_destroy(w);
    letter_pool_destroy(pool);
}
END_TEST

START_TEST(the_pool_ends_where_it_was_told_to)
{
    struct letter_pool *pool = letter_pool_create(2);
    struct letter *a = letter_take(pool);
    struct letter *b = letter_take(pool);
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_null(letter_take(pool));
    a->id = 9;
    letter_give(pool, a);
    ck_assert_ptr_eq(letter_take(pool), a);
    ck_assert_uint_eq(a->id, 0);
    letter_pool_destroy(pool);
}
END_TEST

static const struct {
    const char *value;
    bool good;
    unsigned shares;
} receipts[] = {
    {"1:DELIVRD", true, 1},
    {"0.97:DELIVRD,0.02:UNDELIV/011,0.01:EXPIRED", true, 3},
    {"none", true, 0},
    {"0.6:DELIVRD,0.5:EXPIRED", false, 0}, /* more than all */
    {"0.5:NOSUCH", false, 0},
    {"2:DELIVRD", false, 0},
    {"0.5", false, 0},
    {"0.5:UNDELIV/12", false, 0},
};

START_TEST(shares_of_receipts_are_read)
{
    struct settings s = {0};
    char why[ARGS_WHY_BYTES] = "";
    ck_assert_int_eq(settings_receipts(&s, receipts[_i].value, why),
                     receipts[_i].good);
    if (receipts[_i].good)
        ck_assert_uint_eq(s.shares, receipts[_i].shares);
    else
        ck_assert_uint_gt(strlen(why), 10);
}
END_TEST

static const struct {
    const char *line;
    const char *why; /* NULL: a good line */
} lines[] = {
    {"", NULL},
    {"  # a remark", NULL},
    {"reply to 447700900001 after 50ms \"yes\"", NULL},
    {"reply to 4477* before answer parts 3,1,2 times 2 \"a # b\" # c", NULL},
    {"refuse dest 4477009* 0x0000000B", NULL},
    {"refuse dest * ESME_RMSGQFUL times 3", NULL},
    {"receipt dest 44* EXPIRED after 1s err 011 twice", NULL},
    {"receipt dest 44* none", NULL},
    {"answer dest 44* never", NULL},
    {"answer dest 44* after 1.5s times 1", NULL},
    {"send from 447700900001 to 12125550101 \"hello\" at 500ms", NULL},
    {"drop bind 1 at 2s", NULL},
    {"drop all at 2s politely", NULL},
    {"throttle 100/s from 1s to 5s", NULL},
    {"stall from 1s to 5s", NULL},
    {"clock start", NULL},
    {"refuse 4477 0x0B", "expected 'dest' before '4477'"},
    {"reply to 4477 \"yes", "the quote is not closed"},
    {"reply to 4477 yes", "did not expect 'yes'"},
    {"reply to 4477", "a text in double quotes is missing"},
    {"reply to 44 after 50 \"a\"",
     "expected a time like 50ms, 2s or 1m, got '50'"},
    {"reply to 44 parts 1,3 \"a\"",
     "expected the order of all parts like 3,1,2, got '1,3'"},
    {"refuse dest 44 0", "expected a status like 0x0000000B or "
                         "ESME_RINVDSTADR"},
    {"receipt dest 44 GONE",
     "expected a state like DELIVRD or EXPIRED, or none, got 'GONE'"},
    {"answer dest 44", "expected either 'never' or 'after TIME'"},
    {"throttle 100 from 1s to 5s", "expected a rate like 100/s, got '100'"},
    {"stall from 5s to 1s", "the span needs 'from A to B' with A before B"},
    {"send from 44* to 12 \"a\"", "expected a number, got '44*'"},
    {"dance", "expected reply, refuse, receipt, answer, send, drop, "
              "throttle, stall or clock, got 'dance'"},
};

START_TEST(a_script_line_is_read_or_explained)
{
    struct script s = {0};
    char why[SCRIPT_WHY_BYTES] = "";
    bool good = script_add(&s, 1, lines[_i].line, why);
    ck_assert_str_eq(why, lines[_i].why ? lines[_i].why : "");
    ck_assert_int_eq(good, lines[_i].why == NULL);
    script_fini(&s);
}
END_TEST

START_TEST(the_first_rule_that_fits_acts_as_often_as_told)
{
    struct script s = {0};
    char why[SCRIPT_WHY_BYTES];
    struct slice none = {0};
    ck_assert(script_add(&s, 1, "refuse dest 447700* 0x0B times 1", why));
    ck_assert(script_add(&s, 2, "refuse dest *9 0x14", why));
    ck_assert(script_add(&s, 3, "reply to * saying \"hi\" \"ho\"", why));
    struct slice dest = slice_str("+447700900009");
    ck_assert_uint_eq(script_match(&s, RULE_REFUSE, dest, none)->line, 1);
    ck_assert_uint_eq(script_match(&s, RULE_REFUSE, dest, none)->line, 2);
    ck_assert_ptr_null(
        script_match(&s, RULE_REFUSE, slice_str("447700900008"), none));
    ck_assert_ptr_null(script_match(&s, RULE_REPLY, dest, slice_str("h")));
    ck_assert_ptr_nonnull(
        script_match(&s, RULE_REPLY, dest, slice_str("oh hi!")));
    script_fini(&s);
}
END_TEST

START_TEST(patterns_fit_whole_numbers)
{
    struct slice n = slice_str("447700900001");
    ck_assert(script_pattern_fits("*", n));
    ck_assert(script_pattern_fits("447700900001", n));
    ck_assert(script_pattern_fits("44*0001", n));
    ck_assert(script_pattern_fits("4*7*1", n));
    ck_assert(!script_pattern_fits("44770090000", n));
    ck_assert(!script_pattern_fits("4477009000011", n));
    ck_assert(!script_pattern_fits("4*2*1", n));
    ck_assert(script_pattern_fits("*", (struct slice){0}));
    ck_assert(!script_pattern_fits("4*", (struct slice){0}));
}
END_TEST

static void
write_submit(struct ledger *l, uint64_t time_us, const char *source,
             const char *dest, uint32_t hash, uint8_t part)
{
    ledger_write(l, &(struct ledger_line){.kind = LEDGER_SUBMIT,
                                          .bind = 1,
                                          .time_us = time_us,
                                          .id = slice_str("a"),
                                          .source = slice_str(source),
                                          .dest = slice_str(dest),
                                          .ref = 9,
                                          .total = 2,
                                          .part = part,
                                          .hash = hash});
}

START_TEST(a_ledger_counts_what_was_written)
{
    char path[] = "/tmp/test_smsc_ledger_XXXXXX", why[160] = "";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    struct ledger *l = ledger_open(path, false, why);
    ck_assert_ptr_nonnull(l);
    uint64_t t = 1700000000000000;
    write_submit(l, t, "1212", "44\t1", 1, 1); /* a tab must not break it */
    write_submit(l, t, "1212", "441", 1, 2);
    write_submit(l, t + 400000, "1212", "441", 1, 2); /* doubled */
    write_submit(l, t + 999999, "1213", "441", 1, 1);
    write_submit(l, t + 1000000, "1212", "442", 1, 1);
    ledger_write(l, &(struct ledger_line){.kind = LEDGER_RECEIPT,
                                          .id = slice_str("a"),
                                          .word = "DELIVRD"});
    for (unsigned i = 0; i < 2; i++)
        ledger_write(l, &(struct ledger_line){.kind = LEDGER_RECEIPT_ACK,
                                              .id = slice_str("a")});
    ledger_write(l, &(struct ledger_line){.kind = LEDGER_RECEIPT_ACK,
                                          .id = slice_str("b"),
                                          .status = 0x64});
    ledger_close(l);
    struct check_result r;
    ck_assert_msg(check_read(&r, path, why), "%s", why);
    ck_assert_uint_eq(r.lines[LEDGER_SUBMIT], 5);
    ck_assert_uint_eq(r.distinct_parts, 4);
    ck_assert_uint_eq(r.distinct_messages, 3);
    ck_assert_uint_eq(r.doubled, 1);
    ck_assert_uint_eq(r.receipts, 1);
    ck_assert_uint_eq(r.receipts_acked, 1);
    /* [t, t + 1 s) has four; the fifth is one microsecond too late. */
    ck_assert_uint_eq(r.total.most_in_1s, 4);
    ck_assert_double_eq_tol(r.total.mean_per_s, 4.0, 1e-9);
    ck_assert_uint_eq(r.sources_n, 2);
    ck_assert_str_eq(r.sources[0].source, "1212");
    ck_assert_uint_eq(r.sources[0].most_in_1s, 3);
    check_fini(&r);
    unlink(path);
}
END_TEST

START_TEST(a_broken_ledger_is_refused_by_line_but_a_cut_end_is_not)
{
    char path[] = "/tmp/test_smsc_ledger_XXXXXX", why[160] = "";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    ck_assert_ptr_nonnull(f);
    fputs("5\tDROP\t1\t-\t-\t-\t-\t-\t-\t-\tgone\n6\tDROP\t1", f);
    fflush(f);
    struct check_result r;
    ck_assert(check_read(&r, path, why));
    ck_assert_uint_eq(r.lines[LEDGER_DROP], 1);
    check_fini(&r);
    fputs("\n", f);
    fclose(f);
    ck_assert(!check_read(&r, path, why));
    ck_assert_ptr_nonnull(strstr(why, ":2: "));
    check_fini(&r);
    unlink(path);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("smsc_parts");
    TCase *t = tcase_create("all");
    tcase_add_loop_test(t, ids_have_the_form_asked_for, 0,
                        sizeof ids / sizeof *ids);
    tcase_add_test(t, uuids_differ_and_look_like_uuids);
    tcase_add_test(t, no_second_holds_more_than_the_limit);
    tcase_add_test(t, the_wheel_gives_letters_at_their_time_and_in_order);
    tcase_add_test(t, the_pool_ends_where_it_was_told_to);
    tcase_add_loop_test(t, shares_of_receipts_are_read, 0,
                        sizeof receipts / sizeof *receipts);
    tcase_add_loop_test(t, a_script_line_is_read_or_explained, 0,
                        sizeof lines / sizeof *lines);
    tcase_add_test(t, the_first_rule_that_fits_acts_as_often_as_told);
    tcase_add_test(t, patterns_fit_whole_numbers);
    tcase_add_test(t, a_ledger_counts_what_was_written);
    tcase_add_test(t, a_broken_ledger_is_refused_by_line_but_a_cut_end_is_not);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
