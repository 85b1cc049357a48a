/*
 * keepalive.c - three times against one clock.
 *
 * Promise: as in keepalive.h.
 */
#include "engine/session/keepalive.h"

void
keepalive_init(struct keepalive *k, unsigned enquire_ms, unsigned answer_ms,
               unsigned idle_ms, struct mono now)
{
    *k = (struct keepalive){enquire_ms, answer_ms, idle_ms, now, {0}};
}

/* When we ask next: a peer that need not answer is asked again and again,
 * since the question itself keeps the path through firewalls open. */
static struct mono
ask_at(const struct keepalive *k)
{
    struct mono from = k->asked.us ? k->asked : k->heard;
    return mono_add_ms(from, k->enquire_ms);
}

enum keepalive_due
keepalive_look(struct keepalive *k, struct mono now)
{
    if (k->idle_ms && mono_reached(now, mono_add_ms(k->heard, k->idle_ms)))
        return KEEPALIVE_DEAD;
    if (k->asked.us && k->answer_ms)
        return mono_reached(now, mono_add_ms(k->asked, k->answer_ms))
                   ? KEEPALIVE_DEAD
                   : KEEPALIVE_NOTHING;
    if (k->enquire_ms && mono_reached(now, ask_at(k))) {
        k->asked = now;
        return KEEPALIVE_ENQUIRE;
    }
    return KEEPALIVE_NOTHING;
}

struct mono
keepalive_next(const struct keepalive *k)
{
    struct mono next = {UINT64_MAX};
    if (k->idle_ms)
        next = mono_add_ms(k->heard, k->idle_ms);
    struct mono other = {UINT64_MAX};
    if (k->asked.us && k->answer_ms)
        other = mono_add_ms(k->asked, k->answer_ms);
    else if (k->enquire_ms)
        other = ask_at(k);
    return other.us < next.us ? other : next;
}
