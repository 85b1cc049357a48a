/*
 * journal.c - facts gather while the store commits the batch before.
 *
 * Promise: as in journal.h. Why one batch out and one gathering: the batch
 * grows by itself with the time a commit takes, so a slow disk costs latency
 * and not throughput (engineering-notes 1.2).
 */
#include "engine/flow/journal.h"

#include <stdlib.h>

bool
journal_open(struct journal *j, struct store *s)
{
    *j = (struct journal){.store = s};
    j->scratch = malloc(STORE_FACT_MAX);
    j->gathering = store_batch_take(s);
    j->durable = store_durable(s);
    return j->scratch && j->gathering &&
           store_reader_open(s, &j->reader) == STORE_OK;
}

void
journal_close(struct journal *j)
{
    if (j->reader)
        store_reader_close(j->reader);
    if (j->gathering)
        store_batch_return(j->store, j->gathering);
    free(j->scratch);
    *j = (struct journal){0};
}

uint64_t
journal_end(const struct journal *j)
{
    return store_end(j->store);
}

uint64_t
journal_durable(const struct journal *j)
{
    return j->durable;
}

bool
journal_is_full(const struct journal *j)
{
    return j->gathering->used > JOURNAL_SOFT_BYTES;
}

static uint64_t
append(struct journal *j, struct slice fact)
{
    uint64_t pos = 0;
    if (j->gathering->used + fact.n > JOURNAL_HARD_BYTES)
        return 0;
    uint8_t *p = store_batch_fact(j->store, j->gathering, fact.n, &pos);
    if (!p)
        return 0;
    memcpy(p, fact.p, fact.n);
    return pos;
}

#define FACT(number, NAME, name)                                               \
    uint64_t journal_##name(struct journal *j, const struct fact_##name *f)    \
    {                                                                          \
        struct writer w = writer_of(j->scratch, STORE_FACT_MAX);               \
        return fact_##name##_put(&w, f) ? append(j, writer_slice(&w)) : 0;     \
    }
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END

void
journal_put(struct journal *j, enum store_table table, struct slice key,
            struct slice value)
{
    store_batch_put(j->gathering, table, key, value);
}

void
journal_delete(struct journal *j, enum store_table table, struct slice key)
{
    store_batch_delete(j->gathering, table, key);
}

/* The fact at pos in a batch's bytes. */
static bool
in_batch(const struct store_batch *b, uint64_t pos, struct slice *fact)
{
    if (!b || pos < b->first_pos || pos - b->first_pos + 4 > b->used)
        return false;
    const uint8_t *p = b->bytes + (pos - b->first_pos);
    *fact = slice_of(p, (size_t)(p[0] | p[1] << 8));
    return pos - b->first_pos + fact->n <= b->used;
}

void
journal_hurry(struct journal *j)
{
    j->gathering->hurry = true;
}

bool
journal_read(struct journal *j, uint64_t pos, struct slice *fact)
{
    return in_batch(j->gathering, pos, fact) ||
           in_batch(j->posted, pos, fact) ||
           store_read(j->reader, pos, fact) == STORE_OK;
}

bool
journal_next(struct journal *j, uint64_t *pos, struct slice *fact)
{
    if (in_batch(j->gathering, *pos, fact) || in_batch(j->posted, *pos, fact))
        return true;
    return store_next(j->reader, pos, fact, NULL) == STORE_OK;
}

bool
journal_collect(struct journal *j)
{
    for (struct store_batch *b; (b = store_done(j->store));) {
        j->posted = NULL;
        store_batch_return(j->store, b);
    }
    uint64_t before = j->durable;
    j->durable = store_durable(j->store);
    return j->durable != before;
}

void
journal_post(struct journal *j, struct wall wall)
{
    /* store_event_fd() wakes the loop when the store is ready again. */
    if (j->posted || store_batch_is_empty(j->gathering) ||
        (!j->gathering->hurry && !store_is_ready(j->store)))
        return;
    j->gathering->wall_ms = wall.ms;
    j->posted = j->gathering;
    store_post(j->store, j->posted);
    /* There are two, and only one is out. */
    j->gathering = store_batch_take(j->store);
    if (!j->gathering)
        abort();
}

bool
journal_is_out(const struct journal *j)
{
    return j->posted != NULL;
}

void
journal_rest(struct journal *j)
{
    store_reader_rest(j->reader);
}
