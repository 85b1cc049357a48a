/*
 * suppressions.c - who must not be written to, by scope.
 */
#include <stdlib.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "proto/addr.h"

static const char *const scopes[] = {"number", "programme", "account", "all",
                                     NULL};

static void
row_emit(struct emit *e, const struct suppression_view *s)
{
    emit_open(e, '{');
    emit_member_word(e, "subscriber", s->subscriber);
    emit_member_word(e, "scope", s->scope);
    emit_member_word(e, "reason", s->reason[0] ? s->reason : NULL);
    emit_member_time(e, "at", s->at_ms);
    emit_close(e, '}');
}

/* Numbers that a mail points to; they live as long as the request. */
struct asked {
    struct addr subscriber;
    char after[ADDR_E164_SIZE];
};

static struct asked *
asked_of(struct request *r)
{
    if (!r->state)
        r->state = calloc(1, sizeof(struct asked));
    r->state_free = free;
    return r->state;
}

/* The number as the engine writes it; false: none. */
static bool
subscriber_read(struct request *r, struct slice text, struct slice *out)
{
    struct asked *a = asked_of(r);
    if (!a || addr_from_text(text, NULL, &a->subscriber) != ADDR_NUMBER)
        return false;
    *out = slice_str(a->subscriber.text);
    return true;
}

static void
added(struct request *r, struct mail *m)
{
    const struct mail_suppression *s = &m->suppression;
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    if (s->count) {
        row_emit(&e, &s->rows[0]);
        reply_json(r, 201, &e);
        return;
    }
    emit_open(&e, '{');
    emit_member_string(&e, "subscriber", s->subscriber);
    emit_key(&e, "scope");
    emit_string(&e, s->scope.n ? s->scope : slice_str("account"));
    emit_key(&e, "reason");
    if (s->reason.n)
        emit_string(&e, s->reason);
    else
        emit_null(&e);
    emit_close(&e, '}');
    reply_json(r, 201, &e);
}

void
suppressions_add(struct request *r)
{
    struct form f;
    if (!request_form(r, &f))
        return;
    struct mail *m = request_mail(r, MAIL_SUPPRESS);
    struct mail_suppression *s = &m->suppression;
    struct slice subscriber = form_need_text(&f, "subscriber", 64);
    if (subscriber.n && !subscriber_read(r, subscriber, &s->subscriber))
        problem_add(&r->problem, "/subscriber", "bad_number",
                    "Not a full phone number; write it as +12125550101.");
    int scope = form_word(&f, "scope", scopes);
    s->scope = scope < 0 ? (struct slice){0} : slice_str(scopes[scope]);
    s->number = form_text(&f, "number", 24);
    s->reason = form_text(&f, "reason", 63);
    if (form_end(&f))
        request_ask(r, m, added);
    else
        mail_free(m);
}

static void
removed(struct request *r, struct mail *m)
{
    if (request_is_ok(r, m))
        reply_empty(r, 204);
}

void
suppressions_remove(struct request *r)
{
    struct slice text =
        r->param[0].n ? r->param[0] : request_query(r, "subscriber");
    struct mail *m = request_mail(r, MAIL_SUPPRESS);
    struct mail_suppression *s = &m->suppression;
    s->remove = true;
    s->scope = request_query(r, "scope");
    s->number = request_query(r, "number");
    if (subscriber_read(r, text, &s->subscriber)) {
        request_ask(r, m, removed);
        return;
    }
    mail_free(m);
    problem_set(&r->problem, "bad_parameter",
                "`subscriber` is a full phone number, as %%2B12125550101.");
}

static void
listed(struct request *r, struct mail *m)
{
    const struct mail_suppression *s = &m->suppression;
    struct emit e = {0};
    uint64_t last = 0;
    if (!request_is_ok(r, m))
        return;
    unsigned limit = s->limit - 1; /* one more was asked for */
    unsigned n = s->count < limit ? s->count : limit;
    reply_list_begin(&e);
    for (unsigned i = 0; i < n; i++)
        row_emit(&e, &s->rows[i]);
    bool more = n && s->count > limit &&
                addr_to_u64(slice_str(s->rows[n - 1].subscriber), &last);
    reply_list_end(&e, "suppressions", more, last, 0);
    reply_json(r, 200, &e);
}

void
suppressions_list(struct request *r)
{
    uint64_t after, unused;
    struct slice asked = request_query(r, "subscriber");
    struct mail *m = request_mail(r, MAIL_SUPPRESSED);
    struct mail_suppression *s = &m->suppression;
    bool fine = request_page(r, "suppressions", &s->limit, &after, &unused);
    s->limit++;
    if (fine && asked.n && !subscriber_read(r, asked, &s->subscriber)) {
        problem_set(&r->problem, "bad_parameter",
                    "`subscriber` is a full phone number.");
        fine = false;
    }
    struct asked *kept = asked_of(r);
    if (kept && after)
        s->after = slice_of(kept->after, u64_to_e164(after, kept->after));
    if (fine)
        request_ask(r, m, listed);
    else
        mail_free(m);
}
