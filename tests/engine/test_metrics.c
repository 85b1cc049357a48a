/*
 * test_metrics.c - tests engine/core/metrics.h.
 */
#include "engine/core/metrics.h"

#include <pthread.h>
#include <string.h>

#include "tests/engine/run_suite.h"

static void *
count(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        metric_add(METRIC_PDUS_IN, 2);
    return NULL;
}

START_TEST(threads_add_up_and_outlive_themselves)
{
    pthread_t t[80]; /* more than there are blocks */
    for (int i = 0; i < 80; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, count, NULL), 0);
    for (int i = 0; i < 80; i++)
        pthread_join(t[i], NULL);
    ck_assert_int_eq(metric_read(METRIC_PDUS_IN), 160000);
}
END_TEST

START_TEST(a_gauge_goes_down_too)
{
    metric_add(METRIC_CONNS_OPEN, 3);
    metric_add(METRIC_CONNS_OPEN, -2);
    ck_assert_int_eq(metric_read(METRIC_CONNS_OPEN), 1);
}
END_TEST

START_TEST(the_text_is_prometheus)
{
    static char text[65536];
    metric_add(METRIC_PDUS_OUT, 7);
    size_t n = metrics_text(text, sizeof text);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert_ptr_nonnull(strstr(text, "# TYPE volley_pdus_sent_total counter\n"
                                       "volley_pdus_sent_total 7\n"));
    ck_assert_ptr_nonnull(strstr(text, "# TYPE volley_connections gauge\n"));
    char small[10];
    ck_assert_uint_eq(metrics_text(small, sizeof small), n);
    ck_assert_uint_lt(strlen(small), sizeof small);
    ck_assert_uint_eq(metrics_text(NULL, 0), n);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("metrics");
    tcase_add_test(t, threads_add_up_and_outlive_themselves);
    tcase_add_test(t, a_gauge_goes_down_too);
    tcase_add_test(t, the_text_is_prometheus);
    return run_suite("metrics", t);
}
