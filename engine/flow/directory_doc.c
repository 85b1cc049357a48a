/*
 * directory_doc.c - rows of the directory to docs and back.
 *
 * Promise: a row loaded is the row saved; unknown tags are left alone.
 */
#include "engine/flow/directory_doc.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/doc.h"
#include "engine/flow/login.h"

enum { DOC_ROOM = 8192 };

struct slice
directory_key32(uint32_t id, uint8_t room[4])
{
    struct writer w = writer_of(room, 4);
    writer_be32(&w, id);
    return slice_of(room, 4);
}

static void
save(struct directory *d, enum store_table table, uint32_t id,
     const struct writer *w)
{
    uint8_t key[4];
    journal_put(d->journal, table, directory_key32(id, key), writer_slice(w));
}

void
directory_save_account(struct directory *d, const struct account *a)
{
    uint8_t room[DOC_ROOM];
    struct writer w = writer_of(room, sizeof room);
    doc_put_text(&w, DOC_NAME, slice_str(a->name));
    doc_put_text(&w, DOC_KEY_DIGEST, slice_of(a->key_digest, 32));
    doc_put_u64(&w, DOC_PER_DAY, a->per_day);
    doc_put_u64(&w, DOC_CREATED_MS, a->created_ms);
    doc_put_u64(&w, DOC_DELETED, a->deleted);
    save(d, TABLE_ACCOUNT, a->id, &w);
}

void
directory_save_sender(struct directory *d, const struct sender *s)
{
    uint8_t room[DOC_ROOM];
    struct writer w = writer_of(room, sizeof room);
    doc_put_u64(&w, DOC_ACCOUNT, s->account);
    doc_put_text(&w, DOC_NAME, slice_str(s->name));
    doc_put_text(&w, DOC_EXTERNAL_ID, slice_str(s->external_id));
    doc_put_text(&w, DOC_SMPP_SYSTEM_ID, slice_str(s->smpp_system_id));
    doc_put_text(&w, DOC_KEY_DIGEST, slice_of(s->key_digest, 32));
    doc_put_u64(&w, DOC_QUEUE, s->queue);
    doc_put_u64(&w, DOC_DELETED, s->deleted);
    doc_put_u64(&w, DOC_CREATED_MS, s->created_ms);
    save(d, TABLE_SENDER, s->id, &w);
}

void
directory_save_number(struct directory *d, const struct number *n)
{
    d->number_changes++;
    uint8_t room[DOC_ROOM];
    struct writer w = writer_of(room, sizeof room);
    doc_put_text(&w, DOC_TEXT, slice_str(n->text));
    doc_put_u64(&w, DOC_ACCOUNT, n->account);
    doc_put_text(&w, DOC_ACCOUNT_NAME, slice_str(n->account_name));
    doc_put_u64(&w, DOC_CARRIER, n->carrier);
    doc_put_u64(&w, DOC_DEFAULT_SENDER, n->default_sender);
    doc_put_u64(&w, DOC_SHARED, n->shared);
    doc_put_u64(&w, DOC_FROM_SETTINGS, n->from_settings);
    doc_put_u64(&w, DOC_RETIRED, n->retired);
    doc_put_u64(&w, DOC_REPLACED_BY, n->replaced_by);
    doc_put_u64(&w, DOC_PER_S, n->per_s);
    doc_put_u64(&w, DOC_PER_DAY, n->per_day);
    doc_put_u64(&w, DOC_OF_CLIENTS, n->of_clients);
    doc_put_u64(&w, DOC_MAKER, n->maker);
    save(d, TABLE_NUMBER, n->id, &w);
}

void
directory_save_pool(struct directory *d, const struct pool *p)
{
    size_t cap = DOC_ROOM + (size_t)p->numbers * 16;
    uint8_t *room = malloc(cap);
    if (!room)
        abort();
    struct writer w = writer_of(room, cap);
    doc_put_u64(&w, DOC_ACCOUNT, p->account);
    doc_put_text(&w, DOC_NAME, slice_str(p->name));
    doc_put_u64(&w, DOC_EXCLUSIVE, p->exclusive);
    doc_put_u64(&w, DOC_ON_CONFLICT, p->on_conflict);
    doc_put_u64(&w, DOC_CREATED_MS, p->created_ms);
    for (unsigned i = 0; i < p->numbers; i++)
        doc_put_u64(&w, DOC_NUMBER, p->number[i]);
    for (unsigned i = 0; p->weight && i < p->numbers; i++)
        doc_put_u64(&w, DOC_WEIGHT, p->weight[i]);
    save(d, TABLE_POOL, p->id, &w);
    free(room);
}

