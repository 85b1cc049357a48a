/*
 * campaign_mail.c - what people ask of campaigns, and what time does.
 *
 * Promise: pause stops within one window (nothing more is handed over; what
 * a carrier holds already is its own); cancel leaves every row in one state.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/carrier/settings.h"
#include "engine/flow/accept.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/desk.h"
#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/flow.h"
#include "engine/flow/idempotency.h"
#include "proto/addr.h"

/* The campaign when this key may see it. A sender's key sees those that it
 * sends by default. */
static struct campaign *
seen_by(const struct flow *f, struct who who, uint64_t id)
{
    struct campaign *c = campaign_find(f, id);
    if (!c || who.kind == WHO_NOBODY)
        return NULL;
    if (who.kind == WHO_ADMIN)
        return c;
    if (c->account != who.account ||
        (who.kind == WHO_SENDER && c->sender != who.sender))
        return NULL;
    return c;
}

/* ---- create
 * ------------------------------------------------------------------ */

static bool
find_from(struct flow *f, struct mail *m, uint32_t *from, uint32_t *pool)
{
    struct mail_campaign *q = &m->campaign;
    if (q->pool.n) {
        struct pool *p =
            directory_find_pool(&f->directory, m->who.account, q->pool);
        if (!p || p->numbers == 0)
            return mail_refuse(m, MAIL_INVALID, "unknown_pool", "/pool",
                               "pool is not one of the account's pools");
        *pool = p->id;
        return true;
    }
    struct addr a;
    addr_from_text(q->from, NULL, &a);
    struct number *n = directory_find_number(&f->directory, slice_str(a.text));
    if (q->from.n == 0 || !n || !directory_may_use(n, m->who.account))
        return mail_refuse(m, MAIL_INVALID, "unknown_from", "/from",
                           "from is not one of the account's numbers; name one "
                           "that GET /v1/numbers lists, or a pool");
    *from = n->id;
    return true;
}

static bool
check_template(struct mail *m)
{
    char why[TEMPLATE_WHY_BYTES];
    struct template *t = template_create(m->campaign.text, why);
    template_destroy(t);
    return t || mail_refuse(m, MAIL_INVALID, "bad_template", "/text", why);
}

void
campaign_on_create(struct flow *f, struct mail *m)
{
    struct mail_campaign *q = &m->campaign;
    uint32_t sender, from = 0, pool = 0;
    uint8_t key[8], room[32768];
    if (q->idempotency_key.n && idempotency_find(f, m))
        return;
    if (!directory_account(&f->directory, m->who.account)) {
        mail_refuse(m, MAIL_FORBIDDEN, "account_needed", NULL,
                    "campaigns are made with an account's or a sender's key");
        return;
    }
    if (!accept_sender(f, m->who, q->sender, &sender)) {
        mail_refuse(m, MAIL_INVALID, "unknown_sender", "/sender",
                    "sender is not one of the account's senders");
        return;
    }
    if (!check_template(m) || !find_from(f, m, &from, &pool))
        return;
    struct writer w = writer_of(room, sizeof room);
    doc_put_u64(&w, DOC_ACCOUNT, m->who.account);
    doc_put_u64(&w, DOC_SENDER, sender);
    doc_put_u64(&w, DOC_FROM, from);
    doc_put_u64(&w, DOC_POOL, pool);
    doc_put_u64(&w, DOC_CLASS, q->class ? q->class : CLASS_MARKETING);
    doc_put_u64(&w, DOC_NO_DEDUPE, q->no_dedupe);
    doc_put_u64(&w, DOC_RESEND, q->resend_uncertain);
    doc_put_u64(&w, DOC_PER_S, q->rate);
    doc_put_u64(&w, DOC_CREATED_MS, f->wall.ms);
    doc_put_u64(&w, DOC_START_AT_MS, q->start_at_ms);
    doc_put_u64(&w, DOC_EXPIRES_AT_MS, q->expires_at_ms);
    doc_put_text(&w, DOC_NAME, q->name);
    doc_put_text(&w, DOC_TEXT, q->text);
    if (w.failed) {
        mail_refuse(m, MAIL_INVALID, "text_too_long", "/text",
                    "text is longer than 32 KB");
        return;
    }
    uint64_t id = f->next_campaign;
    struct campaign *c = campaign_load(f, id, writer_slice(&w));
    if (!c) {
        mail_refuse(m, MAIL_FULL, "no_memory", NULL, "out of memory");
        return;
    }
    struct writer k = writer_of(key, sizeof key);
    writer_be32(&k, (uint32_t)(id >> 32));
    writer_be32(&k, (uint32_t)id);
    journal_put(&f->journal, TABLE_CAMPAIGN, slice_of(key, 8),
                writer_slice(&w));
    campaign_move(f, c, CAMPAIGN_DRAFT);
    q->campaign = id;
    m->result = MAIL_OK;
    if (q->idempotency_key.n)
        idempotency_keep(f, m);
}

