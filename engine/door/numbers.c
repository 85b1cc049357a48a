/*
 * numbers.c - our addresses on carriers.
 *
 * The account is the admin's to say; an account's key adds to its own.
 */
#include "engine/door/reply.h"
#include "engine/door/resources.h"

static void
word_or_null(struct emit *e, const char *key, const char *text)
{
    emit_member_word(e, key, text[0] ? text : NULL);
}

static void
number_or_null(struct emit *e, const char *key, uint64_t v)
{
    emit_key(e, key);
    if (v)
        emit_number(e, v);
    else
        emit_null(e);
}

static void
number_emit(struct request *r, struct emit *e, const struct number_view *n)
{
    emit_open(e, '{');
    emit_member_word(e, "number", n->number);
    word_or_null(e, "carrier", n->carrier);
    if (r->who.kind == WHO_ADMIN)
        word_or_null(e, "account", n->account);
    number_or_null(e, "rate", n->rate);
    number_or_null(e, "per_day", n->per_day);
    word_or_null(e, "default_sender", n->default_sender);
    emit_member_bool(e, "shared", n->shared);
    emit_member_bool(e, "from_settings", n->from_settings);
    emit_member_bool(e, "retired", n->retired);
    word_or_null(e, "replaced_by", n->replaced_by);
    emit_close(e, '}');
}

/* Finds one row by its number, with or without `+`. */
static const struct number_view *
row_of(const struct mail *m, struct slice number)
{
    for (unsigned i = 0; i < m->number.count; i++) {
        const struct number_view *n = &m->number.rows[i];
        const char *text = n->number;
        if (slice_eq(number, slice_str(text)) ||
            (text[0] == '+' && slice_eq(number, slice_str(text + 1))))
            return n;
    }
    return NULL;
}

static void
put(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    if (m->number.count) {
        number_emit(r, &e, &m->number.rows[0]);
        reply_json(r, 201, &e);
        return;
    }
    emit_open(&e, '{');
    emit_member_string(&e, "number", m->number.number);
    emit_member_string(&e, "carrier", m->number.carrier);
    emit_close(&e, '}');
    reply_json(r, 201, &e);
}

void
numbers_put(struct request *r)
{
    struct form f;
    if (!request_form(r, &f))
        return;
    struct mail *m = request_mail(r, MAIL_NUMBER_PUT);
    m->number.number = form_need_text(&f, "number", 23);
    m->number.carrier = form_text(&f, "carrier", 63);
    m->number.replaced_by = form_text(&f, "replaced_by", 23);
    m->number.retired = form_bool(&f, "retired", false) ? 1 : 0;
    if (m->number.retired == 0 && form_bool(&f, "retired", true))
        m->number.retired = -1; /* not said */
    if (r->who.kind == WHO_ADMIN)
        m->number.account = form_text(&f, "account", 63);
    m->number.default_sender = form_text(&f, "default_sender", 63);
    m->number.shared = form_bool(&f, "shared", false);
    m->number.rate = (uint32_t)form_number(&f, "rate", 0, 1000000, 0);
    m->number.per_day = (uint32_t)form_number(&f, "per_day", 0, UINT32_MAX, 0);
    if (form_end(&f))
        request_ask(r, m, put);
    else
        mail_free(m);
}

static void
row_emit(struct request *r, struct emit *e, const struct mail *m, unsigned i)
{
    number_emit(r, e, &m->number.rows[i]);
}

static void
listed(struct request *r, struct mail *m)
{
    reply_rows(r, m, "numbers", m->number.count, row_emit);
}

void
numbers_list(struct request *r)
{
    struct mail *m = request_mail(r, MAIL_NUMBER_LIST);
    m->number.account = request_query(r, "account");
    request_ask(r, m, listed);
}

static void
found(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    const struct number_view *n = row_of(m, r->param[0]);
    if (!n) {
        problem_not_found(&r->problem);
        return;
    }
    number_emit(r, &e, n);
    reply_json(r, 200, &e);
}

void
numbers_get(struct request *r)
{
    request_ask(r, request_mail(r, MAIL_NUMBER_LIST), found);
}
