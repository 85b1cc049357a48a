/*
 * campaign.c - campaigns in RAM: chunks, counts, states.
 *
 * Promise: as in campaign.h. What people ask stands in campaign_mail.c and
 * upload.c.
 */
#include "engine/flow/campaign.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/core/log.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/flow.h"

const char *
campaign_state_name(enum campaign_state s)
{
    static const char *const name[CAMPAIGN_STATE_N] = {
        [CAMPAIGN_DRAFT] = "draft",     [CAMPAIGN_SCHEDULED] = "scheduled",
        [CAMPAIGN_RUNNING] = "running", [CAMPAIGN_PAUSED] = "paused",
        [CAMPAIGN_DONE] = "done",       [CAMPAIGN_CANCELLED] = "cancelled",
    };
    return s < CAMPAIGN_STATE_N ? name[s] : "";
}

void
campaign_free(struct campaign *c)
{
    if (!c)
        return;
    template_destroy(c->template);
    rate_fini(&c->rate);
    free(c->chunk);
    free(c);
}

void
campaigns_fini(struct campaigns *cs)
{
    for (size_t i = 0; i < cs->rows; i++)
        campaign_free(cs->row[i]);
    free(cs->row);
    free(cs->extent);
    free(cs->extent_end);
    free(cs->extent_of);
    *cs = (struct campaigns){0};
}

/* ---- finding ----------------------------------------------------------------
 */

struct campaign *
campaign_find(const struct flow *f, uint64_t id)
{
    const struct campaigns *cs = &f->campaigns;
    size_t low = 0, high = cs->rows;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (cs->row[mid]->id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < cs->rows && cs->row[low]->id == id ? cs->row[low] : NULL;
}

struct campaign *
campaign_of(struct flow *f, uint64_t message)
{
    struct campaigns *cs = &f->campaigns;
    size_t i = cs->hint;
    if (i < cs->extents && cs->extent[i] <= message &&
        message < cs->extent_end[i])
        return cs->extent_of[i];
    size_t low = 0, high = cs->extents;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (cs->extent_end[mid] <= message)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == cs->extents || message < cs->extent[low])
        return NULL;
    cs->hint = low;
    return cs->extent_of[low];
}

const struct chunk *
campaign_chunk(const struct campaign *c, uint64_t message)
{
    uint32_t low = 0, high = c->chunks;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (c->chunk[mid].message + c->chunk[mid].rows <= message)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->chunks && c->chunk[low].message <= message ? &c->chunk[low]
                                                               : NULL;
}

/* ---- making
 * ------------------------------------------------------------------ */

static void
add_row(struct campaigns *cs, struct campaign *c)
{
    if (cs->rows == cs->cap) {
        cs->cap = cs->cap ? cs->cap * 2 : 16;
        cs->row = realloc(cs->row, cs->cap * sizeof *cs->row);
        if (!cs->row)
            abort();
    }
    cs->row[cs->rows++] = c; /* ids only rise */
}

struct campaign *
campaign_load(struct flow *f, uint64_t id, struct slice doc)
{
    char why[TEMPLATE_WHY_BYTES];
    struct campaign *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->id = id;
    c->account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0);
    c->sender = (uint32_t)doc_u64(doc, DOC_SENDER, 0);
    c->from = (uint32_t)doc_u64(doc, DOC_FROM, 0);
    c->pool = (uint32_t)doc_u64(doc, DOC_POOL, 0);
    c->class = (enum message_class)doc_u64(doc, DOC_CLASS, CLASS_MARKETING);
    c->dedupe = doc_u64(doc, DOC_NO_DEDUPE, 0) == 0;
    c->resend_uncertain = doc_u64(doc, DOC_RESEND, 0) != 0;
    c->per_s = (uint32_t)doc_u64(doc, DOC_PER_S, 0);
    c->created_ms = doc_u64(doc, DOC_CREATED_MS, 0);
    c->start_at_ms = doc_u64(doc, DOC_START_AT_MS, 0);
    c->expires_at_ms = doc_u64(doc, DOC_EXPIRES_AT_MS, 0);
    doc_copy(doc, DOC_NAME, c->name, sizeof c->name);
    c->template = template_create(doc_text(doc, DOC_TEXT), why);
    if (!c->template ||
        (c->per_s && !rate_init(&c->rate, c->per_s, RATE_EVEN))) {
        campaign_free(c);
        return NULL;
    }
    add_row(&f->campaigns, c);
    if (id >= f->next_campaign)
        f->next_campaign = id + 1;
    return c;
}

void
campaign_add_extent(struct flow *f, struct campaign *c, uint64_t first,
                    uint64_t end)
{
    struct campaigns *cs = &f->campaigns;
    size_t n = cs->extents;
    if (n && cs->extent_of[n - 1] == c && cs->extent_end[n - 1] == first) {
        cs->extent_end[n - 1] = end;
        return;
    }
    if (n == cs->extent_cap) {
        cs->extent_cap = n ? n * 2 : 16;
        cs->extent = realloc(cs->extent, cs->extent_cap * 8);
        cs->extent_end = realloc(cs->extent_end, cs->extent_cap * 8);
        cs->extent_of =
            realloc(cs->extent_of, cs->extent_cap * sizeof *cs->extent_of);
        if (!cs->extent || !cs->extent_end || !cs->extent_of)
            abort();
    }
    /* Numbers only rise, so this is nearly always the end. */
    size_t i = n;
    while (i > 0 && cs->extent[i - 1] > first) {
        cs->extent[i] = cs->extent[i - 1];
        cs->extent_end[i] = cs->extent_end[i - 1];
        cs->extent_of[i] = cs->extent_of[i - 1];
        i--;
    }
    cs->extent[i] = first;
    cs->extent_end[i] = end;
    cs->extent_of[i] = c;
    cs->extents++;
}