/* ---- look
 * -------------------------------------------------------------------- */

/* What its numbers, carriers and its own rate allow, parts per second; 0:
 * unlimited. */
static unsigned
rate_limit(struct flow *f, const struct campaign *c)
{
    const struct pool *p = directory_pool(&f->directory, c->pool);
    uint64_t numbers = 0, carriers = 0;
    bool free_number = false, free_carrier = false;
    unsigned count = p ? p->numbers : 1;
    uint32_t seen[16];
    unsigned seen_n = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct number *n =
            directory_number(&f->directory, p ? p->number[i] : c->from);
        if (!n)
            continue;
        numbers += n->per_s;
        free_number = free_number || n->per_s == 0;
        struct carrier_entry *e = directory_carrier(&f->directory, n->carrier);
        bool known = false;
        for (unsigned k = 0; k < seen_n; k++)
            known = known || seen[k] == n->carrier;
        if (known || !e || !e->carrier || seen_n == 16)
            continue;
        seen[seen_n++] = n->carrier;
        unsigned rate = carrier_get_settings(e->carrier)->rate;
        carriers += rate;
        free_carrier = free_carrier || rate == 0;
    }
    uint64_t limit = c->per_s;
    if (!free_number && numbers && (limit == 0 || numbers < limit))
        limit = numbers;
    if (!free_carrier && carriers && (limit == 0 || carriers < limit))
        limit = carriers;
    return (unsigned)limit;
}

static void
show_counts(const struct campaign *c, struct campaign_counts *n)
{
    bool ended = c->state == CAMPAIGN_CANCELLED;
    *n = (struct campaign_counts){
        .recipients = c->rows + c->refused,
        .rejected = c->count[MSG_REJECTED] + c->refused,
        .queued = c->count[MSG_QUEUED] + c->count[MSG_ACCEPTED] +
                  (ended ? 0 : c->count[MSG_NONE]),
        .held = c->count[MSG_HELD],
        .submitted = c->count[MSG_SUBMITTED],
        .delivered = c->count[MSG_DELIVERED],
        .failed = c->count[MSG_FAILED],
        .expired = c->count[MSG_EXPIRED],
        .suppressed = c->count[MSG_SUPPRESSED],
        .cancelled = c->count[MSG_CANCELLED] + (ended ? c->count[MSG_NONE] : 0),
        .unknown = c->count[MSG_UNKNOWN],
        .uncertain = c->count[MSG_UNCERTAIN],
        .replies = c->replies,
    };
}

