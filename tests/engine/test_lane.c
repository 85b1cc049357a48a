/*
 * test_lane.c - tests engine/core/lane.h.
 */
#include "engine/core/lane.h"

#include "tests/engine/run_suite.h"

enum { MAX = 1 << 20 };

static struct lane l;
static unsigned unsent_n;
static uint32_t unsent[4096];

static void
set_up(void)
{
    lane_init(&l);
}

static void
tear_down(void)
{
    lane_fini(&l);
}

/* A PDU of n octets that carries id. */
static bool
put(uint32_t id, size_t n)
{
    uint8_t *room = lane_room(&l, n, MAX);
    if (!room)
        return false;
    memset(room, 0xAA, n);
    struct writer w = writer_of(room, n);
    writer_be32(&w, (uint32_t)n);
    writer_be32(&w, id);
    lane_used(&l, n, false);
    return true;
}

static void
note(void *arg, struct slice pdu)
{
    (void)arg;
    struct cursor c = cursor_of(pdu);
    ck_assert_uint_eq(cursor_be32(&c), pdu.n);
    unsent[unsent_n++] = cursor_be32(&c);
}

static unsigned
count_unsent(void)
{
    unsent_n = 0;
    lane_unsent(&l, note, NULL);
    return unsent_n;
}

START_TEST(positions_let_go_in_order)
{
    put(1, 20);
    lane_hold(&l, 5);
    put(2, 30);
    lane_hold(&l, 7);
    put(3, 40);
    ck_assert_uint_eq(lane_next(&l).n, 0);
    lane_release(&l, 4);
    ck_assert_uint_eq(lane_next(&l).n, 0);
    lane_release(&l, 6);
    ck_assert_uint_eq(lane_next(&l).n, 20);
    lane_release(&l, 100);
    ck_assert_uint_eq(lane_next(&l).n, 50); /* 3 has no position yet */
    lane_hold(&l, 101);
    lane_release(&l, 101);
    ck_assert_uint_eq(lane_next(&l).n, 90);
}
END_TEST

START_TEST(holding_nothing_new_is_no_mark)
{
    put(1, 20);
    lane_hold(&l, 5);
    for (uint64_t pos = 6; pos < 1000; pos++)
        lane_hold(&l, pos);
    ck_assert_uint_eq(l.mark_count, 1);
    lane_release(&l, 5);
    ck_assert_uint_eq(lane_next(&l).n, 20);
}
END_TEST

START_TEST(more_marks_than_fit_leave_later_never_earlier)
{
    for (uint32_t i = 1; i <= 200; i++) {
        put(i, 20);
        lane_hold(&l, i);
    }
    for (uint64_t pos = 1; pos <= 200; pos++) {
        lane_release(&l, pos);
        ck_assert_uint_le(lane_next(&l).n, pos * 20);
    }
    ck_assert_uint_eq(lane_next(&l).n, 4000);
}
END_TEST

START_TEST(a_pdu_cut_at_every_octet_is_unsent_until_its_last)
{
    put(1, 20);
    put(2, 30);
    put(3, 25);
    lane_hold(&l, 1);
    lane_release(&l, 1);
    for (size_t gone = 0; gone < 75; gone++) {
        unsigned want = gone < 20 ? 3 : gone < 50 ? 2 : 1;
        ck_assert_uint_eq(count_unsent(), want);
        ck_assert_uint_eq(unsent[0], 4 - want);
        ck_assert_int_eq(lane_is_mid_pdu(&l),
                         gone != 0 && gone != 20 && gone != 50);
        lane_gone(&l, 1);
    }
    ck_assert_uint_eq(count_unsent(), 0);
    ck_assert_uint_eq(lane_bytes(&l), 0);
}
END_TEST

START_TEST(the_most_is_kept)
{
    ck_assert_ptr_null(lane_room(&l, 101, 100));
    ck_assert_ptr_nonnull(lane_room(&l, 100, 100));
}
END_TEST

/* A long life without ever being empty: the buffer must not grow for ever. */
START_TEST(a_lane_that_is_never_empty_stays_small)
{
    srand(3);
    uint64_t pos = 0;
    uint32_t id = 0, first = 0;
    for (int step = 0; step < 100000; step++) {
        for (int i = rand() % 4; i > 0 && lane_bytes(&l) < 30000; i--)
            ck_assert(put(id++, 16 + (size_t)rand() % 200));
        lane_hold(&l, ++pos);
        lane_release(&l, pos > 3 ? pos - 3 : 0);
        size_t n = lane_next(&l).n;
        if (n)
            lane_gone(&l, (size_t)rand() % n + (rand() % 2));
        if (step % 100 == 0 && count_unsent() > 0) {
            ck_assert_uint_ge(unsent[0], first);
            first = unsent[0];
            for (unsigned i = 0; i < unsent_n; i++)
                ck_assert_uint_eq(unsent[i], unsent[0] + i);
        }
    }
    ck_assert_uint_le(l.cap, 128 * 1024);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("lane");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, positions_let_go_in_order);
    tcase_add_test(t, holding_nothing_new_is_no_mark);
    tcase_add_test(t, more_marks_than_fit_leave_later_never_earlier);
    tcase_add_test(t, a_pdu_cut_at_every_octet_is_unsent_until_its_last);
    tcase_add_test(t, the_most_is_kept);
    tcase_add_test(t, a_lane_that_is_never_empty_stays_small);
    return run_suite("lane", t);
}
