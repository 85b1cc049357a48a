/*
 * checkpoint_rows.c - campaigns and threads, a row each, when they changed.
 *
 *   PROGRESS  key: campaign u64    value: varints, in order of writing
 *   CHUNK     key: campaign u64, block u32   value: chunks of 24 octets
 *   THREAD    key: thread u64      value: varints
 *
 * Keys big-endian.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/checkpoint.h"

enum { CHUNKS_PER_BLOCK = 2500, CHUNK_BYTES = 24 };

static struct slice
key_of(uint64_t id, uint32_t block, bool with_block, uint8_t room[12])
{
    struct writer w = writer_of(room, 12);
    writer_be32(&w, (uint32_t)(id >> 32));
    writer_be32(&w, (uint32_t)id);
    if (with_block)
        writer_be32(&w, block);
    return writer_slice(&w);
}

/* ---- campaigns
 * ------------------------------------------------------------------ */

static void
save_chunks(const struct campaign *c, struct store_checkpoint *to)
{
    static uint8_t octets[CHUNKS_PER_BLOCK * CHUNK_BYTES];
    uint8_t key[12];
    for (uint32_t i = 0, block = 0; i < c->chunks; block++) {
        struct writer w = writer_of(octets, sizeof octets);
        for (unsigned k = 0; k < CHUNKS_PER_BLOCK && i < c->chunks; k++, i++) {
            writer_le64(&w, c->chunk[i].pos);
            writer_le64(&w, c->chunk[i].message);
            writer_le32(&w, c->chunk[i].rows);
            writer_le32(&w, c->chunk[i].row);
        }
        store_checkpoint_put(to, TABLE_CHUNK, key_of(c->id, block, true, key),
                             writer_slice(&w));
    }
}

static void
save_campaign(struct flow *f, struct campaign *c, struct store_checkpoint *to)
{
    uint8_t key[12], room[512];
    struct writer w = writer_of(room, sizeof room);
    if (c->source)
        c->low_row = source_low_row(f, c->source);
    writer_varint(&w, c->state);
    writer_varint(&w, c->started_ms);
    writer_varint(&w, c->done_ms);
    writer_varint(&w, c->chunks);
    writer_varint(&w, c->rows);
    writer_varint(&w, c->refused);
    writer_varint(&w, c->replies);
    writer_varint(&w, c->parts_submitted);
    writer_varint(&w, c->upload);
    writer_varint(&w, c->upload_append);
    writer_varint(&w, c->upload_chunk);
    writer_varint(&w, c->upload_skipped);
    writer_varint(&w, c->low_row);
    for (int i = 0; i < MSG_KIND_N; i++)
        writer_varint(&w, c->count[i]);
    store_checkpoint_put(to, TABLE_PROGRESS, key_of(c->id, 0, false, key),
                         writer_slice(&w));
    if (c->chunks_saved != c->chunks) {
        save_chunks(c, to);
        c->chunks_saved = c->chunks;
    }
    c->dirty = false;
}

static bool
load_chunks(struct flow *f, struct campaign *c, uint32_t chunks)
{
    uint8_t key[12];
    struct slice value;
    c->chunk = calloc(chunks + 1u, sizeof *c->chunk);
    if (!c->chunk)
        abort();
    c->chunk_cap = chunks + 1;
    for (uint32_t block = 0; c->chunks < chunks; block++) {
        if (store_get(f->journal.reader, TABLE_CHUNK,
                      key_of(c->id, block, true, key), &value) != STORE_OK ||
            value.n == 0)
            return false;
        struct cursor at = cursor_of(value);
        while (c->chunks < chunks && cursor_left(&at) >= CHUNK_BYTES) {
            struct chunk *k = &c->chunk[c->chunks++];
            k->pos = cursor_le64(&at);
            k->message = cursor_le64(&at);
            k->rows = cursor_le32(&at);
            k->row = cursor_le32(&at);
        }
    }
    c->chunks_saved = chunks;
    return true;
}

static bool
load_progress(struct flow *f, struct campaign *c)
{
    uint8_t key[12];
    struct slice value;
    if (store_get(f->journal.reader, TABLE_PROGRESS,
                  key_of(c->id, 0, false, key), &value) != STORE_OK)
        return true; /* made after the checkpoint: facts will tell */
    struct cursor w = cursor_of(value);
    c->state = (enum campaign_state)cursor_varint(&w);
    c->started_ms = cursor_varint(&w);
    c->done_ms = cursor_varint(&w);
    uint32_t chunks = (uint32_t)cursor_varint(&w);
    c->rows = cursor_varint(&w);
    c->refused = cursor_varint(&w);
    c->replies = cursor_varint(&w);
    c->parts_submitted = cursor_varint(&w);
    c->upload = cursor_varint(&w);
    c->upload_append = cursor_varint(&w) != 0;
    c->upload_chunk = (uint32_t)cursor_varint(&w);
    c->upload_skipped = cursor_varint(&w);
    c->low_row = cursor_varint(&w);
    for (int i = 0; i < MSG_KIND_N; i++)
        c->count[i] = cursor_varint(&w);
    return !w.failed && load_chunks(f, c, chunks);
}