void
campaign_look(struct flow *f, struct campaign *c, struct campaign_view *v)
{
    campaign_count_parts(c, f->wall.ms, 0);
    *v = (struct campaign_view){
        .campaign = c->id,
        .account = c->account,
        .state = campaign_state_name(c->state),
        .rate_now = (unsigned)(c->rate_last > c->rate_parts ? c->rate_last
                                                            : c->rate_parts),
        .parts_submitted = c->parts_submitted,
        .created_ms = c->created_ms,
        .start_at_ms = c->start_at_ms,
        .expires_at_ms = c->expires_at_ms,
        .started_ms = c->started_ms,
        .done_ms = c->done_ms,
        .rate_limit = rate_limit(f, c),
        .rows = c->rows,
        .eta_s = UINT64_MAX,
    };
    snprintf(v->name, sizeof v->name, "%s", c->name);
    show_counts(c, &v->counts);
    uint64_t rate = v->rate_now ? v->rate_now : v->rate_limit;
    if (c->state == CAMPAIGN_DONE || c->state == CAMPAIGN_CANCELLED)
        v->eta_s = 0;
    else if (rate)
        v->eta_s = (v->counts.queued + rate - 1) / rate;
}

static struct campaign_view *
room_for(struct mail *m, unsigned rows)
{
    m->campaign.rows = m->answer =
        calloc(rows + 1, sizeof(struct campaign_view));
    if (!m->answer)
        abort();
    return m->campaign.rows;
}

static void
answer_one(struct flow *f, struct mail *m, struct campaign *c)
{
    campaign_look(f, c, room_for(m, 1));
    m->campaign.count = 1;
    m->result = MAIL_OK;
}

void
campaign_on_look(struct flow *f, struct mail *m)
{
    struct campaign *c = seen_by(f, m->who, m->campaign.campaign);
    if (c)
        answer_one(f, m, c);
    else
        m->result = MAIL_NOT_FOUND;
}

void
campaign_on_list(struct flow *f, struct mail *m)
{
    struct mail_campaign *q = &m->campaign;
    unsigned limit = mail_limit(q->limit);
    struct campaign_view *rows = room_for(m, limit);
    for (size_t i = f->campaigns.rows; i-- > 0 && q->count < limit;) {
        struct campaign *c = f->campaigns.row[i];
        if ((q->before == 0 || c->id < q->before) && seen_by(f, m->who, c->id))
            campaign_look(f, c, &rows[q->count++]);
    }
    m->result = MAIL_OK;
}

void
campaign_on_chunks(struct flow *f, struct mail *m)
{
    struct mail_campaign *q = &m->campaign;
    struct campaign *c = seen_by(f, m->who, q->campaign);
    if (!c) {
        m->result = MAIL_NOT_FOUND;
        return;
    }
    uint32_t n = c->upload ? c->upload_chunk : c->chunks;
    q->chunk = m->answer = calloc(n + 1u, sizeof *q->chunk);
    if (!q->chunk)
        abort();
    for (uint32_t i = 0; i < n; i++)
        q->chunk[i] = (struct chunk_view){c->chunk[i].pos, c->chunk[i].message,
                                          c->chunk[i].rows, c->chunk[i].row};
    q->chunks = n;
    m->result = MAIL_OK;
}

/* ---- acts
 * -------------------------------------------------------------------- */

static bool
may_act(struct mail *m, const struct campaign *c)
{
    enum campaign_state s = c->state;
    bool open = s == CAMPAIGN_DRAFT || s == CAMPAIGN_SCHEDULED;
    bool ok = false;
    switch (m->campaign.act) {
    case ACT_START: ok = open; break;
    case ACT_PAUSE:
        ok = s == CAMPAIGN_RUNNING || s == CAMPAIGN_SCHEDULED;
        break;
    case ACT_RESUME: ok = s == CAMPAIGN_PAUSED; break;
    case ACT_CANCEL:
        ok = open || s == CAMPAIGN_RUNNING || s == CAMPAIGN_PAUSED;
        break;
    }
    if (!ok) {
        mail_refuse(m, MAIL_CONFLICT, "wrong_state", NULL, "");
        snprintf(m->detail, sizeof m->detail, "the campaign is %s",
                 campaign_state_name(s));
        return false;
    }
    if (m->campaign.act == ACT_START && c->upload)
        return mail_refuse(m, MAIL_CONFLICT, "upload_open", NULL,
                           "recipients are still being uploaded");
    if (m->campaign.act == ACT_START && c->rows == 0)
        return mail_refuse(m, MAIL_CONFLICT, "no_recipients", NULL,
                           "upload recipients first: PUT .../recipients");
    return true;
}

