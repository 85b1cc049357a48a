/*
 * keepalive.h - when to ask whether the peer lives, and when it does not.
 *
 * Promise: told of octets that came and of the time, it says what is due.
 * Anything that comes in is a sign of life, whatever it says.
 *
 * Threads: plain values. Told the time.
 */
#ifndef ENGINE_SESSION_KEEPALIVE_H
#define ENGINE_SESSION_KEEPALIVE_H

#include "engine/core/clock.h"

enum keepalive_due {
    KEEPALIVE_NOTHING,
    KEEPALIVE_ENQUIRE, /* send enquire_link */
    KEEPALIVE_DEAD,    /* no answer, or silence for too long */
};

struct keepalive {
    unsigned enquire_ms; /* silence before asking; 0: never */
    unsigned answer_ms;  /* after asking; 0: no answer is expected */
    unsigned idle_ms;    /* silence that ends it; 0: never */
    struct mono heard;   /* last octets in */
    struct mono asked;   /* 0: not asked since heard */
};

void keepalive_init(struct keepalive *k, unsigned enquire_ms,
                    unsigned answer_ms, unsigned idle_ms, struct mono now);

/* Other times from now on. */
static inline void
keepalive_set(struct keepalive *k, unsigned enquire_ms, unsigned idle_ms)
{
    k->enquire_ms = enquire_ms;
    k->idle_ms = idle_ms;
}

static inline void
keepalive_heard(struct keepalive *k, struct mono now)
{
    k->heard = now;
    k->asked.us = 0;
}

/* What is due; ENQUIRE is said once and counts as asked. */
enum keepalive_due keepalive_look(struct keepalive *k, struct mono now);

/* When to look next. */
struct mono keepalive_next(const struct keepalive *k);

#endif
