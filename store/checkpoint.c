/*
 * checkpoint.c - the checkpoint thread: the only writer of the state
 * environment.
 *
 * Why a thread of its own: a checkpoint writes tens of megabytes at once, and
 * messages shall not wait for it. It starts only after the log commit of the
 * batch that carried it, so state never runs ahead of the log; being behind
 * costs nothing but a longer replay.
 */
#include "store/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- engine thread -------------------------------------------------------
 */

struct store_checkpoint *
store_checkpoint_create(struct store *s, uint64_t pos)
{
    struct store_checkpoint *c = calloc(1, sizeof *c);
    if (!c)
        abort(); /* as with the rows: nothing sane is left to do */
    c->s = s;
    c->pos = pos;
    atomic_store(&s->checkpoint_busy, true);
    return c;
}

void
store_checkpoint_destroy(struct store_checkpoint *c)
{
    if (!c)
        return;
    store_puts_fini(&c->puts);
    free(c);
}

void
store_checkpoint_put(struct store_checkpoint *c, enum store_table table,
                     struct slice key, struct slice value)
{
    store_puts_add(&c->puts, table, key, value);
}

void
store_checkpoint_delete(struct store_checkpoint *c, enum store_table table,
                        struct slice key)
{
    store_puts_remove(&c->puts, table, key);
}

bool
store_checkpoint_busy(const struct store *s)
{
    return atomic_load(&s->checkpoint_busy);
}

uint64_t
store_checkpoint_pos(const struct store *s)
{
    return atomic_load(&s->checkpoint_pos);
}

/* ---- store thread --------------------------------------------------------
 */

void
store_checkpoint_submit(struct store *s, struct store_checkpoint *c)
{
    pthread_mutex_lock(&s->lock);
    s->pending = c;
    pthread_cond_signal(&s->checkpoint_wake);
    pthread_mutex_unlock(&s->lock);
}

/* ---- checkpoint thread ---------------------------------------------------
 */

/* The row of POINT with an empty key is ours:
 * format u32 | 0 u32 | position u64, little-endian. */
enum { POINT_BYTES = 16 };

static int
put_point(struct store *s, MDB_txn *txn, uint64_t pos)
{
    uint8_t row[1 + STORE_KEY_MAX], point[POINT_BYTES];
    struct writer w = writer_of(point, sizeof point);
    writer_le32(&w, STORE_FORMAT);
    writer_le32(&w, 0);
    writer_le64(&w, pos);
    MDB_val k = {store_row_key(row, TABLE_POINT, (struct slice){NULL, 0}), row};
    MDB_val d = {sizeof point, point};
    return mdb_put(txn, s->state.dbi, &k, &d, 0);
}

static int
write_checkpoint(struct store *s, struct store_checkpoint *c)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(s->state.lmdb, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    uint64_t id = mdb_txn_id(txn);
    rc = store_puts_apply(&c->puts, txn, s->state.dbi);
    if (rc == 0)
        rc = put_point(s, txn, c->pos);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn);
    if (rc == 0)
        atomic_store(&s->state_txn, id);
    return rc;
}

/* Waits a while; false when the store stops: replay makes up for it. */
static bool
may_retry(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    if (!s->checkpoint_stopping)
        store_wait_us(&s->checkpoint_wake, &s->lock, FULL_RETRY_MS * 1000);
    bool more = !s->checkpoint_stopping;
    pthread_mutex_unlock(&s->lock);
    return more;
}

static bool
commit_checkpoint(struct store *s, struct store_checkpoint *c)
{
    for (;;) {
        int rc = write_checkpoint(s, c);
        if (rc == 0)
            break;
        if (store_env_verdict(rc) != STORE_FULL) {
            store_set_failed(s, "checkpoint", rc);
            return false;
        }
        store_set_full(s, FULL_STATE, "checkpoint", rc);
        if (!may_retry(s))
            return false;
    }
    store_clear_full(s, FULL_STATE);
    atomic_store(&s->checkpoint_pos, c->pos);
    atomic_fetch_add(&s->checkpoints, 1);
    return true;
}

static struct store_checkpoint *
next_checkpoint(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->pending && !s->checkpoint_stopping)
        pthread_cond_wait(&s->checkpoint_wake, &s->lock);
    struct store_checkpoint *c = s->pending;
    s->pending = NULL;
    pthread_mutex_unlock(&s->lock);
    return c;
}

void *
store_checkpoint_main(void *store)
{
    struct store *s = store;
    struct store_checkpoint *c;
    while ((c = next_checkpoint(s)) != NULL) {
        if (!atomic_load(&s->failed))
            (void)commit_checkpoint(s, c);
        store_checkpoint_destroy(c);
        atomic_store(&s->checkpoint_busy, false);
        store_notify(s);
    }
    return NULL;
}

/* ---- open and close ------------------------------------------------------
 */

enum store_result
store_checkpoint_load(struct store *s, char why[STORE_WHY_BYTES])
{
    struct store_reader *r;
    struct slice value;
    enum store_result res = store_reader_open(s, &r);
    if (res != STORE_OK)
        return res;
    res = store_get(r, TABLE_POINT, (struct slice){NULL, 0}, &value);
    if (res == STORE_OK) {
        struct cursor c = cursor_of(value);
        uint32_t format = cursor_le32(&c);
        (void)cursor_le32(&c);
        uint64_t pos = cursor_le64(&c);
        atomic_store(&s->checkpoint_pos, pos);
        if (c.failed || format == 0 || pos > store_durable(s))
            res = STORE_CORRUPT;
        else if (format > STORE_FORMAT)
            res = STORE_VERSION;
        snprintf(why, STORE_WHY_BYTES,
                 "%s/state: checkpoint of position %llu, format %u; "
                 "the log ends at %llu",
                 s->settings.dir, (unsigned long long)pos, format,
                 (unsigned long long)store_durable(s));
    }
    store_reader_close(r);
    return res == STORE_NOT_FOUND ? STORE_OK : res;
}

void
store_checkpoint_unload(struct store *s)
{
    store_checkpoint_destroy(s->pending);
    s->pending = NULL;
}

uint64_t
store_checkpoint_runs(struct store *s)
{
    (void)s;
    return 0;
}
