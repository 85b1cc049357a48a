/*
 * run.c - a sorted run of an index: written once, searched, dropped whole.
 */
#include "store/run.h"

#include <errno.h>
#include <stdlib.h>

#include "store/puts.h"

enum { HEAD_BYTES = 48, RUN_FORMAT = 2, KEY_BYTES = 10 };

/* table u8 | index u8 | run u32 | block u32, numbers big-endian */
static MDB_val
block_key(uint8_t dst[KEY_BYTES], uint8_t index, uint32_t id, uint32_t block)
{
    struct writer w = writer_of(dst, KEY_BYTES);
    writer_u8(&w, TABLE_RUN_BLOCK);
    writer_u8(&w, index);
    writer_be32(&w, id);
    writer_be32(&w, block);
    return (MDB_val){KEY_BYTES, dst};
}

static MDB_val
head_key(uint8_t dst[KEY_BYTES], uint8_t index, uint32_t id)
{
    MDB_val key = block_key(dst, index, id, 0);
    dst[0] = TABLE_RUN;
    key.mv_size = KEY_BYTES - 4;
    return key;
}

void
store_run_hold(struct store_run *run)
{
    atomic_fetch_add(&run->refs, 1);
}

void
store_run_release(struct store_run *run)
{
    if (!run || atomic_fetch_sub(&run->refs, 1) != 1)
        return;
    store_filter_fini(&run->filter);
    free(run->fences);
    free(run);
}

/* ---- searching -----------------------------------------------------------
 */

static inline uint64_t
entry_key(const uint8_t *entries, size_t i)
{
    uint64_t key;
    memcpy(&key, entries + i * 16, 8);
    return key;
}

static size_t
block_entries(const struct store_run *run, uint32_t block)
{
    uint64_t before = (uint64_t)block * RUN_BLOCK_ENTRIES;
    uint64_t left = run->entries - before;
    return left < RUN_BLOCK_ENTRIES ? (size_t)left : RUN_BLOCK_ENTRIES;
}

enum store_result
store_run_block(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi,
                uint32_t block, struct slice *out)
{
    uint8_t bytes[KEY_BYTES];
    MDB_val key = block_key(bytes, run->index, run->id, block), d;
    int rc = mdb_get(txn, dbi, &key, &d);
    if (rc == MDB_NOTFOUND ||
        (rc == 0 && d.mv_size != block_entries(run, block) * 16))
        return STORE_CORRUPT;
    if (rc == 0)
        *out = slice_of(d.mv_data, d.mv_size);
    return store_env_verdict(rc);
}

