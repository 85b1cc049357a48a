/*
 * test_loop.c - tests engine/core/loop.h.
 */
#include "engine/core/loop.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/engine/run_suite.h"

static struct loop *loop;
static char said[64];

static void
set_up(void)
{
    loop = loop_create();
    ck_assert_ptr_nonnull(loop);
    said[0] = 0;
}

static void
tear_down(void)
{
    loop_destroy(loop);
}

static void
say(const char *what)
{
    strncat(said, what, sizeof said - strlen(said) - 1);
}

static void
phase_a(void *arg)
{
    (void)arg;
    say("a");
}

static void
phase_b(void *arg)
{
    (void)arg;
    say("b");
}

static void
release(void *p)
{
    (void)p;
    say("r");
}

static void
job(void *arg)
{
    say(arg);
}

static void
on_ready(void *arg)
{
    char c;
    ck_assert_int_eq(read(*(int *)arg, &c, 1), 1);
    say("e");
}

START_TEST(a_turn_has_its_phases_in_order)
{
    static const struct loop_phase phases[] = {{"a", phase_a}, {"b", phase_b}};
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    struct loop_watch *w = loop_watch_open(loop, ends[0], on_ready, &ends[0]);
    struct loop_job early = {job, (void *)"j", NULL, false};
    struct loop_job late = {job, (void *)"f", NULL, false};
    loop_set_phases(loop, phases, 2, NULL);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    loop_at_flush(loop, &late);
    loop_after_read(loop, &early);
    loop_after_read(loop, &early); /* once */
    loop_reap(loop, said, release);
    loop_turn(loop, 100);
    ck_assert_str_eq(said, "ejabfr");
    loop_watch_close(w);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

static struct loop_job again;
static int agains;

static void
ask_again(void *arg)
{
    (void)arg;
    if (++agains < 3)
        loop_after_read(loop, &again);
}

START_TEST(a_job_that_asks_again_waits_for_the_next_turn)
{
    agains = 0;
    again = (struct loop_job){ask_again, NULL, NULL, false};
    loop_after_read(loop, &again);
    for (int turn = 1; turn <= 3; turn++) {
        loop_turn(loop, 1000);
        ck_assert_int_eq(agains, turn);
    }
}
END_TEST

START_TEST(it_sleeps_until_the_earliest_time_asked_for)
{
    struct mono start = clock_mono();
    loop_wake_at(loop, mono_add_ms(start, 500));
    loop_wake_at(loop, mono_add_ms(start, 20));
    loop_turn(loop, 1000);
    uint64_t ms = mono_since_ms(start, clock_mono());
    ck_assert_uint_ge(ms, 19);
    ck_assert_uint_lt(ms, 400);
    start = clock_mono(); /* asked for once: forgotten now */
    loop_turn(loop, 50);
    ck_assert_uint_ge(mono_since_ms(start, clock_mono()), 45);
}
END_TEST

static void
ready(void *arg)
{
    ++*(int *)arg;
}

START_TEST(while_it_rests_only_descriptors_wait)
{
    int fd = eventfd(1, EFD_NONBLOCK), heard = 0;
    struct loop_watch *w = loop_watch_open(loop, fd, ready, &heard);
    struct mono start = clock_mono();
    loop_rest(loop, mono_add_ms(start, 30));
    loop_turn(loop, 1000); /* readable all the while */
    uint64_t ms = mono_since_ms(start, clock_mono());
    ck_assert_int_eq(heard, 1);
    ck_assert_uint_ge(ms, 29);
    ck_assert_uint_lt(ms, 400);
    start = clock_mono();
    loop_rest(loop, mono_add_ms(start, 700));
    loop_wake_at(loop, mono_add_ms(start, 20));
    loop_turn(loop, 1000);
    ck_assert_uint_lt(mono_since_ms(start, clock_mono()), 400);
    start = clock_mono();
    loop_rest(loop, mono_add_ms(start, 700));
    loop_wake(loop);
    loop_turn(loop, 1000);
    ck_assert_uint_lt(mono_since_ms(start, clock_mono()), 400);
    loop_watch_close(w);
    loop_turn(loop, 0);
    close(fd);
}
END_TEST

static void *
wake(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        loop_wake(loop);
    return NULL;
}

START_TEST(another_thread_wakes_it)
{
    struct mono start = clock_mono();
    pthread_t t;
    ck_assert_int_eq(pthread_create(&t, NULL, wake, NULL), 0);
    loop_turn(loop, 5000);
    ck_assert_uint_lt(mono_since_ms(start, clock_mono()), 4000);
    pthread_join(t, NULL);
}
END_TEST

START_TEST(the_clock_stands_still_within_a_turn)
{
    loop_turn(loop, 1);
    struct mono a = loop_mono(loop);
    struct wall w = loop_wall(loop);
    for (volatile int i = 0; i < 1000000; i++)
        continue;
    ck_assert_uint_eq(loop_mono(loop).us, a.us);
    ck_assert_uint_eq(loop_wall(loop).ms, w.ms);
    loop_turn(loop, 1);
    ck_assert_uint_gt(loop_mono(loop).us, a.us);
}
END_TEST

static void
on_signal(void *arg)
{
    (void)arg;
    say("s");
    loop_stop(loop);
}

START_TEST(a_signal_is_heard_in_a_turn_and_stops_the_run)
{
    loop_on_signal(loop, SIGUSR1, on_signal, NULL);
    ck_assert_int_eq(kill(getpid(), SIGUSR1), 0);
    loop_run(loop);
    ck_assert_str_eq(said, "s");
}
END_TEST

START_TEST(a_millisecond_tick_is_a_millisecond)
{
    struct mono start = clock_mono();
    for (int i = 0; i < 50; i++) {
        loop_wake_at(loop, mono_add_ms(clock_mono(), 1));
        loop_turn(loop, 1000);
    }
    uint64_t ms = mono_since_ms(start, clock_mono());
    ck_assert_uint_ge(ms, 49);
    ck_assert_uint_lt(ms, 190); /* coarse timers would take 4 ms each */
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("loop");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_turn_has_its_phases_in_order);
    tcase_add_test(t, a_job_that_asks_again_waits_for_the_next_turn);
    tcase_add_test(t, it_sleeps_until_the_earliest_time_asked_for);
    tcase_add_test(t, while_it_rests_only_descriptors_wait);
    tcase_add_test(t, another_thread_wakes_it);
    tcase_add_test(t, the_clock_stands_still_within_a_turn);
    tcase_add_test(t, a_signal_is_heard_in_a_turn_and_stops_the_run);
    tcase_add_test(t, a_millisecond_tick_is_a_millisecond);
    return run_suite("loop", t);
}
