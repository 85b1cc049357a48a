/*
 * lookup.c - from waiting for a network to a path.
 *
 * Promise: as in lookup.h.
 */
#include "engine/flow/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "engine/core/metrics.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/desk.h"
#include "engine/flow/flow.h"

enum {
    MOVE_MAX = 2048,  /* ACCEPTs written anew in a turn: some milliseconds */
    AHEAD_MAX = 2048, /* phones that a source asks for ahead of its front */
    FACT_BYTES = 65536,
};

void
lookup_fini(struct lookup *l)
{
    networks_fini(&l->networks);
    free(l->fact);
    *l = (struct lookup){0};
}

struct slice
lookup_told(const struct fact_accept *x)
{
    if (x->looked == LOOKED_NOT)
        return (struct slice){0};
    return x->network.n ? x->network : slice_str("");
}

bool
lookup_fill(struct flow *f, struct route_query *q)
{
    const char *network;
    if (!f->routes.by_network || q->network.p ||
        routes_key(&f->routes, q) != PATH_LOOKUP)
        return true;
    if (!networks_find(&f->lookup.networks, &f->settings->lookup, q->subscriber,
                       f->now.us, &network))
        return false;
    q->network = slice_str(network);
    return true;
}

void
lookup_tell(struct flow *f, struct fact_accept *x)
{
    const char *network;
    bool more;
    x->looked = LOOKED_NOT;
    x->network = (struct slice){0};
    if (!f->routes.by_network || x->send_at_ms)
        return;
    struct source_key key = source_key_of(f, x);
    if (key.path != PATH_LOOKUP)
        return;
    bool known = networks_find(&f->lookup.networks, &f->settings->lookup,
                               x->subscriber, f->now.us, &network);
    struct source *s = source_find(f, &key);
    if (!known || (s && (source_front(f, s, &more) || more)))
        return;
    metric_add(METRIC_LOOKUPS_CACHED, 1);
    x->looked = LOOKED_BEFORE;
    x->network = slice_str(network);
}

void
lookup_wake(struct flow *f)
{
    f->lookup.waits = true;
    loop_wake_at(f->loop, f->now);
}

/* ---- sources --------------------------------------------------------------
 */

static bool
read_accept(struct flow *f, uint64_t pos, struct fact_accept *x)
{
    struct slice fact;
    return journal_read(&f->journal, pos, &fact) && fact_accept_get(fact, x);
}

/* The ACCEPT at pos once more, with its network. A fact that is written may
 * move those that are read: hence the copy. */
static bool
write_anew(struct flow *f, uint64_t pos, struct slice network)
{
    struct slice fact;
    struct fact_accept x;
    struct lookup *l = &f->lookup;
    if (!l->fact && !(l->fact = malloc(FACT_BYTES)))
        abort();
    if (!journal_read(&f->journal, pos, &fact) || fact.n > FACT_BYTES)
        return false;
    memcpy(l->fact, fact.p, fact.n);
    if (!fact_accept_get(slice_of(l->fact, fact.n), &x))
        return false;
    x.looked = LOOKED_LATER;
    x.network = network;
    pos = journal_accept(&f->journal, &x);
    if (!pos)
        return false;
    apply_accept(f, pos, &x);
    struct source_key key = source_key_of(f, &x);
    sched_wake_path(f, source_for(f, &key));
    return true;
}

/* Those in front whose network is known move to their path. */
static void
move(struct flow *f, struct source *s, unsigned *budget)
{
    struct fact_accept x;
    const char *network;
    bool more = false;
    uint64_t pos;
    while (*budget > 0 && !journal_is_full(&f->journal) &&
           (pos = source_front(f, s, &more))) {
        if (!read_accept(f, pos, &x) ||
            !networks_find(&f->lookup.networks, &f->settings->lookup,
                           x.subscriber, f->now.us, &network) ||
            !write_anew(f, pos, slice_str(network)))
            break;
        --*budget;
    }
    if (more || *budget == 0)
        loop_wake_at(f->loop, f->now);
}

/* Those behind are asked for, as far as there is room for questions. */
static void
ask_ahead(struct flow *f, struct source *s)
{
    const struct lookup_settings *l = &f->settings->lookup;
    struct fact_accept x;
    const char *network;
    for (; s->asked < s->count && s->asked < AHEAD_MAX &&
           networks_has_room(&f->lookup.networks, l);
         s->asked++) {
        uint64_t pos = s->ring[(s->head + s->asked) % s->slots];
        if (read_accept(f, pos, &x) && word_pos(book_word(f, x.message)) == pos)
            networks_find(&f->lookup.networks, l, x.subscriber, f->now.us,
                          &network);
    }
}

static void
sort_sources(struct flow *f)
{
    unsigned budget = MOVE_MAX;
    size_t rows = f->sources.rows, first = f->lookup.turn++;
    bool left = false;
    for (size_t i = 0; i < rows; i++) {
        struct source *s = f->sources.row[(first + i) % rows];
        if (!s || s->campaign || s->path_key != PATH_LOOKUP ||
            source_is_empty(s))
            continue;
        move(f, s, &budget);
        if (f->routes.by_network)
            ask_ahead(f, s);
        left = left || !source_is_empty(s);
    }
    f->lookup.waits = left;
}

void
lookup_tick(struct flow *f)
{
    struct lookup *l = &f->lookup;
    if (f->draining)
        lookup_release(f);
    if (l->networks.head < l->networks.tail &&
        networks_expire(&l->networks, &f->settings->lookup, f->now.us))
        f->routes_strand = true; /* rows may be known to lead nowhere now */
    if (l->waits && store_state(f->store, NULL, 0) == STORE_OK)
        sort_sources(f);
    lookup_send(f);
}

/* ---- those who ask --------------------------------------------------------
 */

void
lookup_send(struct flow *f)
{
    struct lookup *l = &f->lookup;
    const struct lookup_settings *s = &f->settings->lookup;
    if (l->networks.head == l->networks.tail)
        return;
    while (l->askers > 0 &&
           networks_take(&l->networks, s, f->now.us,
                         l->asker[l->askers - 1]->lookup.batch))
        desk_return(f, l->asker[--l->askers]);
    uint64_t when = networks_next(&l->networks, s, l->askers > 0);
    if (when != UINT64_MAX)
        loop_wake_at(f->loop, (struct mono){when});
}

void
lookup_on_mail(struct flow *f, struct mail *m)
{
    struct lookup *l = &f->lookup;
    struct lookup_batch *b = m->lookup.batch;
    if (b->count) {
        networks_told(&l->networks, &f->settings->lookup, b, m->lookup.failed,
                      f->now.us);
        f->routes_strand = true;
    }
    b->count = 0;
    if (f->draining || l->askers == LOOKUP_ASKERS_MAX) {
        mail_refuse(m, MAIL_FULL, "stopping", NULL, "nobody is asked any more");
        return;
    }
    m->result = MAIL_OK;
    l->asker[l->askers++] = m;
}

void
lookup_release(struct flow *f)
{
    struct lookup *l = &f->lookup;
    while (l->askers > 0) {
        struct mail *m = l->asker[--l->askers];
        mail_refuse(m, MAIL_FULL, "stopping", NULL, "nobody is asked any more");
        desk_return(f, m);
    }
}
