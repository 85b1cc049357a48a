/*
 * test_checkpoint.c - tests engine/flow/checkpoint.c: RAM to disk and back.
 *
 * Invariant 7: RAM after load and replay equals RAM before. world_compare()
 * opens a copy and compares; the scenarios do so after each step.
 */
#include "engine/flow/checkpoint.h"

#include "engine/flow/book.h"
#include "tests/engine/flow_rig.h"
#include "tests/engine/run_suite.h"

START_TEST(an_empty_flow_comes_back)
{
    world_checkpoint();
    ck_assert_uint_eq(store_checkpoint_pos(world.store),
                      journal_end(&world.flow->journal));
    world_compare();
}
END_TEST

/* More than one block of records: 60,000 octets hold 1,071 flights. */
START_TEST(many_parts_in_flight_come_back)
{
    for (unsigned i = 0; i < 2500; i++)
        flow_rig_sent(ANA, 1, PHONE + i);
    ck_assert_uint_eq(world.flow->flights.used, 2500);
    world_settle();
    world_checkpoint();
    world_compare();
    flow_rig_sent(BEN, 2, PHONE); /* and what came after it */
    world_settle();
    world_compare();
}
END_TEST

START_TEST(a_second_is_not_begun_while_one_is_on_its_way)
{
    checkpoint_tick(world.flow, true);
    struct store_checkpoint *one = world.flow->journal.gathering->checkpoint;
    ck_assert_ptr_nonnull(one);
    checkpoint_tick(world.flow, true);
    ck_assert_ptr_eq(world.flow->journal.gathering->checkpoint, one);
    world_checkpoint();
    world_compare();
}
END_TEST

START_TEST(it_comes_by_itself_a_minute_after_something_changed)
{
    world_checkpoint();
    uint64_t before = store_checkpoint_pos(world.store);
    flow_rig_sent(ANA, 1, PHONE);
    flow_rig_later(59000);
    ck_assert_uint_eq(store_checkpoint_pos(world.store), before);
    flow_rig_later(2000);
    world_checkpoint(); /* waits for the one on its way */
    ck_assert_uint_gt(store_checkpoint_pos(world.store), before);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("checkpoint");
    tcase_add_checked_fixture(t, flow_rig_open, flow_rig_close);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, an_empty_flow_comes_back);
    tcase_add_test(t, many_parts_in_flight_come_back);
    tcase_add_test(t, a_second_is_not_begun_while_one_is_on_its_way);
    tcase_add_test(t, it_comes_by_itself_a_minute_after_something_changed);
    return run_suite("checkpoint", t);
}
