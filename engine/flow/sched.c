/*
 * sched.c - rings of feeds, and whose turn it is.
 *
 * Promise: as in sched.h. What one turn of a feed does stands in serve.c.
 */
#include "engine/flow/sched.h"

#include <stdlib.h>

#include "engine/flow/again.h"
#include "engine/flow/book.h"
#include "engine/flow/flow.h"
#include "engine/flow/lookup.h"
#include "engine/flow/serve.h"
#include "engine/flow/source.h"

enum {
    /* Parts of one turn of the loop, by all carriers: 1 ms of work. Short
     * turns keep what answers and receipts ask for in the processor's cache,
     * and receipts from falling behind what is sent. */
    TURN_PARTS = 1024,
    /* Of which each carrier has its share, and this at least. */
    FILL_PARTS_MIN = 160,
    /* Parts that a feed may hand over before the next one's turn. */
    QUANTUM_PARTS = 16,
    /* One pick in so many begins with the lowest class. */
    LOW_FIRST = 16,
    IDLE_TURNS_MAX = 64,
    /* Rounds over all carriers that take turns, in one turn of the loop. */
    PASSES_MAX = 64,
};

struct outlet *
sched_outlet(struct flow *f, struct carrier_entry *c)
{
    if (c->outlet)
        return c->outlet;
    struct sched *s = &f->sched;
    struct outlet *o = calloc(1, sizeof *o);
    s->outlet = realloc(s->outlet, (s->outlets + 1) * sizeof *s->outlet);
    if (!o || !s->outlet)
        abort();
    o->carrier = c;
    c->outlet = o;
    s->outlet[s->outlets++] = o;
    return o;
}

void
sched_fini(struct sched *s)
{
    for (unsigned i = 0; i < s->outlets; i++) {
        struct outlet *o = s->outlet[i];
        for (uint32_t k = 0; k < o->feeds; k++)
            if (o->feed[k]) {
                free(o->feed[k]->current);
                free(o->feed[k]);
            }
        free(o->feed);
        free(o->current);
        due_fini(&o->parked);
        due_fini(&o->again);
        due_fini(&o->kept);
        free(o);
    }
    free(s->outlet);
    free(s->spare);
    *s = (struct sched){0};
}

/* ---- rings ----------------------------------------------------------------
 */

static void
ring_in(struct feed *x)
{
    struct ring *r = &x->outlet->ring[x->source->class];
    if (!r->first) {
        x->prev = x->next = x;
        r->first = x;
    } else { /* behind everybody who waits */
        x->next = r->first;
        x->prev = r->first->prev;
        x->prev->next = x;
        x->next->prev = x;
    }
    r->feeds++;
    x->state = FEED_READY;
}

static void
ring_out(struct feed *x)
{
    struct ring *r = &x->outlet->ring[x->source->class];
    if (r->first == x) {
        r->first = x->next == x ? NULL : x->next;
        r->turn_parts = 0;
    }
    x->prev->next = x->next;
    x->next->prev = x->prev;
    x->prev = x->next = NULL;
    x->routed = false;
    r->feeds--;
    x->state = FEED_IDLE;
}

static struct feed *
feed_create(struct outlet *o, struct source *s)
{
    struct feed *x = calloc(1, sizeof *x);
    if (!x)
        abort();
    uint32_t i = 0;
    while (i < o->feeds && o->feed[i])
        i++;
    if (i == o->feed_cap) {
        o->feed_cap = o->feed_cap ? o->feed_cap * 2 : 16;
        o->feed = realloc(o->feed, o->feed_cap * sizeof *o->feed);
        if (!o->feed)
            abort();
    }
    if (i == o->feeds)
        o->feeds++;
    o->feed[i] = x;
    *x = (struct feed){
        .source = s, .outlet = o, .index = i, .sibling = s->feeds};
    s->feeds = x;
    return x;
}

void
sched_wake(struct flow *f, struct source *s, struct carrier_entry *c)
{
    struct outlet *o = sched_outlet(f, c);
    struct feed *x = s->feeds;
    while (x && x->outlet != o)
        x = x->sibling;
    if (!x)
        x = feed_create(o, s);
    if (x->state == FEED_IDLE)
        ring_in(x);
}

void
sched_wake_path(struct flow *f, struct source *s)
{
    if (s->path_key == PATH_LOOKUP) {
        lookup_wake(f);
        return;
    }
    struct route_path *p = source_path(f, s);
    bool lives = false;
    for (unsigned i = 0; p && i < p->carriers; i++)
        if (p->carrier[i] && p->carrier[i]->carrier) {
            sched_wake(f, s, p->carrier[i]);
            lives = true;
        }
    if (!lives)
        f->routes_strand = true;
}

/* What left in part goes on leaving, whatever becomes of its source. */
static void
finish_later(struct flow *f, const struct outgoing *o)
{
    if (!o || o->next_part == 0)
        return;
    for (unsigned i = o->next_part; i < o->plan.parts; i++)
        sched_again(f, o->carrier->id, f->now.us, o->message,
                    (struct again){.part = (uint8_t)i});
}

