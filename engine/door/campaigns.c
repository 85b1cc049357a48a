/*
 * campaigns.c - made, looked at, listed, started, paused, resumed, cancelled.
 */
#include "engine/core/clock.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/view.h"
#include "engine/flow/template.h"

static void
counts_emit(struct emit *e, const struct campaign_counts *c)
{
    emit_key(e, "counts");
    emit_open(e, '{');
    emit_member_number(e, "recipients", c->recipients);
    emit_member_number(e, "rejected", c->rejected);
    emit_member_number(e, "queued", c->queued);
    emit_member_number(e, "held", c->held);
    emit_member_number(e, "submitted", c->submitted);
    emit_member_number(e, "delivered", c->delivered);
    emit_member_number(e, "failed", c->failed);
    emit_member_number(e, "expired", c->expired);
    emit_member_number(e, "suppressed", c->suppressed);
    emit_member_number(e, "cancelled", c->cancelled);
    emit_member_number(e, "unknown", c->unknown);
    emit_member_number(e, "uncertain", c->uncertain);
    emit_member_number(e, "replies", c->replies);
    emit_close(e, '}');
}

/* What was asked for when it was made. */
static void
doc_emit(struct emit *e, const struct campaign_doc *doc)
{
    emit_member_string(e, "text", doc->text);
    emit_key(e, "from");
    if (doc->from.n)
        emit_string(e, doc->from);
    else
        emit_null(e);
    emit_member_id(e, "pool", ID_POOL, doc->pool);
    emit_member_id(e, "sender", ID_SENDER, doc->sender);
    emit_member_word(e, "class", class_name(doc->class));
    emit_key(e, "rate");
    if (doc->rate)
        emit_number(e, doc->rate);
    else
        emit_null(e);
    emit_member_time(e, "start_at", doc->start_at_ms);
    emit_member_time(e, "expires_at", doc->expires_at_ms);
    emit_member_bool(e, "dedupe", doc->dedupe);
    emit_member_word(e, "on_uncertain",
                     doc->resend_uncertain ? "resend" : "hold");
}

/* When it will be done: a time, by the engine's estimate. */
static void
eta_emit(struct emit *e, const struct campaign_view *v)
{
    emit_key(e, "eta_seconds");
    if (v->eta_s == UINT64_MAX)
        emit_null(e);
    else
        emit_number(e, v->eta_s);
    uint64_t at = v->eta_s == UINT64_MAX || v->done_ms
                      ? 0
                      : clock_wall().ms + v->eta_s * 1000;
    emit_member_time(e, "eta", at);
}

static void
campaign_emit(struct request *r, struct emit *e, const struct campaign_view *v)
{
    struct campaign_doc doc;
    struct query *q = door_query(r->door);
    emit_open(e, '{');
    emit_member_id(e, "id", ID_CAMPAIGN, v->campaign);
    emit_member_word(e, "name", v->name);
    emit_member_word(e, "state", v->state);
    if (q && query_campaign(q, r->who, v->campaign, &doc))
        doc_emit(e, &doc);
    counts_emit(e, &v->counts);
    emit_member_number(e, "parts_submitted", v->parts_submitted);
    emit_member_number(e, "rate_now", v->rate_now);
    emit_member_number(e, "rate_limit", v->rate_limit);
    eta_emit(e, v);
    emit_member_time(e, "created_at", v->created_ms);
    emit_member_time(e, "started_at", v->started_ms);
    emit_member_time(e, "done_at", v->done_ms);
    emit_close(e, '}');
}

/* --- one */

static void
show(struct request *r, struct mail *m, unsigned status)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    if (m->campaign.count == 0) {
        problem_not_found(&r->problem);
        return;
    }
    campaign_emit(r, &e, &m->campaign.rows[0]);
    reply_json(r, status, &e);
}

static void
looked(struct request *r, struct mail *m)
{
    show(r, m, 200);
}

static void
made(struct request *r, struct mail *m)
{
    show(r, m, 201);
}

static void
look(struct request *r, uint64_t campaign,
     void (*next)(struct request *, struct mail *))
{
    struct mail *m = request_mail(r, MAIL_CAMPAIGN_LOOK);
    m->campaign.campaign = campaign;
    request_ask(r, m, next);
}

void
campaigns_get(struct request *r)
{
    uint64_t campaign;
    if (request_id(r, 0, ID_CAMPAIGN, &campaign))
        look(r, campaign, looked);
}

/* --- making one */

static void
created(struct request *r, struct mail *m)
{
    if (request_is_ok(r, m))
        look(r, m->campaign.campaign, made);
}

