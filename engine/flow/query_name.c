/*
 * query_name.c - accounts, senders, numbers and carriers by id, and senders
 * and numbers by what people write.
 *
 * Rows are kept for a second, so a page of messages costs one read a row and
 * a change shows soon. Ids are given in rising order and never again, so the
 * index of texts is only ever read on from where it ended: who was made a
 * moment ago is found at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/id.h"
#include "engine/flow/query_inside.h"
#include "proto/addr.h"

static void
read_row(struct query_name *n, enum store_table table, struct slice doc)
{
    if (table == TABLE_META) { /* a carrier: the value is its name */
        slice_to_str(doc, n->text, sizeof n->text);
        return;
    }
    doc_copy(doc, table == TABLE_NUMBER ? DOC_TEXT : DOC_NAME, n->text,
             sizeof n->text);
    n->account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0);
    n->carrier = (uint32_t)doc_u64(doc, DOC_CARRIER, 0);
    n->shared = doc_u64(doc, DOC_SHARED, 0) != 0;
    n->queue = doc_u64(doc, DOC_QUEUE, 0) != 0;
    n->deleted =
        doc_u64(doc, DOC_DELETED, 0) != 0 || doc_u64(doc, DOC_RETIRED, 0) != 0;
}

static const struct query_name *
row_of(struct query *q, enum store_table table, uint64_t id)
{
    uint64_t key = (uint64_t)table << 32 | id;
    struct query_name *n = &q->names[map_mix(key) % QUERY_NAMES];
    uint64_t now = clock_mono().us;
    if (n->key == key && now < n->until_us)
        return n;
    uint8_t room[5] = {'c'}; /* META key of a carrier: 'c' and its id */
    struct writer w = writer_of(room + 1, 4);
    writer_be32(&w, (uint32_t)id);
    struct slice doc,
        k = table == TABLE_META ? slice_of(room, 5) : slice_of(room + 1, 4);
    *n = (struct query_name){0};
    if (id == 0 || id > UINT32_MAX ||
        store_get(q->reader, table, k, &doc) != STORE_OK)
        return NULL;
    n->key = key;
    n->until_us = now + QUERY_FRESH_US;
    read_row(n, table, doc);
    return n;
}

const struct query_name *
query_number_row(struct query *q, uint64_t id)
{
    return row_of(q, TABLE_NUMBER, id);
}

const struct query_name *
query_sender_row(struct query *q, uint64_t id)
{
    return row_of(q, TABLE_SENDER, id);
}

const struct query_name *
query_account_row(struct query *q, uint64_t id)
{
    return row_of(q, TABLE_ACCOUNT, id);
}

const char *
query_carrier_name(struct query *q, uint64_t id)
{
    const struct query_name *n = row_of(q, TABLE_META, id);
    return n ? query_format(q, "%s", n->text) : "";
}

/* ---- by text --------------------------------------------------------------
 */

static uint64_t
text_key(uint32_t account, struct slice text)
{
    return XXH3_64bits_withSeed(text.p, text.n, account) | 1;
}

static void
index_row(struct query_index *x, enum store_table table, uint32_t id,
          struct slice doc)
{
    struct slice text = doc_text(doc, DOC_TEXT);
    if (table == TABLE_NUMBER) {
        if (text.n)
            map_put(&x->ids, text_key(0, text), id);
        return;
    }
    uint32_t account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0);
    struct slice name = doc_text(doc, DOC_NAME);
    struct slice external = doc_text(doc, DOC_EXTERNAL_ID);
    if (name.n)
        map_put(&x->ids, text_key(account, name), id);
    if (external.n)
        map_put(&x->ids, text_key(account, external), id);
}

/* Reads the rows that were made since. */
static void
index_read_on(struct query *q, struct query_index *x, enum store_table table)
{
    uint8_t last[4];
    struct slice key, doc;
    for (;;) {
        struct slice after = directory_key32(x->last, last);
        if (store_after(q->reader, table, after, &key, &doc) != STORE_OK ||
            key.n != 4)
            return;
        struct cursor c = cursor_of(key);
        x->last = cursor_be32(&c);
        index_row(x, table, x->last, doc);
    }
}

static uint32_t
index_find(const struct query_index *x, uint32_t account, struct slice text)
{
    uint64_t id;
    return map_get(&x->ids, text_key(account, text), &id) ? (uint32_t)id : 0;
}

static bool
is_sender(struct query *q, uint32_t id, uint32_t account)
{
    const struct query_name *s = id ? query_sender_row(q, id) : NULL;
    return s && s->account == account && !s->deleted;
}

static uint32_t
find_sender(struct query *q, uint32_t account, struct slice ref)
{
    uint64_t id;
    if (account == 0 || ref.n == 0)
        return 0;
    if (id_from_text(ID_SENDER, ref, &id))
        return id <= UINT32_MAX && is_sender(q, (uint32_t)id, account)
                   ? (uint32_t)id
                   : 0;
    uint32_t found = index_find(&q->senders, account, ref);
    if (is_sender(q, found, account))
        return found;
    index_read_on(q, &q->senders, TABLE_SENDER);
    found = index_find(&q->senders, account, ref);
    return is_sender(q, found, account) ? found : 0;
}

uint32_t
query_sender(struct query *q, uint32_t account, struct slice ref)
{
    query_begin(q);
    uint32_t id = find_sender(q, account, ref);
    query_end(q);
    return id;
}

uint32_t
query_find_number(struct query *q, struct slice text)
{
    struct addr a;
    addr_from_text(text, NULL, &a);
    struct slice plain = slice_str(a.text);
    uint32_t id = index_find(&q->numbers, 0, plain);
    if (id)
        return id;
    index_read_on(q, &q->numbers, TABLE_NUMBER);
    return index_find(&q->numbers, 0, plain);
}

bool
query_sender_name(struct query *q, uint32_t sender, struct slice *name)
{
    query_begin(q);
    const struct query_name *s = query_sender_row(q, sender);
    *name = (struct slice){0};
    if (s)
        *name = slice_str(query_format(q, "%s", s->text));
    query_end(q);
    return s != NULL;
}

const char *
query_account_name(struct query *q, uint32_t account)
{
    query_begin(q);
    const struct query_name *a = query_account_row(q, account);
    const char *name = a ? query_format(q, "%s", a->text) : "";
    query_end(q);
    return name;
}

void
query_names_fini(struct query *q)
{
    map_fini(&q->senders.ids);
    map_fini(&q->numbers.ids);
}
