/*
 * audit.c - looks at every octet of a store that nobody writes.
 *
 * Promise: reads only, goes on after a fault, tells each with the place it
 * stands at. What a crash may rightly leave (blocks without a head, a newest
 * segment without facts) is no fault.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/checkpoint.h"

struct audit {
    struct store *s;
    struct store_reader *r;
    void (*tell)(void *arg, const char *line);
    void *arg;
    unsigned faults;
};

__attribute__((format(printf, 2, 3))) static void
fault(struct audit *a, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    a->faults++;
    a->tell(a->arg, line);
}

static unsigned long long
ull(uint64_t v)
{
    return v;
}

/* ---- the log -------------------------------------------------------------
 */

struct log_walk {
    uint64_t expected; /* where the next block must begin */
    uint64_t wall_ms;
};

static void
audit_block(struct audit *a, uint64_t key, struct slice value,
            struct log_walk *walk)
{
    struct block b;
    if (key != walk->expected)
        fault(a, "log: block at %llu where %llu was due", ull(key),
              ull(walk->expected));
    if (!store_block_parse(key, value, &b)) {
        fault(a, "log: block at %llu has %zu octets", ull(key), value.n);
        walk->expected = key;
        return;
    }
    if (!store_block_is_whole(&b))
        fault(a, "log: block at %llu: checksum or a length is wrong", ull(key));
    if (b.wall_ms < walk->wall_ms)
        fault(a, "log: block at %llu is older than the one before", ull(key));
    walk->expected = key + b.facts.n;
    walk->wall_ms = b.wall_ms;
}

static void
audit_segment(struct audit *a, const struct store_segment *seg,
              struct log_walk *walk)
{
    struct store_view v = {0};
    struct slice value;
    uint64_t key;
    enum store_result res = store_env_verdict(store_view_begin(&v, &seg->env));
    if (res == STORE_OK)
        res = store_segment_seek(&v, MDB_FIRST, 0, &key, &value);
    while (res == STORE_OK) {
        audit_block(a, key, value, walk);
        res = store_segment_seek(&v, MDB_NEXT, 0, &key, &value);
    }
    if (res != STORE_NOT_FOUND)
        fault(a, "log: segment %020llu: reading stops after %llu",
              ull(seg->first), ull(walk->expected));
    store_view_fini(&v);
}

static void
audit_log(struct audit *a)
{
    struct store_log *log = &a->s->log;
    struct log_walk walk = {store_oldest(a->s), 0};
    uint64_t end = store_durable(a->s);
    for (uint64_t pos = walk.expected; pos < end;) {
        struct store_segment *seg;
        enum store_result res = store_segment_hold(log, pos, &seg);
        if (res != STORE_OK) {
            fault(a, "log: the segment of position %llu cannot be opened",
                  ull(pos));
            pos = store_segment_after(log, pos);
            walk.expected = pos;
            continue;
        }
        if (walk.expected != seg->first)
            fault(a, "log: segment %020llu begins where %llu was due",
                  ull(seg->first), ull(walk.expected));
        walk.expected = seg->first;
        audit_segment(a, seg, &walk);
        pos = store_segment_after(log, pos);
        store_segment_release(log, seg);
    }
    if (walk.expected != end)
        fault(a, "log: ends at %llu, not at %llu", ull(walk.expected),
              ull(end));
}

/* ---- runs ----------------------------------------------------------------
 */

static void
audit_run_block(struct audit *a, const struct store_run *run, uint32_t block,
                struct slice entries, uint64_t *last_key)
{
    bool sorted = true, filtered = true;
    uint64_t first = 0;
    for (size_t i = 0; i + 16 <= entries.n; i += 16) {
        uint64_t key;
        memcpy(&key, entries.p + i, 8);
        if (i == 0)
            first = key;
        sorted = sorted && key > *last_key;
        filtered = filtered && store_filter_has(&run->filter, key);
        *last_key = key;
    }
    if (!sorted)
        fault(a, "index %u run %u: block %u is not in order", run->index,
              run->id, block);
    if (!filtered)
        fault(a, "index %u run %u: the filter lacks a key of block %u",
              run->index, run->id, block);
    if (first != run->fences[block])
        fault(a, "index %u run %u: fence %u is wrong", run->index, run->id,
              block);
}