/* META key of a carrier: 'c' and its id. */
void
directory_save_carrier(struct directory *d, const struct carrier_entry *c)
{
    uint8_t key[5] = {'c'};
    directory_key32(c->id, key + 1);
    journal_put(d->journal, TABLE_META, slice_of(key, 5), slice_str(c->name));
}

void
directory_save_key(struct directory *d, const uint8_t digest[32],
                   enum who_kind kind, uint32_t account, uint32_t sender)
{
    uint8_t room[64];
    struct writer w = writer_of(room, sizeof room);
    doc_put_u64(&w, DOC_WHO, kind);
    doc_put_u64(&w, DOC_ACCOUNT, account);
    doc_put_u64(&w, DOC_SENDER, sender);
    journal_put(d->journal, TABLE_KEY, slice_of(digest, 32), writer_slice(&w));
}

/* ---- loading --------------------------------------------------------------
 */

static void
load_account(struct directory *d, uint32_t id, struct slice doc)
{
    struct account *a = directory_row(&d->accounts, id, sizeof *a);
    a->id = id;
    doc_copy(doc, DOC_NAME, a->name, sizeof a->name);
    struct slice digest = doc_text(doc, DOC_KEY_DIGEST);
    if (digest.n == 32)
        memcpy(a->key_digest, digest.p, 32);
    a->per_day = doc_u64(doc, DOC_PER_DAY, 0);
    a->created_ms = doc_u64(doc, DOC_CREATED_MS, 0);
    a->deleted = doc_u64(doc, DOC_DELETED, 0) != 0;
    if (!a->deleted)
        directory_name(d, DIRECTORY_ACCOUNT, 0, a->name, id);
}

void
directory_name_sender(struct directory *d, const struct sender *s)
{
    directory_name(d, DIRECTORY_SENDER, s->account, s->name, s->id);
    directory_name(d, DIRECTORY_EXTERNAL, s->account, s->external_id, s->id);
    directory_name(d, DIRECTORY_SMPP_SENDER, s->account, s->smpp_system_id,
                   s->id);
}

static void
load_sender(struct directory *d, uint32_t id, struct slice doc)
{
    struct sender *s = directory_row(&d->senders, id, sizeof *s);
    s->id = id;
    s->account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0);
    doc_copy(doc, DOC_NAME, s->name, sizeof s->name);
    doc_copy(doc, DOC_EXTERNAL_ID, s->external_id, sizeof s->external_id);
    doc_copy(doc, DOC_SMPP_SYSTEM_ID, s->smpp_system_id,
             sizeof s->smpp_system_id);
    struct slice digest = doc_text(doc, DOC_KEY_DIGEST);
    if (digest.n == 32)
        memcpy(s->key_digest, digest.p, 32);
    s->queue = doc_u64(doc, DOC_QUEUE, 0) != 0;
    s->deleted = doc_u64(doc, DOC_DELETED, 0) != 0;
    s->created_ms = doc_u64(doc, DOC_CREATED_MS, 0);
    if (!s->deleted)
        directory_name_sender(d, s);
    struct account *a = directory_account(d, s->account);
    if (a)
        a->senders++;
}

void
directory_arm_rate(struct number *n)
{
    /* What was sent in the last second counts under the new limit too. */
    bool ok = n->rate.per_s ? rate_set(&n->rate, n->per_s, RATE_EVEN)
                            : rate_init(&n->rate, n->per_s, RATE_EVEN);
    if (!ok)
        abort();
}

static void
load_number(struct directory *d, uint32_t id, struct slice doc)
{
    struct number *n = directory_row(&d->numbers, id, sizeof *n);
    n->id = id;
    doc_copy(doc, DOC_TEXT, n->text, sizeof n->text);
    n->account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0);
    doc_copy(doc, DOC_ACCOUNT_NAME, n->account_name, sizeof n->account_name);
    n->carrier = (uint32_t)doc_u64(doc, DOC_CARRIER, 0);
    n->default_sender = (uint32_t)doc_u64(doc, DOC_DEFAULT_SENDER, 0);
    n->shared = doc_u64(doc, DOC_SHARED, 0) != 0;
    n->from_settings = doc_u64(doc, DOC_FROM_SETTINGS, 0) != 0;
    n->retired = doc_u64(doc, DOC_RETIRED, 0) != 0;
    n->replaced_by = (uint32_t)doc_u64(doc, DOC_REPLACED_BY, 0);
    n->per_s = (uint32_t)doc_u64(doc, DOC_PER_S, 0);
    n->per_day = (uint32_t)doc_u64(doc, DOC_PER_DAY, 0);
    n->of_clients = doc_u64(doc, DOC_OF_CLIENTS, 0) != 0;
    n->maker = (uint32_t)doc_u64(doc, DOC_MAKER, 0);
    struct account *maker = directory_account(d, n->maker);
    if (maker)
        maker->made_numbers++;
    directory_arm_rate(n);
    directory_name(d, DIRECTORY_NUMBER, 0, n->text, id);
}