static bool
load_campaigns(struct flow *f, char why[STORE_WHY_BYTES])
{
    uint8_t last[8];
    struct slice key, doc, after = {NULL, 0};
    while (store_after(f->journal.reader, TABLE_CAMPAIGN, after, &key, &doc) ==
               STORE_OK &&
           key.n == 8) {
        memcpy(last, key.p, 8);
        after = slice_of(last, 8);
        struct cursor c = cursor_of(after);
        uint64_t id = (uint64_t)cursor_be32(&c) << 32;
        id |= cursor_be32(&c);
        struct campaign *row = campaign_load(f, id, doc);
        if (!row || !load_progress(f, row)) {
            snprintf(why, STORE_WHY_BYTES, "campaign %llu is damaged",
                     (unsigned long long)id);
            return false;
        }
    }
    return true;
}

/* ---- threads
 * -------------------------------------------------------------------- */

static void
save_thread(struct thread *x, struct store_checkpoint *to)
{
    uint8_t key[12], room[160];
    struct writer w = writer_of(room, sizeof room);
    writer_varint(&w, x->subscriber);
    writer_varint(&w, x->last_ms);
    writer_varint(&w, x->waiting_ms);
    writer_varint(&w, x->last_message);
    writer_varint(&w, x->account);
    writer_varint(&w, x->sender);
    writer_varint(&w, x->assignee);
    writer_varint(&w, x->number);
    writer_varint(&w, x->unread);
    writer_varint(&w, x->closed);
    store_checkpoint_put(to, TABLE_THREAD, key_of(x->id, 0, false, key),
                         writer_slice(&w));
    x->dirty = 0;
}

static int
by_time(const void *a, const void *b)
{
    const struct thread *x = a, *y = b;
    if (x->last_ms != y->last_ms)
        return x->last_ms < y->last_ms ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void
load_threads(struct flow *f)
{
    uint8_t last[8];
    struct thread *rows = NULL;
    size_t used = 0, cap = 0;
    struct slice key, value, after = {NULL, 0};
    while (store_after(f->journal.reader, TABLE_THREAD, after, &key, &value) ==
               STORE_OK &&
           key.n == 8) {
        memcpy(last, key.p, 8);
        after = slice_of(last, 8);
        struct cursor c = cursor_of(after);
        struct thread row = {.id = (uint64_t)cursor_be32(&c) << 32};
        row.id |= cursor_be32(&c);
        c = cursor_of(value);
        row.subscriber = cursor_varint(&c);
        row.last_ms = cursor_varint(&c);
        row.waiting_ms = cursor_varint(&c);
        row.last_message = cursor_varint(&c);
        row.account = (uint32_t)cursor_varint(&c);
        row.sender = (uint32_t)cursor_varint(&c);
        row.assignee = (uint32_t)cursor_varint(&c);
        row.number = (uint32_t)cursor_varint(&c);
        row.unread = (uint32_t)cursor_varint(&c);
        row.closed = cursor_varint(&c) != 0;
        if (used == cap) {
            cap = cap ? cap * 2 : 256;
            rows = realloc(rows, cap * sizeof *rows);
            if (!rows)
                abort();
        }
        rows[used++] = row;
    }
    /* Lists are by time, newest first: each then goes to the front. */
    if (used)
        qsort(rows, used, sizeof *rows, by_time);
    for (size_t i = 0; i < used; i++)
        thread_restore(f, &rows[i]);
    free(rows);
}

void
checkpoint_rows_save(struct flow *f, struct store_checkpoint *to)
{
    for (size_t i = 0; i < f->campaigns.rows; i++)
        if (f->campaigns.row[i]->dirty || f->campaigns.row[i]->source)
            save_campaign(f, f->campaigns.row[i], to);
    for (uint32_t i = 1; i < f->threads.rows; i++)
        if (f->threads.row[i] && f->threads.row[i]->dirty)
            save_thread(f->threads.row[i], to);
}

bool
checkpoint_rows_load(struct flow *f, char why[STORE_WHY_BYTES])
{
    if (!load_campaigns(f, why))
        return false;
    load_threads(f);
    return true;
}
