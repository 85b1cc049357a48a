/*
 * puts.c - writes of small rows, gathered in order for one transaction.
 */
#include "store/puts.h"

#include <assert.h>
#include <stdlib.h>

enum { OP_DELETE, OP_PUT };
enum { PUT_HEAD_BYTES = 7 };

/* Memory for a few octets that is refused leaves nothing sane to do: the
 * log survives an abort, a half-written list would not be noticed. */
static uint8_t *
puts_room(struct store_puts *p, size_t n)
{
    if (p->cap - p->used < n) {
        size_t cap = p->cap ? p->cap : 4096;
        while (cap - p->used < n)
            cap *= 2;
        uint8_t *bytes = realloc(p->bytes, cap);
        if (!bytes)
            abort();
        p->bytes = bytes;
        p->cap = cap;
    }
    uint8_t *at = p->bytes + p->used;
    p->used += n;
    return at;
}

static void
add(struct store_puts *p, uint8_t op, enum store_table table, struct slice key,
    struct slice value)
{
    assert(key.n <= STORE_KEY_MAX && value.n <= UINT32_MAX);
    size_t n = PUT_HEAD_BYTES + 1 + key.n + value.n;
    struct writer w = writer_of(puts_room(p, n), n);
    writer_u8(&w, op);
    writer_be16(&w, (uint16_t)(1 + key.n));
    writer_be32(&w, (uint32_t)value.n);
    writer_u8(&w, (uint8_t)table);
    writer_put(&w, key);
    writer_put(&w, value);
}

void
store_puts_add(struct store_puts *p, enum store_table table, struct slice key,
               struct slice value)
{
    add(p, OP_PUT, table, key, value);
}

void
store_puts_remove(struct store_puts *p, enum store_table table,
                  struct slice key)
{
    add(p, OP_DELETE, table, key, (struct slice){NULL, 0});
}

int
store_puts_apply(const struct store_puts *p, MDB_txn *txn, MDB_dbi dbi)
{
    struct cursor c = cursor_of(slice_of(p->bytes, p->used));
    while (cursor_left(&c) > 0) {
        uint8_t op = cursor_u8(&c);
        uint16_t key_n = cursor_be16(&c);
        uint32_t value_n = cursor_be32(&c);
        struct slice key = cursor_take(&c, key_n);
        struct slice value = cursor_take(&c, value_n);
        MDB_val k = {key.n, (void *)key.p}, d = {value.n, (void *)value.p};
        int rc = op == OP_PUT ? mdb_put(txn, dbi, &k, &d, 0)
                              : mdb_del(txn, dbi, &k, NULL);
        if (rc != 0 && !(op == OP_DELETE && rc == MDB_NOTFOUND))
            return rc;
    }
    return 0;
}

void
store_puts_clear(struct store_puts *p)
{
    /* 1 MiB: one large import shall not hold its memory for ever. */
    if (p->cap > 1 << 20)
        store_puts_fini(p);
    p->used = 0;
}

void
store_puts_fini(struct store_puts *p)
{
    free(p->bytes);
    *p = (struct store_puts){0};
}

size_t
store_row_key(uint8_t dst[1 + STORE_KEY_MAX], enum store_table table,
              struct slice key)
{
    size_t n = key.n <= STORE_KEY_MAX ? key.n : STORE_KEY_MAX;
    dst[0] = (uint8_t)table;
    if (n > 0)
        memcpy(dst + 1, key.p, n);
    return 1 + n;
}

enum env { CONTROL, STATE };

bool
store_table_is_control(enum store_table table)
{
    switch (table) {
#define TABLE(number, name, env, help)                                         \
    case TABLE_##name:                                                         \
        return env == CONTROL;
#include "store/schema.def"
#undef TABLE
    }
    return false;
}

bool
store_table_is_known(unsigned number)
{
    static const uint8_t known[256] = {
#define TABLE(number, name, env, help) [number] = 1,
#include "store/schema.def"
#undef TABLE
    };
    return number < 256 && known[number];
}
