/*
 * resort.c - from old paths to new ones.
 *
 * Promise: as in resort.h. A message may be found twice while it moves (by
 * the new queue, and prepared or put back elsewhere); its word says who was
 * first.
 */
#include "engine/flow/resort.h"

#include <stdlib.h>

#include "engine/flow/book.h"
#include "engine/flow/path.h"
#include "engine/flow/reroute.h"
#include "engine/flow/submit.h"

/* Messages that end in one turn because nothing leads anywhere. */
enum { STRAND_MAX = 512, KEYS_MAX = 1024 };

/* The oldest position that waits in it or is being handed over. */
static uint64_t
low_of(struct flow *f, const struct source *s)
{
    uint64_t low = source_low(s);
    for (const struct feed *x = s->feeds; x; x = x->sibling) {
        uint64_t pos = x->current && x->current->next_part == 0
                           ? sched_current_pos(f, x)
                           : 0;
        if (pos && (low == 0 || pos < low))
            low = pos;
    }
    return low;
}

static bool
is_sorted(struct flow *f, const struct source *s)
{
    const struct number *n = directory_number(&f->directory, s->number);
    if (!n || n->carrier)
        return s->path_key == PATH_OWN;
    return s->path_key != PATH_OWN && s->table == f->routes.table;
}

/* Does a rule without any condition end the table? */
static bool
is_complete(const struct flow *f, const struct number *n,
            const struct account *a, enum message_class class)
{
    for (unsigned i = 0; i < f->routes.rules; i++) {
        const struct flow_route *r = &f->routes.rule[i];
        bool all = r->to_n == 0;
        for (unsigned k = 0; k < r->to_n; k++)
            all = all || (r->to[k].digits[0] == 0 && !r->to[k].exact);
        if (all && !r->encoding && !(r->network && r->network[0]) &&
            (!r->class || r->class == class) &&
            (!r->account || !r->account[0] ||
             (a && strcmp(r->account, a->name) == 0)) &&
            (n ? route_from_fits(r->from, n->text) : !r->from || !r->from[0]))
            return true;
    }
    return false;
}

/* All paths that rules may lead to, and none. */
static unsigned
keys_of(const struct flow *f, const struct number *n, const struct account *a,
        enum message_class class, uint32_t *keys, unsigned cap)
{
    unsigned count = 0;
    for (unsigned i = 0; i < f->routes.paths && count + 1 < cap; i++)
        if (routes_may_lead(&f->routes, f->routes.path[i], n, a, class))
            keys[count++] = f->routes.path[i]->key;
    if (!is_complete(f, n, a, class))
        keys[count++] = PATH_NONE;
    return count;
}

static void
resort(struct flow *f, struct source *s)
{
    uint32_t keys[KEYS_MAX] = {PATH_OWN};
    const struct number *n = directory_number(&f->directory, s->number);
    unsigned count = 1;
    if (n && !n->carrier)
        count = keys_of(f, n, directory_account(&f->directory, s->account),
                        s->class, keys, KEYS_MAX - 1);
    if (n && !n->carrier && f->routes.by_network)
        keys[count++] = PATH_LOOKUP;
    struct source_key key = {.account = s->account,
                             .sender = s->sender,
                             .number = s->number,
                             .login = s->login,
                             .class = s->class};
    uint64_t low = low_of(f, s);
    source_destroy(f, s);
    for (unsigned i = 0; low && i < count; i++) {
        key.path = keys[i];
        source_rescan(f, source_for(f, &key), low, journal_end(&f->journal));
    }
}

void
resort_sources(struct flow *f)
{
    for (size_t i = 0; i < f->sources.rows; i++) {
        struct source *s = f->sources.row[i];
        if (s && !s->campaign && !is_sorted(f, s))
            resort(f, s);
    }
}

/* ---- campaigns ------------------------------------------------------------
 */

void
resort_campaign(struct flow *f, struct campaign *c)
{
    if (!c->source)
        return;
    c->low_row = source_low_row(f, c->source);
    source_end_campaign(f, c);
    if (c->state == CAMPAIGN_RUNNING)
        campaign_run(f, c);
}

unsigned
resort_campaign_keys(struct flow *f, const struct campaign *c, uint32_t *keys,
                     unsigned cap)
{
    const struct pool *p = directory_pool(&f->directory, c->pool);
    const struct number *from = directory_number(&f->directory, c->from);
    const struct account *a = directory_account(&f->directory, c->account);
    unsigned own = 0, numbers = p && !c->from ? p->numbers : 1;
    for (unsigned i = 0; i < numbers; i++) {
        const struct number *n =
            p && !c->from ? directory_number(&f->directory, p->number[i])
                          : from;
        own += !n || n->carrier;
    }
    keys[0] = c->from || !p ? PATH_OWN : PATH_MIXED;
    if (own == numbers)
        return 1;
    if (own > 0 || (!from && f->routes.by_from)) {
        keys[0] = PATH_MIXED;
        return 1;
    }
    return keys_of(f, from, a, c->class, keys, cap);
}

/* ---- nowhere --------------------------------------------------------------
 */

static bool
end_single(struct flow *f, struct source *s, bool *more)
{
    struct slice fact;
    struct fact_accept a;
    uint64_t pos = source_next(f, s, more);
    if (!pos)
        return false;
    if (journal_read(&f->journal, pos, &fact) && fact_accept_get(fact, &a))
        book_state(f, a.message, (uint32_t)a.account, (uint32_t)a.sender,
                   MSG_FAILED,
                   reroute_reason(directory_number(&f->directory, s->number)),
                   0, (struct slice){0});
    return true;
}

static bool
end_row(struct flow *f, struct source *s, bool *more)
{
    struct recipient r;
    uint64_t message;
    uint32_t row, number;
    struct campaign *c = s->campaign;
    enum source_row got = source_next_row(f, s, 0, &r, &message, &row, &number);
    *more = got == SOURCE_GO_ON;
    if (got != SOURCE_ROW)
        return false;
    book_state(f, message, c->account, r.sender ? r.sender : c->sender,
               MSG_FAILED,
               reroute_reason(directory_number(&f->directory, c->from)), 0,
               (struct slice){0});
    return true;
}

static bool
is_stranded(struct flow *f, struct source *s)
{
    if (s->path_key == PATH_MIXED || s->path_key == PATH_LOOKUP ||
        source_is_empty(s))
        return false;
    if (s->campaign && s->campaign->state != CAMPAIGN_RUNNING)
        return false;
    const struct route_path *p = source_path(f, s);
    return !p || !path_lives(p);
}

void
resort_strand(struct flow *f)
{
    unsigned ended = 0;
    bool left = false, more = false;
    f->routes_strand = false;
    if (f->settings->no_route_holds)
        return; /* they wait for a reload, or for their number to move */
    for (size_t i = 0; i < f->sources.rows; i++) {
        struct source *s = f->sources.row[i];
        if (!s || !is_stranded(f, s))
            continue;
        while (ended < STRAND_MAX && !journal_is_full(&f->journal) &&
               (s->campaign ? end_row(f, s, &more) : end_single(f, s, &more)))
            ended++;
        left =
            left || more || ended >= STRAND_MAX || journal_is_full(&f->journal);
    }
    f->routes_strand = left;
    if (left)
        loop_wake_at(f->loop, f->now);
}
