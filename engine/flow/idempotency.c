/*
 * idempotency.c - first answers, kept and given again.
 *
 * Promise: as in idempotency.h.
 */
#include "engine/flow/idempotency.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"

enum {
    KEPT_MS = 48 * 3600 * 1000,
    KEY_BYTES = 20,
    DOC_MAX = 256 * 1024,
    EXPIRE_ROWS = 20,
};

static struct slice
row_key(const struct mail *m, struct slice key, uint8_t room[KEY_BYTES])
{
    XXH128_hash_t h = XXH3_128bits(key.p, key.n);
    struct writer w = writer_of(room, KEY_BYTES);
    writer_be32(&w, m->who.account);
    writer_le64(&w, h.low64);
    writer_le64(&w, h.high64 ^ m->who.sender);
    return writer_slice(&w);
}

static struct slice
key_of(const struct mail *m)
{
    return m->kind == MAIL_SEND ? m->send.idempotency_key
                                : m->campaign.idempotency_key;
}

static uint64_t
body_of(const struct mail *m)
{
    return m->kind == MAIL_SEND ? m->send.body_hash : m->campaign.body_hash;
}

/* ---- answers as docs --------------------------------------------------------
 */

static void
put_item(struct writer *w, const struct send_item *i)
{
    uint8_t room[512];
    struct writer item = writer_of(room, sizeof room);
    writer_varint(&item, i->message);
    writer_varint(&item, i->parts);
    writer_varint(&item, i->ucs2);
    writer_varint(&item, i->result);
    writer_varint(&item, i->state);
    writer_bytes(&item, slice_str(i->code ? i->code : ""));
    writer_bytes(&item, slice_str(i->pointer ? i->pointer : ""));
    writer_bytes(&item, slice_str(i->detail));
    doc_put_text(w, DOC_RESULT, writer_slice(&item));
}

/* code and pointer must outlive the mail's answer: they go to its memory. */
static char *
keep_text(char **at, struct slice s)
{
    if (s.n == 0)
        return NULL;
    char *p = *at;
    memcpy(p, s.p, s.n);
    p[s.n] = 0;
    *at += s.n + 1;
    return p;
}

static void
get_item(struct slice value, struct send_item *i, char **at)
{
    struct cursor c = cursor_of(value);
    i->message = cursor_varint(&c);
    i->parts = (unsigned)cursor_varint(&c);
    i->ucs2 = cursor_varint(&c) != 0;
    i->result = (enum mail_result)cursor_varint(&c);
    i->state = (uint8_t)cursor_varint(&c);
    i->code = keep_text(at, cursor_bytes(&c));
    i->pointer = keep_text(at, cursor_bytes(&c));
    slice_to_str(cursor_bytes(&c), i->detail, sizeof i->detail);
}

static void
give_again(struct mail *m, struct slice doc)
{
    m->result = MAIL_OK;
    if (m->kind == MAIL_CAMPAIGN_CREATE) {
        m->campaign.campaign = doc_u64(doc, DOC_RESULT, 0);
        m->campaign.repeated = true;
        return;
    }
    m->send.repeated = true;
    char *at = m->answer = malloc(doc.n + 2 * (size_t)m->send.count + 1);
    if (!at)
        abort();
    struct slice value;
    unsigned i = 0;
    for (struct cursor c = cursor_of(doc);
         i < m->send.count && doc_next_of(&c, DOC_RESULT, &value); i++)
        get_item(value, &m->send.items[i], &at);
}

/* ---- RAM until durable
 * ------------------------------------------------------- */

struct fresh {
    uint8_t key[KEY_BYTES];
    uint64_t pos; /* durable at this position: the table has it */
    struct slice doc;
};

static struct fresh *
fresh_find(struct flow *f, struct slice key)
{
    for (size_t i = 0; i < f->fresh_answers; i++)
        if (memcmp(f->fresh_answer[i].key, key.p, KEY_BYTES) == 0)
            return &f->fresh_answer[i];
    return NULL;
}

