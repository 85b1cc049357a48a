/*
 * lane.c - the output buffer of a connection.
 *
 * Promise: as in lane.h.
 */
#include "engine/core/lane.h"

#include <stdlib.h>

enum { LANE_FIRST_BYTES = 512 };

void
lane_init(struct lane *l)
{
    memset(l, 0, sizeof *l);
}

void
lane_fini(struct lane *l)
{
    free(l->buf);
    free(l->many);
    lane_init(l);
}

void
lane_rest(struct lane *l)
{
    if (l->used == 0)
        lane_fini(l);
}

/* The ring of marks and how many it has. */
static struct lane_mark *
marks(struct lane *l, unsigned *n)
{
    *n = l->many ? LANE_MARKS : LANE_MARKS_FEW;
    return l->many ? l->many : l->few;
}

static struct lane_mark *
mark_at(struct lane *l, unsigned i)
{
    unsigned n;
    struct lane_mark *ring = marks(l, &n);
    return &ring[(l->mark_first + i) % n];
}

/* More marks; without memory few must do. */
static void
more_marks(struct lane *l)
{
    struct lane_mark *many = malloc(LANE_MARKS * sizeof *many);
    if (!many)
        return;
    for (unsigned i = 0; i < l->mark_count; i++)
        many[i] = *mark_at(l, i);
    l->many = many;
    l->mark_first = 0;
}

/* Moves what is left to the front. */
static void
compact(struct lane *l)
{
    size_t by = l->whole;
    if (by == 0)
        return;
    if (l->used > by)
        memmove(l->buf, l->buf + by, l->used - by);
    l->whole -= by;
    l->sent -= by;
    l->clear -= by;
    l->used -= by;
    for (unsigned i = 0; i < l->mark_count; i++)
        mark_at(l, i)->end -= by;
}

static bool
grow(struct lane *l, size_t need)
{
    size_t cap = l->cap ? l->cap : LANE_FIRST_BYTES;
    while (cap < need)
        cap *= 2;
    uint8_t *more = realloc(l->buf, cap);
    if (!more)
        return false;
    l->buf = more;
    l->cap = cap;
    return true;
}

uint8_t *
lane_room(struct lane *l, size_t n, size_t max)
{
    if (lane_bytes(l) + n > max)
        return NULL;
    if (l->cap - l->used >= n && l->buf)
        return l->buf + l->used;
    /* Moving pays only when it frees half; else it would move again soon. */
    if (l->whole >= l->cap / 2)
        compact(l);
    if ((l->cap - l->used < n || !l->buf) && !grow(l, l->used + n))
        return NULL;
    return l->buf + l->used;
}

void
lane_used(struct lane *l, size_t n, bool unheld)
{
    l->used += n;
    if (unheld)
        l->clear = l->used;
}

static struct lane_mark *
last_mark(struct lane *l)
{
    return mark_at(l, l->mark_count - 1);
}

void
lane_hold(struct lane *l, uint64_t pos)
{
    size_t end = l->mark_count ? last_mark(l)->end : l->clear;
    if (end == l->used)
        return;
    /* A full ring lets the last mark swallow the new one: that part leaves
     * later than it might, never earlier. */
    if (l->mark_count == LANE_MARKS_FEW && !l->many)
        more_marks(l);
    if (l->mark_count == (l->many ? LANE_MARKS : LANE_MARKS_FEW) ||
        (l->mark_count && last_mark(l)->pos == pos)) {
        *last_mark(l) = (struct lane_mark){pos, l->used};
        return;
    }
    l->mark_count++;
    *last_mark(l) = (struct lane_mark){pos, l->used};
}

void
lane_release(struct lane *l, uint64_t durable)
{
    unsigned n;
    const struct lane_mark *ring = marks(l, &n);
    while (l->mark_count && ring[l->mark_first].pos <= durable) {
        l->clear = ring[l->mark_first].end;
        l->mark_first = (l->mark_first + 1) % n;
        l->mark_count--;
    }
}

/* The length that the PDU at `at` begins with; the rest when it is not one
 * (never: only whole PDUs are put in). */
static size_t
pdu_bytes(const struct lane *l, size_t at)
{
    struct cursor c = cursor_of(slice_of(l->buf + at, l->used - at));
    size_t n = cursor_be32(&c);
    return c.failed || n == 0 || n > l->used - at ? l->used - at : n;
}

void
lane_gone(struct lane *l, size_t n)
{
    l->sent += n;
    if (l->sent == l->used) { /* the usual case: nothing left */
        l->whole = l->sent = l->clear = l->used = 0;
        l->mark_count = 0;
        return;
    }
    if (l->sent == l->clear) { /* only whole PDUs stand before clear */
        l->whole = l->sent;
        return;
    }
    while (l->whole < l->sent) {
        size_t len = pdu_bytes(l, l->whole);
        if (l->whole + len > l->sent)
            break;
        l->whole += len;
    }
}

void
lane_unsent(const struct lane *l, void (*each)(void *arg, struct slice pdu),
            void *arg)
{
    for (size_t at = l->whole; at < l->used;) {
        size_t n = pdu_bytes(l, at);
        each(arg, slice_of(l->buf + at, n));
        at += n;
    }
}
