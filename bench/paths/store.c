/*
 * store.c - paths of the store: facts gathered, indexes asked and told.
 *
 * Nothing is committed: a batch that is full is given back, which forgets it.
 */
#include "bench/paths/paths.h"
#include "store/fact.h"
#include "store/index.h"

enum {
    INDEX_ID = 9,
    KNOWN = 65536,       /* keys that are found, in RAM */
    BATCH_FACTS = 10000, /* 1 MB: what a stall gathers, and well below 64 */
};

struct bed {
    struct store *store;
    struct store_reader *reader;
};

static void
bed_open(struct bed *b)
{
    char why[STORE_WHY_BYTES];
    struct store_settings s = {.dir = paths_dir()};
    if (store_open(&s, 1000, &b->store, why) != STORE_OK)
        paths_fail(__FILE__, __LINE__, why);
    paths_need(store_reader_open(b->store, &b->reader) == STORE_OK);
}

static void
bed_close(struct bed *b)
{
    store_reader_close(b->reader);
    store_close(b->store);
}

static struct store_index *
index_open(struct bed *b)
{
    struct store_index *x;
    struct store_index_settings s = {.id = INDEX_ID};
    paths_need(store_index_open(b->store, &s, b->reader, &x) == STORE_OK);
    return x;
}

static void
index_put(unsigned count)
{
    struct bed b;
    bed_open(&b);
    struct store_index *x = index_open(&b);
    for (unsigned i = 0; i < count; i++)
        store_index_put(x, paths_mix(i), i);
    store_index_close(x);
    bed_close(&b);
}

static void
index_get(unsigned count)
{
    struct bed b;
    bed_open(&b);
    struct store_index *x = index_open(&b);
    for (unsigned i = 0; i < KNOWN; i++)
        store_index_put(x, paths_mix(i), i);
    for (unsigned i = 0; i < count; i++) {
        uint64_t value = 0;
        uint64_t key = paths_mix(paths_mix(i) % KNOWN);
        paths_need(store_index_get(x, key, &value));
        paths_use(value);
    }
    store_index_close(x);
    bed_close(&b);
}

static void
append(struct bed *b, struct store_batch *batch, unsigned i)
{
    static uint8_t scratch[STORE_FACT_MAX];
    struct writer w = writer_of(scratch, sizeof scratch);
    struct fact_sent f = {
        .message = 1000000 + i,
        .at_ms = UINT64_C(1772438400000) + i,
        .prev = 8 + 100 * (uint64_t)i,
        .parts = 1,
        .carrier = 3,
        .bind = i % 8,
        .account = 2,
        .sender = 17,
        .number = 5,
        .subscriber = UINT64_C(447700900000) + i,
        .campaign = 12,
        .chunk = UINT64_C(123456789),
        .row = i % 4096,
        .reply_window_s = 30 * 86400,
    };
    uint64_t pos;
    paths_need(fact_sent_put(&w, &f));
    struct slice fact = writer_slice(&w);
    uint8_t *room = store_batch_fact(b->store, batch, fact.n, &pos);
    paths_need(room);
    memcpy(room, fact.p, fact.n);
    paths_use(pos);
}

static void
fact_append(unsigned count)
{
    struct bed b;
    bed_open(&b);
    struct store_batch *batch = store_batch_take(b.store);
    for (unsigned i = 0; i < count; i++) {
        if (batch->facts == BATCH_FACTS) {
            store_batch_return(b.store, batch);
            batch = store_batch_take(b.store);
        }
        paths_need(batch);
        append(&b, batch, i);
    }
    store_batch_return(b.store, batch);
    bed_close(&b);
}

const struct path paths_store[] = {
    {"index-put", 50000, index_put, "entry put, its table growing"},
    {"index-get", 50000, index_get, "entry found among 65,536 in RAM"},
    {"fact-append", 20000, fact_append, "SENT fact written into a batch"},
    {0},
};
