/*
 * test_mpsc.c - tests engine/core/mpsc.h with real threads.
 */
#include "engine/core/mpsc.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "tests/engine/run_suite.h"

enum { THREADS = 4, EACH = 20000 };

struct item {
    struct mpsc_link link;
    unsigned thread, number;
};

static struct mpsc queue;
static struct item items[THREADS][EACH];
static _Atomic unsigned wakes;

START_TEST(what_is_pushed_comes_out_oldest_first)
{
    mpsc_init(&queue);
    ck_assert(mpsc_is_empty(&queue));
    ck_assert_ptr_null(mpsc_take_all(&queue));
    ck_assert(mpsc_push(&queue, &items[0][0].link)); /* it was empty */
    ck_assert(!mpsc_push(&queue, &items[0][1].link));
    ck_assert(!mpsc_push(&queue, &items[0][2].link));
    struct mpsc_link *l = mpsc_take_all(&queue);
    for (unsigned i = 0; i < 3; i++, l = l->next)
        ck_assert_ptr_eq(MPSC_OF(l, struct item, link), &items[0][i]);
    ck_assert_ptr_null(l);
    ck_assert(mpsc_is_empty(&queue));
}
END_TEST

static void *
push_many(void *arg)
{
    unsigned thread = (unsigned)(uintptr_t)arg;
    for (unsigned i = 0; i < EACH; i++) {
        items[thread][i].thread = thread;
        items[thread][i].number = i;
        if (mpsc_push(&queue, &items[thread][i].link))
            atomic_fetch_add(&wakes, 1);
    }
    return NULL;
}

START_TEST(many_threads_lose_nothing_and_keep_their_order)
{
    mpsc_init(&queue);
    pthread_t t[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, push_many, (void *)i), 0);
    unsigned next[THREADS] = {0}, taken = 0, batches = 0;
    while (taken < THREADS * EACH) {
        struct mpsc_link *l = mpsc_take_all(&queue);
        batches += l != NULL;
        if (!l)
            sched_yield();
        for (; l; l = l->next, taken++) {
            struct item *x = MPSC_OF(l, struct item, link);
            ck_assert_uint_eq(x->number, next[x->thread]);
            next[x->thread]++;
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    /* Each batch was announced by exactly one push. */
    ck_assert_uint_eq(atomic_load(&wakes), batches);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("mpsc");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_is_pushed_comes_out_oldest_first);
    tcase_add_test(t, many_threads_lose_nothing_and_keep_their_order);
    return run_suite("mpsc", t);
}
