/*
 * test_bind_fsm.c - walks every cell of engine/carrier/bind_fsm.h.
 */
#include "engine/carrier/bind_fsm.h"

#include <string.h>

#include "tests/engine/run_suite.h"

/* One letter an event in the order of the enum (want, due, failed, opened,
 * accepted, refused, lost, stop), '.' for none; the letter is the state that
 * follows. D down, W waiting, C connecting, B binding, U bound, N unbinding. */
static const char *const cells[BIND_STATE_N] = {
    [BIND_DOWN] = "W......D",       [BIND_WAITING] = "WC.....D",
    [BIND_CONNECTING] = "C.WB..WN", [BIND_BINDING] = "B...UBWN",
    [BIND_BOUND] = "U.....WN",      [BIND_UNBINDING] = "N.....DN",
};

static const char letters[BIND_STATE_N + 1] = "DWCBUN";

static bool
has_socket(enum bind_state s)
{
    return s >= BIND_CONNECTING;
}

START_TEST(every_cell_is_as_written_by_hand)
{
    enum bind_state state = (enum bind_state)(_i / BIND_EVENT_N);
    enum bind_event event = (enum bind_event)(_i % BIND_EVENT_N);
    const struct bind_edge *e = bind_edge_at(state, event);
    char want = cells[state][event];
    ck_assert_uint_eq(strlen(cells[state]), BIND_EVENT_N);
    ck_assert_msg(e->legal == (want != '.'), "%s x %s", bind_state_name(state),
                  bind_event_name(event));
    if (e->legal)
        ck_assert_msg(letters[e->next] == want, "%s x %s -> %s",
                      bind_state_name(state), bind_event_name(event),
                      bind_state_name(e->next));
}
END_TEST

START_TEST(a_socket_begins_by_dialling_and_ends_by_being_lost)
{
    for (int s = 0; s < BIND_STATE_N; s++)
        for (int ev = 0; ev < BIND_EVENT_N; ev++) {
            enum bind_state state = (enum bind_state)s;
            const struct bind_edge *e =
                bind_edge_at(state, (enum bind_event)ev);
            if (!e->legal)
                continue;
            ck_assert_int_eq(e->act == BIND_ACT_DIAL,
                             !has_socket(state) && has_socket(e->next));
            if (has_socket(state) && !has_socket(e->next))
                ck_assert(ev == BIND_EV_LOST || ev == BIND_EV_FAILED);
        }
}
END_TEST

START_TEST(states_and_events_have_names)
{
    for (int s = 0; s < BIND_STATE_N; s++)
        ck_assert_str_ne(bind_state_name((enum bind_state)s), "?");
    for (int e = 0; e < BIND_EVENT_N; e++)
        ck_assert_str_ne(bind_event_name((enum bind_event)e), "?");
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("bind_fsm");
    tcase_add_loop_test(t, every_cell_is_as_written_by_hand, 0,
                        BIND_STATE_N * BIND_EVENT_N);
    tcase_add_test(t, a_socket_begins_by_dialling_and_ends_by_being_lost);
    tcase_add_test(t, states_and_events_have_names);
    return run_suite("bind_fsm", t);
}
