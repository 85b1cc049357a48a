/*
 * carriers.c - the ways out: looked at by owners, steered by the admin.
 */
#include <stdio.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"

enum { BINDS_MAX = 128 };

static const char *
state_word(const struct carrier_view *v)
{
    if (v->drained)
        return v->at_rest ? "drained" : "draining";
    switch (v->state) {
    case CARRIER_UP: return "up";
    case CARRIER_DEGRADED: return "degraded";
    case CARRIER_PAUSED: return "paused";
    default: return "down";
    }
}

static void
bind_emit(struct emit *e, const struct bind_view *b)
{
    char version[8];
    emit_open(e, '{');
    emit_member_number(e, "index", b->index);
    emit_member_word(e, "state", b->state);
    emit_member_word(e, "kind", b->kind);
    emit_member_time(e, "since", b->since.ms);
    snprintf(version, sizeof version, "%u.%u", b->version >> 4,
             b->version & 15);
    emit_member_word(e, "version", b->version ? version : NULL);
    emit_member_word(e, "tls", b->tls && b->tls[0] ? b->tls : NULL);
    emit_member_number(e, "window", b->window);
    emit_member_number(e, "in_flight", b->in_flight);
    emit_member_word(e, "last_error", b->last_error[0] ? b->last_error : NULL);
    emit_member_number(e, "submitted", b->submitted);
    emit_member_number(e, "answered", b->answered);
    emit_member_number(e, "received", b->delivered_in);
    emit_member_number(e, "reconnects", b->reconnects);
    emit_close(e, '}');
}

static void
percent_emit(struct emit *e, const char *key, int percent)
{
    emit_key(e, key);
    if (percent < 0)
        emit_null(e);
    else
        emit_number(e, (uint64_t)percent);
}

/* success and receipts in percent: of the last second's answers, of the
 * recent receipts. null: too few to tell. */
static void
health_emit(struct emit *e, const struct carrier_row *c)
{
    emit_key(e, "health");
    emit_open(e, '{');
    emit_member_word(e, "state", c->health);
    emit_member_word(e, "why", c->why[0] ? c->why : NULL);
    percent_emit(e, "success", c->success);
    percent_emit(e, "receipts", c->receipts);
    emit_member_number(e, "latency_ms", c->latency_ms);
    emit_member_number(e, "usual_ms", c->usual_ms);
    emit_close(e, '}');
}

static void
carrier_emit(struct emit *e, const struct carrier_row *c)
{
    const struct carrier_view *v = &c->look;
    emit_open(e, '{');
    emit_member_word(e, "name", c->name);
    emit_member_word(e, "state", state_word(v));
    emit_member_number(e, "rate_now", v->rate_now);
    emit_member_number(e, "rate_limit", v->rate_limit);
    emit_member_time(e, "throttled_until", v->throttled_until.ms);
    emit_member_number(e, "queue", v->backlog);
    health_emit(e, c);
    emit_key(e, "binds");
    emit_open(e, '[');
    for (unsigned i = 0; i < v->binds; i++)
        bind_emit(e, &c->bind[i]);
    emit_close(e, ']');
    emit_close(e, '}');
}

static void
row_emit(struct request *r, struct emit *e, const struct mail *m, unsigned i)
{
    (void)r;
    carrier_emit(e, &m->carrier.rows[i]);
}

static void
listed(struct request *r, struct mail *m)
{
    reply_rows(r, m, "carriers", m->carrier.count, row_emit);
}

void
carriers_list(struct request *r)
{
    request_ask(r, request_mail(r, MAIL_CARRIER_LIST), listed);
}

/* The carrier as it is now that the act was done. */
static void
acted_listed(struct request *r, struct mail *m)
{
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    for (unsigned i = 0; i < m->carrier.count; i++) {
        if (!slice_eq(slice_str(m->carrier.rows[i].name), r->param[0]))
            continue;
        carrier_emit(&e, &m->carrier.rows[i]);
        reply_json(r, 200, &e);
        return;
    }
    problem_not_found(&r->problem);
}

static void
acted(struct request *r, struct mail *m)
{
    if (request_is_ok(r, m))
        request_ask(r, request_mail(r, MAIL_CARRIER_LIST), acted_listed);
}

static void
act(struct request *r, enum carrier_act act)
{
    struct form f;
    int bind = BINDS_MAX; /* all */
    if (!request_form(r, &f))
        return;
    if (act == CARRIER_KICK)
        bind = (int)form_number(&f, "bind", 0, BINDS_MAX - 1, BINDS_MAX);
    if (!form_end(&f))
        return;
    struct mail *m = request_mail(r, MAIL_CARRIER_ACT);
    m->carrier.name = r->param[0];
    m->carrier.act = act;
    m->carrier.bind = bind == BINDS_MAX ? CARRIER_ALL_BINDS : bind;
    request_ask(r, m, acted);
}

void
carriers_pause(struct request *r)
{
    act(r, CARRIER_PAUSE);
}

void
carriers_resume(struct request *r)
{
    act(r, CARRIER_RESUME);
}

void
carriers_rebind(struct request *r)
{
    act(r, CARRIER_REBIND);
}

void
carriers_drain(struct request *r)
{
    act(r, CARRIER_DRAIN);
}

void
carriers_kick(struct request *r)
{
    act(r, CARRIER_KICK);
}
