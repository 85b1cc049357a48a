/*
 * logins.c - SMPP logins of an account: who may bind to us, and how.
 *
 * Promise: a password is hashed here and never kept, shown or logged.
 */
#include <stdlib.h>

#include "engine/door/login_form.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"

/* "a,b" as a list. */
static void
list_emit(struct emit *e, const char *key, const char *text)
{
    emit_key(e, key);
    emit_open(e, '[');
    while (*text) {
        size_t n = strcspn(text, ",");
        emit_string(e, slice_of(text, n));
        text += n + (text[n] == ',');
    }
    emit_close(e, ']');
}

static void
text_or_null(struct emit *e, const char *key, const char *text)
{
    emit_member_word(e, key, text && text[0] ? text : NULL);
}

static const char *
class_word(enum message_class of)
{
    static const char *const words[CLASS_N] = {
        [CLASS_CRITICAL] = "critical",
        [CLASS_TRANSACTIONAL] = "transactional",
        [CLASS_CONVERSATIONAL] = "conversational",
        [CLASS_MARKETING] = "marketing",
    };
    return words[of];
}

/* Seconds; null: as the server has it. */
static void
span_or_null(struct emit *e, const char *key, unsigned ms)
{
    emit_key(e, key);
    if (ms)
        emit_number(e, ms / 1000);
    else
        emit_null(e);
}

static void
status_emit(struct emit *e, const struct login_view *v)
{
    emit_member_number(e, "binds", v->binds);
    emit_member_number(e, "outbox", v->outbox);
    emit_member_time(e, "outbox_since", v->oldest_ms);
    emit_member_number(e, "dropped", v->dropped);
    emit_key(e, "last_refused");
    if (!v->last_refused_ms) {
        emit_null(e);
        return;
    }
    emit_open(e, '{');
    emit_member_time(e, "at", v->last_refused_ms);
    emit_member_number(e, "status", v->last_status);
    emit_close(e, '}');
}

static void
login_emit(struct emit *e, const struct login_view *v)
{
    emit_open(e, '{');
    emit_member_id(e, "id", ID_LOGIN, v->login);
    emit_member_word(e, "system_id", v->system_id);
    emit_member_word(e, "account", v->account_name);
    emit_member_number(e, "max_binds", v->max_binds);
    emit_member_number(e, "window", v->window);
    emit_member_number(e, "rate", v->rate);
    emit_member_number(e, "burst", v->burst);
    emit_member_word(e, "on_excess", v->on_excess);
    list_emit(e, "allow_ips", v->allow_ips);
    list_emit(e, "sources", v->sources);
    emit_member_bool(e, "tls_required", v->tls_required);
    text_or_null(e, "certificate", v->certificate);
    span_or_null(e, "enquire", v->enquire_ms);
    span_or_null(e, "idle", v->idle_ms);
    emit_member_word(e, "receipts", v->receipts);
    text_or_null(e, "outbind", v->outbind);
    emit_member_word(e, "class", class_word(v->class));
    text_or_null(e, "on_uncertain", v->on_uncertain);
    emit_member_bool(e, "disabled", v->disabled);
    emit_member_time(e, "created_at", v->created_ms);
    status_emit(e, v);
    emit_close(e, '}');
}

static void
put(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    if (m->login.count)
        login_emit(&e, &m->login.rows[0]);
    reply_json(r, m->login.ref.n ? 200 : 201, &e);
}

/* ref: empty makes a new one. */
static void
put_login(struct request *r, struct slice ref)
{
    struct form f;
    if (!request_form(r, &f))
        return;
    struct login_forms *all = calloc(1, sizeof *all);
    if (!all) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    /* Freed with the request, which outlives the mail. */
    r->state = all;
    r->state_free = free;
    struct mail *m = request_mail(r, MAIL_LOGIN_PUT);
    m->login.ref = ref;
    if (r->who.kind == WHO_ADMIN)
        m->login.account = form_text(&f, "account", 63);
    login_forms_take(r, all, &f, ref.n == 0);
    m->login.wish = all->wish[0];
    if (form_end(&f))
        request_ask(r, m, put);
    else
        mail_free(m);
}

void
logins_create(struct request *r)
{
    put_login(r, (struct slice){0});
}

void
logins_change(struct request *r)
{
    put_login(r, r->param[0]);
}

static void
row_emit(struct request *r, struct emit *e, const struct mail *m, unsigned i)
{
    (void)r;
    login_emit(e, &m->login.rows[i]);
}

static void
listed(struct request *r, struct mail *m)
{
    reply_rows(r, m, "logins", m->login.count, row_emit);
}

void
logins_list(struct request *r)
{
    struct mail *m = request_mail(r, MAIL_LOGIN_LIST);
    m->login.account = request_query(r, "account");
    request_ask(r, m, listed);
}

static void
found(struct request *r, struct mail *m)
{
    struct emit e = {0};
    uint64_t id = 0;
    if (!request_is_ok(r, m))
        return;
    bool by_id = id_from_text(ID_LOGIN, r->param[0], &id);
    for (unsigned i = 0; i < m->login.count; i++) {
        const struct login_view *v = &m->login.rows[i];
        if (by_id ? v->login != id
                  : !slice_eq(slice_str(v->system_id), r->param[0]))
            continue;
        login_emit(&e, v);
        reply_json(r, 200, &e);
        return;
    }
    problem_not_found(&r->problem);
}

void
logins_get(struct request *r)
{
    request_ask(r, request_mail(r, MAIL_LOGIN_LIST), found);
}

static void
deleted(struct request *r, struct mail *m)
{
    if (request_is_ok(r, m))
        reply_empty(r, 204);
}

void
logins_delete(struct request *r)
{
    struct mail *m = request_mail(r, MAIL_LOGIN_DELETE);
    m->login.ref = r->param[0];
    request_ask(r, m, deleted);
}
