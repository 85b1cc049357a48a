/*
 * ledger.c - a log, words and an index that can be checked against each
 * other.
 */
#include "tests/store/ledger.h"

#include <stdio.h>

static void
apply(struct ledger *l, uint64_t number)
{
    store_words_set(l->words, number, number + 1);
    store_index_put(l->index, number + 1, number);
}

/* Walks the whole log: numbers must run from 0 on. Facts from the checkpoint
 * on are applied. */
static void
replay(struct ledger *l)
{
    uint64_t pos = 0, from = store_checkpoint_pos(l->g.s);
    struct slice fact;
    enum store_result res;
    l->facts = 0;
    while ((res = store_next(l->g.r, &pos, &fact, NULL)) == STORE_OK) {
        rig_assert(rig_fact_is(fact, l->facts));
        if (pos >= from)
            apply(l, l->facts);
        l->facts++;
        pos += fact.n;
    }
    rig_assert(res == STORE_NOT_FOUND);
    rig_assert(l->facts == 0 || pos == store_end(l->g.s));
    struct slice value;
    res = store_get(l->g.r, TABLE_META, slice_str("batches"), &value);
    l->batches = 0;
    if (res == STORE_OK)
        memcpy(&l->batches, value.p, sizeof l->batches);
    store_reader_rest(l->g.r);
}

void
ledger_open(struct ledger *l, const char *dir)
{
    struct store_index_settings settings = {
        .id = 1, .freeze_entries = 100, .ram_entries = 200};
    *l = (struct ledger){0};
    snprintf(l->g.dir, sizeof l->g.dir, "%s", dir);
    l->g.settings =
        (struct store_settings){.dir = l->g.dir, .segment_bytes = 200 << 10};
    rig_open(&l->g);
    rig_assert(store_index_open(l->g.s, &settings, l->g.r, &l->index) ==
               STORE_OK);
    rig_assert(store_words_open(l->g.s, l->g.r, 2, &l->words) == STORE_OK);
    replay(l);
}

void
ledger_close(struct ledger *l)
{
    store_words_close(l->words);
    store_index_close(l->index);
    rig_close(&l->g);
}

void
ledger_post(struct ledger *l, unsigned n, bool checkpoint)
{
    for (unsigned i = 0; i < n; i++) {
        (void)rig_fact(&l->g, l->facts, 100 + l->facts % 900);
        apply(l, l->facts++);
    }
    l->batches++;
    store_batch_put(rig_batch(&l->g), TABLE_META, slice_str("batches"),
                    slice_of(&l->batches, sizeof l->batches));
    if (checkpoint && !store_checkpoint_busy(l->g.s)) {
        struct store_checkpoint *c = rig_checkpoint(&l->g);
        store_words_checkpoint(l->words, c);
        store_index_checkpoint(l->index, c, l->batches);
    }
    rig_post(&l->g);
}

static void
tell(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "audit: %s\n", line);
}

void
ledger_check(struct ledger *l)
{
    uint64_t value;
    for (uint64_t i = 0; i < l->facts; i++) {
        rig_assert(store_words_get(l->words, i) == i + 1);
        rig_assert(store_index_get(l->index, i + 1, &value));
        rig_assert(value == i);
    }
    for (uint64_t i = l->facts; i < l->facts + 200; i++) {
        rig_assert(store_words_get(l->words, i) == 0);
        rig_assert(!store_index_get(l->index, i + 1, &value));
    }
    store_reader_rest(l->g.r);
    rig_assert(store_audit(l->g.s, tell, NULL) == 0);
}
