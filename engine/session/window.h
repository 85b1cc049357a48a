/*
 * window.h - the unanswered requests of a session, by sequence number.
 *
 * A ring of slots: the number chooses the slot. The slots that are open form
 * a list by age, so one look at its head finds the next deadline.
 *
 * Promise: at most `limit` are open; a number is unique among those that wait
 * (also across the wrap at 0x7FFFFFFF); each opened slot leaves once, by
 * answer, expiry or take. The ring is as large as what was open at once asks
 * for: an idle session has none. Only window_ready() and the first expiry
 * allocate.
 *
 * Threads: plain values. Told the time.
 */
#ifndef ENGINE_SESSION_WINDOW_H
#define ENGINE_SESSION_WINDOW_H

#include "engine/core/clock.h"
#include "engine/session/session.h"

enum { WINDOW_LIMIT_MAX = 16384 };

/* Invariant: open slots are linked oldest first by next and prev. */
struct window_slot {
    uint32_t sequence;
    uint32_t answer_id; /* the response that closes it */
    struct mono opened;
    struct session_note note;
    uint32_t next, prev; /* slots, or WINDOW_NONE */
    bool open;
    bool unsent; /* found in the output when the connection died */
};

/* Timed out; kept for a late answer until its slot number comes again. */
struct window_late {
    uint32_t sequence; /* 0: none */
    uint32_t answer_id;
    struct session_note note;
};

struct window {
    struct window_slot *slots; /* mask + 1 of them; NULL before the first */
    struct window_late *late;  /* the same number; NULL: none is late */
    uint32_t mask;
    uint32_t limit;
    uint32_t open;
    uint32_t next_sequence;
    uint32_t oldest, newest;
};

enum window_pairing {
    PAIRED,
    PAIRED_LATE,
    PAIRED_OTHER, /* the number waits, but for another response */
    PAIRED_NOT,
};

/* limit 1 to WINDOW_LIMIT_MAX. */
void window_init(struct window *w, uint32_t limit);
void window_fini(struct window *w);
/* Another limit; what is open stays open. */
void window_set_limit(struct window *w, uint32_t limit);

static inline uint32_t
window_room(const struct window *w)
{
    return w->open < w->limit ? w->limit - w->open : 0;
}

/* There is a slot for one more. False: no room, or out of memory. */
MUST_CHECK bool window_ready(struct window *w);
/* Nothing is going on: gives an empty ring back. */
void window_rest(struct window *w);

/* The number the next window_open() or window_skip() takes. */
uint32_t window_peek(struct window *w);
/* Takes a number for a request that is kept elsewhere (enquire_link). */
uint32_t window_skip(struct window *w);
/* Opens the slot of window_peek(); only when window_ready(). Returns the
 * number. */
uint32_t window_open(struct window *w, uint32_t answer_id,
                     const struct session_note *note, struct mono now);

/* An answer came: closes what it pairs with and copies the note. A
 * generic_nack pairs by number alone. */
enum window_pairing window_close(struct window *w, uint32_t sequence,
                                 uint32_t answer_id, struct session_note *note);

/* When the oldest was opened; false when none is open. */
bool window_oldest(const struct window *w, struct mono *opened);

/* Moves the oldest to the late ones if it was opened response_ms ago. */
bool window_expire(struct window *w, struct mono now, unsigned response_ms,
                   struct session_note *note);

/* Counts from now on, as if it had been opened now. Those opened after it are
 * to follow: the oldest stays first. */
void window_restart(struct window *w, uint32_t sequence, struct mono now);

/* The connection died: what was not sent is marked first, then all are
 * taken, oldest first. */
void window_mark_unsent(struct window *w, uint32_t sequence);
bool window_take(struct window *w, struct session_note *note, bool *unsent);

#endif
