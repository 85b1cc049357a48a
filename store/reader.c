/*
 * reader.c - reads of log and tables by short, renewed transactions.
 *
 * A reader belongs to one thread. It maps the segments it has touched and
 * remembers the block of its last read, so a walk and reads close to each
 * other cost no search. A fact committed after the snapshot was taken is
 * found by a further snapshot; the older one stays until the rest, because
 * small blocks lie in B-tree pages that a later commit may use again.
 *
 * The gate lets the store thread take expired segments from a resting
 * reader, so that an idle thread does not keep a gigabyte from the disk.
 */
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/room.h"

enum { GATE_REST, GATE_BUSY, GATE_EVICT };

enum {
    SLOTS_AT_REST = 4,
    /* The kernel's read-ahead is off; a walk asks for so much itself. */
    AHEAD_BYTES = 4 << 20,
    AHEAD_AFTER_BLOCKS = 2,
};

struct slot {
    struct store_segment *seg; /* held */
    struct store_view view;
};

struct store_reader {
    struct store *s;
    atomic_int gate;
    bool awake; /* the gate is ours */
    struct store_view control, state;
    struct slot *slots;
    size_t n, cap;
    struct block block; /* of the last read; facts.p NULL: none */
    bool block_whole;   /* its checksum was compared */
    uint64_t walk_pos;  /* a boundary: where the last walk stood */
    unsigned walked;    /* blocks entered since the rest */
    uintptr_t ahead_end;
    struct store_reader *next; /* in s->readers */
};

enum store_result
store_reader_open(struct store *s, struct store_reader **out)
{
    struct store_reader *r = calloc(1, sizeof *r);
    if (!r)
        return STORE_FAILED;
    r->s = s;
    atomic_init(&r->gate, GATE_REST);
    pthread_mutex_lock(&s->lock);
    r->next = s->readers;
    s->readers = r;
    pthread_mutex_unlock(&s->lock);
    *out = r;
    return STORE_OK;
}

static void
wake(struct store_reader *r)
{
    if (r->awake)
        return;
    int rest = GATE_REST;
    while (!atomic_compare_exchange_weak(&r->gate, &rest, GATE_BUSY)) {
        rest = GATE_REST;
        sched_yield(); /* the store thread unmaps a segment */
    }
    r->awake = true;
}

static void
slot_drop(struct store_reader *r, size_t i)
{
    store_view_fini(&r->slots[i].view);
    store_segment_release(&r->s->log, r->slots[i].seg);
    r->slots[i] = r->slots[--r->n];
}

static void
drop_dead(struct store_reader *r)
{
    for (size_t i = r->n; i-- > 0;)
        if (atomic_load(&r->slots[i].seg->dead))
            slot_drop(r, i);
}

void
store_reader_rest(struct store_reader *r)
{
    if (!r->awake)
        return;
    store_view_rest(&r->control);
    store_view_rest(&r->state);
    for (size_t i = 0; i < r->n; i++)
        store_view_rest(&r->slots[i].view);
    drop_dead(r);
    while (r->n > SLOTS_AT_REST)
        slot_drop(r, 0);
    r->block.facts = (struct slice){NULL, 0};
    r->walked = 0;
    r->awake = false;
    atomic_store(&r->gate, GATE_REST);
}

void
store_reader_close(struct store_reader *r)
{
    if (!r)
        return;
    struct store *s = r->s;
    pthread_mutex_lock(&s->lock);
    struct store_reader **at = &s->readers;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    pthread_mutex_unlock(&s->lock);
    while (r->n > 0)
        slot_drop(r, r->n - 1);
    store_view_fini(&r->control);
    store_view_fini(&r->state);
    free(r->slots);
    free(r);
}

void
store_readers_drop_dead(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct store_reader *r = s->readers; r; r = r->next) {
        int rest = GATE_REST;
        if (!atomic_compare_exchange_strong(&r->gate, &rest, GATE_EVICT))
            continue; /* it looks by itself when it rests, or next time */
        drop_dead(r);
        atomic_store(&r->gate, GATE_REST);
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- blocks --------------------------------------------------------------
 */

static bool
slot_add(struct store_reader *r, struct store_segment *seg)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 2 * SLOTS_AT_REST;
        struct slot *slots = realloc(r->slots, cap * sizeof *slots);
        if (!slots)
            return false;
        r->slots = slots;
        r->cap = cap;
    }
    r->slots[r->n++] = (struct slot){.seg = seg};
    return true;
}

