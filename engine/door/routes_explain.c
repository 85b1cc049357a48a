/*
 * routes_explain.c - which way a message would go, and why.
 */
#include "engine/door/form.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/view.h"

static void
row_emit(struct emit *e, const struct route_row *row)
{
    emit_open(e, '{');
    emit_member_word(e, "carrier", row->name);
    emit_member_number(e, "weight", row->weight);
    emit_member_bool(e, "takes", row->takes);
    emit_member_word(e, "why", row->why);
    emit_member_word(e, "state", row->state);
    emit_member_word(e, "health", row->health);
    emit_member_number(e, "room", row->room);
    emit_member_number(e, "in_flight", row->in_flight);
    emit_member_number(e, "rate_limit", row->rate_limit);
    emit_member_number(e, "latency_ms", row->latency_ms);
    emit_close(e, '}');
}

static void
explained(struct request *r, struct mail *m)
{
    const struct mail_route *x = &m->route;
    struct emit e = {0};
    if (!request_is_ok(r, m))
        return;
    emit_open(&e, '{');
    emit_member_word(&e, "via", x->via);
    emit_key(&e, "rule");
    if (x->rule < 0)
        emit_null(&e);
    else
        emit_number(&e, (uint64_t)x->rule);
    emit_member_word(&e, "strategy", x->strategy);
    emit_member_word(&e, "no_route", x->otherwise);
    emit_member_bool(&e, "asks_network", x->asks);
    emit_member_word(&e, "network", x->network);
    emit_key(&e, "data");
    emit_open(&e, '[');
    for (unsigned i = 0; i < x->count; i++)
        row_emit(&e, &x->rows[i]);
    emit_close(&e, ']');
    emit_close(&e, '}');
    reply_json(r, 200, &e);
}

static bool
class_read(struct slice word, enum message_class *out)
{
    static const char *const names[] = {"", "critical", "transactional",
                                        "conversational", "marketing"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_eq(word, slice_str(names[i]))) {
            *out = (enum message_class)i;
            return true;
        }
    return false;
}

void
routes_explain(struct request *r)
{
    struct mail *m = request_mail(r, MAIL_ROUTE_EXPLAIN);
    struct mail_route *x = &m->route;
    x->to = request_query(r, "to");
    x->from = request_query(r, "from");
    x->account = request_query(r, "account");
    x->ucs2 = slice_eq(request_query(r, "encoding"), slice_str("ucs2"));
    if (class_read(request_query(r, "class"), &x->class)) {
        request_ask(r, m, explained);
        return;
    }
    mail_free(m);
    problem_set(&r->problem, "bad_parameter",
                "`class` is critical, transactional, conversational or "
                "marketing.");
}
