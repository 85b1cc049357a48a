/*
 * test_suppress.c - tests engine/flow/suppress.c.
 */
#include "engine/flow/suppress.h"

#include "tests/engine/flow_rig.h"
#include "tests/engine/run_suite.h"

static bool
holds(uint32_t account, uint32_t number, uint64_t phone)
{
    return suppress_holds(&world.flow->suppress, account, number, phone);
}

static void
add(enum suppress_scope scope, uint32_t owner, uint64_t phone)
{
    suppress_add(&world.flow->suppress, scope, owner, phone, 5,
                 slice_str("stop"));
}

START_TEST(a_scope_covers_its_own_and_nothing_else)
{
    add(SUPPRESS_ACCOUNT, 1, PHONE);
    ck_assert(holds(1, 1, PHONE));
    ck_assert(holds(1, 9, PHONE));
    ck_assert(!holds(2, 1, PHONE));
    ck_assert(!holds(1, 1, PHONE + 1));
    add(SUPPRESS_NUMBER, 7, PHONE + 1);
    ck_assert(holds(2, 7, PHONE + 1));
    ck_assert(!holds(2, 8, PHONE + 1));
    add(SUPPRESS_ALL, 0, PHONE + 2);
    ck_assert(holds(5, 6, PHONE + 2));
    /* An account and a number with the same id are not mixed up. */
    ck_assert(!holds(7, 1, PHONE + 1));
    ck_assert(!holds(2, 1, PHONE));
}
END_TEST

START_TEST(it_is_there_after_a_restart_until_it_is_removed)
{
    add(SUPPRESS_ACCOUNT, 1, PHONE);
    add(SUPPRESS_NUMBER, 2, PHONE);
    world_settle();
    world_kill(false);
    ck_assert(holds(1, 1, PHONE));
    ck_assert(holds(9, 2, PHONE));
    suppress_remove(&world.flow->suppress, SUPPRESS_ACCOUNT, 1, PHONE);
    ck_assert(!holds(1, 1, PHONE));
    world_settle();
    world_kill(false);
    ck_assert(!holds(1, 1, PHONE));
    ck_assert(holds(9, 2, PHONE));
}
END_TEST

START_TEST(names_of_scopes_read_back)
{
    enum suppress_scope scope;
    for (int i = 0; i < SUPPRESS_SCOPE_N; i++) {
        const char *name = suppress_scope_name((enum suppress_scope)i);
        ck_assert(suppress_scope_of(slice_str(name), &scope));
        ck_assert_int_eq((int)scope, i);
    }
    ck_assert(!suppress_scope_of(slice_str("planet"), &scope));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("suppress");
    tcase_add_checked_fixture(t, flow_rig_open, flow_rig_close);
    tcase_add_test(t, a_scope_covers_its_own_and_nothing_else);
    tcase_add_test(t, it_is_there_after_a_restart_until_it_is_removed);
    tcase_add_test(t, names_of_scopes_read_back);
    return run_suite("suppress", t);
}
