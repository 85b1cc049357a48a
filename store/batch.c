/*
 * batch.c - facts gathered by the engine thread, cut into blocks as they come.
 *
 * Why cut here and not in the store thread: a fact's position never changes
 * and a block begins at a fact, so the cut costs one comparison a fact, and
 * the store thread only copies blocks into their pages.
 */
#include <stdlib.h>

#include "store/room.h"

bool
store_batches_init(struct store *s)
{
    for (size_t i = 0; i < BATCHES; i++) {
        struct store_batch *b = &s->batches[i];
        b->bytes = malloc(BATCH_START_BYTES);
        b->cap = BATCH_START_BYTES;
        b->cuts = calloc(1, sizeof *b->cuts);
        b->puts = calloc(1, sizeof *b->puts);
        b->next = s->free;
        s->free = b;
        if (!b->bytes || !b->cuts || !b->puts)
            return false;
    }
    return true;
}

void
store_batches_fini(struct store *s)
{
    for (size_t i = 0; i < BATCHES; i++) {
        struct store_batch *b = &s->batches[i];
        if (b->checkpoint)
            store_checkpoint_destroy(b->checkpoint);
        if (b->puts)
            store_puts_fini(b->puts);
        if (b->cuts)
            free(b->cuts->ends);
        free(b->puts);
        free(b->cuts);
        free(b->bytes);
        *b = (struct store_batch){0};
    }
}

uint64_t
store_end(const struct store *s)
{
    const struct store_batch *b = s->gathering;
    return b ? b->first_pos + b->used : s->next_pos;
}

struct store_batch *
store_batch_take(struct store *s)
{
    if (s->gathering)
        return NULL; /* positions have one order: one batch gathers */
    pthread_mutex_lock(&s->lock);
    struct store_batch *b = s->free;
    if (b)
        s->free = b->next;
    pthread_mutex_unlock(&s->lock);
    if (!b)
        return NULL;
    b->next = NULL;
    b->first_pos = s->next_pos;
    s->gathering = b;
    return b;
}

static bool
grow(struct store_batch *b, size_t n)
{
    size_t cap = b->cap;
    while (cap - b->used < n)
        cap *= 2;
    if (cap > BATCH_MAX_BYTES)
        return false;
    uint8_t *bytes = realloc(b->bytes, cap);
    if (!bytes)
        return false;
    b->bytes = bytes;
    b->cap = cap;
    return true;
}

static bool
cut(struct store_batch *b)
{
    struct store_cuts *c = b->cuts;
    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;
        uint32_t *ends = realloc(c->ends, cap * sizeof *ends);
        if (!ends)
            return false;
        c->ends = ends;
        c->cap = cap;
    }
    c->ends[c->n++] = (uint32_t)b->used;
    c->start = b->used;
    return true;
}

uint8_t *
store_batch_fact(struct store *s, struct store_batch *b, size_t n,
                 uint64_t *pos)
{
    (void)s;
    if (n < 4 || n > STORE_FACT_MAX)
        return NULL;
    if (b->cap - b->used < n && !grow(b, n))
        return NULL;
    if (b->used + n - b->cuts->start > STORE_BLOCK_MAX && !cut(b))
        return NULL;
    uint8_t *p = b->bytes + b->used;
    *pos = b->first_pos + b->used;
    b->used += n;
    b->facts++;
    return p;
}

void
store_batch_put(struct store_batch *b, enum store_table table, struct slice key,
                struct slice value)
{
    store_puts_add(b->puts, table, key, value);
}

void
store_batch_delete(struct store_batch *b, enum store_table table,
                   struct slice key)
{
    store_puts_remove(b->puts, table, key);
}

bool
store_batch_is_empty(const struct store_batch *b)
{
    return b->used == 0 && b->puts->used == 0 && !b->checkpoint;
}

static void
append(struct store_batch **list, struct store_batch *b)
{
    while (*list)
        list = &(*list)->next;
    b->next = NULL;
    *list = b;
}

void
store_post(struct store *s, struct store_batch *b)
{
    s->next_pos = b->first_pos + b->used;
    if (s->gathering == b)
        s->gathering = NULL;
    pthread_mutex_lock(&s->lock);
    atomic_store(&s->ready, false);
    append(&s->posted, b);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

struct store_batch *
store_done(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    struct store_batch *b = s->done;
    if (b)
        s->done = b->next;
    pthread_mutex_unlock(&s->lock);
    return b;
}

void
store_batch_return(struct store *s, struct store_batch *b)
{
    /* 4 MiB: what a stall made large shrinks again once it is little used. */
    if (b->cap > 4 << 20 && b->used < b->cap / 8) {
        uint8_t *bytes = realloc(b->bytes, BATCH_START_BYTES);
        if (bytes) {
            b->bytes = bytes;
            b->cap = BATCH_START_BYTES;
        }
    }
    if (s->gathering == b)
        s->gathering = NULL;
    store_checkpoint_destroy(b->checkpoint);
    b->checkpoint = NULL;
    b->used = 0;
    b->facts = 0;
    b->hurry = false;
    b->wall_ms = 0;
    b->cuts->n = 0;
    b->cuts->start = 0;
    store_puts_clear(b->puts);
    pthread_mutex_lock(&s->lock);
    b->next = s->free;
    s->free = b;
    pthread_mutex_unlock(&s->lock);
}
