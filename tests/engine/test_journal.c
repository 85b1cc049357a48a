/*
 * test_journal.c - tests engine/flow/journal.c on a real store.
 */
#include "engine/flow/journal.h"

#include "tests/engine/flow_rig.h"
#include "tests/engine/run_suite.h"

static uint64_t
note(const char *text)
{
    struct fact_change x = {.at_ms = 1, .what = text[0]};
    return journal_change(&world.flow->journal, &x);
}

static unsigned
what_at(uint64_t pos)
{
    struct slice fact;
    struct fact_change x;
    ck_assert(journal_read(&world.flow->journal, pos, &fact));
    ck_assert(fact_change_get(fact, &x));
    return (unsigned)x.what;
}

/* Gathering, with the store, durable: read alike. */
START_TEST(a_fact_can_be_read_from_the_moment_it_is_written)
{
    struct journal *j = &world.flow->journal;
    uint64_t a = note("a");
    ck_assert_uint_ne(a, 0);
    ck_assert_uint_le(journal_durable(j), a);
    ck_assert_uint_eq(what_at(a), 'a');
    while (!j->posted) {
        journal_collect(j);
        journal_post(j, clock_wall());
    }
    ck_assert_uint_eq(what_at(a), 'a');
    uint64_t b = note("b");
    ck_assert_uint_gt(b, a);
    ck_assert_uint_eq(what_at(b), 'b');
    world_settle();
    ck_assert_uint_gt(journal_durable(j), b);
    ck_assert_uint_eq(what_at(a), 'a');
    ck_assert_uint_eq(what_at(b), 'b');
}
END_TEST

/* Invariant 1: durable never passes what was not committed. */
START_TEST(durable_stays_behind_what_only_gathers)
{
    struct journal *j = &world.flow->journal;
    uint64_t before = journal_durable(j), a = note("a");
    ck_assert(!journal_collect(j));
    ck_assert_uint_eq(journal_durable(j), before);
    ck_assert_uint_gt(journal_end(j), a);
}
END_TEST

START_TEST(a_walk_goes_on_into_what_is_not_durable)
{
    struct journal *j = &world.flow->journal;
    uint64_t a = note("a");
    world_settle();
    uint64_t b = note("b"), pos = a;
    struct slice fact;
    ck_assert(journal_next(j, &pos, &fact));
    ck_assert_uint_eq(pos, a);
    pos += fact.n;
    ck_assert(journal_next(j, &pos, &fact));
    ck_assert_uint_eq(pos, b);
    pos += fact.n;
    ck_assert(!journal_next(j, &pos, &fact));
}
END_TEST

START_TEST(it_says_when_too_much_gathers)
{
    static uint8_t octets[60000];
    struct journal *j = &world.flow->journal;
    struct fact_recipients x = {.chunk = slice_of(octets, sizeof octets)};
    unsigned facts = 0;
    while (!journal_is_full(j)) {
        ck_assert_uint_ne(journal_recipients(j, &x), 0);
        facts++;
    }
    ck_assert_uint_gt((uint64_t)facts * sizeof octets, JOURNAL_SOFT_BYTES);
    /* A turn's worth still fits; the hard bound is final. */
    uint64_t pos = 1;
    for (unsigned i = 0; pos && i < 2000; i++)
        pos = journal_recipients(j, &x);
    ck_assert_uint_eq(pos, 0);
    ck_assert_uint_le(j->gathering->used, JOURNAL_HARD_BYTES);
    x.chunk.n = STORE_FACT_MAX;
    ck_assert_uint_eq(journal_recipients(j, &x), 0);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("journal");
    tcase_add_checked_fixture(t, flow_rig_open, flow_rig_close);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_fact_can_be_read_from_the_moment_it_is_written);
    tcase_add_test(t, durable_stays_behind_what_only_gathers);
    tcase_add_test(t, a_walk_goes_on_into_what_is_not_durable);
    tcase_add_test(t, it_says_when_too_much_gathers);
    return run_suite("journal", t);
}
