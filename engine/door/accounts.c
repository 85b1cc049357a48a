/*
 * accounts.c - tenants: made, listed and closed by the admin.
 *
 * Promise: a key is shown once, in the answer that made it.
 */
#include <stdlib.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"

static void
account_emit(struct emit *e, const struct account_view *a)
{
    emit_open(e, '{');
    emit_member_id(e, "id", ID_ACCOUNT, a->account);
    emit_member_word(e, "name", a->name);
    emit_key(e, "quota");
    emit_open(e, '{');
    emit_key(e, "per_day");
    if (a->per_day)
        emit_number(e, a->per_day);
    else
        emit_null(e);
    emit_close(e, '}');
    emit_member_time(e, "created_at", a->created_ms);
    emit_close(e, '}');
}

/* Keeps what the SMPP door of the account needs, once it is known sound. */
static void
read_smpp(struct request *r, json_t *smpp, struct mail *m)
{
    struct form f;
    if (!smpp)
        return;
    form_begin(&f, smpp, "/smpp", &r->problem);
    form_need_text(&f, "system_id", 15); /* SMPP 3.4, 4.1.1: 16 with the NUL */
    form_need_text(&f, "password", 8);   /* 9 with the NUL */
    form_number(&f, "max_binds", 1, 1000, 0);
    form_number(&f, "window", 1, 10000, 0);
    form_number(&f, "rate", 0, 1000000, 0);
    form_bool(&f, "tls_required", false);
    json_t *ips = form_array(&f, "allow_ips", 256);
    for (size_t i = 0; i < json_array_size(ips); i++)
        if (!json_is_string(json_array_get(ips, i)))
            problem_add(&r->problem, "/smpp/allow_ips", "wrong_type",
                        "A list of strings is read here.");
    if (!form_end(&f))
        return;
    /* Freed with the request, which outlives the mail. */
    r->state = json_dumps(smpp, JSON_COMPACT);
    r->state_free = free;
    if (r->state)
        m->account.smpp = slice_str(r->state);
}

static void
created(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    emit_open(&e, '{');
    emit_member_id(&e, "id", ID_ACCOUNT, m->account.account);
    emit_member_string(&e, "name", m->account.name);
    emit_member_word(&e, "key", m->account.key);
    emit_close(&e, '}');
    reply_json(r, 201, &e);
}

void
accounts_create(struct request *r)
{
    struct form f;
    if (!request_form(r, &f))
        return;
    struct mail *m = request_mail(r, MAIL_ACCOUNT_CREATE);
    m->account.name = form_need_text(&f, "name", 63);
    read_smpp(r, form_object(&f, "smpp"), m);
    json_t *quota = form_object(&f, "quota");
    if (quota) {
        struct form q;
        form_begin(&q, quota, "/quota", &r->problem);
        m->account.per_day = form_number(&q, "per_day", 0, UINT32_MAX, 0);
        form_end(&q);
    }
    if (form_end(&f))
        request_ask(r, m, created);
    else
        mail_free(m);
}

static void
listed(struct request *r, struct mail *m)
{
    struct emit e = {0};
    unsigned from, to;
    if (!request_is_ok(r, m) ||
        !reply_window(r, "accounts", m->account.count, &from, &to))
        return;
    reply_list_begin(&e);
    for (unsigned i = from; i < to; i++)
        account_emit(&e, &m->account.rows[i]);
    reply_window_end(r, &e, "accounts", m->account.count, to);
}

void
accounts_list(struct request *r)
{
    request_ask(r, request_mail(r, MAIL_ACCOUNT_LIST), listed);
}

static void
found(struct request *r, struct mail *m)
{
    struct emit e = {0};
    uint64_t id = 0;
    if (!request_is_ok(r, m))
        return;
    bool by_id = id_from_text(ID_ACCOUNT, r->param[0], &id);
    for (unsigned i = 0; i < m->account.count; i++) {
        const struct account_view *a = &m->account.rows[i];
        if (by_id ? a->account != id
                  : !slice_eq(slice_str(a->name), r->param[0]))
            continue;
        account_emit(&e, a);
        reply_json(r, 200, &e);
        return;
    }
    problem_not_found(&r->problem);
}

void
accounts_get(struct request *r)
{
    request_ask(r, request_mail(r, MAIL_ACCOUNT_LIST), found);
}

static void
deleted(struct request *r, struct mail *m)
{
    if (request_is_ok(r, m))
        reply_empty(r, 204);
}

void
accounts_delete(struct request *r)
{
    struct mail *m = request_mail(r, MAIL_ACCOUNT_DELETE);
    m->account.ref = r->param[0];
    request_ask(r, m, deleted);
}
