/*
 * rig.c - a store in a directory of its own, for tests.
 */
#include "tests/store/rig.h"

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_S = 20 };

void
rig_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

void
rig_init(struct rig *g)
{
    *g = (struct rig){0};
    snprintf(g->dir, sizeof g->dir, "store-test-XXXXXX");
    rig_assert(mkdtemp(g->dir));
    g->settings = (struct store_settings){.dir = g->dir, .pace_ms = 0};
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void
rig_fini(struct rig *g)
{
    rig_close(g);
    (void)nftw(g->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
rig_open(struct rig *g)
{
    char why[STORE_WHY_BYTES];
    enum store_result res = store_open(&g->settings, 1000, &g->s, why);
    if (res != STORE_OK)
        rig_fail(__FILE__, __LINE__, why);
    if (!g->settings.read_only)
        rig_assert(store_start(g->s) == STORE_OK);
    rig_assert(store_reader_open(g->s, &g->r) == STORE_OK);
}

void
rig_close(struct rig *g)
{
    if (!g->s)
        return;
    store_stop(g->s);
    store_reader_close(g->r);
    store_close(g->s);
    g->s = NULL;
    g->r = NULL;
    g->b = NULL;
}

void
rig_reopen(struct rig *g)
{
    rig_close(g);
    rig_open(g);
}

static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* length u16 | 0 u16 | number u64 | octets that follow from the number */
enum { FACT_HEAD = 12 };

void
rig_make_fact(uint8_t *p, uint64_t number, size_t n)
{
    rig_assert(n >= FACT_HEAD && n <= STORE_FACT_MAX);
    p[0] = (uint8_t)n;
    p[1] = (uint8_t)(n >> 8);
    p[2] = p[3] = 0;
    memcpy(p + 4, &number, 8);
    uint64_t x = mix(number);
    for (size_t i = FACT_HEAD; i < n; i++)
        p[i] = (uint8_t)(x >> (i % 8 * 8));
}

uint64_t
rig_fact_number(struct slice fact)
{
    uint64_t number = 0;
    if (fact.n >= FACT_HEAD)
        memcpy(&number, fact.p + 4, 8);
    return number;
}

bool
rig_fact_is(struct slice fact, uint64_t number)
{
    static uint8_t want[STORE_FACT_MAX];
    if (fact.n < FACT_HEAD || fact.n > STORE_FACT_MAX)
        return false;
    rig_make_fact(want, number, fact.n);
    return memcmp(want, fact.p, fact.n) == 0;
}

struct store_batch *
rig_batch(struct rig *g)
{
    uint64_t until = rig_now_us() + DEADLINE_S * UINT64_C(1000000);
    while (!g->b) {
        g->b = store_batch_take(g->s);
        if (!g->b) {
            rig_assert(rig_now_us() < until);
            rig_drain(g, 100);
        } else {
            g->b->wall_ms = rig_now_us() / 1000;
        }
    }
    return g->b;
}

uint64_t
rig_fact(struct rig *g, uint64_t number, size_t n)
{
    uint64_t pos;
    uint8_t *p = store_batch_fact(g->s, rig_batch(g), n, &pos);
    rig_assert(p);
    rig_make_fact(p, number, n);
    return pos;
}

void
rig_post(struct rig *g)
{
    if (g->b)
        store_post(g->s, g->b);
    g->b = NULL;
}

void
rig_drain(struct rig *g, int ms)
{
    uint64_t count;
    struct pollfd pfd = {store_event_fd(g->s), POLLIN, 0};
    struct store_batch *b = store_done(g->s);
    if (!b && poll(&pfd, 1, ms) > 0) {
        rig_assert(read(pfd.fd, &count, sizeof count) == sizeof count);
        b = store_done(g->s);
    }
    for (; b; b = store_done(g->s))
        store_batch_return(g->s, b);
}

void
rig_commit(struct rig *g)
{
    uint64_t end = store_end(g->s);
    uint64_t commits, until = rig_now_us() + DEADLINE_S * UINT64_C(1000000);
    struct store_stats stats;
    store_stats(g->s, &stats);
    commits = stats.commits + (g->b ? 1 : 0);
    rig_post(g);
    do {
        rig_assert(rig_now_us() < until);
        rig_drain(g, 50);
        store_stats(g->s, &stats);
    } while (store_durable(g->s) < end || stats.commits < commits);
    rig_drain(g, 0);
    store_reader_rest(g->r);
}

struct store_checkpoint *
rig_checkpoint(struct rig *g)
{
    struct store_batch *b = rig_batch(g);
    rig_assert(!store_checkpoint_busy(g->s));
    b->checkpoint = store_checkpoint_create(g->s, store_end(g->s));
    return b->checkpoint;
}

void
rig_commit_checkpoint(struct rig *g)
{
    rig_commit(g);
    rig_wait_checkpoint(g);
}

void
rig_wait_checkpoint(struct rig *g)
{
    uint64_t until = rig_now_us() + DEADLINE_S * UINT64_C(1000000);
    while (store_checkpoint_busy(g->s)) {
        rig_assert(rig_now_us() < until);
        rig_sleep_ms(2);
    }
    store_reader_rest(g->r);
}

void
rig_sleep_ms(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

uint64_t
rig_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t
rig_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}