void
campaign_add_chunk(struct flow *f, struct campaign *c, uint64_t pos,
                   uint64_t message, uint32_t rows)
{
    if (c->chunks == c->chunk_cap) {
        c->chunk_cap = c->chunk_cap ? c->chunk_cap * 2 : 16;
        c->chunk = realloc(c->chunk, c->chunk_cap * sizeof *c->chunk);
        if (!c->chunk)
            abort();
    }
    uint64_t row =
        c->chunks ? c->chunk[c->chunks - 1].row + c->chunk[c->chunks - 1].rows
                  : 0;
    c->chunk[c->chunks++] = (struct chunk){pos, message, rows, (uint32_t)row};
    c->dirty = true;
    campaign_add_extent(f, c, message, message + rows);
}

/* ---- counts
 * ------------------------------------------------------------------ */

void
campaign_count(struct campaign *c, enum message_state_kind from,
               enum message_state_kind to)
{
    c->count[from]--; /* NONE is counted when an upload ends; it may wrap
                         below 0 while one is open, and comes right then */
    c->count[to]++;
    c->dirty = true;
}

void
campaign_count_parts(struct campaign *c, uint64_t wall_ms, unsigned parts)
{
    uint64_t second = wall_ms / 1000;
    if (c->rate_second != second) {
        c->rate_last = second == c->rate_second + 1 ? c->rate_parts : 0;
        c->rate_second = second;
        c->rate_parts = 0;
    }
    c->rate_parts += parts;
}

/* ---- applying
 * ----------------------------------------------------------------- */

void
campaign_apply_state(struct flow *f, const struct fact_campaign *x)
{
    struct campaign *c = campaign_find(f, x->campaign);
    if (!c)
        return;
    c->state = (enum campaign_state)x->state;
    c->dirty = true;
    if (c->state == CAMPAIGN_RUNNING && !c->started_ms)
        c->started_ms = x->at_ms;
    if (c->state == CAMPAIGN_DONE || c->state == CAMPAIGN_CANCELLED)
        c->done_ms = x->at_ms;
}

/* Drops the chunks [0, first): the new upload replaces them. */
static void
keep_from(struct campaign *c, uint32_t first)
{
    memmove(c->chunk, c->chunk + first, (c->chunks - first) * sizeof *c->chunk);
    c->chunks -= first;
    c->chunks_saved = UINT32_MAX; /* other ones, perhaps as many */
    uint64_t row = 0;
    for (uint32_t i = 0; i < c->chunks; i++) {
        c->chunk[i].row = (uint32_t)row;
        row += c->chunk[i].rows;
    }
}

void
campaign_apply_upload(struct flow *f, const struct fact_upload *x)
{
    enum { BEGIN, END, GIVEN_UP };
    struct campaign *c = campaign_find(f, x->campaign);
    if (x->upload >= f->next_upload)
        f->next_upload = x->upload + 1;
    if (!c)
        return;
    c->dirty = true;
    if (x->step == BEGIN) {
        c->upload = x->upload;
        c->upload_append = x->append != 0;
        c->upload_chunk = c->chunks;
        c->upload_skipped = 0;
        return;
    }
    if (c->upload != x->upload)
        return;
    c->upload = 0;
    if (x->step == GIVEN_UP) {
        c->chunks = c->upload_chunk;
        c->chunks_saved = UINT32_MAX;
        c->count[MSG_REJECTED] -= c->upload_skipped;
        c->count[MSG_NONE] += c->upload_skipped;
        return;
    }
    if (!x->append) {
        keep_from(c, c->upload_chunk);
        memset(c->count, 0, sizeof c->count);
        c->count[MSG_REJECTED] = c->upload_skipped;
        c->refused = 0;
    }
    c->refused += x->rejected;
    const struct chunk *last = c->chunks ? &c->chunk[c->chunks - 1] : NULL;
    c->rows = last ? (uint64_t)last->row + last->rows : 0;
    uint64_t others = 0;
    for (int i = 1; i < MSG_KIND_N; i++)
        others += c->count[i];
    c->count[MSG_NONE] = c->rows - others;
}

void
campaign_apply_skip(struct flow *f, uint64_t pos, const struct fact_skip *x)
{
    struct campaign *c = campaign_find(f, x->campaign);
    if (!c || c->upload != x->upload)
        return;
    uint32_t chunk = c->upload_chunk;
    uint64_t row = 0, base = chunk < c->chunks ? c->chunk[chunk].row : 0;
    struct cursor at = cursor_of(x->gaps);
    while (cursor_left(&at) > 0 && !at.failed) {
        row += cursor_varint(&at);
        while (chunk < c->chunks &&
               c->chunk[chunk].row + c->chunk[chunk].rows <= base + row)
            chunk++;
        if (chunk == c->chunks)
            return;
        const struct chunk *k = &c->chunk[chunk];
        uint64_t message = k->message + (base + row - k->row);
        if (word_state(book_word(f, message)) != MSG_NONE)
            continue;
        book_move(f, message, MSG_REJECTED, 0, pos);
        c->upload_skipped++;
    }
}

void
campaign_move(struct flow *f, struct campaign *c, enum campaign_state state)
{
    struct fact_campaign x = {.campaign = c->id,
                              .account = c->account,
                              .at_ms = f->wall.ms,
                              .state = state};
    uint64_t pos = journal_campaign(&f->journal, &x);
    if (!pos)
        return;
    log_info(ROOM_FLOW, "campaign_state", "campaign=%llu state=%s->%s",
             (unsigned long long)c->id, campaign_state_name(c->state),
             campaign_state_name(state));
    apply_campaign(f, pos, &x);
}
