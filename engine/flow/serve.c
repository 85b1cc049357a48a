/*
 * serve.c - messages leave a source, part by part.
 *
 * Promise: as in serve.h. All parts of a message leave by one bind and in
 * order; a message that is blocked keeps its place.
 */
#include "engine/flow/serve.h"

#include <stdlib.h>

#include "engine/flow/book.h"

/* Messages looked at in one turn that end without a part (suppressed...). */
enum {
    TRIES_MAX = 64,
    HOLD_MS = 5000,
    WAIT_MS = 10,
    PAUSED_MS = 1000,
    AGAIN_MAX = 1024,
    ORDER_MS = 250, /* between looks at a message that goes before */
};

static struct outgoing *
take_spare(struct flow *f)
{
    struct outgoing *o = f->sched.spare;
    f->sched.spare = NULL;
    if (!o && !(o = malloc(sizeof *o)))
        abort();
    return o;
}

void
serve_spare(struct flow *f, struct outgoing *o)
{
    if (f->sched.spare)
        free(o);
    else
        f->sched.spare = o;
}

/* ---- the next message of a source ------------------------------------------
 */

/* NULL: *end says why. The message may have come to its end in preparing. */
static struct outgoing *
next_single(struct flow *f, struct feed *x, enum serve_end *end)
{
    bool more;
    uint64_t pos = source_next(f, x->source, &more);
    *end = more ? SERVE_MORE : SERVE_EMPTY;
    if (!pos)
        return NULL;
    *end = SERVE_MORE;
    struct outgoing *o = take_spare(f);
    enum prepared p = submit_prepare_single(f, pos, o);
    if (p == PREPARED_WAIT)
        sched_again(f, x->outlet->carrier->id, f->now.us + ORDER_MS * 1000,
                    o->message, (struct again){.part = SCHED_WHOLE});
    if (p == PREPARED) {
        if (o->carrier == x->outlet->carrier)
            return o;
        /* Its route leads elsewhere now. */
        sched_again(f, o->carrier->id, f->now.us, o->message,
                    (struct again){.part = SCHED_WHOLE});
    }
    serve_spare(f, o);
    return NULL;
}

static enum serve_end
blocked(struct flow *f, struct feed *x, uint64_t *until_us)
{
    *until_us = source_aside_first(x->source, x->outlet->carrier->id);
    if (*until_us <= f->now.us || *until_us == UINT64_MAX)
        *until_us = f->now.us + WAIT_MS * 1000;
    return SERVE_PARK;
}

static struct outgoing *
next_row(struct flow *f, struct feed *x, enum serve_end *end,
         uint64_t *until_us)
{
    struct source *s = x->source;
    struct campaign *c = s->campaign;
    uint32_t here = x->outlet->carrier->id, row, number;
    uint64_t message;
    struct recipient r;
    struct slice values[TEMPLATE_FIELDS_MAX];
    char e164[24];
    switch (source_next_row(f, s, here, &r, &message, &row, &number)) {
    case SOURCE_ROW: break;
    case SOURCE_BLOCKED: *end = blocked(f, x, until_us); return NULL;
    case SOURCE_EMPTY:
        *end = source_aside_first(s, here) == UINT64_MAX
                   ? SERVE_EMPTY
                   : blocked(f, x, until_us);
        return NULL;
    }
    *end = SERVE_MORE;
    submit_values(f, c, &r, s->column_of, e164, values);
    struct outgoing *o = take_spare(f);
    o->message = message;
    switch (submit_prepare_row(f, c, s->chunk_pos, row, &r, values,
                               x->outlet->carrier,
                               directory_number(&f->directory, number), o)) {
    case PREPARED: return o;
    case PREPARED_ASIDE:
        /* There was room for one when the row was taken. */
        source_put_aside(s, message, o->carrier->id, o->number->id, 0);
        sched_wake(f, s, o->carrier);
        break;
    case PREPARED_WAIT:
        source_put_aside(s, message, 0, 0, f->now.us + HOLD_MS * 1000);
        break;
    case PREPARED_DONE:
    case PREPARED_GONE: break;
    }
    serve_spare(f, o);
    return NULL;
}

/* ---- handing over ----------------------------------------------------------
 */

/* The parts of x->current, as long as quantum and rates allow. */
static enum serve_end
hand_over(struct flow *f, struct feed *x, unsigned quantum, unsigned *parts,
          uint64_t *until_us)
{
    struct outgoing *o = x->current;
    if (o->prepared_us && o->prepared_us != f->now.us &&
        !submit_still_wanted(f, o)) {
        x->current = NULL;
        serve_spare(f, o);
        return SERVE_MORE;
    }
    o->prepared_us = f->now.us;
    while (o->next_part < o->plan.parts) {
        struct mono when = submit_next(f, o);
        if (when.us > f->now.us) {
            *until_us = when.us;
            return SERVE_PARK;
        }
        if (*parts >= quantum)
            return SERVE_MORE;
        enum submitted end = submit_part(f, o, o->next_part, 0, 0);
        if (end == SUBMITTED_NOT)
            return SERVE_NO_ROOM;
        if (end == SUBMITTED_NEVER)
            break;
        o->next_part++;
        ++*parts;
    }
    x->current = NULL;
    serve_spare(f, o);
    return SERVE_MORE;
}

/* A pool's other numbers may have credit: only this row waits. */
static bool
set_aside(struct feed *x, uint64_t until_us)
{
    struct outgoing *o = x->current;
    return o->campaign && o->campaign->pool && o->next_part == 0 &&
           source_put_aside(x->source, o->message, x->outlet->carrier->id,
                            o->number->id, until_us);
}

enum serve_end
serve_feed(struct flow *f, struct feed *x, unsigned quantum, unsigned *parts,
           uint64_t *until_us)
{
    enum serve_end end = SERVE_MORE;
    for (unsigned tries = 0; tries < TRIES_MAX && *parts < quantum; tries++) {
        if (!x->current)
            x->current = x->source->campaign ? next_row(f, x, &end, until_us)
                                             : next_single(f, x, &end);
        if (!x->current) {
            if (end != SERVE_MORE)
                return end;
            continue;
        }
        end = hand_over(f, x, quantum, parts, until_us);
        if (end == SERVE_PARK && set_aside(x, *until_us)) {
            serve_spare(f, x->current);
            x->current = NULL;
            end = SERVE_MORE;
        }
        if (end != SERVE_MORE)
            return end;
    }
    return SERVE_MORE;
}

/* ---- again ----------------------------------------------------------------
 */

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
    struct again a = {(uint8_t)(e.b >> 32), (uint8_t)(e.b >> 16),
                      (uint16_t)e.b};
    if (!still_waits(f, e.a, a.part))
        return true;
    if (!campaign_lets(f, e.a, a, out))
        return true;
    struct outgoing *o = take_spare(f);
    enum prepared p = submit_prepare_again(f, e.a, a, o);
    bool ready = p == PREPARED;
    if (p == PREPARED_WAIT)
        sched_again(f, out->carrier->id, f->now.us + ORDER_MS * 1000, e.a, a);
    o->next_part = a.part == SCHED_WHOLE ? 0 : a.part;
    if (ready && o->carrier != out->carrier) {
        sched_again(f, o->carrier->id, f->now.us, e.a, a);
        ready = false;
    }
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

/* Blocked by its number or campaign: each part that is left waits apart. */
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
serve_again(struct flow *f, struct outlet *out, unsigned *room)
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
