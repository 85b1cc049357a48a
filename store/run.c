/*
 * run.c - a sorted run of an index: written once, searched, dropped whole.
 */
#include "store/run.h"

#include <errno.h>
#include <stdlib.h>

#include "store/puts.h"

enum { HEAD_BYTES = 48, RUN_FORMAT = 2, KEY_BYTES = 10, WINDOW_ENTRIES = 256 };

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
    store_cover_release(run->cover);
    free(run->fences);
    free(run->places);
    free(run->tail);
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

size_t
store_run_read(const struct store_run *run, const struct store_env *e,
               uint32_t block, uint8_t dst[RUN_BLOCK_BYTES])
{
    size_t n = block_entries(run, block) * 16;
    if (run->places[block] == 0)
        memcpy(dst, run->tail, n);
    else if (!store_env_read(e, run->places[block], dst, n))
        return 0;
    return n;
}

/* Entries around the one that has the key if keys are spread evenly, as they
 * are: 256 are four standard deviations to either side. from: the first. */
static size_t
guess_window(const struct store_run *run, uint32_t block, uint64_t key,
             size_t *from)
{
    size_t n = block_entries(run, block);
    uint64_t a = run->fences[block];
    uint64_t z = block + 1 < run->blocks ? run->fences[block + 1] : UINT64_MAX;
    size_t guess =
        z > a ? (size_t)((unsigned __int128)(key - a) * n / (z - a)) : 0;
    size_t to = guess + WINDOW_ENTRIES / 2;
    if (to > n)
        to = n;
    *from = to > WINDOW_ENTRIES ? to - WINDOW_ENTRIES : 0;
    return n - *from < WINDOW_ENTRIES ? n - *from : WINDOW_ENTRIES;
}

/* Should the guess have been wrong, all of the block. */
static enum store_result
search_all(const struct store_run *run, const struct store_env *e,
           uint32_t block, uint64_t key, uint64_t *value)
{
    uint8_t *octets = malloc(RUN_BLOCK_BYTES);
    size_t n = octets ? store_run_read(run, e, block, octets) : 0;
    bool found = n > 0 && search_block(slice_of(octets, n), key, value);
    free(octets);
    return found ? STORE_OK : n > 0 ? STORE_NOT_FOUND : STORE_FAILED;
}

enum store_result
store_run_get(const struct store_run *run, const struct store_env *e,
              uint64_t key, uint64_t *value)
{
    if (run->blocks == 0 || key < run->fences[0])
        return STORE_NOT_FOUND;
    uint32_t block = find_block(run, key);
    if (run->places[block] == 0)
        return search_block(slice_of(run->tail, block_entries(run, block) * 16),
                            key, value)
                   ? STORE_OK
                   : STORE_NOT_FOUND;
    uint8_t octets[WINDOW_ENTRIES * 16];
    size_t from, n = guess_window(run, block, key, &from);
    if (!store_env_read(e, run->places[block] + from * 16, octets, n * 16))
        return STORE_FAILED;
    if (search_block(slice_of(octets, n * 16), key, value))
        return STORE_OK;
    bool before = key < entry_key(octets, 0) && from > 0;
    bool behind =
        key > entry_key(octets, n - 1) && from + n < block_entries(run, block);
    return before || behind ? search_all(run, e, block, key, value)
                            : STORE_NOT_FOUND;
}

/* ---- locating ------------------------------------------------------------
 */

/* Its place, when the file has it there. Only of a run's first block the map
 * is touched. */
static enum store_result
locate_block(struct store_run *run, const struct store_env *e, uint32_t i,
             struct slice b, const uint8_t **map)
{
    uint64_t key;
    if (!store_env_is_settled(e, b.n)) { /* the last one */
        run->tail = malloc(b.n);
        if (run->tail)
            memcpy(run->tail, b.p, b.n);
        return run->tail ? STORE_OK : STORE_FAILED;
    }
    if (!*map)
        *map = store_env_map(e, b);
    run->places[i] = (uint64_t)((uintptr_t)b.p - (uintptr_t)*map);
    return store_env_read(e, run->places[i], &key, sizeof key) &&
                   key == run->fences[i]
               ? STORE_OK
               : STORE_CORRUPT;
}

static enum store_result
locate(struct store_run *run, const struct store_env *e, MDB_txn *txn)
{
    const uint8_t *map = NULL;
    run->places = calloc(run->blocks, sizeof *run->places);
    if (!run->places)
        return STORE_FAILED;
    for (uint32_t i = 0; i < run->blocks; i++) {
        struct slice b = {0};
        enum store_result res = store_run_block(run, txn, e->dbi, i, &b);
        if (res == STORE_OK)
            res = locate_block(run, e, i, b, &map);
        if (res != STORE_OK)
            return res;
    }
    return STORE_OK;
}

enum store_result
store_run_locate(struct store_run *run, const struct store_env *e)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(e->lmdb, NULL, MDB_RDONLY, &txn);
    if (rc != 0)
        return store_env_verdict(rc);
    enum store_result res = locate(run, e, txn);
    mdb_txn_abort(txn);
    return res;
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

/* Puts the blocks of the filter that are final: no key is to come that falls
 * into a line before the last key's. */
static int
put_filter(struct store_run_writer *w, uint64_t key)
{
    const struct store_filter *f = &w->run->filter;
    const uint8_t *octets = (const uint8_t *)f->words;
    uint64_t end =
        f->scattered
            ? 0
            : (uint64_t)((uint8_t *)store_filter_line(f, key) - octets);
    int rc = 0;
    for (; rc == 0 && w->filter_put + RUN_BLOCK_BYTES <= end;
         w->filter_put += RUN_BLOCK_BYTES)
        rc = put_octets(
            w, RUN_FILTER + (uint32_t)(w->filter_put / RUN_BLOCK_BYTES),
            octets + w->filter_put, RUN_BLOCK_BYTES);
    return rc;
}

static int
flush(struct store_run_writer *w)
{
    int rc = put_octets(w, w->run->blocks, w->block, w->used);
    w->run->fences[w->run->blocks++] = entry_key(w->block, 0);
    if (rc == 0)
        rc = put_filter(w, entry_key(w->block, w->used / 16 - 1));
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

int
store_run_put_head(const struct store_run *run, MDB_txn *txn, MDB_dbi dbi)
{
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
    return mdb_put(txn, dbi, &key, &d, 0);
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
        rc =
            put_all(w, RUN_FILTER + (uint32_t)(w->filter_put / RUN_BLOCK_BYTES),
                    (const uint8_t *)run->filter.words + w->filter_put,
                    run->filter.lines * FILTER_LINE_BYTES - w->filter_put);
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
