/*
 * reroute.c - which way now, asked again.
 *
 * Promise: as in reroute.h. Queues that are sorted anew stand in resort.c.
 */
#include "engine/flow/reroute.h"

#include "engine/carrier/settings.h"
#include "engine/core/log.h"
#include "engine/flow/path.h"
#include "engine/flow/resort.h"
#include "engine/flow/submit.h"

enum { STORE_STALL_US = 100000 };

/* ---- parts that go again ---------------------------------------------------
 */

/* The way of a message, from its story. *known: its network is, where that
 * matters. */
static struct route_path *
path_of(struct flow *f, const struct story *s, bool *known)
{
    const struct campaign *c = s->single ? NULL : campaign_of(f, s->message);
    uint64_t number = s->single ? s->accept.number : s->first.number;
    uint64_t account = s->single ? s->accept.account : s->first.account;
    struct route_query q = {
        .number = directory_number(&f->directory, (uint32_t)number),
        .subscriber = s->single ? s->accept.subscriber : s->first.subscriber,
        .account = directory_account(&f->directory, (uint32_t)account),
        .class = s->single ? (enum message_class)s->accept.class
                 : c       ? c->class
                           : CLASS_UNSET,
        .encoding = !s->single       ? ROUTE_ANY_ENCODING
                    : s->accept.ucs2 ? ROUTE_UCS2
                                     : ROUTE_GSM7,
        .network = s->single ? lookup_told(&s->accept) : (struct slice){0},
    };
    *known = lookup_fill(f, &q);
    return q.number ? routes_find(&f->routes, &f->directory, &q) : NULL;
}

static bool
is_listed(const struct route_path *p, uint32_t status)
{
    for (unsigned i = 0; i < p->statuses_n; i++)
        if (p->statuses[i] == status)
            return true;
    return false;
}

/* Those that refused this part so that the next one is to be asked. */
static uint32_t
refusers(struct flow *f, const struct route_path *p, const struct story *s,
         unsigned part, unsigned *times)
{
    uint32_t not = 0;
    *times = 0;
    for (unsigned i = 0; i < s->refusals; i++) {
        if (s->refusal[i].part != part || !is_listed(p, s->refusal[i].status))
            continue;
        ++*times;
        int place = path_place(
            p, directory_carrier(&f->directory, s->refusal[i].carrier));
        if (place >= 0)
            not |= 1u << place;
    }
    return not ;
}

static bool
cuts_alike(const struct carrier_settings *a, const struct carrier_settings *b)
{
    struct segment_options x, y;
    submit_segment_options(a, &x);
    submit_segment_options(b, &y);
    return x.way == y.way && x.packed == y.packed &&
           x.transliterate == y.transliterate && x.charset_0 == y.charset_0 &&
           x.lock == y.lock && x.shift == y.shift && x.max_parts == y.max_parts;
}

/* What was cut for one carrier cannot go by one that cuts otherwise: parts
 * are numbered by the first cut. */
static uint32_t
strangers(struct flow *f, const struct route_path *p, const struct story *s)
{
    const struct carrier_entry *was =
        s->sent ? directory_carrier(&f->directory, s->carrier) : NULL;
    uint32_t not = 0;
    for (unsigned i = 0; was && was->carrier && i < p->carriers; i++) {
        const struct carrier_entry *c = p->carrier[i];
        if (c && c->carrier &&
            !cuts_alike(carrier_get_settings(was->carrier),
                        carrier_get_settings(c->carrier)))
            not |= 1u << i;
    }
    return not ;
}

/* Good, or the only one, or tried with a few. */
static bool
takes(struct flow *f, const struct route_path *p, const struct carrier_entry *c)
{
    if (p->carriers == 1)
        return true;
    switch (c->health.state) {
    case HEALTH_GOOD: return true;
    case HEALTH_STRAINED: return carrier_room(c->carrier, f->now) > 0;
    case HEALTH_PROBING: return c->health.probes_left > 0;
    default: return false;
    }
}

struct carrier_entry *
reroute_again(struct flow *f, const struct story *s, struct again a,
              struct carrier_entry *at)
{
    bool known;
    struct route_path *p = path_of(f, s, &known);
    struct carrier_entry *c = directory_carrier(&f->directory, s->holder);
    unsigned part = a.part == SCHED_WHOLE ? 0 : a.part, times;
    if (s->holder && c && c->carrier)
        return c;
    if (!known || !p || !path_lives(p))
        return NULL;
    uint32_t odd = strangers(f, p, s);
    uint32_t not = odd | refusers(f, p, s, part, &times);
    int place = path_place(p, at);
    if (place >= 0 && at->carrier && !(not >> place & 1) && takes(f, p, at))
        return at;
    struct carrier_entry *best = path_choose(f, p, not );
    if (!best)
        best = path_choose(f, p, odd);
    if (!best)
        best = path_choose(f, p, 0);
    bool better = best && best->health.state < HEALTH_SKIPPED;
    return !better && place >= 0 && at->carrier ? at : best;
}

struct carrier_entry *
reroute_waiting(struct flow *f, uint64_t message, struct again a,
                struct carrier_entry *at)
{
    struct story s;
    if (!book_story(f, message, &s))
        return NULL;
    struct carrier_entry *to = reroute_again(f, &s, a, at);
    return to && to != at && to->health.state <= HEALTH_STRAINED ? to : NULL;
}

