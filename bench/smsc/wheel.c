/*
 * wheel.c - one slot a millisecond, walked once a turn; see wheel.h.
 *
 * A letter due later than one round lies in its slot and is put back when
 * the round passes: 33 s a round, so even an hour costs 110 touches.
 */
#include "bench/smsc/wheel.h"

#include <stdio.h>
#include <stdlib.h>

enum { WHEEL_SLOTS = 32768 }; /* a power of two, milliseconds a round */

/* Invariant: every slot before `at` of this round is empty but for letters
 * of later rounds. `slot` is what is being emptied now. */
struct wheel {
    uint64_t at_ms; /* the next millisecond to be emptied */
    size_t count;
    struct letter_queue slot;
    struct letter_queue slots[WHEEL_SLOTS];
};

struct wheel *
wheel_create(uint64_t now_ms)
{
    struct wheel *w = calloc(1, sizeof *w);
    if (!w) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    w->at_ms = now_ms;
    return w;
}

void
wheel_destroy(struct wheel *w)
{
    free(w);
}

void
wheel_put(struct wheel *w, struct letter *l, uint64_t due_ms)
{
    l->due_ms = due_ms < w->at_ms ? w->at_ms : due_ms;
    letter_queue_put(&w->slots[l->due_ms % WHEEL_SLOTS], l);
    w->count++;
}

struct letter *
wheel_take(struct wheel *w, uint64_t now_ms)
{
    for (;;) {
        struct letter *l = letter_queue_take(&w->slot);
        if (l && l->due_ms < w->at_ms) {
            w->count--;
            return l;
        }
        if (l) { /* of a later round */
            letter_queue_put(&w->slots[l->due_ms % WHEEL_SLOTS], l);
            continue;
        }
        if (w->at_ms > now_ms)
            return NULL;
        if (w->count == 0) {
            w->at_ms = now_ms + 1;
            return NULL;
        }
        w->slot = w->slots[w->at_ms % WHEEL_SLOTS];
        w->slots[w->at_ms % WHEEL_SLOTS] = (struct letter_queue){0};
        w->at_ms++;
    }
}

size_t
wheel_count(const struct wheel *w)
{
    return w->count;
}