void
sched_forget(struct flow *f, struct source *s)
{
    while (s->feeds) {
        struct feed *x = s->feeds;
        s->feeds = x->sibling;
        if (x->state == FEED_READY)
            ring_out(x);
        finish_later(f, x->current);
        serve_spare(f, x->current);
        /* A parked index is skipped when it comes due: the slot is empty. */
        x->outlet->feed[x->index] = NULL;
        for (unsigned i = 0; i < x->outlet->laters; i++)
            if (x->outlet->later[i] == x)
                x->outlet->later[i--] = x->outlet->later[--x->outlet->laters];
        free(x);
    }
}

static void
park(struct feed *x, uint64_t until_us)
{
    ring_out(x);
    x->state = FEED_PARKED;
    due_put(&x->outlet->parked, until_us, x->index, 0);
}

static void
unpark(struct flow *f, struct outlet *o)
{
    struct due_entry e;
    while (due_take(&o->parked, f->now.us, &e)) {
        struct feed *x = o->feed[e.a];
        if (x && x->state == FEED_PARKED)
            ring_in(x);
    }
}

void
sched_again(struct flow *f, uint32_t carrier, uint64_t when_us,
            uint64_t message, struct again a)
{
    struct carrier_entry *c = directory_carrier(&f->directory, carrier);
    if (c)
        due_put(&sched_outlet(f, c)->again, when_us, message,
                (uint64_t)a.part << 32 | (uint64_t)a.tries << 16 | a.attempt);
}

/* ---- filling --------------------------------------------------------------
 */

static struct ring *
pick(struct outlet *o)
{
    bool low_first = ++o->picks % LOW_FIRST == 0;
    for (unsigned i = 0; i < CLASS_N; i++) {
        /* Critical is never put behind. */
        unsigned class = i;
        if (low_first && i > CLASS_CRITICAL)
            class = CLASS_N - i + CLASS_CRITICAL;
        if (o->ring[class].first)
            return &o->ring[class];
    }
    return NULL;
}

static unsigned
one_turn(struct flow *f, struct ring *r, unsigned *room)
{
    struct feed *x = r->first;
    uint64_t until_us = 0;
    unsigned quantum = QUANTUM_PARTS - r->turn_parts;
    if (quantum > *room)
        quantum = *room;
    unsigned parts = 0;
    enum serve_end end = serve_feed(f, x, quantum, &parts, &until_us);
    *room -= parts < *room ? parts : *room;
    r->turn_parts += parts;
    switch (end) {
    case SERVE_EMPTY: ring_out(x); break;
    case SERVE_OTHERS:
        park(x, until_us);
        x->routed = true;
        break;
    case SERVE_LATER:
        if (x->outlet->laters < SCHED_LATER)
            x->outlet->later[x->outlet->laters++] = x;
        park(x, until_us);
        x->routed = true;
        break;
    case SERVE_PARK: park(x, until_us); break;
    case SERVE_NO_ROOM: *room = 0; break;
    case SERVE_MORE:
        if (r->turn_parts >= QUANTUM_PARTS && r->first) {
            r->first = r->first->next;
            r->turn_parts = 0;
        }
        break;
    }
    return parts;
}

/* Turns without a part (reading on in the log, suppressed rows) are bounded,
 * so that a turn of the loop stays short; the next one goes on. */
static bool
may_go_on(struct flow *f, const unsigned *idle)
{
    if (*idle < IDLE_TURNS_MAX)
        return !journal_is_full(&f->journal);
    loop_wake_at(f->loop, f->now);
    return false;
}

/* Those that asked while it was another carrier's turn. */
static void
ask_again(struct outlet *o)
{
    for (unsigned i = 0; i < o->laters; i++)
        if (o->later[i]->state == FEED_PARKED)
            ring_in(o->later[i]);
    o->laters = 0;
}

/* How many parts it took, `share` at most. */
static unsigned
fill_outlet(struct flow *f, struct outlet *o, unsigned share)
{
    unpark(f, o);
    ask_again(o);
    unsigned room = carrier_room(o->carrier->carrier, f->now);
    if (room > share)
        room = share;
    unsigned before = room;
    again_relieve(f, o, room);
    struct ring *critical = &o->ring[CLASS_CRITICAL], *r;
    unsigned idle = 0;
    while (room > 0 && critical->first && may_go_on(f, &idle))
        idle += one_turn(f, critical, &room) == 0;
    again_serve(f, o, &room);
    while (room > 0 && (r = pick(o)) && may_go_on(f, &idle))
        idle += one_turn(f, r, &room) == 0;
    return before - room;
}