static void
fresh_add(struct flow *f, struct slice key, struct slice doc)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->fresh_answers; i++) {
        struct fresh *x = &f->fresh_answer[i];
        if (x->pos <= journal_durable(&f->journal))
            free((void *)(uintptr_t)x->doc.p);
        else
            f->fresh_answer[kept++] = *x;
    }
    f->fresh_answers = kept;
    f->fresh_answer =
        realloc(f->fresh_answer, (kept + 1) * sizeof *f->fresh_answer);
    uint8_t *copy = malloc(doc.n + 1);
    if (!f->fresh_answer || !copy)
        abort();
    memcpy(copy, doc.p, doc.n);
    struct fresh *x = &f->fresh_answer[f->fresh_answers++];
    memcpy(x->key, key.p, KEY_BYTES);
    /* Behind the CHANGE fact that this turn will still write. */
    x->pos = journal_end(&f->journal) + 1;
    x->doc = slice_of(copy, doc.n);
}

void
idempotency_fini(struct flow *f)
{
    for (size_t i = 0; i < f->fresh_answers; i++)
        free((void *)(uintptr_t)f->fresh_answer[i].doc.p);
    free(f->fresh_answer);
}

/* ---- mails ------------------------------------------------------------------
 */

bool
idempotency_find(struct flow *f, struct mail *m)
{
    uint8_t room[KEY_BYTES];
    struct slice key = row_key(m, key_of(m), room), doc;
    const struct fresh *fresh = fresh_find(f, key);
    if (fresh)
        doc = fresh->doc;
    else if (store_get(f->journal.reader, TABLE_IDEMPOTENCY, key, &doc) !=
             STORE_OK)
        return false;
    if (f->wall.ms - doc_u64(doc, DOC_AT_MS, 0) > KEPT_MS)
        return false;
    if (doc_u64(doc, DOC_HASH, 0) != body_of(m)) {
        m->result = MAIL_INVALID;
        m->code = "idempotency_mismatch";
        snprintf(m->detail, sizeof m->detail,
                 "this Idempotency-Key was used with another body");
        return true;
    }
    give_again(m, doc);
    return true;
}

void
idempotency_keep(struct flow *f, struct mail *m)
{
    static uint8_t octets[DOC_MAX]; /* the engine thread's own */
    uint8_t room[KEY_BYTES];
    struct slice key = row_key(m, key_of(m), room);
    struct writer w = writer_of(octets, sizeof octets);
    doc_put_u64(&w, DOC_AT_MS, f->wall.ms);
    doc_put_u64(&w, DOC_HASH, body_of(m));
    if (m->kind == MAIL_CAMPAIGN_CREATE)
        doc_put_u64(&w, DOC_RESULT, m->campaign.campaign);
    else
        for (unsigned i = 0; i < m->send.count; i++)
            put_item(&w, &m->send.items[i]);
    if (w.failed)
        return;
    journal_put(&f->journal, TABLE_IDEMPOTENCY, key, writer_slice(&w));
    fresh_add(f, key, writer_slice(&w));
}

void
idempotency_expire(struct flow *f)
{
    static uint8_t last[KEY_BYTES];
    static bool begun;
    struct slice key, doc;
    for (int i = 0; i < EXPIRE_ROWS; i++) {
        struct slice after = {begun ? last : NULL, begun ? KEY_BYTES : 0};
        if (store_after(f->journal.reader, TABLE_IDEMPOTENCY, after, &key,
                        &doc) != STORE_OK ||
            key.n != KEY_BYTES) {
            begun = false;
            return;
        }
        memcpy(last, key.p, KEY_BYTES);
        begun = true;
        if (f->wall.ms - doc_u64(doc, DOC_AT_MS, 0) > KEPT_MS)
            journal_delete(&f->journal, TABLE_IDEMPOTENCY,
                           slice_of(last, KEY_BYTES));
    }
}
