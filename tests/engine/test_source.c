/*
 * test_source.c - tests engine/flow/source.c: queues that lie in the log.
 */
#include "engine/flow/source.h"

#include "engine/flow/book.h"
#include "engine/flow/talk.h"
#include "tests/engine/flow_rig.h"
#include "tests/engine/run_suite.h"

static uint64_t
accept(uint32_t sender)
{
    struct flow *f = world.flow;
    uint64_t message = f->next_message;
    WRITE(accept, .message = message, .at_ms = f->wall.ms, .account = DEMO,
          .sender = sender, .class = CLASS_MARKETING, .number = 1,
          .subscriber = PHONE, .before = talk_newest(f, PHONE), .parts = 1,
          .text = slice_str("hello"));
    return message;
}

static struct source *
of(uint32_t sender)
{
    struct source_key key = {.account = DEMO,
                             .sender = sender,
                             .class = CLASS_MARKETING,
                             .number = 1};
    return source_for(world.flow, &key);
}

/* The message that comes next; 0: none. */
static uint64_t
next(uint32_t sender)
{
    bool more = true;
    struct slice fact;
    struct fact_accept a;
    uint64_t pos = 0;
    while (!pos && more)
        pos = source_next(world.flow, of(sender), &more);
    if (!pos)
        return 0;
    ck_assert(journal_read(&world.flow->journal, pos, &fact));
    ck_assert(fact_accept_get(fact, &a));
    return a.message;
}

START_TEST(one_queue_for_each_sender)
{
    uint64_t a = accept(ANA), b = accept(BEN);
    ck_assert_ptr_eq(of(ANA), of(ANA));
    ck_assert_ptr_ne(of(ANA), of(BEN));
    ck_assert_uint_eq(next(ANA), a);
    ck_assert_uint_eq(next(ANA), 0);
    ck_assert_uint_eq(next(BEN), b);
}
END_TEST

/* Beyond the ring the rest is read back from the log: invariant 6. */
START_TEST(order_is_kept_far_beyond_what_is_in_ram)
{
    enum { N = SOURCE_RING * 3 + 5 };
    uint64_t ana[N], ben = 0;
    for (unsigned i = 0; i < N; i++) {
        ana[i] = accept(ANA);
        if (i % 100 == 50)
            ben = accept(BEN);
    }
    ck_assert_uint_le(of(ANA)->count, SOURCE_RING);
    world_settle();
    for (unsigned i = 0; i < N; i++)
        ck_assert_uint_eq(next(ANA), ana[i]);
    ck_assert_uint_eq(next(ANA), 0);
    uint64_t last = 0, m;
    while ((m = next(BEN)))
        last = m;
    ck_assert_uint_eq(last, ben);
}
END_TEST

START_TEST(what_no_longer_waits_is_passed_over)
{
    struct flow *f = world.flow;
    uint64_t a = accept(ANA), b = accept(ANA), c = accept(ANA);
    book_state(f, a, DEMO, ANA, MSG_CANCELLED, REASON_CANCELLED, 0,
               (struct slice){0});
    book_state(f, b, DEMO, ANA, MSG_SUPPRESSED, REASON_SUPPRESSED, 0,
               (struct slice){0});
    ck_assert_uint_eq(next(ANA), c);
    ck_assert_uint_eq(next(ANA), 0);
}
END_TEST

START_TEST(its_lowest_position_is_the_first_that_may_wait)
{
    ck_assert_uint_eq(source_low(of(ANA)), 0);
    uint64_t a = accept(ANA);
    accept(ANA);
    uint64_t low = source_low(of(ANA));
    ck_assert_uint_eq(low, word_pos(book_word(world.flow, a)));
    next(ANA);
    ck_assert_uint_gt(source_low(of(ANA)), low);
    next(ANA);
    ck_assert_uint_eq(source_low(of(ANA)), 0);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("source");
    tcase_add_checked_fixture(t, flow_rig_open, flow_rig_close);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, one_queue_for_each_sender);
    tcase_add_test(t, order_is_kept_far_beyond_what_is_in_ram);
    tcase_add_test(t, what_no_longer_waits_is_passed_over);
    tcase_add_test(t, its_lowest_position_is_the_first_that_may_wait);
    return run_suite("source", t);
}
