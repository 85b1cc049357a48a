/*
 * senders.c - who a reply belongs to inside an account.
 *
 * Promise: a key is shown once, in the answer that made it.
 */
#include <stdlib.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"

enum { NUMBERS_MAX = 256 };

static void
sender_emit(struct emit *e, const struct sender_view *s)
{
    emit_open(e, '{');
    emit_member_id(e, "id", ID_SENDER, s->sender);
    emit_member_word(e, "name", s->name);
    emit_member_id(e, "account", ID_ACCOUNT, s->account);
    emit_member_word(e, "external_id",
                     s->external_id[0] ? s->external_id : NULL);
    emit_member_word(e, "smpp_system_id",
                     s->smpp_system_id[0] ? s->smpp_system_id : NULL);
    emit_member_bool(e, "queue", s->queue);
    emit_member_time(e, "created_at", s->created_ms);
    emit_close(e, '}');
}

static void
created(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    emit_open(&e, '{');
    emit_member_id(&e, "id", ID_SENDER, m->sender.sender);
    emit_member_string(&e, "name", m->sender.name);
    emit_member_word(&e, "key", m->sender.key);
    emit_close(&e, '}');
    reply_json(r, 201, &e);
}

/* The admin says whose; others are their own account. */
static void
read_account(struct request *r, struct form *f, struct slice *account)
{
    if (r->who.kind == WHO_ADMIN)
        *account = form_need_text(f, "account", 63);
}

void
senders_create(struct request *r)
{
    struct form f;
    if (!request_form(r, &f))
        return;
    struct mail *m = request_mail(r, MAIL_SENDER_CREATE);
    read_account(r, &f, &m->sender.account);
    m->sender.name = form_need_text(&f, "name", 63);
    m->sender.external_id = form_text(&f, "external_id", 63);
    m->sender.smpp_system_id = form_text(&f, "smpp_system_id", 15);
    m->sender.queue = form_bool(&f, "queue", false);
    json_t *numbers = form_array(&f, "numbers", NUMBERS_MAX);
    m->sender.numbers =
        request_texts(r, numbers, "/numbers", &m->sender.number);
    if (form_end(&f))
        request_ask(r, m, created);
    else
        mail_free(m);
}

static void
row_emit(struct request *r, struct emit *e, const struct mail *m, unsigned i)
{
    (void)r;
    sender_emit(e, &m->sender.rows[i]);
}

static void
listed(struct request *r, struct mail *m)
{
    reply_rows(r, m, "senders", m->sender.count, row_emit);
}

static struct mail *
list_mail(struct request *r)
{
    struct mail *m = request_mail(r, MAIL_SENDER_LIST);
    m->sender.account = request_query(r, "account");
    return m;
}

void
senders_list(struct request *r)
{
    request_ask(r, list_mail(r), listed);
}

static bool
is_asked_for(const struct sender_view *s, struct slice ref)
{
    uint64_t id;
    if (id_from_text(ID_SENDER, ref, &id))
        return s->sender == id;
    return slice_eq(ref, slice_str(s->name)) ||
           (s->external_id[0] && slice_eq(ref, slice_str(s->external_id)));
}

static void
found(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    for (unsigned i = 0; i < m->sender.count; i++) {
        if (!is_asked_for(&m->sender.rows[i], r->param[0]))
            continue;
        sender_emit(&e, &m->sender.rows[i]);
        reply_json(r, 200, &e);
        return;
    }
    problem_not_found(&r->problem);
}

void
senders_get(struct request *r)
{
    request_ask(r, list_mail(r), found);
}
