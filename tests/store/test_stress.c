/* All threads at once: an engine that posts, checkpoints and expires, and
 * readers that walk, read at random and look up. For the thread sanitizer. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tests/store/ledger.h"

enum { BATCHES = 300, FACTS = 100, READERS = 3 };

static struct ledger l;
static atomic_bool stop;
static _Atomic uint64_t checked;

static void
set_up(void)
{
    struct rig g;
    rig_init(&g);
    ledger_open(&l, g.dir);
}

static void
tear_down(void)
{
    ledger_close(&l);
    rig_fini(&l.g);
}

/* Follows the end of the log, over rolls; begins anew where it begins when
 * it falls behind the expiry. */
static void
walk(struct store_reader *r, uint64_t *pos, uint64_t *number)
{
    struct slice fact;
    for (int i = 0; i < 500; i++) {
        uint64_t at = *pos;
        enum store_result res = store_next(r, &at, &fact, NULL);
        if (res == STORE_NOT_FOUND)
            break;
        rig_assert(res == STORE_OK);
        if (at != *pos)
            *number = rig_fact_number(fact);
        rig_assert(rig_fact_number(fact) == *number);
        *pos = at + fact.n;
        ++*number;
        atomic_fetch_add(&checked, 1);
    }
    store_reader_rest(r);
}

static void
jump(struct store_reader *r, uint64_t *seed)
{
    struct slice first, fact;
    uint64_t oldest = store_oldest(l.g.s), durable = store_durable(l.g.s);
    if (durable <= oldest)
        return;
    uint64_t pos = oldest + rig_random(seed) % (durable - oldest);
    if (store_next(r, &pos, &first, NULL) != STORE_OK)
        return;
    uint64_t number = rig_fact_number(first);
    for (int i = 0; i < 10; i++) {
        uint64_t next = pos + first.n;
        if (store_next(r, &next, &fact, NULL) != STORE_OK)
            break;
        rig_assert(rig_fact_number(fact) > number);
    }
    rig_assert(rig_fact_number(first) == number); /* still borrowed */
    struct slice value;
    rig_assert(store_get(r, TABLE_META, slice_str("batches"), &value) ==
               STORE_OK);
    (void)store_seek_time(r, 5000);
    atomic_fetch_add(&checked, 1);
    store_reader_rest(r);
}

static void *
read_on(void *arg)
{
    uint64_t seed = 77 + (uintptr_t)arg, pos = 0, number = 0;
    struct store_reader *r;
    rig_assert(store_reader_open(l.g.s, &r) == STORE_OK);
    while (!atomic_load(&stop)) {
        if ((uintptr_t)arg == 0)
            walk(r, &pos, &number);
        else
            jump(r, &seed);
        char why[STORE_WHY_BYTES];
        struct store_stats stats;
        store_stats(l.g.s, &stats);
        rig_assert(store_state(l.g.s, why, sizeof why) == STORE_OK);
    }
    store_reader_close(r);
    return NULL;
}

START_TEST(readers_see_whole_facts_while_all_goes_on)
{
    pthread_t threads[READERS];
    uint64_t value;
    l.g.b = store_batch_take(l.g.s); /* its clock begins at 0 */
    ledger_post(&l, 10, false);
    rig_commit(&l.g);
    for (uintptr_t i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, (void *)i),
                         0);
    for (unsigned i = 0; i < BATCHES; i++) {
        while ((l.g.b = store_batch_take(l.g.s)) == NULL)
            rig_drain(&l.g, 10);
        l.g.b->wall_ms = i * 100;
        ledger_post(&l, FACTS, i % 5 == 4);
        if (i % 20 == 19 && i > 60)
            store_expire(l.g.s, (i - 60) * 100, store_end(l.g.s));
        for (uint64_t n = 0; n < l.facts; n += 997) {
            rig_assert(store_words_get(l.words, n) == n + 1);
            rig_assert(store_index_get(l.index, n + 1, &value));
            rig_assert(value == n);
        }
        store_reader_rest(l.g.r);
    }
    rig_commit(&l.g);
    atomic_store(&stop, true);
    for (size_t i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_gt(atomic_load(&checked), 1000);
    for (int i = 0; i < 1000 && store_oldest(l.g.s) == 8; i++)
        rig_sleep_ms(5);
    ck_assert_uint_gt(store_oldest(l.g.s), 8);
    rig_wait_checkpoint(&l.g);
    ledger_check(&l);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, readers_see_whole_facts_while_all_goes_on);
}

RIG_MAIN("stress", add_tests)
