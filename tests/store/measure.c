/*
 * measure.c - what the store costs, for the figures in its README.
 *
 *   store_measure [seconds]
 *
 * No test: it says numbers and is not run by ctest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/store/ledger.h"

static struct rig g;

static double
now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu_s(void)
{
    return now_s(CLOCK_THREAD_CPUTIME_ID);
}

static void
say(const char *what, double cpu, double n)
{
    printf("%-34s %8.1f ns  %8.2f M/s\n", what, cpu / n * 1e9, n / cpu / 1e6);
}

/* ---- commits ------------------------------------------------------------- */

/* per_s 0: as many as go. Facts of 100 octets, posted when the store is
 * ready for them. */
static void
measure_commits(double seconds, double per_s, unsigned pace_ms)
{
    struct store_stats st;
    rig_init(&g);
    g.settings.pace_ms = pace_ms;
    rig_open(&g);
    uint64_t n = 0;
    double start = now_s(CLOCK_MONOTONIC), cpu = 0;
    for (double t = start; t - start < seconds; t = now_s(CLOCK_MONOTONIC)) {
        double want = per_s > 0 ? (t - start) * per_s : (double)n + 20000;
        double before = cpu_s();
        for (; (double)n < want && rig_batch(&g)->used < 16 << 20; n++) {
            uint64_t pos;
            uint8_t *p = store_batch_fact(g.s, g.b, 100, &pos);
            p[0] = 100;
            p[1] = 0;
            memcpy(p + 4, &n, 8);
        }
        cpu += cpu_s() - before;
        if (store_is_ready(g.s) && g.b && g.b->used > 0)
            rig_post(&g);
        rig_drain(&g, per_s > 0 ? 1 : 0);
    }
    rig_commit(&g);
    double took = now_s(CLOCK_MONOTONIC) - start;
    store_stop(g.s); /* counts the last of its CPU time */
    store_stats(g.s, &st);
    printf("pace %u ms, offered %.0f/s: %.0f facts/s durable, %.0f commits/s "
           "of %.0f; us p50 %llu p99 %llu max %llu; CPU us/fact engine %.3f "
           "store %.3f\n",
           pace_ms, per_s, (double)n / took, (double)st.commits / took,
           (double)n / (double)st.commits, (unsigned long long)st.commit_us_p50,
           (unsigned long long)st.commit_us_p99,
           (unsigned long long)st.commit_us_max, cpu / (double)n * 1e6,
           st.thread_cpu_s / (double)n * 1e6);
}

static void
measure_reads(void)
{
    struct slice fact;
    uint64_t pos = 0, n = 0, seed = 5;
    rig_reopen(&g);
    double start = now_s(CLOCK_MONOTONIC);
    while (store_next(g.r, &pos, &fact, NULL) == STORE_OK) {
        pos += fact.n;
        n++;
    }
    say("replay (store_next, checksums)", now_s(CLOCK_MONOTONIC) - start,
        (double)n);
    store_reader_rest(g.r);
    enum { READS = 300000 };
    start = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < READS; i++) {
        rig_assert(store_read(g.r, 8 + rig_random(&seed) % n * 100, &fact) ==
                   STORE_OK);
        if (i % 16 == 15)
            store_reader_rest(g.r);
    }
    say("store_read at random", now_s(CLOCK_MONOTONIC) - start, READS);
    start = now_s(CLOCK_MONOTONIC);
    rig_reopen(&g);
    printf("open of a log of %.0f MB: %.1f ms\n", (double)n / 1e4,
           (now_s(CLOCK_MONOTONIC) - start) * 1e3);
}

/* ---- index --------------------------------------------------------------- */

static void
measure_index(void)
{
    enum { N = 1000000 };
    struct store_index *x;
    struct store_index_settings settings = {
        .id = 1, .freeze_entries = N, .ram_entries = 4 * N};
    uint64_t value, found = 0;
    rig_assert(store_index_open(g.s, &settings, g.r, &x) == STORE_OK);
    for (uint64_t round = 0; round < 10; round++) {
        double cpu = cpu_s();
        for (uint64_t i = 0; i < N; i++)
            store_index_put(x, round * N + i + 1, i);
        if (round < 2)
            say(round ? "index put, table as large as last"
                      : "index put, table growing",
                cpu_s() - cpu, N);
        cpu = cpu_s();
        store_index_checkpoint(x, rig_checkpoint(&g), round);
        if (round == 0)
            printf("freeze of %d entries: %.3f ms\n", N, (cpu_s() - cpu) * 1e3);
        double start = now_s(CLOCK_MONOTONIC);
        rig_fact(&g, 1, 50);
        rig_commit_checkpoint(&g);
        if (round == 1)
            printf("checkpoint of them on disk: %.0f ms\n",
                   (now_s(CLOCK_MONOTONIC) - start) * 1e3);
    }
    static const char *const what[] = {
        "index get, 1 M in the newest table", "index get, 4 M in RAM",
        "index get, 6 M older in runs", "index get, not there"};
    static const uint64_t from[] = {9 * N, 6 * N, 0, 10 * (uint64_t)N};
    static const uint64_t span[] = {N, 4 * N, 6 * N, N};
    rig_sleep_ms(2000); /* merges */
    for (int k = 0; k < 4; k++) {
        uint64_t seed = 9;
        double cpu = cpu_s();
        for (uint64_t i = 0; i < N; i++)
            found += store_index_get(
                x, from[k] + rig_random(&seed) % span[k] + 1, &value);
        say(what[k], cpu_s() - cpu, N);
        store_reader_rest(g.r);
    }
    rig_assert(found == 3 * (uint64_t)N);
    printf("index in RAM: %.0f MB\n", (double)store_index_ram_bytes(x) / 1e6);
    store_index_close(x);
}

/* ---- words --------------------------------------------------------------- */

static void
measure_words(void)
{
    enum { N = 4000000 };
    struct store_words *w;
    uint64_t seed = 3, sum = 0;
    rig_assert(store_words_open(g.s, g.r, 1000, &w) == STORE_OK);
    double cpu = cpu_s();
    for (uint64_t i = 0; i < N; i++)
        store_words_set(w, i, i);
    say("words set, in order", cpu_s() - cpu, N);
    cpu = cpu_s();
    for (uint64_t i = 0; i < N; i++)
        sum += store_words_get(w, i);
    say("words get, in order", cpu_s() - cpu, N);
    cpu = cpu_s();
    for (uint64_t i = 0; i < N; i++)
        store_words_set(w, rig_random(&seed) % N, i);
    say("words set, at random over 32 MB", cpu_s() - cpu, N);
    cpu = cpu_s();
    store_words_checkpoint(w, rig_checkpoint(&g));
    printf("words checkpoint, 489 dirty pages: %.3f ms\n",
           (cpu_s() - cpu) * 1e3);
    double start = now_s(CLOCK_MONOTONIC);
    rig_fact(&g, 1, 50);
    rig_commit_checkpoint(&g);
    printf("on disk: %.0f ms (%llu)\n", (now_s(CLOCK_MONOTONIC) - start) * 1e3,
           (unsigned long long)(sum & 1));
    store_words_close(w);
}

int
main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 2;
    measure_commits(seconds, 0, 0);
    rig_fini(&g);
    measure_commits(seconds, 0, 2);
    measure_reads();
    measure_index();
    measure_words();
    rig_fini(&g);
    measure_commits(seconds, 400000, 2);
    rig_fini(&g);
    measure_commits(seconds, 400000, 0);
    rig_fini(&g);
    measure_commits(seconds, 100, 2);
    rig_fini(&g);
    return 0;
}
