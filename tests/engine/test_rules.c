/*
 * test_rules.c - tests engine/flow/resolve.c: the rules, first hit wins.
 */
#include "engine/flow/book.h"
#include "engine/flow/reply.h"
#include "tests/engine/flow_rig.h"
#include "tests/engine/run_suite.h"

static struct owner
resolve(uint32_t number)
{
    struct flow *f = world.flow;
    struct incoming in = {
        .subscriber = PHONE,
        .at_ms = f->wall.ms,
        .number = directory_number(&f->directory, number),
        .carrier = ACME,
        .text = slice_str("yes"),
    };
    struct owner out;
    reply_resolve(f, &in, &out);
    return out;
}

START_TEST(a_stranger_is_unmatched_at_the_numbers_account)
{
    struct owner o = resolve(1);
    ck_assert_uint_eq(o.rule, 9);
    ck_assert_uint_eq(o.account, DEMO);
    ck_assert_uint_eq(o.sender, 0);
}
END_TEST

START_TEST(a_number_that_is_not_ours_is_nobodys)
{
    struct owner o = resolve(99);
    ck_assert_uint_eq(o.rule, 9);
    ck_assert_uint_eq(o.account, 0);
}
END_TEST

/* Each state that a person could have answered, and each that not. */
START_TEST(only_an_eligible_message_is_answered)
{
    enum message_state_kind state = (enum message_state_kind)_i;
    struct flow *f = world.flow;
    uint64_t m = flow_rig_sent(ANA, 1, PHONE);
    book_state(f, m, DEMO, ANA, state, REASON_NONE, 0, (struct slice){0});
    flow_rig_later(60000);
    struct owner o = resolve(1);
    bool eligible = state == MSG_SUBMITTED || state == MSG_DELIVERED ||
                    state == MSG_UNKNOWN || state == MSG_UNCERTAIN;
    ck_assert_uint_eq(o.rule, eligible ? 4 : 9);
    ck_assert_uint_eq(o.in_reply_to, eligible ? m : 0);
}
END_TEST

START_TEST(three_seconds_guard_the_older_one)
{
    flow_rig_sent(ANA, 1, PHONE);
    flow_rig_later(60000);
    uint64_t fast = flow_rig_sent(BEN, 1, PHONE);
    flow_rig_later(2999);
    struct owner o = resolve(1);
    ck_assert_uint_eq(o.sender, ANA);
    ck_assert_uint_eq(o.flags, REPLY_CROSSED);
    flow_rig_later(1);
    o = resolve(1);
    ck_assert_uint_eq(o.sender, BEN);
    ck_assert_uint_eq(o.in_reply_to, fast);
    ck_assert_uint_eq(o.flags, 0);
}
END_TEST

START_TEST(the_window_ends_to_the_millisecond)
{
    flow_rig_sent(ANA, 1, PHONE);
    uint64_t window_ms = (uint64_t)world.settings.reply_window_s * 1000;
    flow_rig_later(window_ms);
    ck_assert_uint_eq(resolve(1).rule, 4);
    flow_rig_later(1);
    struct owner o = resolve(1);
    ck_assert_uint_eq(o.rule, 6);
    ck_assert_uint_eq(o.sender, ANA);
    ck_assert_uint_eq(o.flags, REPLY_LATE);
}
END_TEST

/* Rule 5 takes numbers of the same pool alone. */
START_TEST(another_number_counts_only_in_the_same_pool)
{
    struct directory *d = &world.flow->directory;
    flow_rig_sent(ANA, 1, PHONE);
    flow_rig_later(60000);
    ck_assert_uint_eq(resolve(2).rule, 9);
    uint32_t numbers[] = {1, 2};
    struct pool wish = {
        .account = DEMO, .name = "p", .numbers = 2, .number = numbers};
    ck_assert_ptr_nonnull(directory_put_pool(d, &wish));
    struct owner o = resolve(2);
    ck_assert_uint_eq(o.rule, 5);
    ck_assert_uint_eq(o.sender, ANA);
    ck_assert_uint_eq(o.flags, REPLY_NUMBER_MISMATCH);
}
END_TEST

START_TEST(a_default_sender_comes_before_nobody)
{
    struct number *n = directory_number(&world.flow->directory, 1);
    n->default_sender = BEN;
    struct owner o = resolve(1);
    ck_assert_uint_eq(o.rule, 8);
    ck_assert_uint_eq(o.sender, BEN);
    directory_sender(&world.flow->directory, BEN)->deleted = true;
    ck_assert_uint_eq(resolve(1).rule, 9);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("rules");
    tcase_add_checked_fixture(t, flow_rig_open, flow_rig_close);
    tcase_add_test(t, a_stranger_is_unmatched_at_the_numbers_account);
    tcase_add_test(t, a_number_that_is_not_ours_is_nobodys);
    tcase_add_loop_test(t, only_an_eligible_message_is_answered, MSG_QUEUED,
                        MSG_RECEIVED);
    tcase_add_test(t, three_seconds_guard_the_older_one);
    tcase_add_test(t, the_window_ends_to_the_millisecond);
    tcase_add_test(t, another_number_counts_only_in_the_same_pool);
    tcase_add_test(t, a_default_sender_comes_before_nobody);
    return run_suite("rules", t);
}