/* Absent: all alike. */
static void
load_weights(struct pool *p, struct slice doc)
{
    struct slice value;
    uint32_t weight[POOL_NUMBERS_MAX];
    unsigned n = 0;
    for (struct cursor c = cursor_of(doc); n < p->numbers &&
                                           n < POOL_NUMBERS_MAX &&
                                           doc_next_of(&c, DOC_WEIGHT, &value);)
        weight[n++] = (uint32_t)doc_number(value, 0);
    if (n > 0 && n == p->numbers)
        directory_weigh_pool(p, weight);
}

static void
load_pool(struct directory *d, uint32_t id, struct slice doc)
{
    struct pool *p = directory_row(&d->pools, id, sizeof *p);
    p->id = id;
    p->account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0);
    doc_copy(doc, DOC_NAME, p->name, sizeof p->name);
    p->exclusive = doc_u64(doc, DOC_EXCLUSIVE, 1) != 0;
    p->on_conflict = (enum pool_conflict)doc_u64(doc, DOC_ON_CONFLICT, 0);
    p->created_ms = doc_u64(doc, DOC_CREATED_MS, 0);
    struct slice value;
    for (struct cursor c = cursor_of(doc);
         doc_next_of(&c, DOC_NUMBER, &value);) {
        p->number = realloc(p->number, (p->numbers + 1) * sizeof *p->number);
        if (!p->number)
            abort();
        p->number[p->numbers++] = (uint32_t)doc_number(value, 0);
    }
    load_weights(p, doc);
    directory_join_pool(d, p);
    directory_name(d, DIRECTORY_POOL, p->account, p->name, id);
}

static void
load_carrier(struct directory *d, struct slice key, struct slice name)
{
    if (key.n != 5 || key.p[0] != 'c')
        return;
    struct cursor c = cursor_of(slice_of(key.p + 1, 4));
    uint32_t id = cursor_be32(&c);
    struct carrier_entry *e = directory_row(&d->carriers, id, sizeof *e);
    e->id = id;
    slice_to_str(name, e->name, sizeof e->name);
    directory_name(d, DIRECTORY_CARRIER, 0, e->name, id);
}

bool
directory_load_table(struct directory *d, enum store_table table,
                     void (*load)(struct directory *, uint32_t, struct slice),
                     char why[STORE_WHY_BYTES])
{
    struct slice key, doc;
    uint8_t last[4];
    struct slice after = {NULL, 0};
    while (store_after(d->journal->reader, table, after, &key, &doc) ==
           STORE_OK) {
        if (key.n != 4 || !doc_is_sound(doc)) {
            snprintf(why, STORE_WHY_BYTES, "control table %d has a damaged row",
                     (int)table);
            return false;
        }
        struct cursor c = cursor_of(key);
        memcpy(last, key.p, 4);
        load(d, cursor_be32(&c), doc);
        after = slice_of(last, 4);
    }
    return true;
}

bool
directory_load(struct directory *d, struct journal *j,
               char why[STORE_WHY_BYTES])
{
    *d = (struct directory){.journal = j};
    struct slice key, value;
    uint8_t last[256];
    struct slice after = {NULL, 0};
    while (store_after(j->reader, TABLE_META, after, &key, &value) ==
           STORE_OK) {
        memcpy(last, key.p, key.n);
        after = slice_of(last, key.n);
        load_carrier(d, key, value);
    }
    bool ok = directory_load_table(d, TABLE_ACCOUNT, load_account, why) &&
              directory_load_table(d, TABLE_SENDER, load_sender, why) &&
              directory_load_table(d, TABLE_NUMBER, load_number, why) &&
              directory_load_table(d, TABLE_POOL, load_pool, why) &&
              login_load_all(d, why);
    journal_rest(j);
    return ok;
}
