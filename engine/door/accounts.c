/*
 * accounts.c - tenants: made, listed and closed by the admin.
 *
 * Promise: a key is shown once, in the answer that made it.
 */
#include <stdlib.h>

#include "engine/door/login_form.h"
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

static void
read_login(struct request *r, json_t *smpp, const char *base,
           struct login_forms *all)
{
    struct form f;
    form_begin(&f, smpp, base, &r->problem);
    login_forms_take(r, all, &f, true);
    form_end(&f);
}

/* "smpp": a login, or several. */
static void
read_smpp(struct request *r, struct form *f, struct mail *m)
{
    json_t *given = json_object_get(f->object, "smpp");
    bool many = json_is_array(given);
    json_t *smpp =
        many ? form_array(f, "smpp", LOGIN_FORMS_MAX) : form_object(f, "smpp");
    if (!smpp)
        return;
    struct login_forms *all = calloc(1, sizeof *all);
    if (!all) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    /* Freed with the request, which outlives the mail. */
    r->state = all;
    r->state_free = free;
    for (size_t i = 0; many && i < json_array_size(smpp); i++) {
        if (json_is_object(json_array_get(smpp, i)))
            read_login(r, json_array_get(smpp, i), "/smpp", all);
        else
            problem_add(&r->problem, "/smpp", "wrong_type",
                        "A list of objects is read here.");
    }
    if (!many)
        read_login(r, smpp, "/smpp", all);
    m->account.login = all->wish;
    m->account.logins = all->count;
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
    read_smpp(r, &f, m);
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
row_emit(struct request *r, struct emit *e, const struct mail *m, unsigned i)
{
    (void)r;
    account_emit(e, &m->account.rows[i]);
}

static void
listed(struct request *r, struct mail *m)
{
    reply_rows(r, m, "accounts", m->account.count, row_emit);
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
