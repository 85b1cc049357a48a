/*
 * conduct.c - the script's rules that act by the clock; see conduct.h.
 */
#include "bench/smsc/conduct.h"

#include "bench/smsc/bind.h"
#include "bench/smsc/phone.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t
script_ms(const struct smsc *s)
{
    return (hub_mono_us(s->hub) - s->script_zero_us) / 1000;
}

/* `send`: false when nobody has ever bound. */
static bool
run_send(struct smsc *s, const struct rule *r)
{
    enum { TON_INTERNATIONAL = 1, NPI_ISDN = 1 };
    if (!s->accounts)
        return false;
    struct account *a = s->accounts;
    for (struct bind *b = s->binds; b; b = b->next)
        if (b->can_receive)
            a = b->account;
    struct phone_reply reply = {
        .from = party_of(TON_INTERNATIONAL, NPI_ISDN, slice_str(r->source)),
        .number = party_of(TON_INTERNATIONAL, NPI_ISDN, slice_str(r->dest)),
        .text = r->text,
        .rule = r,
        .account = a->index,
    };
    if (!phone_say(s, &reply))
        fprintf(stderr, "volley-smsc: script line %u: could not be sent\n",
                r->line);
    return true;
}

static bool
run_drop(struct smsc *s, const struct rule *r)
{
    for (struct bind *b = s->binds; b; b = b->next) {
        if (b->number == 0 || (r->count && b->number != r->count))
            continue;
        if (r->politely)
            bind_say_unbind(b);
        else
            wire_reset(b->wire, "dropped by the script");
    }
    return true;
}

static void
set_stalled(struct smsc *s, bool stalled)
{
    if (s->stalled == stalled)
        return;
    s->stalled = stalled;
    for (struct bind *b = s->binds; b; b = b->next)
        wire_pause(b->wire, stalled);
}

static void
set_throttle(struct smsc *s, struct rule *r)
{
    if (s->script_throttle == r)
        return;
    s->script_throttle = r;
    limit_fini(&s->script_limit);
    if (!limit_init(&s->script_limit, r ? r->count : 0)) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
}

void
conduct_turn(struct smsc *s)
{
    if (!s->script.first || s->script_zero_us == 0)
        return;
    uint64_t at = script_ms(s);
    set_stalled(s, script_in_force(&s->script, RULE_STALL, at) != NULL);
    set_throttle(s, script_in_force(&s->script, RULE_THROTTLE, at));
    for (struct rule *r = s->script.first; r; r = r->next) {
        if (r->done || r->from_ms > at)
            continue;
        if (r->verb == RULE_SEND)
            r->done = run_send(s, r);
        else if (r->verb == RULE_DROP)
            r->done = run_drop(s, r);
    }
}