static enum store_result
slot_for(struct store_reader *r, uint64_t pos, struct slot **out)
{
    for (size_t i = r->n; i-- > 0;) {
        const struct store_segment *seg = r->slots[i].seg;
        if (seg->first <= pos && pos < atomic_load(&seg->end)) {
            *out = &r->slots[i];
            return STORE_OK;
        }
    }
    struct store_segment *seg;
    enum store_result res = store_segment_hold(&r->s->log, pos, &seg);
    if (res != STORE_OK)
        return res;
    if (pos < seg->first) { /* expired meanwhile */
        store_segment_release(&r->s->log, seg);
        return STORE_NOT_FOUND;
    }
    if (!slot_add(r, seg)) {
        store_segment_release(&r->s->log, seg);
        return STORE_FAILED;
    }
    *out = &r->slots[r->n - 1];
    return STORE_OK;
}

static bool
block_covers(const struct block *b, uint64_t pos)
{
    return b->facts.p && pos >= b->first && pos - b->first < b->facts.n;
}

static enum store_result
seek_block(struct slot *slot, uint64_t pos, struct block *b)
{
    struct slice value;
    uint64_t key;
    b->facts = (struct slice){NULL, 0};
    enum store_result res =
        store_segment_seek(&slot->view, MDB_SET_RANGE, pos, &key, &value);
    if (res != STORE_OK)
        return res;
    if (!store_block_parse(key, value, b)) {
        b->facts = (struct slice){NULL, 0};
        return STORE_CORRUPT;
    }
    return block_covers(b, pos) ? STORE_OK : STORE_NOT_FOUND;
}

/* Makes r->block the one that pos, which is durable, falls into. */
static enum store_result
locate(struct store_reader *r, uint64_t pos)
{
    if (block_covers(&r->block, pos))
        return STORE_OK;
    wake(r);
    struct slot *slot;
    struct block b;
    enum store_result res = slot_for(r, pos, &slot);
    if (res != STORE_OK)
        return res;
    bool was_live = slot->view.live;
    res = store_env_verdict(store_view_begin(&slot->view, &slot->seg->env));
    if (res == STORE_OK)
        res = seek_block(slot, pos, &b);
    if (res == STORE_NOT_FOUND && was_live) {
        res =
            store_env_verdict(store_view_refresh(&slot->view, &slot->seg->env));
        if (res == STORE_OK)
            res = seek_block(slot, pos, &b);
    }
    if (res == STORE_NOT_FOUND)
        return STORE_CORRUPT; /* a hole in what was durable */
    if (res == STORE_OK) {
        r->block = b;
        r->block_whole = false;
    }
    return res;
}

/* ---- facts ---------------------------------------------------------------
 */

enum store_result
store_read(struct store_reader *r, uint64_t pos, struct slice *fact)
{
    if (pos >= store_durable(r->s) || pos < store_oldest(r->s))
        return STORE_NOT_FOUND;
    enum store_result res = locate(r, pos);
    if (res != STORE_OK)
        return res;
    *fact = store_block_fact(&r->block, (size_t)(pos - r->block.first));
    return fact->n > 0 ? STORE_OK : STORE_CORRUPT;
}

static void
read_ahead(struct store_reader *r)
{
    if (++r->walked <= AHEAD_AFTER_BLOCKS) {
        store_will_need(r->block.facts);
        return;
    }
    uintptr_t at = (uintptr_t)r->block.facts.p & ~(uintptr_t)4095;
    if (at + AHEAD_BYTES / 2 < r->ahead_end && at + AHEAD_BYTES >= r->ahead_end)
        return;
    (void)madvise((void *)at, AHEAD_BYTES, MADV_WILLNEED);
    r->ahead_end = at + AHEAD_BYTES;
}

