/*
 * source.c - queues of single messages that lie in the log.
 *
 * Promise: as in source.h. The ring is a read-ahead of the log between the
 * oldest waiting message and the newest; words say who still waits. Rows of
 * campaigns stand in source_rows.c.
 */
#include "engine/flow/source.h"

#include <stdlib.h>

#include "engine/flow/book.h"
#include "engine/flow/flow.h"
#include "engine/flow/lookup.h"

/* Facts looked at in one call: a millisecond or so of reading. */
enum { SCAN_FACTS = 8192 };

void
sources_fini(struct sources *s)
{
    for (size_t i = 0; i < s->rows; i++) {
        if (!s->row[i])
            continue;
        free(s->row[i]->ring);
        free(s->row[i]->chunk_copy);
        free(s->row[i]->aside);
        free(s->row[i]);
    }
    free(s->row);
    map_fini(&s->by_key);
    *s = (struct sources){0};
}

struct source *
source_create(struct flow *f)
{
    struct sources *all = &f->sources;
    struct source *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    size_t i = 0;
    while (i < all->rows && all->row[i])
        i++;
    if (i == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 64;
        all->row = realloc(all->row, all->cap * sizeof *all->row);
        if (!all->row)
            abort();
    }
    if (i == all->rows)
        all->rows++;
    s->index = i;
    all->row[i] = s;
    return s;
}

struct source_key
source_key_of(struct flow *f, const struct fact_accept *x)
{
    struct route_query q = {
        .number = directory_number(&f->directory, (uint32_t)x->number),
        .subscriber = x->subscriber,
        .account = directory_account(&f->directory, (uint32_t)x->account),
        .class = (enum message_class)x->class,
        .encoding = x->ucs2 ? ROUTE_UCS2 : ROUTE_GSM7,
        .network = lookup_told(x),
    };
    return (struct source_key){
        .path = routes_key(&f->routes, &q),
        .account = (uint32_t)x->account,
        .sender = (uint32_t)x->sender,
        .number = (uint32_t)x->number,
        .login = (uint32_t)x->login,
        .class = (enum message_class)x->class,
    };
}

static uint64_t
hash_of(const struct source_key *k)
{
    uint64_t key = map_mix(map_mix((uint64_t)k->account << 32 | k->sender) ^
                           ((uint64_t)k->class << 32 | k->number));
    return map_mix(key ^ ((uint64_t)k->path << 32 | k->login)) | 1;
}

struct source *
source_find(struct flow *f, const struct source_key *k)
{
    uint64_t at;
    return map_get(&f->sources.by_key, hash_of(k), &at) ? f->sources.row[at - 1]
                                                        : NULL;
}

struct source *
source_for(struct flow *f, const struct source_key *k)
{
    struct source *s = source_find(f, k);
    if (s)
        return s;
    uint64_t key = hash_of(k);
    s = source_create(f);
    s->key = key;
    s->account = k->account;
    s->sender = k->sender;
    s->class = k->class;
    s->number = k->number;
    s->login = k->login;
    s->path_key = k->path;
    s->table = f->routes.table;
    map_put(&f->sources.by_key, key, s->index + 1);
    return s;
}

struct route_path *
source_path(struct flow *f, struct source *s)
{
    if (s->path_version == f->routes.version)
        return s->path;
    const struct number *n = directory_number(
        &f->directory, s->campaign ? s->campaign->from : s->number);
    s->path_version = f->routes.version;
    s->path = s->path_key != PATH_OWN ? routes_by_key(&f->routes, s->path_key)
              : n ? routes_own(&f->routes, &f->directory, n->carrier)
                  : NULL;
    return s->path;
}

bool
source_is_empty(const struct source *s)
{
    if (s->campaign)
        return s->ended && s->asides == 0;
    return s->count == 0 && s->scan_pos >= s->scan_end;
}

void
source_rescan(struct flow *f, struct source *s, uint64_t low, uint64_t end)
{
    uint64_t own = source_low(s);
    s->table = f->routes.table;
    s->head = s->count = s->asked = 0;
    s->scan_pos = own && own < low ? own : low;
    s->scan_end = end;
    s->waiting++;
}

