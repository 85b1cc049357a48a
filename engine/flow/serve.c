/*
 * serve.c - messages leave a source, part by part.
 *
 * Promise: as in serve.h. All parts of a message leave by one bind and in
 * order; a message that is blocked keeps its place.
 */
#include "engine/flow/serve.h"

#include <stdlib.h>

#include "engine/flow/path.h"

/* Messages looked at in one turn that end without a part (suppressed...). */
enum {
    TRIES_MAX = 64,
    HOLD_MS = 5000,
    WAIT_MS = 10,
    LATER_MS = 1,     /* another carrier's turn */
    OTHERS_MS = 1000, /* others are better; woken when that changes */
    ORDER_MS = 250,   /* between looks at a message that goes before */
};

struct outgoing *
serve_take_spare(struct flow *f)
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
    struct outgoing *o = serve_take_spare(f);
    enum prepared p = submit_prepare_single(f, pos, x->outlet->carrier, o);
    if (p == PREPARED_WAIT)
        sched_again(f, x->outlet->carrier->id, f->now.us + ORDER_MS * 1000,
                    o->message, (struct again){.part = SCHED_WHOLE});
    if (p == PREPARED)
        return o;
    serve_spare(f, o);
    return NULL;
}

/* Is it this carrier that takes the next message of the source? */
static enum serve_end
ask_path(struct flow *f, struct feed *x, uint64_t *until_us)
{
    struct source *s = x->source;
    if (s->path_key == PATH_MIXED)
        return SERVE_MORE; /* each row is asked */
    struct route_path *p = source_path(f, s);
    if (!p || source_is_empty(s))
        return SERVE_EMPTY;
    switch (path_ask(f, p, x->outlet->carrier)) {
    case PATH_YES: return SERVE_MORE;
    case PATH_LATER:
        *until_us = f->now.us + LATER_MS * 1000;
        return SERVE_LATER;
    case PATH_NO:
        *until_us = f->now.us + OTHERS_MS * 1000ULL;
        return SERVE_OTHERS;
    default: return SERVE_EMPTY;
    }
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
    case SOURCE_GO_ON: *end = SERVE_MORE; return NULL;
    case SOURCE_EMPTY:
        *end = source_aside_first(s, here) == UINT64_MAX
                   ? SERVE_EMPTY
                   : blocked(f, x, until_us);
        return NULL;
    }
    *end = SERVE_MORE;
    submit_values(f, c, &r, s->column_of, e164, values);
    struct outgoing *o = serve_take_spare(f);
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

/* The finest of its limits in parts a second. */
static uint32_t
limit_of(const struct outgoing *o)
{
    uint32_t number = o->number->per_s;
    uint32_t campaign = o->campaign ? o->campaign->per_s : 0;
    return number > campaign ? number : campaign;
}

static void
took(struct flow *f, struct feed *x)
{
    struct route_path *p =
        x->source->path_key == PATH_MIXED ? NULL : source_path(f, x->source);
    if (p)
        path_took(p, f->now.us);
}

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
            *until_us = calm_share(when.us, limit_of(o));
            return SERVE_PARK;
        }
        if (*parts >= quantum)
            return SERVE_MORE;
        enum submitted end = submit_part(f, o, o->next_part, 0, 0);
        if (end == SUBMITTED_NOT)
            return SERVE_NO_ROOM;
        if (end == SUBMITTED_NEVER)
            break;
        if (o->next_part++ == 0)
            took(f, x);
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
        if (!x->current && (end = ask_path(f, x, until_us)) != SERVE_MORE)
            return end;
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
