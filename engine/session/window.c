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

bool
window_init(struct window *w, uint32_t limit)
{
    if (limit < 1)
        limit = 1;
    if (limit > WINDOW_LIMIT_MAX)
        limit = WINDOW_LIMIT_MAX;
    uint32_t slots = 16;
    while (slots < limit * 4)
        slots *= 2;
    *w = (struct window){
        .slots = calloc(slots, sizeof(struct window_slot)),
        .mask = slots - 1,
        .limit = limit,
        .next_sequence = 1,
        .oldest = WINDOW_NONE,
        .newest = WINDOW_NONE,
    };
    return w->slots != NULL;
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

uint32_t
window_peek(struct window *w)
{
    /* Ends: at most a quarter of the slots are open. */
    while (w->slots[w->next_sequence & w->mask].open)
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
        .next = WINDOW_NONE,
        .prev = w->newest,
        .open = true,
    };
    if (w->newest != WINDOW_NONE)
        w->slots[w->newest].next = i;
    else
        w->oldest = i;
    w->newest = i;
    w->open++;
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
    struct window_slot *s = &w->slots[sequence & w->mask];
    if (!s->open || s->sequence != sequence)
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

void
window_mark_unsent(struct window *w, uint32_t sequence)
{
    struct window_slot *s = &w->slots[sequence & w->mask];
    if (s->open && s->sequence == sequence)
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
