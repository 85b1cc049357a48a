/*
 * unmatched.c - replies and receipts that fit nothing: listed, and given to
 * a sender by a person.
 */
#include "engine/door/reply.h"
#include "engine/door/resources.h"

static void
row_emit(struct emit *e, const struct unmatched_view *v)
{
    emit_open(e, '{');
    if (v->message)
        emit_member_id(e, "id", ID_MESSAGE, v->message);
    else
        emit_member_id(e, "id", ID_EVENT, v->pos);
    emit_member_word(e, "kind", v->receipt ? "receipt" : "reply");
    emit_member_time(e, "at", v->at_ms);
    emit_member_word(e, "carrier", v->carrier);
    emit_member_word(e, "from", v->from);
    emit_member_word(e, "to", v->to);
    if (v->receipt) {
        emit_member_word(e, "smsc_id", v->smsc_id);
        emit_member_word(e, "state", v->state);
    } else {
        emit_member_string(e, "text", v->text);
    }
    emit_close(e, '}');
}

static void
listed(struct request *r, struct mail *m)
{
    const struct mail_unmatched *u = &m->unmatched;
    struct unmatched_view v;
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    struct query *q = door_query(r->door);
    unsigned limit = u->limit - 1; /* one more was asked for */
    unsigned n = u->count < limit ? u->count : limit;
    reply_list_begin(&e);
    for (unsigned i = 0; q && i < n; i++)
        if (query_unmatched(q, u->positions[i], &v))
            row_emit(&e, &v);
    bool more = n && u->count > limit;
    reply_list_end(&e, "unmatched", more, more ? u->positions[n - 1] : 0, 0);
    reply_json(r, 200, &e);
}

void
unmatched_list(struct request *r)
{
    uint64_t unused;
    struct slice kind = request_query(r, "kind");
    struct mail *m = request_mail(r, MAIL_UNMATCHED);
    struct mail_unmatched *u = &m->unmatched;
    u->receipts = slice_eq(kind, slice_str("receipt"));
    bool fine = request_page(r, "unmatched", &u->limit, &u->before, &unused);
    u->limit++;
    if (fine && kind.n && !u->receipts && !slice_eq(kind, slice_str("reply"))) {
        problem_set(&r->problem, "bad_parameter",
                    "`kind` is reply or receipt.");
        fine = false;
    }
    if (fine)
        request_ask(r, m, listed);
    else
        mail_free(m);
}

static void
assigned(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    emit_open(&e, '{');
    emit_member_id(&e, "id", ID_MESSAGE, m->unmatched.message);
    emit_member_string(&e, "sender", m->unmatched.sender);
    emit_close(&e, '}');
    reply_json(r, 200, &e);
}

void
unmatched_assign(struct request *r)
{
    uint64_t message;
    struct form f;
    if (!request_id(r, 0, ID_MESSAGE, &message) || !request_form(r, &f))
        return;
    struct mail *m = request_mail(r, MAIL_REASSIGN);
    m->unmatched.message = message;
    m->unmatched.sender = form_need_text(&f, "sender", 64);
    if (form_end(&f))
        request_ask(r, m, assigned);
    else
        mail_free(m);
}
