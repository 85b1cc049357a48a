/*
 * route_explain.c - which rule, which carriers in which order, and why.
 *
 * Promise: says what the next message would be told; takes nobody's turn.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/carrier/settings.h"
#include "engine/flow/desk.h"
#include "engine/flow/path.h"
#include "proto/addr.h"

static bool
understand(struct flow *f, struct mail *m, struct route_query *q)
{
    struct mail_route *x = &m->route;
    struct addr to, from;
    if (addr_from_text(x->to, NULL, &to) != ADDR_NUMBER ||
        !addr_to_u64(slice_str(to.text), &q->subscriber))
        return mail_refuse(m, MAIL_INVALID, "bad_number", "/to",
                           "to is not an E.164 number, such as +12125550101");
    q->class = x->class ? x->class : CLASS_TRANSACTIONAL;
    q->encoding = x->ucs2 ? ROUTE_UCS2 : ROUTE_GSM7;
    if (x->from.n) {
        addr_from_text(x->from, NULL, &from);
        q->number = directory_find_number(&f->directory, slice_str(from.text));
        if (!q->number)
            return mail_refuse(m, MAIL_INVALID, "unknown_from", "/from",
                               "from is not one of the numbers");
    }
    uint32_t account = q->number ? q->number->account : 0;
    q->account = x->account.n
                     ? directory_find_account(&f->directory, x->account)
                     : directory_account(&f->directory, account);
    if (x->account.n && !q->account)
        return mail_refuse(m, MAIL_INVALID, "unknown_account", "/account",
                           "there is no account of that name");
    return true;
}

/* Carriers in the order in which they would be asked now. */
static void
fill_row(struct flow *f, struct route_path *p, unsigned place,
         struct route_row *row)
{
    const struct carrier_entry *c = p->carrier[place];
    row->weight = p->weight[place];
    row->why = path_why(f, p, place);
    row->state = "absent";
    row->health = health_name(HEALTH_OUT);
    if (!c)
        return;
    snprintf(row->name, sizeof row->name, "%s", c->name);
    if (!c->carrier)
        return;
    struct carrier_view look;
    carrier_look(c->carrier, &look);
    row->state = carrier_state_name(look.state);
    row->health = health_name(c->health.state);
    row->in_flight = c->health.in_flight;
    row->latency_ms = (unsigned)c->health.latency_ms;
    row->rate_limit = look.rate_limit;
    row->room = carrier_room(c->carrier, f->now);
    row->takes = row->room > 0 && path_would_take(f, p, place);
}

void
route_on_explain(struct flow *f, struct mail *m)
{
    static const char *const strategies[] = {
        [ROUTE_FAILOVER] = "failover",
        [ROUTE_ROUND_ROBIN] = "round-robin",
        [ROUTE_WEIGHTED] = "weighted",
        [ROUTE_LEAST_LOADED] = "least-loaded",
    };
    struct mail_route *x = &m->route;
    struct route_query q = {0};
    if (!understand(f, m, &q))
        return;
    bool own = q.number && q.number->carrier;
    x->rule = -1;
    struct route_path *p =
        own ? routes_own(&f->routes, &f->directory, q.number->carrier) : NULL;
    unsigned rule;
    const char *network;
    x->asks = !own && routes_ask(&f->routes, &q);
    /* Who asks twice is told: the question is sent. */
    if (x->asks && networks_find(&f->lookup.networks, &f->settings->lookup,
                                 q.subscriber, f->now.us, &network)) {
        x->network = network;
        q.network = slice_str(network);
    }
    if (!own && (p = routes_match(&f->routes, &q, &rule)))
        x->rule = (int)rule;
    x->via = own ? "number" : p ? "rule" : "none";
    x->otherwise = f->settings->no_route_holds ? "hold" : "reject";
    x->strategy = p && !own ? strategies[p->strategy] : NULL;
    x->rows = m->answer = calloc((p ? p->carriers : 0) + 1, sizeof *x->rows);
    if (!x->rows)
        abort();
    for (unsigned i = 0; p && i < p->carriers; i++)
        fill_row(f, p, i, &x->rows[x->count++]);
    m->result = MAIL_OK;
}
