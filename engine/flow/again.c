/*
 * again.c - parts that go again: retries, what never left, what has waited.
 *
 * Promise: as in again.h. An entry is in one heap of one outlet, or is being
 * handed over; it moves, it is never copied.
 */
#include "engine/flow/again.h"

#include "engine/flow/book.h"
#include "engine/flow/path.h"
#include "engine/flow/reroute.h"
#include "engine/flow/serve.h"

enum {
    PAUSED_MS = 1000,
    AGAIN_MAX = 1024,
    ORDER_MS = 250,    /* between looks at a message that goes before */
    NOWHERE_MS = 1000, /* and at one that no route fits */
    RELIEVE_MAX = 256, /* a story is read for each: about a millisecond */
};

static struct again
again_of(const struct due_entry *e)
{
    return (struct again){(uint8_t)(e->b >> 32), (uint8_t)(e->b >> 16),
                          (uint16_t)e->b};
}

/* Does the message still wait for this? It may have been cancelled, or
 * answered late. */
static bool
still_waits(struct flow *f, uint64_t message, unsigned part)
{
    enum message_state_kind s = word_state(book_word(f, message));
    return s == MSG_ACCEPTED || s == MSG_QUEUED || s == MSG_HELD ||
           s == MSG_SUBMITTED ||
           /* another part of it is in doubt, this one has not left */
           (s == MSG_UNCERTAIN && part != SCHED_WHOLE);
}

/* A campaign that is paused holds its retries back; one that was cancelled
 * ends them, but for messages of which a part has left. */
static bool
campaign_lets(struct flow *f, uint64_t message, struct again a,
              struct outlet *out)
{
    struct campaign *c = campaign_of(f, message);
    bool part = word_state(book_word(f, message)) == MSG_SUBMITTED;
    if (!c || part || c->state == CAMPAIGN_RUNNING)
        return true;
    if (c->state == CAMPAIGN_CANCELLED)
        book_state(f, message, c->account, c->sender, MSG_CANCELLED,
                   REASON_CANCELLED, 0, (struct slice){0});
    else
        sched_again(f, out->carrier->id, f->now.us + PAUSED_MS * 1000, message,
                    a);
    return false;
}

/* False: nothing is due. True: looked at one, which may be out->current. */
static bool
take_again(struct flow *f, struct outlet *out)
{
    struct due_entry e;
    if (!due_take(&out->again, f->now.us, &e))
        return false;
    struct again a = again_of(&e);
    if (!still_waits(f, e.a, a.part))
        return true;
    if (!campaign_lets(f, e.a, a, out))
        return true;
    struct outgoing *o = serve_take_spare(f);
    enum prepared p = submit_prepare_again(f, e.a, a, out->carrier, o);
    bool ready = p == PREPARED;
    if (p == PREPARED_WAIT)
        sched_again(f, out->carrier->id,
                    f->now.us + (o->carrier ? ORDER_MS : NOWHERE_MS) * 1000ULL,
                    e.a, a);
    if (p == PREPARED_ASIDE)
        sched_again(f, o->carrier->id, f->now.us, e.a, a);
    o->next_part = a.part == SCHED_WHOLE ? 0 : a.part;
    if (!ready || o->next_part >= o->plan.parts) {
        serve_spare(f, o);
        return true;
    }
    out->current_part = a.part;
    out->current_attempt = a.attempt;
    out->current_tries = a.tries;
    out->current = o;
    return true;
}

static void
end_again(struct flow *f, struct outlet *out)
{
    serve_spare(f, out->current);
    out->current = NULL;
}

/* Blocked by its number, its campaign or its carrier: each part that is left
 * waits apart. */
static void
put_back(struct flow *f, struct outlet *out, uint64_t when_us)
{
    struct outgoing *o = out->current;
    struct again a = {(uint8_t)out->current_part, (uint8_t)out->current_tries,
                      (uint16_t)out->current_attempt};
    bool whole = a.part == SCHED_WHOLE;
    if (whole && o->next_part > 0) {
        for (unsigned i = o->next_part; i < o->plan.parts; i++) {
            a.part = (uint8_t)i;
            sched_again(f, out->carrier->id, when_us, o->message, a);
        }
    } else {
        sched_again(f, out->carrier->id, when_us, o->message, a);
    }
    end_again(f, out);
}

/* False: there is no room. */
static bool
send_again(struct flow *f, struct outlet *out, unsigned *room)
{
    struct outgoing *o = out->current;
    if (o->prepared_us && o->prepared_us != f->now.us &&
        !submit_still_wanted(f, o)) {
        end_again(f, out);
        return true;
    }
    o->prepared_us = f->now.us;
    struct mono when = submit_next(f, o);
    if (when.us > f->now.us) {
        put_back(f, out, when.us);
        return true;
    }
    enum submitted end = submit_part(f, o, o->next_part, out->current_attempt,
                                     out->current_tries);
    if (end == SUBMITTED_NOT)
        return false;
    --*room;
    o->next_part++;
    if (end == SUBMITTED_NEVER || out->current_part != SCHED_WHOLE ||
        o->next_part >= o->plan.parts)
        end_again(f, out);
    return true;
}

void
again_serve(struct flow *f, struct outlet *out, unsigned *room)
{
    unsigned looked = 0;
    while (*room > 0 && !journal_is_full(&f->journal)) {
        /* Those that end without a part cost no room: bound them too. */
        if (!out->current && (looked++ == AGAIN_MAX || !take_again(f, out)))
            return;
        if (out->current && !send_again(f, out, room)) {
            *room = 0;
            return;
        }
    }
}

void
again_put_back(struct flow *f, struct outlet *out)
{
    if (out->current)
        put_back(f, out, f->now.us);
}

/* What was kept comes back while there is room for it. */
static void
unkeep(struct outlet *out, unsigned room)
{
    struct due_entry e;
    for (unsigned i = 0;
         i < room && i < AGAIN_MAX && due_take(&out->kept, UINT64_MAX, &e); i++)
        due_put(&out->again, e.when, e.a, e.b);
}

void
again_relieve(struct flow *f, struct outlet *out, unsigned room)
{
    struct due_entry e;
    if (room > 0)
        unkeep(out, room);
    if (room > 0 || out->carrier->health.state == HEALTH_GOOD)
        return;
    again_put_back(f, out);
    for (unsigned i = 0;
         i < RELIEVE_MAX && due_take(&out->again, f->now.us, &e); i++) {
        struct again a = again_of(&e);
        struct carrier_entry *to =
            still_waits(f, e.a, a.part)
                ? reroute_waiting(f, e.a, a, out->carrier)
                : NULL;
        if (!to || to == out->carrier)
            due_put(&out->kept, e.when, e.a, e.b);
        else
            due_put(&sched_outlet(f, to)->again, e.when, e.a, e.b);
    }
    if (due_first(&out->again) <= f->now.us)
        loop_wake_at(f->loop, f->now);
}
