/*
 * test_rate.c - tests engine/carrier/rate.h and rate_gate.h: half a minute of
 * work always waiting, under a fake clock with uneven ticks and commits.
 */
#include "engine/carrier/rate.h"

#include <string.h>

#include "tests/engine/run_suite.h"

/* How uneven time is. */
static const struct weather {
    const char *name;
    unsigned step_us;   /* between turns */
    unsigned tick_us;   /* spread above it */
    unsigned commit_us; /* spread of a commit above 2 ms */
    double stall;       /* chance of a 300 ms commit */
    bool gate;
    double mean; /* at least, of the limit */
} weathers[] = {
    {"even, no gate", 1000, 0, 0, 0, false, 0.99},
    {"late ticks, no gate", 1000, 4000, 0, 0, false, 0.99},
    {"even", 1000, 0, 0, 0, true, 0.99},
    {"uneven", 1000, 2000, 6000, 0, true, 0.99},
    {"many turns", 60, 30, 4000, 0, true, 0.99},
    {"stalls", 1000, 2000, 6000, 0.001, true, 0.80},
};

static const unsigned limits[] = {1, 7, 10, 50, 200, 1000, 5000, 20000};

enum {
    WEATHERS = sizeof weathers / sizeof weathers[0],
    LIMITS = sizeof limits / sizeof limits[0],
    SECONDS = 32,
    QUEUE = 1 << 16,
};

struct sent {
    uint64_t pos, parts;
};

static struct rate_gate gate;
static uint64_t out[20000 * (SECONDS + 1)];
static size_t out_n;
static struct sent queue[QUEUE];

static double
chance(void)
{
    return rand() / (RAND_MAX + 1.0);
}

/* Runs the weather; out[] is when each part left. */
static void
run(const struct weather *w, struct rate *r, uint64_t start)
{
    uint64_t pos = 0, durable = 0, committing = 0, done_us = 0;
    size_t head = 0, tail = 0;
    out_n = 0;
    for (uint64_t us = start; us < start + SECONDS * 1000000ULL;) {
        us += w->step_us + (uint64_t)(chance() * chance() * w->tick_us);
        struct mono now = {us};
        if (committing && us >= done_us) {
            durable = committing;
            committing = 0;
        }
        if (!committing && pos > durable) {
            committing = pos;
            done_us = us + 2000 + (uint64_t)(chance() * w->commit_us) +
                      (chance() < w->stall ? 300000 : 0);
        }
        uint64_t may = w->gate ? gate_release(&gate, durable, now) : pos;
        for (; head != tail && queue[head % QUEUE].pos <= may; head++)
            for (uint64_t i = 0; i < queue[head % QUEUE].parts; i++)
                out[out_n++] = us;
        uint32_t room = rate_room(r, now);
        if (room == 0)
            continue;
        rate_take(r, now, room);
        queue[tail++ % QUEUE] = (struct sent){++pos, room};
        if (w->gate)
            gate_hold(&gate, pos, now);
        else
            for (; head != tail; head++)
                for (uint64_t i = 0; i < queue[head % QUEUE].parts; i++)
                    out[out_n++] = us;
    }
}

START_TEST(every_second_holds_at_most_the_limit_and_nearly_that)
{
    const struct weather *w = &weathers[_i / LIMITS];
    unsigned per_s = limits[_i % LIMITS];
    uint64_t start = 7000000;
    struct rate r;
    srand((unsigned)_i + 1);
    gate_init(&gate);
    ck_assert(rate_init(&r, per_s, 0));
    rate_use_gate(&r, w->gate ? &gate : NULL);
    run(w, &r, start);
    size_t a = 0, worst = 0, first_30 = 0;
    for (size_t b = 0; b < out_n; b++) {
        while (out[b] - out[a] >= 1000000)
            a++;
        worst = b - a + 1 > worst ? b - a + 1 : worst;
        first_30 += out[b] < start + 30000000;
    }
    ck_assert_msg(worst <= per_s, "%s, %u/s: %zu in a second", w->name, per_s,
                  worst);
    ck_assert_msg((double)first_30 >= 30.0 * per_s * w->mean,
                  "%s, %u/s: mean %.2f", w->name, per_s, (double)first_30 / 30);
    rate_fini(&r);
}
END_TEST

START_TEST(at_most_burst_go_back_to_back)
{
    struct rate r;
    struct mono now = {5000000};
    ck_assert(rate_init(&r, 1000, 30));
    ck_assert_uint_eq(rate_room(&r, now), 30);
    rate_take(&r, now, 30);
    ck_assert_uint_eq(rate_room(&r, now), 0);
    now = rate_next(&r, now);
    ck_assert_uint_ge(rate_room(&r, now), 1);
    ck_assert_uint_le(rate_room(&r, now), 2);
    rate_fini(&r);
}
END_TEST

START_TEST(next_is_when_room_comes_and_not_before)
{
    static const unsigned rates[] = {1, 3, 10, 50, 1000};
    for (unsigned k = 0; k < 5; k++) {
        struct rate r;
        struct mono now = {5000000};
        ck_assert(rate_init(&r, rates[k], 0));
        for (int i = 0; i < 3000; i++) {
            uint32_t room = rate_room(&r, now);
            if (room) {
                rate_take(&r, now, room);
                continue;
            }
            struct mono next = rate_next(&r, now);
            ck_assert_uint_gt(next.us, now.us);
            ck_assert_uint_eq(rate_room(&r, (struct mono){next.us - 1}), 0);
            now = next;
            ck_assert_uint_gt(rate_room(&r, now), 0);
        }
        rate_fini(&r);
    }
}
END_TEST

