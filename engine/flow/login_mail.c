/*
 * login_mail.c - what people ask of logins.
 *
 * Promise: an account sees its own logins alone; making and
 * changing them is the admin's.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/desk.h"
#include "engine/flow/login.h"
#include "engine/flow/outbox.h"

static const char *const uncertain_words[] = {
    [UNCERTAIN_AS_SET] = "",
    [UNCERTAIN_HOLD] = "hold",
    [UNCERTAIN_RESEND] = "resend",
};

static void
join(char *dst, size_t cap, const char *text)
{
    size_t n = strlen(dst);
    snprintf(dst + n, cap - n, "%s%s", n ? "," : "", text);
}

static const char *
account_name(struct flow *f, uint32_t account)
{
    const struct account *a = directory_account(&f->directory, account);
    return a ? a->name : "";
}

static void
show(struct flow *f, const struct login *l, struct login_view *v)
{
    struct outbox_view box;
    *v = (struct login_view){
        .login = l->id,
        .account = l->account,
        .max_binds = l->max_binds,
        .window = l->window,
        .rate = l->per_s,
        .burst = l->burst,
        .on_excess = l->throttle ? "throttle" : "queue",
        .receipts = l->data_sm ? "data_sm" : "deliver_sm",
        .on_uncertain = uncertain_words[l->on_uncertain],
        .tls_required = l->tls_required,
        .disabled = l->disabled,
        .enquire_ms = l->enquire_ms,
        .idle_ms = l->idle_ms,
        .class = l->class,
        .created_ms = l->created_ms,
        .binds = l->binds,
        .last_status = l->last_status,
        .last_refused_ms = l->last_refused_ms,
    };
    snprintf(v->account_name, sizeof v->account_name, "%s",
             account_name(f, l->account));
    snprintf(v->system_id, sizeof v->system_id, "%s", l->system_id);
    snprintf(v->certificate, sizeof v->certificate, "%s", l->certificate);
    snprintf(v->outbind, sizeof v->outbind, "%s", l->outbind);
    for (unsigned i = 0; i < l->nets; i++)
        join(v->allow_ips, sizeof v->allow_ips, l->net[i].text);
    for (unsigned i = 0; i < l->sources; i++)
        join(v->sources, sizeof v->sources, l->source[i]);
    outbox_look(f, l->id, &box);
    v->outbox = box.waiting;
    v->oldest_ms = box.oldest_ms;
    v->dropped = box.dropped;
}

bool
login_whose(struct flow *f, struct mail *m, struct slice account, uint32_t *out)
{
    *out = m->who.kind == WHO_ADMIN ? 0 : m->who.account;
    if (m->who.kind != WHO_ADMIN || account.n == 0)
        return true;
    const struct account *a = directory_find_account(&f->directory, account);
    if (!a)
        return mail_refuse(m, MAIL_INVALID, "unknown_account", "/account",
                           "account is neither an id nor a name of one");
    *out = a->id;
    return true;
}

static void
list_logins(struct flow *f, struct mail *m)
{
    struct mail_login *q = &m->login;
    uint32_t account;
    if (!login_whose(f, m, q->account, &account))
        return;
    q->rows = m->answer =
        calloc(f->directory.logins.rows + 1u, sizeof *q->rows);
    if (!q->rows)
        abort();
    for (uint32_t i = 1; i < f->directory.logins.rows; i++) {
        const struct login *l = directory_login(&f->directory, i);
        if (l && !l->deleted && (!account || l->account == account))
            show(f, l, &q->rows[q->count++]);
    }
    m->result = MAIL_OK;
}

void
login_on_login(struct flow *f, struct mail *m)
{
    struct mail_login *q = &m->login;
    if (m->kind == MAIL_LOGIN_LIST) {
        list_logins(f, m);
        return;
    }
    struct login *l =
        q->ref.n ? directory_find_login(&f->directory, q->ref) : NULL;
    m->result = MAIL_NOT_FOUND;
    if (q->ref.n && !l)
        return;
    if (m->kind == MAIL_LOGIN_DELETE) {
        if (l) {
            login_delete(f, l);
            m->result = MAIL_OK;
        }
        return;
    }
    uint32_t account = l ? l->account : 0;
    if (!l && (!login_whose(f, m, q->account, &account) || !account)) {
        if (!m->code)
            mail_refuse(m, MAIL_INVALID, "account_needed", "/account",
                        "account names whose login it is");
        return;
    }
    l = login_put(f, m, l, account, &q->wish);
    if (!l)
        return;
    q->login = l->id;
    q->rows = m->answer = calloc(1, sizeof *q->rows);
    if (!q->rows)
        abort();
    show(f, l, q->rows);
    q->count = 1;
    m->result = MAIL_OK;
}
