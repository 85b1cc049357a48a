/*
 * directory.c - accounts, senders, numbers, pools and carriers in RAM.
 *
 * Promise: as in directory.h. How each row is written stands in
 * directory_doc.c.
 */
#include "engine/flow/directory.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/flow/directory_doc.h"
#include "engine/flow/id.h"
#include "engine/flow/login.h"

static void *
row_of(const struct table *t, uint32_t id)
{
    return id < t->rows ? t->row[id] : NULL;
}

struct account *
directory_account(const struct directory *d, uint32_t id)
{
    return row_of(&d->accounts, id);
}

struct sender *
directory_sender(const struct directory *d, uint32_t id)
{
    return row_of(&d->senders, id);
}

struct number *
directory_number(const struct directory *d, uint32_t id)
{
    return row_of(&d->numbers, id);
}

struct pool *
directory_pool(const struct directory *d, uint32_t id)
{
    return row_of(&d->pools, id);
}

struct carrier_entry *
directory_carrier(const struct directory *d, uint32_t id)
{
    return row_of(&d->carriers, id);
}

/* ---- names ----------------------------------------------------------------
 */

static uint64_t
name_key(enum directory_kind kind, uint32_t account, struct slice text)
{
    uint64_t seed = (uint64_t)kind << 32 | account;
    uint64_t h = XXH3_64bits_withSeed(text.p ? text.p : (const uint8_t *)"",
                                      text.n, seed);
    return h ? h : 1;
}

void
directory_name(struct directory *d, enum directory_kind kind, uint32_t account,
               const char *text, uint32_t id)
{
    if (text[0])
        map_put(&d->names, name_key(kind, account, slice_str(text)), id);
}

uint32_t
directory_named(const struct directory *d, enum directory_kind kind,
                uint32_t account, struct slice text)
{
    uint64_t id = 0;
    if (text.n)
        map_get(&d->names, name_key(kind, account, text), &id);
    return (uint32_t)id;
}

struct account *
directory_find_account(const struct directory *d, struct slice ref)
{
    uint64_t id = 0;
    if (!id_from_text(ID_ACCOUNT, ref, &id))
        id = directory_named(d, DIRECTORY_ACCOUNT, 0, ref);
    struct account *a = directory_account(d, (uint32_t)id);
    return a && !a->deleted ? a : NULL;
}

struct sender *
directory_find_sender(const struct directory *d, uint32_t account,
                      struct slice ref)
{
    uint64_t id = 0;
    if (!id_from_text(ID_SENDER, ref, &id))
        id = directory_named(d, DIRECTORY_SENDER, account, ref);
    if (id == 0)
        id = directory_named(d, DIRECTORY_EXTERNAL, account, ref);
    struct sender *s = directory_sender(d, (uint32_t)id);
    return s && s->account == account && !s->deleted ? s : NULL;
}

struct number *
directory_find_number(const struct directory *d, struct slice text)
{
    return directory_number(d, directory_named(d, DIRECTORY_NUMBER, 0, text));
}

struct pool *
directory_find_pool(const struct directory *d, uint32_t account,
                    struct slice ref)
{
    uint64_t id = 0;
    if (!id_from_text(ID_POOL, ref, &id))
        id = directory_named(d, DIRECTORY_POOL, account, ref);
    struct pool *p = directory_pool(d, (uint32_t)id);
    return p && p->account == account ? p : NULL;
}

struct carrier_entry *
directory_find_carrier(const struct directory *d, struct slice name)
{
    return directory_carrier(d, directory_named(d, DIRECTORY_CARRIER, 0, name));
}

struct number *
directory_in_use(const struct directory *d, struct number *n)
{
    /* 8: replaced more often than that, it is a circle. */
    for (unsigned i = 0; n && n->retired && i < 8; i++)
        n = directory_number(d, n->replaced_by);
    return n && !n->retired ? n : NULL;
}

bool
directory_may_use(const struct number *n, uint32_t account)
{
    return !n->retired &&
           ((n->shared && !n->of_clients) || n->account == account);
}

void
directory_unname(struct directory *d, enum directory_kind kind,
                 uint32_t account, const char *text)
{
    map_take(&d->names, name_key(kind, account, slice_str(text)), NULL);
}

/* ---- rows -----------------------------------------------------------------
 */