START_TEST(no_limit_means_room_without_end)
{
    struct rate r;
    ck_assert(rate_init(&r, 0, 0));
    struct mono now = {1};
    rate_take(&r, now, 1000000);
    ck_assert_uint_eq(rate_room(&r, now), UINT32_MAX);
    ck_assert_uint_eq(rate_next(&r, now).us, 1);
    rate_fini(&r);
}
END_TEST

START_TEST(a_lower_limit_remembers_what_was_sent)
{
    struct rate r;
    struct mono now = {5000000};
    ck_assert(rate_init(&r, 100, 100));
    rate_take(&r, now, rate_room(&r, now));
    ck_assert(rate_set(&r, 50, 50));
    ck_assert_uint_eq(rate_room(&r, mono_add_ms(now, 900)), 0);
    ck_assert_uint_gt(rate_room(&r, mono_add_ms(now, 1010)), 0);
    ck_assert_uint_le(rate_room(&r, mono_add_ms(now, 1010)), 50);
    ck_assert(rate_set(&r, 0, 0));
    ck_assert_uint_eq(rate_room(&r, now), UINT32_MAX);
    ck_assert(rate_set(&r, 10, 0));
    ck_assert_uint_le(rate_room(&r, mono_add_ms(now, 1010)), 10);
    rate_fini(&r);
}
END_TEST

START_TEST(parts_that_have_not_left_count_until_they_do)
{
    struct rate r;
    gate_init(&gate);
    ck_assert(rate_init(&r, 10, 10));
    rate_use_gate(&r, &gate);
    struct mono now = {5000000};
    rate_take(&r, now, 10);
    gate_hold(&gate, 1, now);
    now = mono_add_ms(now, 3000); /* the store stalls */
    ck_assert_uint_eq(gate_release(&gate, 0, now), 0);
    ck_assert_uint_eq(rate_room(&r, now), 0);
    ck_assert_uint_eq(gate_release(&gate, 1, now), 1);
    ck_assert_uint_eq(rate_room(&r, mono_add_ms(now, 900)), 0);
    ck_assert_uint_gt(rate_room(&r, mono_add_ms(now, 1010)), 0);
    rate_fini(&r);
}
END_TEST

START_TEST(the_gate_never_lets_go_what_is_not_durable)
{
    gate_init(&gate);
    struct mono now = {5000000};
    for (uint64_t pos = 1; pos < 20000; pos++) { /* far more than its turns */
        gate_take(&gate, now);
        gate_hold(&gate, pos, now);
        now.us += 300;
        uint64_t durable = pos > 5000 ? pos - 5000 : 0;
        ck_assert_uint_le(gate_release(&gate, durable, now), durable);
    }
    ck_assert_uint_eq(gate_release(&gate, 30000, mono_add_ms(now, 100)),
                      gate.left == gate.turn ? 30000 : 0);
}
END_TEST

START_TEST(what_no_rate_holds_back_leaves_when_it_is_durable)
{
    struct rate r;
    struct mono now = {5000000};
    gate_init(&gate);
    ck_assert(rate_init(&r, 10, RATE_EVEN));
    rate_use_gate(&r, &gate);
    ck_assert_uint_eq(rate_room(&r, now), 1);
    rate_take(&r, now, 1);
    ck_assert_uint_eq(rate_room(&r, now), 0); /* another waits from now on */
    gate_hold(&gate, 1, now);
    now = mono_add_ms(now, 3);
    ck_assert_uint_eq(gate_release(&gate, 1, now), 1);
    now = rate_next(&r, now);
    ck_assert_uint_eq(rate_room(&r, now), 1);
    rate_take(&r, now, 1);
    gate_hold(&gate, 2, now);
    ck_assert_uint_eq(gate_release(&gate, 2, mono_add_ms(now, 29)), 1);
    ck_assert_uint_eq(gate_next(&gate).us, mono_add_ms(now, 30).us);
    ck_assert_uint_eq(gate_release(&gate, 2, mono_add_ms(now, 30)), 2);
    now = mono_add_ms(now, 5000); /* it rests */
    ck_assert_uint_eq(rate_room(&r, now), 1);
    rate_take(&r, now, 1);
    gate_hold(&gate, 3, now);
    ck_assert_uint_eq(gate_release(&gate, 3, now), 3);
    rate_fini(&r);
}
END_TEST

START_TEST(without_parts_the_gate_holds_nothing_back)
{
    gate_init(&gate);
    gate_hold(&gate, 5, (struct mono){1000});
    ck_assert_uint_eq(gate_release(&gate, 5, (struct mono){1000}), 5);
    ck_assert_uint_eq(gate_next(&gate).us, UINT64_MAX);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("rate");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_second_holds_at_most_the_limit_and_nearly_that,
                        0, WEATHERS * LIMITS);
    tcase_add_test(t, at_most_burst_go_back_to_back);
    tcase_add_test(t, next_is_when_room_comes_and_not_before);
    tcase_add_test(t, no_limit_means_room_without_end);
    tcase_add_test(t, a_lower_limit_remembers_what_was_sent);
    tcase_add_test(t, parts_that_have_not_left_count_until_they_do);
    tcase_add_test(t, the_gate_never_lets_go_what_is_not_durable);
    tcase_add_test(t, what_no_rate_holds_back_leaves_when_it_is_durable);
    tcase_add_test(t, without_parts_the_gate_holds_nothing_back);
    return run_suite("rate", t);
}