bool
reroute_refused(struct flow *f, const struct part_ref *part,
                struct carrier_entry *at, uint32_t status)
{
    struct story s;
    unsigned times;
    if (f->routes.paths == 0 || !book_story(f, part->message, &s))
        return false;
    bool known;
    struct route_path *p = path_of(f, &s, &known);
    if (!known || !p || !is_listed(p, status) || path_place(p, at) < 0)
        return false;
    /* The part itself looks as if under way: its answer is not written. */
    for (unsigned i = 0; i < s.parts; i++)
        if (i != part->part && s.held[i])
            return false;
    uint32_t not = refusers(f, p, &s, part->part, &times) |
                   strangers(f, p, &s) | 1u << path_place(p, at);
    struct carrier_entry *next = path_choose(f, p, not );
    return times < p->times && next && next->health.state < HEALTH_SKIPPED;
}

bool
reroute_holds(struct flow *f, uint64_t message)
{
    struct story s;
    bool known;
    if (!f->settings->no_route_holds || !book_story(f, message, &s) ||
        !s.single)
        return false;
    const struct carrier_entry *c =
        s.holder ? directory_carrier(&f->directory, s.holder) : NULL;
    const struct route_path *p = path_of(f, &s, &known);
    return known && !(c && c->carrier) && (!p || !path_lives(p));
}

bool
reroute_must_ask(struct flow *f, const struct story *s)
{
    bool known;
    path_of(f, s, &known);
    return !known && s->holder == 0;
}

enum flow_reason
reroute_reason(const struct number *n)
{
    return n && n->carrier == 0 ? REASON_NO_ROUTE : REASON_NO_NUMBER;
}

/* ---- rows -----------------------------------------------------------------
 */

struct carrier_entry *
reroute_row(struct flow *f, const struct outgoing *o, struct carrier_entry *at,
            bool *known)
{
    struct route_query q = {
        .number = o->number,
        .subscriber = o->subscriber,
        .account = directory_account(&f->directory, o->account),
        .class = o->campaign->class,
    };
    *known = lookup_fill(f, &q);
    if (!*known)
        return NULL;
    struct route_path *p = routes_find(&f->routes, &f->directory, &q);
    if (!p || !path_lives(p))
        return NULL;
    if (path_ask(f, p, at) == PATH_YES) {
        path_took(p, f->now.us);
        return at;
    }
    return path_choose(f, p, 0);
}

/* ---- health ---------------------------------------------------------------
 */

static void
say_health(const struct carrier_entry *c, enum health_state before)
{
    log_info(ROOM_FLOW, "carrier_health",
             "carrier=%s health=%s->%s reason=\"%s\"", c->name,
             health_name(before), health_name(c->health.state),
             c->health.why ? c->health.why : "");
}

/* What waits for our own disk is no carrier's silence. */
static bool
is_store_stalled(struct flow *f)
{
    uint64_t durable = journal_durable(&f->journal);
    if (durable != f->routes.durable || durable >= journal_end(&f->journal)) {
        f->routes.durable = durable;
        f->routes.durable_us = f->now.us;
    }
    return f->now.us - f->routes.durable_us > STORE_STALL_US;
}

static bool
judge(struct flow *f, struct carrier_entry *c, bool stalled)
{
    struct health *h = &c->health;
    if (stalled)
        h->moved_us = f->now.us;
    enum health_state before = h->state;
    bool up = c->carrier && carrier_get_state(c->carrier) <= CARRIER_DEGRADED;
    struct carrier_view look = {0};
    if (up)
        carrier_look(c->carrier, &look);
    bool changed = health_judge(h, up, look.throttled_until.ms != 0,
                                &f->settings->health, f->now, f->wall.ms);
    if (c->carrier) {
        struct mono next = health_next(h, f->now);
        if (next.us != UINT64_MAX && f->routes.paths)
            loop_wake_at(f->loop, next);
    }
    if (!changed)
        return false;
    if (c->carrier)
        say_health(c, before);
    if (h->state >= HEALTH_SKIPPED && before < HEALTH_SKIPPED && c->outlet)
        sched_vacate(f, c);
    return true;
}

void
reroute_tick(struct flow *f)
{
    bool changed = false, stalled = is_store_stalled(f);
    for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
        struct carrier_entry *c = directory_carrier(&f->directory, i);
        if (c && judge(f, c, stalled))
            changed = true;
    }
    if (f->routes_stale)
        reroute_refresh(f);
    if (changed)
        sched_rethink(f);
    if (f->routes_strand)
        resort_strand(f);
}

void
reroute_open(struct flow *f)
{
    routes_compile(&f->routes, &f->directory, f->settings->routes,
                   f->settings->routes_n);
}

void
reroute_refresh(struct flow *f)
{
    f->routes_stale = false;
    f->routes.version++;
    resort_sources(f);
    for (size_t i = 0; i < f->sources.rows; i++) {
        struct source *s = f->sources.row[i];
        if (s && !s->campaign && !source_is_empty(s))
            sched_wake_path(f, s);
    }
    for (size_t i = 0; i < f->campaigns.rows; i++)
        resort_campaign(f, f->campaigns.row[i]);
    sched_rethink(f);
}
