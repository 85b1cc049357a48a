/*
 * clients.c - apps that are bound to us: looked at and steered.
 */
#include <stdio.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"

static void
limits_emit(struct emit *e, const struct client_view *v)
{
    emit_member_number(e, "window", v->window_in);
    emit_member_number(e, "held", v->held_in);
    emit_member_number(e, "deliver_window", v->window_out);
    emit_member_number(e, "in_flight", v->in_flight);
    emit_member_number(e, "rate_in", v->rate_in);
    emit_member_number(e, "rate_out", v->rate_out);
    emit_member_number(e, "requests", v->requests);
    emit_member_number(e, "refused", v->answered_bad);
    emit_member_number(e, "delivered", v->delivered);
    emit_member_number(e, "deliver_refused", v->delivered_bad);
    emit_member_number(e, "last_status", v->last_status);
}

static void
client_emit(struct emit *e, const struct client_row *c)
{
    const struct client_view *v = &c->look;
    char version[8];
    emit_open(e, '{');
    emit_member_number(e, "bind", v->number);
    emit_member_word(e, "system_id", v->system_id);
    emit_member_word(e, "account", c->account_name[0] ? c->account_name : NULL);
    emit_member_word(e, "state", v->paused ? "paused" : v->state);
    emit_member_word(e, "kind", v->kind && v->kind[0] ? v->kind : NULL);
    emit_member_word(e, "peer", v->peer);
    emit_member_word(e, "tls", v->tls[0] ? v->tls : NULL);
    snprintf(version, sizeof version, "%u.%u", v->version >> 4,
             v->version & 15);
    emit_member_word(e, "version", v->version ? version : NULL);
    emit_member_word(e, "system_type",
                     v->system_type[0] ? v->system_type : NULL);
    emit_member_time(e, "since", v->since.ms);
    limits_emit(e, v);
    emit_member_number(e, "outbox", c->outbox);
    emit_member_word(e, "last_error", v->last_error[0] ? v->last_error : NULL);
    emit_close(e, '}');
}

static void
row_emit(struct request *r, struct emit *e, const struct mail *m, unsigned i)
{
    (void)r;
    client_emit(e, &m->client.rows[i]);
}

static void
listed(struct request *r, struct mail *m)
{
    reply_rows(r, m, "clients", m->client.count, row_emit);
}

void
clients_list(struct request *r)
{
    struct mail *m = request_mail(r, MAIL_CLIENT_LIST);
    m->client.account = request_query(r, "account");
    m->client.ref = request_query(r, "system_id");
    request_ask(r, m, listed);
}

static void
acted(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    emit_open(&e, '{');
    emit_member_string(&e, "system_id", r->param[0]);
    emit_member_number(&e, "binds", m->client.count);
    emit_close(&e, '}');
    reply_json(r, 200, &e);
}

/* All binds of the login in the path, or one of them: {"bind": 12}. */
static void
act(struct request *r, enum client_act act)
{
    struct form f;
    if (!request_form(r, &f))
        return;
    uint64_t bind = form_number(&f, "bind", 1, UINT64_MAX / 2, 0);
    if (!form_end(&f))
        return;
    struct mail *m = request_mail(r, MAIL_CLIENT_ACT);
    m->client.ref = r->param[0];
    m->client.number = bind;
    m->client.act = act;
    request_ask(r, m, acted);
}

void
clients_kick(struct request *r)
{
    act(r, CLIENT_KICK);
}

void
clients_pause(struct request *r)
{
    act(r, CLIENT_PAUSE);
}

void
clients_resume(struct request *r)
{
    act(r, CLIENT_RESUME);
}

void
clients_drain(struct request *r)
{
    act(r, CLIENT_DRAIN);
}