static void
audit_run(struct audit *a, uint8_t index, uint32_t id)
{
    struct store_run *run;
    struct store_view *view;
    if (store_run_load(a->r, index, id - 1, &run) != STORE_OK) {
        fault(a, "index %u run %u: head, fences or filter are bad", index, id);
        return;
    }
    uint64_t last_key = 0;
    for (uint32_t i = 0; i < run->blocks; i++) {
        struct slice entries;
        if (store_reader_state(a->r, &view) != STORE_OK ||
            store_run_block(run, view->txn, a->s->state.dbi, i, &entries) !=
                STORE_OK)
            fault(a,
                  "index %u run %u: block %u is missing or has another "
                  "length",
                  index, id, i);
        else
            audit_run_block(a, run, i, entries, &last_key);
    }
    store_run_release(run);
}

static void
audit_runs(struct audit *a)
{
    struct slice key, value, after = {NULL, 0};
    uint8_t copy[5];
    while (store_after(a->r, TABLE_RUN, after, &key, &value) == STORE_OK) {
        struct cursor c = cursor_of(key);
        uint8_t index = cursor_u8(&c);
        uint32_t id = cursor_be32(&c);
        if (c.failed || key.n != sizeof copy || id == 0) {
            fault(a, "state: a run's key has %zu octets", key.n);
            return;
        }
        memcpy(copy, key.p, sizeof copy);
        after = slice_of(copy, sizeof copy);
        audit_run(a, index, id);
    }
}

/* ---- words, point, control -----------------------------------------------
 */

static void
audit_words(struct audit *a)
{
    struct slice key, value, after = {NULL, 0};
    uint8_t copy[8];
    while (store_after(a->r, TABLE_WORDS, after, &key, &value) == STORE_OK) {
        if (key.n != sizeof copy) {
            fault(a, "state: a page of words has a key of %zu octets", key.n);
            return;
        }
        memcpy(copy, key.p, sizeof copy);
        after = slice_of(copy, sizeof copy);
        if (value.n != WORDS_PER_PAGE * sizeof(uint64_t)) {
            struct cursor c = cursor_of(key);
            uint64_t hi = cursor_be32(&c), lo = cursor_be32(&c);
            fault(a, "state: page %llu of words has %zu octets",
                  ull(hi << 32 | lo), value.n);
        }
    }
}

static void
audit_point(struct audit *a)
{
    uint64_t pos = store_checkpoint_pos(a->s);
    if (pos > store_durable(a->s))
        fault(a, "state: checkpoint of %llu, but the log ends at %llu",
              ull(pos), ull(store_durable(a->s)));
    if (pos != 0 && pos < store_oldest(a->s))
        fault(a, "state: checkpoint of %llu, but the log begins at %llu",
              ull(pos), ull(store_oldest(a->s)));
}

/* Every row is touched, and belongs to a table of its environment. */
static void
audit_rows(struct audit *a, const struct store_env *env, const char *name,
           bool control)
{
    struct store_view v = {0};
    MDB_val key, value;
    int rc = store_view_begin(&v, env);
    if (rc == 0)
        rc = mdb_cursor_get(v.cursor, &key, &value, MDB_FIRST);
    for (; rc == 0; rc = mdb_cursor_get(v.cursor, &key, &value, MDB_NEXT)) {
        uint8_t table = *(uint8_t *)key.mv_data;
        if (!store_table_is_known(table) ||
            store_table_is_control((enum store_table)table) != control)
            fault(a, "%s: a row of table %u", name, table);
    }
    if (rc != MDB_NOTFOUND)
        fault(a, "%s: reading stops: %s", name, mdb_strerror(rc));
    store_view_fini(&v);
}

unsigned
store_audit(struct store *s, void (*tell)(void *arg, const char *line),
            void *arg)
{
    struct audit a = {.s = s, .tell = tell, .arg = arg};
    if (store_reader_open(s, &a.r) != STORE_OK) {
        fault(&a, "no memory for an audit");
        return a.faults;
    }
    audit_log(&a);
    audit_point(&a);
    audit_runs(&a);
    audit_words(&a);
    audit_rows(&a, &s->control, "control", true);
    audit_rows(&a, &s->state, "state", false);
    store_reader_close(a.r);
    return a.faults;
}