static void
check_text(struct request *r, struct slice text)
{
    char why[TEMPLATE_WHY_BYTES];
    if (text.n == 0)
        return;
    struct template *t = template_create(text, why);
    if (!t)
        problem_add(&r->problem, "/text", "bad_template", "%s", why);
    template_destroy(t);
}

static void
read_asked(struct request *r, struct form *f, struct mail_campaign *c)
{
    static const char *const ways[] = {"hold", "resend", NULL};
    c->name = form_need_text(f, "name", 127);
    c->text = form_need_text(f, "text", FORM_TEXT_MAX);
    c->from = form_text(f, "from", 64);
    c->pool = form_text(f, "pool", 64);
    c->sender = form_text(f, "sender", 64);
    int class = form_word(f, "class", class_names);
    c->class = class < 0 ? CLASS_UNSET : (enum message_class)(class + 1);
    c->rate = (uint32_t)form_number(f, "rate", 0, 1000000, 0);
    c->start_at_ms = form_time(f, "start_at");
    c->expires_at_ms = form_time(f, "expires_at");
    c->no_dedupe = !form_bool(f, "dedupe", true);
    c->resend_uncertain = form_word(f, "on_uncertain", ways) == 1;
    form_refuse(f, "hours", "Sending hours are not to be had in this version.");
    if (!c->from.n && !c->pool.n && !r->problem.code)
        problem_add(&r->problem, "/from", "missing",
                    "A campaign leaves from a number (`from`) or a `pool`.");
    if (c->from.n && c->pool.n)
        problem_add(&r->problem, "/pool", "contradiction",
                    "Either `from` or `pool`, not both.");
    if (c->expires_at_ms && c->expires_at_ms <= c->start_at_ms)
        problem_add(&r->problem, "/expires_at", "bad_time",
                    "It would expire before it starts.");
    check_text(r, c->text);
}

void
campaigns_create(struct request *r)
{
    struct form f;
    struct slice key;
    if (!request_idempotency(r, &key) || !request_form(r, &f))
        return;
    struct mail *m = request_mail(r, MAIL_CAMPAIGN_CREATE);
    read_asked(r, &f, &m->campaign);
    m->campaign.idempotency_key = key;
    m->campaign.body_hash = key.n ? request_body_hash(r) : 0;
    if (form_end(&f))
        request_ask(r, m, created);
    else
        mail_free(m);
}

/* --- acting */

static void
acted(struct request *r, struct mail *m)
{
    if (request_is_ok(r, m))
        look(r, m->campaign.campaign, looked);
}

static void
act(struct request *r, enum campaign_act act)
{
    uint64_t campaign;
    struct form f;
    if (!request_id(r, 0, ID_CAMPAIGN, &campaign) || !request_form(r, &f) ||
        !form_end(&f))
        return;
    struct mail *m = request_mail(r, MAIL_CAMPAIGN_ACT);
    m->campaign.campaign = campaign;
    m->campaign.act = act;
    request_ask(r, m, acted);
}

void
campaigns_start(struct request *r)
{
    act(r, ACT_START);
}

void
campaigns_pause(struct request *r)
{
    act(r, ACT_PAUSE);
}

void
campaigns_resume(struct request *r)
{
    act(r, ACT_RESUME);
}

void
campaigns_cancel(struct request *r)
{
    act(r, ACT_CANCEL);
}

/* --- the list */

static void
listed(struct request *r, struct mail *m)
{
    struct emit e = {0};
    unsigned limit = m->campaign.limit - 1; /* one more was asked for */
    uint64_t last = 0;
    if (!request_is_ok(r, m))
        return;
    struct slice state = request_query(r, "state");
    reply_list_begin(&e);
    unsigned n = m->campaign.count < limit ? m->campaign.count : limit;
    for (unsigned i = 0; i < n; i++) {
        const struct campaign_view *v = &m->campaign.rows[i];
        last = v->campaign;
        if (!state.n || slice_eq(state, slice_str(v->state)))
            campaign_emit(r, &e, v);
    }
    reply_list_end(&e, "campaigns", m->campaign.count > limit, last, 0);
    reply_json(r, 200, &e);
}

void
campaigns_list(struct request *r)
{
    unsigned limit;
    uint64_t before, unused;
    if (!request_page(r, "campaigns", &limit, &before, &unused))
        return;
    struct mail *m = request_mail(r, MAIL_CAMPAIGN_LIST);
    m->campaign.before = before;
    m->campaign.limit = limit + 1;
    request_ask(r, m, listed);
}