void *
directory_row(struct table *t, uint32_t id, size_t octets)
{
    if (id >= t->cap) {
        uint32_t cap = t->cap ? t->cap : 16;
        while (cap <= id)
            cap *= 2;
        t->row = realloc(t->row, cap * sizeof *t->row);
        if (!t->row)
            abort();
        memset(t->row + t->cap, 0, (cap - t->cap) * sizeof *t->row);
        t->cap = cap;
    }
    if (id >= t->rows)
        t->rows = id + 1;
    if (!t->row[id] && !(t->row[id] = calloc(1, octets)))
        abort();
    return t->row[id];
}

static uint32_t
next_id(const struct table *t)
{
    return t->rows ? t->rows : 1;
}

static void
make_key(const char *prefix, char key[64], uint8_t digest[32])
{
    uint8_t random[20];
    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    int n = snprintf(key, 64, "%s", prefix);
    bytes_to_hex(slice_of(random, sizeof random), key + n);
    SHA256((const uint8_t *)key, strlen(key), digest);
}

struct account *
directory_add_account(struct directory *d, struct slice name, uint64_t per_day,
                      uint64_t now_ms, char key[64])
{
    if (directory_find_account(d, name))
        return NULL;
    uint32_t id = next_id(&d->accounts);
    struct account *a = directory_row(&d->accounts, id, sizeof *a);
    a->id = id;
    slice_to_str(name, a->name, sizeof a->name);
    a->per_day = per_day;
    a->created_ms = now_ms;
    make_key("acc_", key, a->key_digest);
    directory_name(d, DIRECTORY_ACCOUNT, 0, a->name, id);
    directory_save_account(d, a);
    directory_save_key(d, a->key_digest, WHO_ACCOUNT, id, 0);
    /* Numbers of the settings file wait for the account of their name. */
    for (uint32_t i = 1; i < d->numbers.rows; i++) {
        struct number *n = directory_number(d, i);
        if (n && n->account == 0 && !n->shared &&
            strcmp(n->account_name, a->name) == 0) {
            n->account = id;
            directory_save_number(d, n);
        }
    }
    return a;
}

void
directory_delete_account(struct directory *d, struct account *a)
{
    a->deleted = true;
    map_take(&d->names, name_key(DIRECTORY_ACCOUNT, 0, slice_str(a->name)),
             NULL);
    directory_save_account(d, a);
    journal_delete(d->journal, TABLE_KEY, slice_of(a->key_digest, 32));
    for (uint32_t i = 1; i < d->senders.rows; i++) {
        struct sender *s = directory_sender(d, i);
        if (!s || s->account != a->id || s->deleted)
            continue;
        s->deleted = true;
        directory_save_sender(d, s);
        journal_delete(d->journal, TABLE_KEY, slice_of(s->key_digest, 32));
    }
    for (uint32_t i = 1; i < d->numbers.rows; i++) {
        struct number *n = directory_number(d, i);
        if (n && n->account == a->id) {
            n->account = 0;
            directory_save_number(d, n);
        }
    }
}

struct sender *
directory_add_sender(struct directory *d, const struct sender *wish,
                     char key[64])
{
    if (directory_find_sender(d, wish->account, slice_str(wish->name)) ||
        (wish->external_id[0] &&
         directory_find_sender(d, wish->account, slice_str(wish->external_id))))
        return NULL;
    uint32_t id = next_id(&d->senders);
    struct sender *s = directory_row(&d->senders, id, sizeof *s);
    *s = *wish;
    s->id = id;
    make_key("snd_", key, s->key_digest);
    directory_name_sender(d, s);
    directory_save_sender(d, s);
    directory_save_key(d, s->key_digest, WHO_SENDER, s->account, id);
    struct account *a = directory_account(d, s->account);
    if (a)
        a->senders++;
    return s;
}

struct number *
directory_put_number(struct directory *d, const struct number *wish)
{
    struct number *n = directory_find_number(d, slice_str(wish->text));
    uint32_t id = n ? n->id : next_id(&d->numbers);
    bool known = n != NULL;
    if (!n)
        n = directory_row(&d->numbers, id, sizeof *n);
    bool same_rate = known && n->per_s == wish->per_s;
    struct rate rate = n->rate;
    uint32_t pool = n->pool;
    uint64_t day = n->day, day_parts = n->day_parts;
    *n = *wish;
    n->id = id;
    n->pool = pool;
    n->rate = rate;
    n->day = day;
    n->day_parts = day_parts;
    if (!same_rate)
        directory_arm_rate(n);
    directory_name(d, DIRECTORY_NUMBER, 0, n->text, id);
    directory_save_number(d, n);
    return n;
}

