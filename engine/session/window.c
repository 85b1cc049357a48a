/*
 * window.c - slots by sequence number.
 *
 * Promise: as in window.h. There are four slots to each that may be open: an
 * answer that never comes holds one slot, and numbers that would fall on it
 * are skipped until it expires.
 */
#include "engine/session/window.h"

#include <stdlib.h>

#define WINDOW_NONE UINT32_MAX

enum { SLOTS_FIRST = 16, SLOTS_EACH = 4 };

static uint32_t
clamp(uint32_t limit)
{
    return limit < 1 ? 1 : limit > WINDOW_LIMIT_MAX ? WINDOW_LIMIT_MAX : limit;
}

void
window_init(struct window *w, uint32_t limit)
{
    *w = (struct window){
        .limit = clamp(limit),
        .next_sequence = 1,
        .oldest = WINDOW_NONE,
        .newest = WINDOW_NONE,
    };
}

void
window_set_limit(struct window *w, uint32_t limit)
{
    w->limit = clamp(limit);
}

void
window_fini(struct window *w)
{
    free(w->slots);
    free(w->late);
    w->slots = NULL;
    w->late = NULL;
}

static uint32_t
after(uint32_t sequence)
{
    return sequence >= SMPP_SEQUENCE_MAX ? 1 : sequence + 1;
}

static void
link_newest(struct window *w, uint32_t i)
{
    w->slots[i].next = WINDOW_NONE;
    w->slots[i].prev = w->newest;
    if (w->newest != WINDOW_NONE)
        w->slots[w->newest].next = i;
    else
        w->oldest = i;
    w->newest = i;
}

/* A larger ring. Numbers that differed in the small mask differ in it. */
static bool
grow(struct window *w, uint32_t slots)
{
    struct window old = *w;
    struct window_slot *more = calloc(slots, sizeof *more);
    struct window_late *late = old.late ? calloc(slots, sizeof *late) : NULL;
    if (!more || (old.late && !late)) {
        free(more);
        free(late);
        return false;
    }
    w->slots = more;
    w->late = late;
    w->mask = slots - 1;
    w->oldest = w->newest = WINDOW_NONE;
    for (uint32_t i = old.oldest; i != WINDOW_NONE; i = old.slots[i].next) {
        uint32_t at = old.slots[i].sequence & w->mask;
        w->slots[at] = old.slots[i];
        link_newest(w, at);
    }
    for (uint32_t i = 0; old.late && i <= old.mask; i++)
        if (old.late[i].sequence)
            w->late[old.late[i].sequence & w->mask] = old.late[i];
    free(old.slots);
    free(old.late);
    return true;
}

bool
window_ready(struct window *w)
{
    if (w->open >= w->limit)
        return false;
    uint32_t slots = w->slots ? w->mask + 1 : 0;
    if ((w->open + 1) * SLOTS_EACH <= slots)
        return true;
    /* Without memory a ring that is not full yet serves on. */
    return grow(w, slots ? slots * 2 : SLOTS_FIRST) || w->open + 1 < slots;
}

void
window_rest(struct window *w)
{
    if (w->open || w->late)
        return;
    free(w->slots);
    w->slots = NULL;
    w->mask = 0;
}

uint32_t
window_peek(struct window *w)
{
    /* Ends: not all of the slots are open. */
    while (w->slots && w->slots[w->next_sequence & w->mask].open)
        w->next_sequence = after(w->next_sequence);
    return w->next_sequence;
}

uint32_t
window_skip(struct window *w)
{
    uint32_t sequence = window_peek(w);
    w->next_sequence = after(sequence);
    return sequence;
}

uint32_t
window_open(struct window *w, uint32_t answer_id,
            const struct session_note *note, struct mono now)
{
    uint32_t sequence = window_skip(w);
    uint32_t i = sequence & w->mask;
    w->slots[i] = (struct window_slot){
        .sequence = sequence,
        .answer_id = answer_id,
        .opened = now,
        .note = *note,
        .open = true,
    };
    link_newest(w, i);
    w->open++;
    /* Slots to come are far from the cache in a wide window. */
    __builtin_prefetch(&w->slots[(i + 4) & w->mask], 1);
    return sequence;
}

static void
drop(struct window *w, struct window_slot *s)
{
    if (s->prev != WINDOW_NONE)
        w->slots[s->prev].next = s->next;
    else
        w->oldest = s->next;
    if (s->next != WINDOW_NONE)
        w->slots[s->next].prev = s->prev;
    else
        w->newest = s->prev;
    s->open = false;
    w->open--;
}

static enum window_pairing
close_late(struct window *w, uint32_t sequence, uint32_t answer_id,
           struct session_note *note)
{
    struct window_late *l = w->late ? &w->late[sequence & w->mask] : NULL;
    if (!l || sequence == 0 || l->sequence != sequence)
        return PAIRED_NOT;
    if (answer_id != l->answer_id && answer_id != SMPP_GENERIC_NACK)
        return PAIRED_OTHER;
    *note = l->note;
    l->sequence = 0;
    return PAIRED_LATE;
}

enum window_pairing
window_close(struct window *w, uint32_t sequence, uint32_t answer_id,
             struct session_note *note)
{
    struct window_slot *s = w->slots ? &w->slots[sequence & w->mask] : NULL;
    if (!s || !s->open || s->sequence != sequence)
        return close_late(w, sequence, answer_id, note);
    if (answer_id != s->answer_id && answer_id != SMPP_GENERIC_NACK)
        return PAIRED_OTHER;
    *note = s->note;
    drop(w, s);
    return PAIRED;
}

bool
window_oldest(const struct window *w, struct mono *opened)
{
    if (w->oldest == WINDOW_NONE)
        return false;
    *opened = w->slots[w->oldest].opened;
    return true;
}

bool
window_expire(struct window *w, struct mono now, unsigned response_ms,
              struct session_note *note)
{
    if (w->oldest == WINDOW_NONE)
        return false;
    struct window_slot *s = &w->slots[w->oldest];
    if (!mono_reached(now, mono_add_ms(s->opened, response_ms)))
        return false;
    if (!w->late) /* without memory a late answer is a stray one */
        w->late = calloc((size_t)w->mask + 1, sizeof *w->late);
    if (w->late)
        w->late[s->sequence & w->mask] =
            (struct window_late){s->sequence, s->answer_id, s->note};
    *note = s->note;
    drop(w, s);
    return true;
}

static struct window_slot *
find_open(struct window *w, uint32_t sequence)
{
    struct window_slot *s = w->slots ? &w->slots[sequence & w->mask] : NULL;
    return s && s->open && s->sequence == sequence ? s : NULL;
}

void
window_restart(struct window *w, uint32_t sequence, struct mono now)
{
    struct window_slot *s = find_open(w, sequence);
    if (s)
        s->opened = now;
}

void
window_mark_unsent(struct window *w, uint32_t sequence)
{
    struct window_slot *s = find_open(w, sequence);
    if (s)
        s->unsent = true;
}

bool
window_take(struct window *w, struct session_note *note, bool *unsent)
{
    if (w->oldest == WINDOW_NONE)
        return false;
    struct window_slot *s = &w->slots[w->oldest];
    *note = s->note;
    *unsent = s->unsent;
    drop(w, s);
    return true;
}
