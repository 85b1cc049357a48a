/*
 * query.c - a query and its room; keys; what is suppressed.
 *
 * Promise: as in query.h. Results are copied out of the store's memory, so
 * that a thread that waits for its next request holds no snapshot and no
 * segment that has expired.
 */
#include "engine/flow/query.h"

#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/query_inside.h"
#include "engine/flow/suppress.h"

/* 64 KB: nearly every call fits one block; the rest is given back. */
enum { ROOM_BYTES = 65536, ROOM_ALIGN = 16 };

/* A block of the room. */
struct query_room {
    struct query_room *older;
    size_t used, cap;
    _Alignas(ROOM_ALIGN) uint8_t octets[];
};

static struct query_room *
room_create(size_t cap, struct query_room *older)
{
    struct query_room *r = malloc(sizeof *r + cap);
    if (!r)
        abort();
    r->older = older;
    r->used = 0;
    r->cap = cap;
    return r;
}

struct query *
query_create(struct flow *f)
{
    struct query *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->flow = f;
    q->store = f->store;
    q->room = room_create(ROOM_BYTES, NULL);
    if (store_reader_open(q->store, &q->reader) != STORE_OK ||
        store_reader_open(q->store, &q->walker) != STORE_OK) {
        query_destroy(q);
        return NULL;
    }
    return q;
}

void
query_destroy(struct query *q)
{
    if (!q)
        return;
    store_reader_close(q->reader);
    store_reader_close(q->walker);
    while (q->room) {
        struct query_room *older = q->room->older;
        free(q->room);
        q->room = older;
    }
    query_names_fini(q);
    query_campaigns_fini(q);
    free(q->ahead);
    free(q->coded);
    free(q);
}

void
query_begin(struct query *q)
{
    while (q->room->older) {
        struct query_room *older = q->room->older;
        free(q->room);
        q->room = older;
    }
    q->room->used = 0;
}

void
query_end(struct query *q)
{
    store_reader_rest(q->reader);
    store_reader_rest(q->walker);
}

void *
query_room(struct query *q, size_t n)
{
    size_t need = (n + ROOM_ALIGN - 1) / ROOM_ALIGN * ROOM_ALIGN;
    if (need > q->room->cap - q->room->used)
        q->room = room_create(need > ROOM_BYTES ? need : ROOM_BYTES, q->room);
    void *p = q->room->octets + q->room->used;
    q->room->used += need;
    return memset(p, 0, n);
}

struct slice
query_copy(struct query *q, struct slice s)
{
    if (s.n == 0)
        return (struct slice){0};
    return slice_of(memcpy(query_room(q, s.n), s.p, s.n), s.n);
}

const char *
query_format(struct query *q, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n <= 0)
        return "";
    size_t length = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    return memcpy(query_room(q, length + 1), text, length);
}

bool
query_may_see(struct query *q, struct who who, uint32_t account,
              uint32_t sender)
{
    const struct query_name *s;
    switch (who.kind) {
    case WHO_ADMIN: return true;
    case WHO_ACCOUNT: return account != 0 && account == who.account;
    case WHO_SENDER:
        if (account == 0 || account != who.account || sender == 0)
            return false;
        if (sender == who.sender)
            return true;
        s = query_sender_row(q, sender);
        return s && s->queue;
    default: return false;
    }
}

/* ---- keys -----------------------------------------------------------------
 */

struct who
query_key(struct query *q, struct slice key)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256(key.n ? key.p : (const uint8_t *)"", key.n, hash);
    return query_key_hash(q, hash);
}

struct who
query_key_hash(struct query *q, const uint8_t *hash)
{
    struct slice doc;
    struct who who = {.kind = WHO_NOBODY};
    query_begin(q);
    if (store_get(q->reader, TABLE_KEY, slice_of(hash, SHA256_DIGEST_LENGTH),
                  &doc) == STORE_OK) {
        uint64_t kind = doc_u64(doc, DOC_WHO, WHO_NOBODY);
        if (kind <= WHO_SENDER)
            who = (struct who){
                .kind = (enum who_kind)kind,
                .account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0),
                .sender = (uint32_t)doc_u64(doc, DOC_SENDER, 0),
            };
    }
    query_end(q);
    return who;
}

/* ---- opt-outs -------------------------------------------------------------
 */

static bool
has_row(struct query *q, enum suppress_scope scope, uint32_t owner,
        uint64_t subscriber)
{
    uint8_t key[SUPPRESS_KEY_BYTES];
    struct slice doc;
    return store_get(q->reader, TABLE_SUPPRESSION,
                     suppress_key(scope, owner, subscriber, key),
                     &doc) == STORE_OK;
}

bool
query_suppressed(struct query *q, uint32_t account, uint64_t subscriber)
{
    return query_suppressed_from(q, account, (struct slice){0}, subscriber);
}

bool
query_suppressed_from(struct query *q, uint32_t account, struct slice from,
                      uint64_t subscriber)
{
    query_begin(q);
    uint32_t number = from.n ? query_find_number(q, from) : 0;
    bool held = has_row(q, SUPPRESS_ACCOUNT, account, subscriber) ||
                has_row(q, SUPPRESS_ALL, 0, subscriber) ||
                (number && has_row(q, SUPPRESS_NUMBER, number, subscriber));
    query_end(q);
    return held;
}
