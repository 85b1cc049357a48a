/*
 * test_talk.c - tests engine/flow/talk.c: the chain of a subscriber.
 */
#include "engine/flow/talk.h"

#include "tests/engine/flow_rig.h"
#include "tests/engine/run_suite.h"

START_TEST(nobody_talked_to_a_stranger)
{
    struct talk_step t;
    ck_assert_uint_eq(talk_newest(world.flow, PHONE), 0);
    ck_assert(!talk_read(world.flow, 0, &t));
    ck_assert_uint_eq(talk_next_reference(world.flow, PHONE), 1);
}
END_TEST

START_TEST(the_chain_leads_back_newest_first)
{
    struct flow *f = world.flow;
    uint64_t a = flow_rig_sent(ANA, 1, PHONE);
    flow_rig_sent(ANA, 1, PHONE + 1); /* another's chain */
    uint64_t b = flow_rig_sent(BEN, 2, PHONE);
    struct talk_step t;
    const struct {
        uint64_t message;
        uint32_t sender, number;
        bool sent;
    } want[] = {{b, BEN, 2, true},
                {b, BEN, 2, false},
                {a, ANA, 1, true},
                {a, ANA, 1, false}};
    uint64_t pos = talk_newest(f, PHONE);
    for (size_t i = 0; i < 4; i++, pos = t.before) {
        ck_assert(talk_read(f, pos, &t));
        ck_assert_uint_eq(t.message, want[i].message);
        ck_assert_uint_eq(t.sender, want[i].sender);
        ck_assert_uint_eq(t.number, want[i].number);
        ck_assert_int_eq(t.sent, want[i].sent);
    }
    ck_assert_uint_eq(pos, 0);
}
END_TEST

START_TEST(a_reference_is_one_above_the_last_to_that_phone)
{
    struct flow *f = world.flow;
    uint64_t m = flow_rig_sent(ANA, 1, PHONE);
    WRITE(sent, .message = m, .at_ms = f->wall.ms, .part = 0, .parts = 2,
          .attempt = 1, .carrier = ACME, .account = DEMO, .sender = ANA,
          .number = 1, .subscriber = PHONE, .before = talk_newest(f, PHONE),
          .reference = 65535);
    /* 0 is kept for single parts, which have none. */
    ck_assert_uint_eq(talk_next_reference(f, PHONE), 1);
    flow_rig_sent(ANA, 1, PHONE);
    ck_assert_uint_eq(talk_next_reference(f, PHONE), 1);
    WRITE(sent, .message = m, .at_ms = f->wall.ms, .part = 0, .parts = 2,
          .attempt = 2, .carrier = ACME, .account = DEMO, .sender = ANA,
          .number = 1, .subscriber = PHONE, .before = talk_newest(f, PHONE),
          .reference = 7);
    ck_assert_uint_eq(talk_next_reference(f, PHONE), 8);
}
END_TEST

static struct number *
choose(struct pool *p, uint32_t sender, enum pool_conflict *conflict)
{
    *conflict = POOL_SHARE;
    return talk_choose_number(world.flow, p, sender, PHONE, NULL, conflict);
}

START_TEST(an_exclusive_pool_gives_each_sender_its_own_number)
{
    uint32_t numbers[] = {1, 2};
    struct pool p = {.exclusive = true, .numbers = 2, .number = numbers};
    enum pool_conflict conflict;
    struct number *ana = choose(&p, ANA, &conflict);
    ck_assert_ptr_nonnull(ana);
    flow_rig_sent(ANA, ana->id, PHONE);
    struct number *ben = choose(&p, BEN, &conflict);
    ck_assert_ptr_nonnull(ben);
    ck_assert_ptr_ne(ana, ben);
    flow_rig_sent(BEN, ben->id, PHONE);
    for (int i = 0; i < 4; i++) { /* sticky, whoever's turn it is */
        ck_assert_ptr_eq(choose(&p, ANA, &conflict), ana);
        ck_assert_ptr_eq(choose(&p, BEN, &conflict), ben);
    }
}
END_TEST

START_TEST(a_full_pool_says_what_its_policy_says)
{
    static const struct {
        enum pool_conflict policy, told;
        bool given;
    } cases[] = {{POOL_HOLD, POOL_HOLD, false},
                 {POOL_FAIL, POOL_FAIL, false},
                 {POOL_REROUTE, POOL_FAIL, false},
                 {POOL_SHARE, POOL_SHARE, true}};
    uint32_t numbers[] = {1};
    struct pool p = {.exclusive = true,
                     .numbers = 1,
                     .number = numbers,
                     .on_conflict = cases[_i].policy};
    enum pool_conflict conflict;
    flow_rig_sent(ANA, 1, PHONE);
    ck_assert_int_eq(choose(&p, BEN, &conflict) != NULL, cases[_i].given);
    ck_assert_int_eq((int)conflict, (int)cases[_i].told);
    /* 14 days later the pair is free. */
    flow_rig_later(UINT64_C(14) * 86400000 + 1);
    ck_assert_ptr_nonnull(choose(&p, BEN, &conflict));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("talk");
    tcase_add_checked_fixture(t, flow_rig_open, flow_rig_close);
    tcase_add_test(t, nobody_talked_to_a_stranger);
    tcase_add_test(t, the_chain_leads_back_newest_first);
    tcase_add_test(t, a_reference_is_one_above_the_last_to_that_phone);
    tcase_add_test(t, an_exclusive_pool_gives_each_sender_its_own_number);
    tcase_add_loop_test(t, a_full_pool_says_what_its_policy_says, 0, 4);
    return run_suite("talk", t);
}
