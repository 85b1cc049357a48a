/*
 * smsc.c - the simulated carrier as a whole: its turn, start and end.
 */
#include "bench/smsc/smsc.h"

#include "bench/smsc/conduct.h"
#include "bench/smsc/judge.h"
#include "bench/smsc/post.h"
#include "bench/smsc/tls.h"

#include <stdio.h>
#include <stdlib.h>

/* xorshift64*: quick, and the same for the same --seed. */
uint64_t
smsc_dice(struct smsc *s, uint64_t n)
{
    s->dice ^= s->dice >> 12;
    s->dice ^= s->dice << 25;
    s->dice ^= s->dice >> 27;
    return (s->dice * 0x2545F4914F6CDD1Du >> 32) * n >> 32;
}

double
smsc_chance(struct smsc *s)
{
    return (double)smsc_dice(s, 1u << 30) / (1u << 30);
}

uint64_t
smsc_delay(struct smsc *s, struct span_ms span)
{
    if (span.hi == span.lo)
        return span.lo;
    return span.lo + smsc_dice(s, span.hi - span.lo + 1);
}

bool
smsc_nth(uint64_t *counter, uint64_t every)
{
    return every != 0 && ++*counter % every == 0;
}

static uint64_t
now_ms(const struct smsc *s)
{
    return hub_mono_us(s->hub) / 1000;
}

void
smsc_schedule(struct smsc *s, struct letter *l, uint64_t delay_ms)
{
    if (delay_ms == 0 && l->kind != LETTER_ANSWER)
        post_letter(s, l);
    else
        /* The millisecond has begun: one more, and none is early. */
        wheel_put(s->wheel, l, now_ms(s) + delay_ms + 1);
}

void
smsc_bound(struct smsc *s)
{
    if (s->script_zero_us == 0)
        s->script_zero_us = hub_mono_us(s->hub);
}

/* How long the hub may sleep, in milliseconds. */
static int
patience(const struct smsc *s)
{
    if (wheel_count(s->wheel))
        return 1;
    if (s->script.first && s->script_zero_us)
        return 2;
    return 50;
}

void
smsc_turn(struct smsc *s)
{
    hub_turn(s->hub, patience(s));
    conduct_turn(s);
    struct letter *l;
    while (!s->stalled && (l = wheel_take(s->wheel, now_ms(s)))) {
        if (l->kind == LETTER_ANSWER)
            judge_answer_due(s, l);
        else
            post_letter(s, l);
    }
    for (struct bind *b = s->binds; b; b = b->next) {
        if (b->can_receive && !s->stalled)
            post_pump(b);
        bind_tick(b);
    }
    ledger_tick(s->ledger, hub_mono_us(s->hub));
}

struct smsc *
smsc_create(const struct settings *set, char why[SCRIPT_WHY_BYTES],
            uint16_t *port)
{
    struct smsc *s = calloc(1, sizeof *s);
    if (!s || !limit_init(&s->limit, set->rate)) {
        snprintf(why, WIRE_WHY_BYTES, "out of memory");
        free(s);
        return NULL;
    }
    s->settings = set;
    s->hub = hub_create();
    s->wheel = wheel_create(now_ms(s));
    s->pool = letter_pool_create(set->keep);
    s->deliver.ids = set->ids;
    s->deliver.form = set->form;
    /* At most one id a microsecond: no restart meets an old id. */
    s->last_id = hub_wall_us(s->hub);
    s->dice = set->seed * 2 + 1;
    struct wire_listen listen = {.host = set->host,
                                 .port = (uint16_t)set->port,
                                 .accepted = bind_accepted,
                                 .arg = s};
    bool good = (!set->script || script_read(&s->script, set->script, why)) &&
                (!set->tls || (s->tls = tls_server(set->tls, why))) &&
                (!set->ledger ||
                 (s->ledger = ledger_open(set->ledger, set->ledger_text, why)));
    listen.tls = s->tls;
    if (good)
        *port = hub_listen(s->hub, &listen, why);
    if (!good || !*port) {
        smsc_destroy(s);
        return NULL;
    }
    if (s->script.from_start)
        s->script_zero_us = hub_mono_us(s->hub);
    return s;
}

void
smsc_destroy(struct smsc *s)
{
    if (!s)
        return;
    for (struct bind *b = s->binds; b; b = b->next)
        wire_close(b->wire, "the simulator ends");
    hub_turn(s->hub, 0);
    hub_turn(s->hub, 0);
    hub_destroy(s->hub);
    for (struct bind *b = s->binds, *next; b; b = next) {
        next = b->next;
        free(b->slot);
        free(b);
    }
    for (struct account *a = s->accounts, *next; a; a = next) {
        next = a->next;
        free(a);
    }
    ledger_close(s->ledger);
    script_fini(&s->script);
    limit_fini(&s->limit);
    limit_fini(&s->script_limit);
    wheel_destroy(s->wheel);
    letter_pool_destroy(s->pool);
    tls_free(s->tls);
    free(s);
}