static enum campaign_state
state_after(const struct flow *f, const struct campaign *c,
            enum campaign_act act)
{
    switch (act) {
    case ACT_PAUSE: return CAMPAIGN_PAUSED;
    case ACT_CANCEL: return CAMPAIGN_CANCELLED;
    default:
        return c->start_at_ms > f->wall.ms ? CAMPAIGN_SCHEDULED
                                           : CAMPAIGN_RUNNING;
    }
}

/* Rows that are neither in flight nor done: they will not be sent. Those not
 * reached need no fact each: the campaign's state says it. */
static void
stop(struct flow *f, struct campaign *c)
{
    if (c->source) {
        c->low_row = source_low_row(f, c->source);
        source_end_campaign(f, c);
    }
}

void
campaign_run(struct flow *f, struct campaign *c)
{
    for (struct source *s = source_of_campaign(f, c); s; s = s->more) {
        if (s->path_key != PATH_MIXED) {
            sched_wake_path(f, s);
            continue;
        }
        for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
            struct carrier_entry *e = directory_carrier(&f->directory, i);
            if (e && e->carrier)
                sched_wake(f, s, e);
        }
    }
}

void
campaign_on_act(struct flow *f, struct mail *m)
{
    struct campaign *c = seen_by(f, m->who, m->campaign.campaign);
    if (!c) {
        m->result = MAIL_NOT_FOUND;
        return;
    }
    if (!may_act(m, c))
        return;
    campaign_move(f, c, state_after(f, c, m->campaign.act));
    if (c->state == CAMPAIGN_RUNNING)
        campaign_run(f, c);
    else
        stop(f, c);
    answer_one(f, m, c);
}

void
campaign_cancel_all(struct flow *f, uint32_t account)
{
    for (size_t i = 0; i < f->campaigns.rows; i++) {
        struct campaign *c = f->campaigns.row[i];
        if (c->account != account || c->state == CAMPAIGN_DONE ||
            c->state == CAMPAIGN_CANCELLED)
            continue;
        campaign_move(f, c, CAMPAIGN_CANCELLED);
        stop(f, c);
    }
}

/* ---- time
 * --------------------------------------------------------------------- */

static bool
is_over(const struct flow *f, const struct campaign *c)
{
    (void)f;
    return c->source && source_is_done(c->source) && c->flying == 0 &&
           c->count[MSG_QUEUED] == 0 && c->count[MSG_HELD] == 0 &&
           c->count[MSG_NONE] == 0;
}

enum { AGAIN_MS = 1000 }; /* between walks over rows that nobody took */

/* What was said of a phone changed between two sources' looks at its row, and
 * each left it to the other: they look once more. */
static void
look_again(struct flow *f, struct campaign *c)
{
    if (!f->routes.by_network || !c->source || c->upload ||
        c->count[MSG_NONE] == 0 || !source_is_done(c->source) ||
        f->wall.ms < c->again_ms + AGAIN_MS)
        return;
    c->again_ms = f->wall.ms;
    c->low_row = 0;
    source_end_campaign(f, c);
    campaign_run(f, c);
}

void
campaign_tick(struct flow *f)
{
    for (size_t i = f->campaigns.rows; i-- > 0;) {
        struct campaign *c = f->campaigns.row[i];
        if (c->state == CAMPAIGN_SCHEDULED && c->start_at_ms <= f->wall.ms) {
            campaign_move(f, c, CAMPAIGN_RUNNING);
            campaign_run(f, c);
        } else if (c->state == CAMPAIGN_RUNNING) {
            if (!c->source)
                campaign_run(f, c); /* after a restart */
            if (is_over(f, c)) {
                campaign_move(f, c, CAMPAIGN_DONE);
                stop(f, c);
            } else {
                look_again(f, c);
            }
        }
    }
}