void
directory_join_pool(struct directory *d, const struct pool *p)
{
    for (unsigned i = 0; i < p->numbers; i++) {
        struct number *n = directory_number(d, p->number[i]);
        if (n)
            n->pool = p->id;
    }
}

void
directory_weigh_pool(struct pool *p, const uint32_t *weight)
{
    p->weight = NULL;
    p->credit = NULL;
    if (!weight)
        return;
    p->weight = malloc(p->numbers * sizeof *p->weight);
    p->credit = calloc(p->numbers, sizeof *p->credit);
    if (!p->weight || !p->credit)
        abort();
    memcpy(p->weight, weight, p->numbers * sizeof *p->weight);
}

struct pool *
directory_put_pool(struct directory *d, const struct pool *wish)
{
    struct pool *p =
        directory_find_pool(d, wish->account, slice_str(wish->name));
    uint32_t id = p ? p->id : next_id(&d->pools);
    if (!p)
        p = directory_row(&d->pools, id, sizeof *p);
    for (unsigned i = 0; i < p->numbers; i++) {
        struct number *n = directory_number(d, p->number[i]);
        if (n && n->pool == id)
            n->pool = 0;
    }
    free(p->number);
    free(p->weight);
    free(p->credit);
    *p = *wish;
    p->id = id;
    p->number = malloc((wish->numbers + 1) * sizeof *p->number);
    if (!p->number)
        abort();
    memcpy(p->number, wish->number, wish->numbers * sizeof *p->number);
    directory_weigh_pool(p, wish->weight);
    directory_join_pool(d, p);
    directory_name(d, DIRECTORY_POOL, p->account, p->name, id);
    directory_save_pool(d, p);
    return p;
}

struct carrier_entry *
directory_put_carrier(struct directory *d, const char *name)
{
    struct carrier_entry *c = directory_find_carrier(d, slice_str(name));
    if (c)
        return c;
    uint32_t id = next_id(&d->carriers);
    c = directory_row(&d->carriers, id, sizeof *c);
    c->id = id;
    snprintf(c->name, sizeof c->name, "%s", name);
    directory_name(d, DIRECTORY_CARRIER, 0, c->name, id);
    directory_save_carrier(d, c);
    return c;
}

enum { DAY_MS = 86400000 };

bool
directory_has_quota(const struct account *a, uint64_t now_ms, unsigned parts)
{
    uint64_t used = a->day == now_ms / DAY_MS ? a->day_parts : 0;
    return !a->per_day || used + parts <= a->per_day;
}

void
directory_count_account(struct account *a, uint64_t at_ms, unsigned parts)
{
    if (a->day != at_ms / DAY_MS) {
        a->day = at_ms / DAY_MS;
        a->day_parts = 0;
    }
    a->day_parts += parts;
}

void
directory_count_number(struct number *n, uint64_t at_ms)
{
    if (n->day != at_ms / DAY_MS) {
        n->day = at_ms / DAY_MS;
        n->day_parts = 0;
    }
    n->day_parts++;
}

bool
directory_number_is_spent(const struct number *n, uint64_t now_ms)
{
    return n->per_day && n->day == now_ms / DAY_MS &&
           n->day_parts >= n->per_day;
}

static void
free_table(struct table *t)
{
    for (uint32_t i = 0; i < t->rows; i++)
        free(t->row[i]);
    free(t->row);
    *t = (struct table){0};
}

void
directory_fini(struct directory *d)
{
    for (uint32_t i = 1; i < d->numbers.rows; i++) {
        struct number *n = directory_number(d, i);
        if (n)
            rate_fini(&n->rate);
    }
    for (uint32_t i = 1; i < d->pools.rows; i++) {
        struct pool *p = directory_pool(d, i);
        if (!p)
            continue;
        free(p->number);
        free(p->weight);
        free(p->credit);
    }
    login_fini_all(d);
    free_table(&d->accounts);
    free_table(&d->senders);
    free_table(&d->numbers);
    free_table(&d->pools);
    free_table(&d->carriers);
    free_table(&d->logins);
    map_fini(&d->names);
}