/* The block that p falls into, whole, and p moved up to a boundary. */
static enum store_result
locate_boundary(struct store_reader *r, uint64_t *p)
{
    bool entered = !block_covers(&r->block, *p);
    enum store_result res = locate(r, *p);
    if (res != STORE_OK)
        return res;
    if (entered)
        read_ahead(r);
    if (!r->block_whole) {
        if (!store_block_is_whole(&r->block))
            return STORE_CORRUPT;
        r->block_whole = true;
    }
    if (*p != r->walk_pos)
        *p = r->block.first +
             store_block_boundary(&r->block, (size_t)(*p - r->block.first));
    return STORE_OK;
}

enum store_result
store_next(struct store_reader *r, uint64_t *pos, struct slice *fact,
           uint64_t *wall_ms)
{
    uint64_t p = *pos;
    for (;;) {
        uint64_t oldest = store_oldest(r->s);
        if (p < oldest)
            p = oldest;
        if (p >= store_durable(r->s))
            return STORE_NOT_FOUND;
        enum store_result res = locate_boundary(r, &p);
        if (res == STORE_NOT_FOUND && store_oldest(r->s) > p)
            continue; /* it expired under our hands */
        if (res != STORE_OK)
            return res;
        if (p - r->block.first < r->block.facts.n)
            break;
    }
    *fact = store_block_fact(&r->block, (size_t)(p - r->block.first));
    if (fact->n == 0)
        return STORE_CORRUPT;
    *pos = p;
    r->walk_pos = p + fact->n;
    if (wall_ms)
        *wall_ms = r->block.wall_ms;
    return STORE_OK;
}

uint64_t
store_seek_time(struct store_reader *r, uint64_t wall_ms)
{
    uint64_t lo = store_oldest(r->s), hi = store_durable(r->s);
    /* Blocks that end at or below lo are older, those from hi on are not. */
    while (lo < hi) {
        if (locate(r, lo + (hi - lo) / 2) != STORE_OK)
            return lo;
        if (r->block.wall_ms < wall_ms)
            lo = r->block.first + r->block.facts.n;
        else
            hi = r->block.first;
    }
    return lo;
}

/* ---- tables --------------------------------------------------------------
 */

enum store_result
store_reader_state(struct store_reader *r, struct store_view **out)
{
    wake(r);
    const struct store_env *e = &r->s->state;
    uint64_t newest = atomic_load(&r->s->state_txn);
    int rc = store_view_begin(&r->state, e);
    if (rc == 0 && mdb_txn_id(r->state.txn) < newest)
        rc = store_view_refresh(&r->state, e);
    *out = &r->state;
    return store_env_verdict(rc);
}

static enum store_result
table_view(struct store_reader *r, enum store_table table,
           struct store_view **out)
{
    if (!store_table_is_control(table))
        return store_reader_state(r, out);
    wake(r);
    *out = &r->control;
    return store_env_verdict(store_view_begin(&r->control, &r->s->control));
}

enum store_result
store_get(struct store_reader *r, enum store_table table, struct slice key,
          struct slice *value)
{
    uint8_t row[1 + STORE_KEY_MAX];
    struct store_view *v;
    enum store_result res = table_view(r, table, &v);
    if (res != STORE_OK)
        return res;
    MDB_val k = {store_row_key(row, table, key), row}, d;
    int rc = mdb_cursor_get(v->cursor, &k, &d, MDB_SET);
    if (rc == 0)
        *value = slice_of(d.mv_data, d.mv_size);
    return store_env_verdict(rc);
}

enum store_result
store_after(struct store_reader *r, enum store_table table, struct slice after,
            struct slice *key, struct slice *value)
{
    uint8_t row[1 + STORE_KEY_MAX];
    struct store_view *v;
    enum store_result res = table_view(r, table, &v);
    if (res != STORE_OK)
        return res;
    size_t n = store_row_key(row, table, after);
    MDB_val k = {n, row}, d;
    int rc = mdb_cursor_get(v->cursor, &k, &d, MDB_SET_RANGE);
    if (rc == 0 && after.p &&
        slice_eq(slice_of(k.mv_data, k.mv_size), slice_of(row, n)))
        rc = mdb_cursor_get(v->cursor, &k, &d, MDB_NEXT);
    if (rc != 0)
        return store_env_verdict(rc);
    const uint8_t *found = k.mv_data;
    if (found[0] != (uint8_t)table)
        return STORE_NOT_FOUND;
    *key = slice_of(found + 1, k.mv_size - 1);
    *value = slice_of(d.mv_data, d.mv_size);
    return STORE_OK;
}