void
source_destroy(struct flow *f, struct source *s)
{
    sched_forget(f, s);
    map_take(&f->sources.by_key, s->key, NULL);
    f->sources.slots -= s->slots;
    f->sources.row[s->index] = NULL;
    free(s->ring);
    free(s->chunk_copy);
    free(s->aside);
    free(s);
}

/* Room for one more position, within the bounds. */
static bool
has_slot(struct flow *f, struct source *s)
{
    if (s->count < s->slots)
        return true;
    uint32_t slots = s->slots ? s->slots * 2 : SOURCE_RING_LEAST;
    size_t more = slots - s->slots;
    bool least = s->slots == 0;
    if (slots > SOURCE_RING ||
        (!least && f->sources.slots + more > SOURCES_SLOTS))
        return false;
    uint64_t *ring = malloc(slots * sizeof *ring);
    if (!ring)
        abort();
    for (uint32_t i = 0; i < s->count; i++)
        ring[i] = s->ring[(s->head + i) % s->slots];
    free(s->ring);
    s->ring = ring;
    s->slots = slots;
    s->head = 0;
    f->sources.slots += more;
    return true;
}

static void
ring_add(struct source *s, uint64_t pos)
{
    s->ring[(s->head + s->count++) % s->slots] = pos;
}

static void
ring_take(struct flow *f, struct source *s)
{
    s->head = (s->head + 1) % s->slots;
    s->asked -= s->asked > 0;
    s->waiting -= s->waiting > 0;
    if (--s->count == 0 && s->slots > SOURCE_RING_LEAST) {
        f->sources.slots -= s->slots; /* others may want it more */
        free(s->ring);
        s->ring = NULL;
        s->slots = s->head = 0;
    }
}

void
source_push(struct flow *f, struct source *s, uint64_t pos)
{
    s->waiting++;
    if (s->scan_pos == s->scan_end && has_slot(f, s)) {
        ring_add(s, pos);
        return;
    }
    if (s->scan_pos == s->scan_end)
        s->scan_pos = pos;
    s->scan_end = pos + 1;
}

static bool
is_ours(struct flow *f, const struct source *s, const struct fact_accept *a)
{
    return a->account == s->account && a->sender == s->sender &&
           a->class == s->class && a->number == s->number &&
           a->login == s->login && a->send_at_ms == 0 &&
           source_key_of(f, a).path == s->path_key;
}

/* Reads on in the log until the ring is full or the budget is used up. */
static bool
refill(struct flow *f, struct source *s)
{
    struct slice fact;
    struct fact_accept a;
    unsigned looked = 0;
    while (s->scan_pos < s->scan_end && has_slot(f, s)) {
        if (++looked > SCAN_FACTS)
            return true;
        uint64_t pos = s->scan_pos;
        bool read = journal_next(&f->journal, &pos, &fact);
        if (!read && s->scan_pos < journal_end(&f->journal) &&
            s->scan_pos >= store_oldest(f->store))
            return true; /* not readable now: later */
        if (!read || pos >= s->scan_end) {
            s->scan_pos = s->scan_end;
            break;
        }
        if (fact_kind(fact) == FACT_ACCEPT && fact_accept_get(fact, &a) &&
            is_ours(f, s, &a))
            ring_add(s, pos);
        s->scan_pos = pos + fact.n;
    }
    return false;
}

uint64_t
source_front(struct flow *f, struct source *s, bool *more)
{
    struct slice fact;
    struct fact_accept a;
    *more = false;
    for (;;) {
        if (s->count == 0) {
            *more = refill(f, s);
            if (s->count == 0) {
                if (!*more)
                    s->waiting = 0;
                return 0;
            }
        }
        uint64_t pos = s->ring[s->head];
        if (journal_read(&f->journal, pos, &fact) &&
            fact_accept_get(fact, &a)) {
            uint64_t word = book_word(f, a.message);
            if (word_state(word) == MSG_QUEUED && word_pos(word) == pos)
                return pos;
        }
        ring_take(f, s);
    }
}

uint64_t
source_next(struct flow *f, struct source *s, bool *more)
{
    uint64_t pos = source_front(f, s, more);
    if (pos)
        ring_take(f, s);
    return pos;
}

uint64_t
source_low(const struct source *s)
{
    if (s->count)
        return s->ring[s->head];
    return s->scan_pos < s->scan_end ? s->scan_pos : 0;
}
