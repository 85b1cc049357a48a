/*
 * test_session_fsm.c - walks every cell of engine/session/fsm.h.
 */
#include "engine/session/fsm.h"

#include <string.h>

#include "tests/engine/run_suite.h"

/* What each state may hear, by hand from SMPP 3.4, 2.2 and 5.0, 2.3: one
 * letter an event in the order of the enum, '.' for none; the letter is the
 * state that follows. O open, B binding, U bound, D draining, N unbinding,
 * E ending, C closed. */
static const char *const cells[SESSION_STATE_N] = {
    [SESSION_OPENING] = "O.....E......EC",
    [SESSION_OPEN] = ".BB...E.E.EEEEC",
    [SESSION_BINDING] = "..BUEOE.E.EEEEC",
    [SESSION_BOUND] = "..U...D.E..EEEC",
    [SESSION_DRAINING] = "..D...DNE..EEEC",
    [SESSION_UNBINDING] = "..N...N.EEEEEEC",
    [SESSION_ENDING] = "......E......EC",
    [SESSION_CLOSED] = "...............",
};

static const char letters[SESSION_STATE_N + 1] = "?OBUDNEC";

START_TEST(every_cell_is_as_written_by_hand)
{
    enum session_state state = (enum session_state)(_i / SESSION_EVENT_N);
    enum session_event event = (enum session_event)(_i % SESSION_EVENT_N);
    ck_assert_uint_eq(strlen(cells[state]), SESSION_EVENT_N);
    const struct session_edge *e = session_edge_at(state, event);
    char want = cells[state][event];
    ck_assert_msg(e->legal == (want != '.'), "%s x %s",
                  session_state_name(state), session_event_name(event));
    if (e->legal)
        ck_assert_msg(letters[e->next] == want, "%s x %s -> %s",
                      session_state_name(state), session_event_name(event),
                      session_state_name(e->next));
}
END_TEST

START_TEST(every_living_state_can_end)
{
    for (int s = 0; s < SESSION_CLOSED; s++) {
        ck_assert(session_edge_at((enum session_state)s, SESSION_EV_CONN_CLOSED)
                      ->legal);
        ck_assert(
            session_edge_at((enum session_state)s, SESSION_EV_CLOSE)->legal);
        ck_assert(
            session_edge_at((enum session_state)s, SESSION_EV_DRAIN)->legal);
    }
}
END_TEST

START_TEST(only_a_bound_session_sends_unbind)
{
    for (int s = 0; s < SESSION_STATE_N; s++)
        for (int e = 0; e < SESSION_EVENT_N; e++) {
            const struct session_edge *edge =
                session_edge_at((enum session_state)s, (enum session_event)e);
            if (edge->legal && edge->act == ACT_SEND_UNBIND)
                ck_assert_int_eq(s, SESSION_DRAINING);
        }
}
END_TEST

START_TEST(states_and_events_have_names)
{
    for (int s = 0; s < SESSION_STATE_N; s++)
        ck_assert_str_ne(session_state_name((enum session_state)s), "?");
    for (int e = 0; e < SESSION_EVENT_N; e++)
        ck_assert_str_ne(session_event_name((enum session_event)e), "?");
    ck_assert_str_eq(session_state_name(SESSION_BOUND), "bound");
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("session_fsm");
    tcase_add_loop_test(t, every_cell_is_as_written_by_hand, 0,
                        SESSION_STATE_N * SESSION_EVENT_N);
    tcase_add_test(t, every_living_state_can_end);
    tcase_add_test(t, only_a_bound_session_sends_unbind);
    tcase_add_test(t, states_and_events_have_names);
    return run_suite("session_fsm", t);
}
