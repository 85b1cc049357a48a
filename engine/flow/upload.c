/*
 * upload.c - recipients come in: begin, chunks, end.
 *
 * Promise: an upload that does not end changes nothing; one that ends
 * replaces (or follows) what was there, as a whole.
 */
#include <stdio.h>

#include "engine/flow/apply.h"
#include "engine/flow/desk.h"
#include "engine/flow/flow.h"

enum step { STEP_BEGIN, STEP_END, STEP_GIVEN_UP };

static void
write_step(struct flow *f, struct mail *m, const struct campaign *c,
           enum step step)
{
    const struct mail_upload *q = &m->upload;
    struct fact_upload x = {
        .campaign = c->id,
        .upload = q->upload,
        .at_ms = f->wall.ms,
        .step = step,
        .append = step == STEP_BEGIN ? q->append : c->upload_append,
        .rejected = q->rejected,
        .duplicates = q->duplicates,
    };
    uint64_t pos = journal_upload(&f->journal, &x);
    m->result = pos ? MAIL_OK : MAIL_FULL;
    if (pos)
        apply_upload(f, pos, &x);
}

static void
begin(struct flow *f, struct mail *m, struct campaign *c)
{
    if (c->state != CAMPAIGN_DRAFT) {
        mail_refuse(m, MAIL_CONFLICT, "wrong_state", NULL,
                    "recipients can only be changed while it is a draft");
        return;
    }
    if (c->upload) {
        mail_refuse(m, MAIL_CONFLICT, "upload_open", NULL,
                    "another upload to this campaign is under way");
        return;
    }
    m->upload.upload = f->next_upload;
    write_step(f, m, c, STEP_BEGIN);
}

static void
add_chunk(struct flow *f, struct mail *m, struct campaign *c)
{
    const struct mail_upload *q = &m->upload;
    struct fact_recipients x = {
        .campaign = c->id,
        .upload = q->upload,
        .at_ms = f->wall.ms,
        .message = f->next_message,
        .rows = q->rows,
        .chunk = q->octets,
    };
    if (journal_is_full(&f->journal)) {
        m->result = MAIL_FULL; /* the door waits and tries again */
        return;
    }
    uint64_t pos = journal_recipients(&f->journal, &x);
    m->result = pos ? MAIL_OK : MAIL_FULL;
    if (pos)
        apply_recipients(f, pos, &x);
}

/* Rows found twice, in facts that fit. */
static bool
skip(struct flow *f, const struct mail_upload *q, const struct campaign *c)
{
    uint8_t room[16384];
    uint32_t before = 0;
    for (size_t i = 0; i < q->skips;) {
        struct writer w = writer_of(room, sizeof room);
        struct fact_skip x = {.campaign = c->id, .upload = q->upload};
        /* The first gap of each fact counts from row 0. */
        before = 0;
        while (i < q->skips && writer_used(&w) < sizeof room - 10) {
            writer_varint(&w, q->skip[i] - before);
            before = q->skip[i++];
            x.rows++;
        }
        x.gaps = writer_slice(&w);
        uint64_t pos = journal_skip(&f->journal, &x);
        if (!pos)
            return false;
        apply_skip(f, pos, &x);
    }
    return true;
}

void
campaign_on_upload(struct flow *f, struct mail *m)
{
    struct mail_upload *q = &m->upload;
    struct campaign *c = campaign_find(f, q->campaign);
    if (!c || m->who.kind == WHO_NOBODY ||
        (m->who.kind != WHO_ADMIN && c->account != m->who.account) ||
        (m->who.kind == WHO_SENDER && c->sender != m->who.sender)) {
        m->result = MAIL_NOT_FOUND;
        return;
    }
    if (m->kind == MAIL_UPLOAD_BEGIN) {
        begin(f, m, c);
        return;
    }
    if (c->upload == 0 || c->upload != q->upload) {
        mail_refuse(m, MAIL_CONFLICT, "upload_gone", NULL,
                    "this upload has ended already");
        return;
    }
    switch (m->kind) {
    case MAIL_UPLOAD_CHUNK: add_chunk(f, m, c); break;
    case MAIL_UPLOAD_END:
        if (skip(f, q, c))
            write_step(f, m, c, STEP_END);
        else
            m->result = MAIL_FULL;
        break;
    default: write_step(f, m, c, STEP_GIVEN_UP); break;
    }
}