/* Work left: come back when rate or time allows. */
static void
ask_for_turn(struct flow *f, struct outlet *o)
{
    uint64_t when = due_first(&o->parked);
    uint64_t again = due_first(&o->again);
    /* What is due already waits for room, not for time. */
    bool ready = o->current != NULL || again <= f->now.us;
    if (again > f->now.us && again < when)
        when = again;
    for (unsigned i = 0; i < CLASS_N; i++)
        ready = ready || o->ring[i].first;
    if (ready) {
        struct mono room = carrier_room_at(o->carrier->carrier, f->now);
        if (room.us == UINT64_MAX || room.us <= f->now.us)
            f->sched.pressed = true; /* no rate: it waits for answers */
        if (room.us < when)
            when = room.us;
    }
    if (when != UINT64_MAX)
        loop_wake_at(f->loop, (struct mono){when});
}

static uint64_t
backlog(const struct outlet *o)
{
    uint64_t n = o->again.used + o->kept.used + (o->current != NULL);
    for (unsigned i = 0; i < CLASS_N; i++)
        n += o->ring[i].feeds;
    return n;
}

/* One after the other; again while carriers take turns by strategy. */
static void
fill_all(struct flow *f)
{
    struct sched *s = &f->sched;
    unsigned taken = 1, laters = 1;
    unsigned share = TURN_PARTS / (s->outlets ? s->outlets : 1);
    share = share > FILL_PARTS_MIN ? share : FILL_PARTS_MIN;
    for (unsigned pass = 0; pass < PASSES_MAX && taken && laters; pass++) {
        taken = laters = 0;
        for (unsigned i = 0; i < s->outlets; i++) {
            struct outlet *o = s->outlet[(i + s->first) % s->outlets];
            if (!o->carrier->carrier || (pass > 0 && s->outlets == 1))
                continue;
            taken += fill_outlet(f, o, share);
            laters += o->laters;
        }
    }
}

void
sched_fill(struct flow *f)
{
    struct sched *s = &f->sched;
    s->first++;
    s->pressed = false;
    for (unsigned i = 0; i < s->outlets; i++)
        if (s->outlet[i]->carrier->carrier)
            carrier_set_backlog(s->outlet[i]->carrier->carrier,
                                backlog(s->outlet[i]));
    fill_all(f);
    for (unsigned i = 0; i < s->outlets; i++) {
        s->outlet[i]->laters = 0;
        if (s->outlet[i]->carrier->carrier)
            ask_for_turn(f, s->outlet[i]);
    }
}

uint64_t
sched_current(const struct outlet *o)
{
    return o->current ? o->current->message : 0;
}

uint64_t
sched_current_pos(struct flow *f, const struct feed *x)
{
    struct story s;
    return x->current && book_story(f, x->current->message, &s) ? s.accept_pos
                                                                : 0;
}

struct carrier_entry *
sched_any(struct flow *f)
{
    for (unsigned i = 0; i < f->sched.outlets; i++)
        if (f->sched.outlet[i]->carrier->carrier)
            return f->sched.outlet[i]->carrier;
    return NULL;
}

static void
rescue_feed(struct flow *f, struct feed *x)
{
    struct outgoing *o = x->current;
    x->current = NULL;
    if (o && o->next_part > 0)
        finish_later(f, o);
    else if (o && !o->campaign)
        sched_again(f, x->outlet->carrier->id, f->now.us, o->message,
                    (struct again){.part = SCHED_WHOLE});
    else if (o)
        source_give_back(x->source, o->message);
    serve_spare(f, o);
    source_free_asides(x->source, x->outlet->carrier->id);
}

void
sched_vacate(struct flow *f, struct carrier_entry *c)
{
    struct outlet *o = sched_outlet(f, c);
    again_put_back(f, o);
    for (uint32_t k = 0; k < o->feeds; k++)
        if (o->feed[k])
            rescue_feed(f, o->feed[k]);
}

void
sched_rethink(struct flow *f)
{
    struct due_entry e;
    for (unsigned i = 0; i < f->sched.outlets; i++) {
        struct outlet *o = f->sched.outlet[i];
        while (due_take(&o->kept, UINT64_MAX, &e))
            due_put(&o->again, e.when, e.a, e.b);
        for (uint32_t k = 0; k < o->feeds; k++) {
            struct feed *x = o->feed[k];
            if (x && x->routed && x->state == FEED_PARKED)
                ring_in(x);
        }
    }
}

void
sched_rescue(struct flow *f)
{
    struct carrier_entry *to = sched_any(f);
    struct due_entry e;
    for (unsigned i = 0; to && i < f->sched.outlets; i++) {
        struct outlet *o = f->sched.outlet[i];
        if (o->carrier->carrier)
            continue;
        sched_vacate(f, o->carrier);
        while (due_take(&o->kept, UINT64_MAX, &e))
            due_put(&to->outlet->again, e.when, e.a, e.b);
        while (due_take(&o->again, UINT64_MAX, &e))
            due_put(&to->outlet->again, e.when, e.a, e.b);
    }
}