/* Block that can have the key: the last whose first key is not above it. */
static uint32_t
find_block(const struct store_run *run, uint64_t key)
{
    uint32_t lo = 0, hi = run->blocks;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (run->fences[mid] <= key)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* Keys are spread evenly, so a guess by proportion lands within a few
 * entries; halving takes over should they not be. */
static bool
search_block(struct slice b, uint64_t key, uint64_t *value)
{
    size_t lo = 0, hi = b.n / 16; /* entries at lo.. hi-1 can be it */
    for (int guesses = 0; lo < hi; guesses++) {
        uint64_t a = entry_key(b.p, lo), z = entry_key(b.p, hi - 1);
        if (key < a || key > z)
            return false;
        size_t mid = lo + (hi - lo) / 2;
        if (guesses < 4 && z > a)
            mid = lo + (size_t)((unsigned __int128)(key - a) * (hi - 1 - lo) /
                                (z - a));
        uint64_t k = entry_key(b.p, mid);
        if (k == key) {
            memcpy(value, b.p + mid * 16 + 8, 8);
            return true;
        }
        if (k < key)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

enum store_result
store_run_get(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi,
              uint64_t key, uint64_t *value)
{
    struct slice b;
    if (run->blocks == 0 || key < run->fences[0])
        return STORE_NOT_FOUND;
    enum store_result res =
        store_run_block(run, txn, dbi, find_block(run, key), &b);
    if (res != STORE_OK)
        return res;
    return search_block(b, key, value) ? STORE_OK : STORE_NOT_FOUND;
}

/* ---- loading -------------------------------------------------------------
 */

/* Blocks of one kind, put together in dst. */
static enum store_result
load_octets(struct store_reader *r, const struct store_run *run, uint32_t from,
            uint8_t *dst, size_t n)
{
    for (uint32_t i = 0; n > 0; i++) {
        uint8_t bytes[KEY_BYTES];
        struct slice value;
        (void)block_key(bytes, run->index, run->id, from + i);
        enum store_result res = store_get(
            r, TABLE_RUN_BLOCK, slice_of(bytes + 1, KEY_BYTES - 1), &value);
        size_t want = n < RUN_BLOCK_BYTES ? n : RUN_BLOCK_BYTES;
        if (res == STORE_NOT_FOUND || (res == STORE_OK && value.n != want))
            res = STORE_CORRUPT;
        if (res != STORE_OK)
            return res;
        store_will_need(value);
        memcpy(dst, value.p, want);
        dst += want;
        n -= want;
    }
    return STORE_OK;
}

static enum store_result
parse_head(struct slice value, struct store_run *run)
{
    struct cursor c = cursor_of(value);
    uint32_t format = cursor_le32(&c);
    run->blocks = cursor_le32(&c);
    run->entries = cursor_le64(&c);
    run->seq_first = cursor_le64(&c);
    run->seq_last = cursor_le64(&c);
    run->wall_ms = cursor_le64(&c);
    run->filter.lines = cursor_le64(&c);
    run->filter.scattered = format == 1;
    if (format > RUN_FORMAT)
        return STORE_VERSION;
    uint64_t blocks =
        (run->entries + RUN_BLOCK_ENTRIES - 1) / RUN_BLOCK_ENTRIES;
    if (c.failed || format == 0 || run->entries == 0 ||
        run->entries > UINT32_MAX || blocks != run->blocks ||
        run->seq_first > run->seq_last || run->filter.lines == 0 ||
        run->filter.lines > store_filter_lines(run->entries) * 1024)
        return STORE_CORRUPT;
    return STORE_OK;
}

static enum store_result
load_body(struct store_reader *r, struct store_run *run)
{
    run->fences = malloc(run->blocks * sizeof *run->fences);
    if (!run->fences || !store_filter_init(&run->filter, run->filter.lines))
        return STORE_FAILED;
    enum store_result res =
        load_octets(r, run, RUN_FENCES, (uint8_t *)run->fences,
                    run->blocks * sizeof *run->fences);
    if (res == STORE_OK)
        res = load_octets(r, run, RUN_FILTER, (uint8_t *)run->filter.words,
                          run->filter.lines * FILTER_LINE_BYTES);
    for (uint32_t i = 1; res == STORE_OK && i < run->blocks; i++)
        if (run->fences[i - 1] >= run->fences[i])
            res = STORE_CORRUPT;
    return res;
}

enum store_result
store_run_load(struct store_reader *r, uint8_t index, uint32_t after,
               struct store_run **out)
{
    uint8_t bytes[KEY_BYTES];
    struct slice key, value;
    (void)head_key(bytes, index, after);
    enum store_result res =
        store_after(r, TABLE_RUN, slice_of(bytes + 1, 5), &key, &value);
    if (res != STORE_OK)
        return res;
    struct cursor c = cursor_of(key);
    if (cursor_u8(&c) != index)
        return STORE_NOT_FOUND;
    struct store_run *run = calloc(1, sizeof *run);
    if (!run)
        return STORE_FAILED;
    atomic_init(&run->refs, 1);
    run->index = index;
    run->id = cursor_be32(&c);
    res = c.failed ? STORE_CORRUPT : parse_head(value, run);
    if (res == STORE_OK)
        res = load_body(r, run);
    if (res == STORE_OK)
        *out = run;
    else
        store_run_release(run);
    return res;
}

/* ---- writing -------------------------------------------------------------
 */

int
store_run_writer_init(struct store_run_writer *w, uint8_t index, uint32_t id,
                      uint64_t entries_max)
{
    *w = (struct store_run_writer){0};
    w->run = calloc(1, sizeof *w->run);
    w->block = malloc(RUN_BLOCK_BYTES);
    w->fence_cap = (size_t)(entries_max / RUN_BLOCK_ENTRIES + 1);
    if (w->run) {
        atomic_init(&w->run->refs, 1);
        w->run->index = index;
        w->run->id = id;
        w->run->fences = malloc(w->fence_cap * sizeof *w->run->fences);
    }
    if (!w->run || !w->block || !w->run->fences ||
        !store_filter_init(&w->run->filter, store_filter_lines(entries_max))) {
        store_run_writer_fini(w);
        return ENOMEM;
    }
    return 0;
}

void
store_run_writer_fini(struct store_run_writer *w)
{
    store_run_release(w->run);
    free(w->block);
    *w = (struct store_run_writer){0};
}

static int
put_octets(struct store_run_writer *w, uint32_t block, const uint8_t *p,
           size_t n)
{
    uint8_t bytes[KEY_BYTES];
    MDB_val key = block_key(bytes, w->run->index, w->run->id, block);
    MDB_val d = {n, (void *)p};
    return mdb_put(w->txn, w->dbi, &key, &d, 0);
}

static int
put_all(struct store_run_writer *w, uint32_t from, const void *octets, size_t n)
{
    const uint8_t *p = octets;
    for (uint32_t i = 0; n > 0; i++) {
        size_t part = n < RUN_BLOCK_BYTES ? n : RUN_BLOCK_BYTES;
        int rc = put_octets(w, from + i, p, part);
        if (rc != 0)
            return rc;
        p += part;
        n -= part;
    }
    return 0;
}

static int
flush(struct store_run_writer *w)
{
    int rc = put_octets(w, w->run->blocks, w->block, w->used);
    w->run->fences[w->run->blocks++] = entry_key(w->block, 0);
    w->used = 0;
    return rc;
}

int
store_run_writer_add(struct store_run_writer *w, struct store_entry e)
{
    if (w->used == RUN_BLOCK_BYTES) {
        int rc = flush(w);
        if (rc != 0)
            return rc;
    }
    memcpy(w->block + w->used, &e, sizeof e);
    w->used += sizeof e;
    w->run->entries++;
    store_filter_add(&w->run->filter, e.key);
    return 0;
}

static int
put_head(struct store_run_writer *w)
{
    const struct store_run *run = w->run;
    uint8_t bytes[KEY_BYTES], head[HEAD_BYTES];
    struct writer out = writer_of(head, sizeof head);
    writer_le32(&out, run->filter.scattered ? 1 : RUN_FORMAT);
    writer_le32(&out, run->blocks);
    writer_le64(&out, run->entries);
    writer_le64(&out, run->seq_first);
    writer_le64(&out, run->seq_last);
    writer_le64(&out, run->wall_ms);
    writer_le64(&out, run->filter.lines);
    MDB_val key = head_key(bytes, run->index, run->id);
    MDB_val d = {sizeof head, head};
    return mdb_put(w->txn, w->dbi, &key, &d, 0);
}

int
store_run_writer_finish(struct store_run_writer *w, struct store_run **out)
{
    struct store_run *run = w->run;
    int rc = w->used > 0 ? flush(w) : 0;
    if (rc == 0)
        rc = put_all(w, RUN_FENCES, run->fences,
                     run->blocks * sizeof *run->fences);
    if (rc == 0)
        rc = put_all(w, RUN_FILTER, run->filter.words,
                     run->filter.lines * FILTER_LINE_BYTES);
    if (rc == 0)
        rc = put_head(w);
    if (rc == 0) {
        *out = run;
        w->run = NULL;
    }
    return rc;
}

/* ---- dropping ------------------------------------------------------------
 */

bool
store_run_has_head(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi)
{
    uint8_t bytes[KEY_BYTES];
    MDB_val key = head_key(bytes, run->index, run->id), d;
    return mdb_get(txn, dbi, &key, &d) == 0;
}

int
store_run_delete_head(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi)
{
    uint8_t bytes[KEY_BYTES];
    MDB_val key = head_key(bytes, run->index, run->id);
    return mdb_del(txn, dbi, &key, NULL);
}

int
store_run_sweep(uint8_t index, uint32_t id, MDB_txn *txn, MDB_dbi dbi,
                unsigned max, bool *more)
{
    uint8_t bytes[KEY_BYTES];
    MDB_cursor *cursor = NULL;
    *more = true;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    while (rc == 0 && max-- > 0) {
        MDB_val key = block_key(bytes, index, id, 0), d;
        rc = mdb_cursor_get(cursor, &key, &d, MDB_SET_RANGE);
        /* All but the block number must agree. */
        if (rc == MDB_NOTFOUND ||
            (rc == 0 && (key.mv_size != KEY_BYTES ||
                         memcmp(key.mv_data, bytes, KEY_BYTES - 4) != 0))) {
            *more = false;
            rc = 0;
            break;
        }
        if (rc == 0)
            rc = mdb_cursor_del(cursor, 0);
    }
    if (cursor)
        mdb_cursor_close(cursor);
    return rc;
}
