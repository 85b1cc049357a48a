/*
 * flow.c - the phases of a turn, from beginning to end.
 *
 * Promise: as in flow.h.
 */
#include "engine/flow/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/carrier/settings.h"
#include "engine/core/log.h"
#include "engine/flow/accept.h"
#include "engine/flow/answer.h"
#include "engine/flow/checkpoint.h"
#include "engine/flow/client_desk.h"
#include "engine/flow/desk.h"
#include "engine/flow/idempotency.h"
#include "engine/flow/login.h"
#include "engine/flow/recover.h"
#include "engine/flow/reply.h"
#include "engine/flow/reroute.h"
#include "engine/flow/serve.h"
#include "engine/flow/sweep.h"
#include "proto/addr.h"
#include "proto/smpp.h"

enum {
    INDEX_FREEZE = 512 * 1024,
    INDEX_RAM = 1024 * 1024,
    WORDS_RAM_PAGES = 1024, /* 64 MB: 8 M messages */
    STUCK_MS = 2000,        /* a log with no room so long is not just behind */
};

uint64_t
flow_id_key(uint32_t carrier, const char *id)
{
    return XXH3_64bits_withSeed(id, strlen(id), carrier) | 1;
}

uint64_t
flow_pair_key(uint32_t carrier, uint32_t number, uint64_t subscriber)
{
    return map_mix(map_mix(subscriber) ^ ((uint64_t)carrier << 32 | number)) |
           1;
}

uint64_t
flow_talk_key(uint64_t subscriber)
{
    return map_mix(subscriber) | 1;
}

/* ---- carriers and numbers of the settings
 * --------------------------------------- */

void
flow_use_gate(struct flow *f, struct number *n)
{
    const struct carrier_entry *c =
        directory_carrier(&f->directory, n->carrier);
    if (n->per_s)
        rate_use_gate(&n->rate,
                      c && c->carrier ? carrier_gate(c->carrier) : NULL);
}

/* Parts that leave by this carrier may have a limit a second. */
static bool
is_limited(const struct flow *f, const struct carrier_settings *s)
{
    bool limited = s->rate > 0;
    for (unsigned i = 0; i < f->settings->numbers_n && !limited; i++)
        limited = f->settings->numbers[i].rate > 0;
    for (uint32_t i = 1; i < f->directory.numbers.rows && !limited; i++) {
        const struct number *n = directory_number(&f->directory, i);
        limited = n && n->per_s > 0;
    }
    for (uint32_t i = 1; i < f->directory.logins.rows && !limited; i++) {
        const struct login *l = directory_login(&f->directory, i);
        limited = l && !l->deleted && l->per_s > 0;
    }
    for (size_t i = 0; i < f->campaigns.rows && !limited; i++)
        limited = f->campaigns.row[i]->per_s > 0;
    return limited;
}

static void
open_carriers(struct flow *f)
{
    for (unsigned i = 0; i < f->settings->carriers_n; i++) {
        const struct carrier_settings *s = &f->settings->carriers[i];
        /* After a restart the last second's sends are unknown. All of them
         * were before the store was ours. */
        bool wait = f->replayed && is_limited(f, s);
        struct mono not_before = mono_add_ms(f->opened, wait ? 1000 : 0);
        struct carrier_entry *c = directory_put_carrier(&f->directory, s->name);
        sched_outlet(f, c);
        if (c->carrier)
            carrier_reload(c->carrier, s);
        else
            c->carrier = carrier_create(f->loop, s, &answer_ops, f, not_before);
    }
}

static bool
is_set(const struct flow *f, const char *name)
{
    for (unsigned i = 0; i < f->settings->carriers_n; i++)
        if (strcmp(f->settings->carriers[i].name, name) == 0)
            return true;
    return false;
}

static void
close_missing(struct flow *f)
{
    for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
        struct carrier_entry *c = directory_carrier(&f->directory, i);
        if (c && c->carrier && !is_set(f, c->name))
            carrier_close(c->carrier, true);
    }
}

/* What the API says of a number of the settings. */
static void
keep_of_known(struct number *wish, const struct number *known)
{
    wish->default_sender = known->default_sender;
    wish->retired = known->retired;
    wish->replaced_by = known->replaced_by;
}

static void
put_number(struct flow *f, const struct flow_number *s)
{
    struct addr a;
    addr_from_text(slice_str(s->number), NULL, &a);
    struct number *known =
        directory_find_number(&f->directory, slice_str(a.text));
    struct number wish = {.per_s = s->rate,
                          .per_day = s->per_day,
                          .shared = s->shared,
                          .from_settings = true};
    if (known)
        keep_of_known(&wish, known);
    snprintf(wish.text, sizeof wish.text, "%.23s", a.text);
    if (s->account)
        snprintf(wish.account_name, sizeof wish.account_name, "%s", s->account);
    struct account *account =
        s->account
            ? directory_find_account(&f->directory, slice_str(s->account))
            : NULL;
    struct carrier_entry *c =
        s->carrier
            ? directory_find_carrier(&f->directory, slice_str(s->carrier))
            : NULL;
    wish.account = account && !s->shared ? account->id : 0;
    wish.carrier = c ? c->id : 0;
    if (s->default_sender && wish.account) {
        struct sender *x = directory_find_sender(&f->directory, wish.account,
                                                 slice_str(s->default_sender));
        wish.default_sender = x ? x->id : wish.default_sender;
    }
    directory_put_number(&f->directory, &wish);
}

static void
use_settings(struct flow *f)
{
    open_carriers(f);
    close_missing(f);
    reroute_open(f);
    for (unsigned i = 0; i < f->settings->numbers_n; i++)
        put_number(f, &f->settings->numbers[i]);
    for (uint32_t i = 1; i < f->directory.numbers.rows; i++) {
        struct number *n = directory_number(&f->directory, i);
        if (n)
            flow_use_gate(f, n);
    }
}

/* ---- life
 * ------------------------------------------------------------------------ */

static bool
open_tables(struct flow *f, char why[STORE_WHY_BYTES])
{
    struct store_index_settings ids = {1, INDEX_FREEZE, INDEX_RAM, false};
    struct store_index_settings talks = {2, INDEX_FREEZE, INDEX_FREEZE, true};
    struct store_index_settings owed = {3, INDEX_FREEZE, INDEX_RAM, false};
    struct store_reader *r = f->journal.reader;
    if (store_words_open(f->store, r, WORDS_RAM_PAGES, &f->words) != STORE_OK ||
        store_index_open(f->store, &ids, r, &f->ids) != STORE_OK ||
        store_index_open(f->store, &talks, r, &f->talks) != STORE_OK ||
        store_index_open(f->store, &owed, r, &f->owed) != STORE_OK) {
        snprintf(why, STORE_WHY_BYTES,
                 "the indexes of the checkpoint cannot be opened");
        return false;
    }
    return directory_load(&f->directory, &f->journal, why);
}

static void
look_at_clocks(struct flow *f)
{
    f->now = clock_mono();
    f->wall = clock_wall();
}

struct flow *
flow_create(struct loop *loop, struct store *store,
            const struct flow_settings *settings, char why[STORE_WHY_BYTES])
{
    struct flow *f = flow_open(loop, store, settings, why);
    if (!f)
        return NULL;
    look_at_clocks(f);
    use_settings(f);
    recover_finish(f);
    if (!client_desk_open(f, why)) {
        flow_destroy(f);
        return NULL;
    }
    f->ready = true;
    return f;
}

struct flow *
flow_open(struct loop *loop, struct store *store,
          const struct flow_settings *settings, char why[STORE_WHY_BYTES])
{
    struct flow *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->loop = loop;
    f->store = store;
    f->settings = settings;
    f->next_message = f->next_campaign = f->next_thread = f->next_upload = 1;
    look_at_clocks(f);
    f->opened = f->now;
    if (!desk_open(f) || !journal_open(&f->journal, store)) {
        snprintf(why, STORE_WHY_BYTES, "out of memory or descriptors");
        flow_destroy(f);
        return NULL;
    }
    if (!open_tables(f, why)) {
        flow_destroy(f);
        return NULL;
    }
    suppress_load(&f->suppress, &f->journal);
    f->routes.looks = settings->lookup.on;
    reroute_open(f);
    f->replayed = journal_end(&f->journal) > store_oldest(f->store);
    if (!recover_replay(f, why)) {
        flow_destroy(f);
        return NULL;
    }
    return f;
}

void
flow_destroy(struct flow *f)
{
    if (!f)
        return;
    desk_release(f, true);
    client_desk_close(f);
    outboxes_fini(f);
    for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
        struct carrier_entry *c = directory_carrier(&f->directory, i);
        if (c)
            carrier_destroy(c->carrier);
    }
    idempotency_fini(f);
    suppress_fini(&f->suppress);
    sched_fini(&f->sched);
    sources_fini(&f->sources);
    campaigns_fini(&f->campaigns);
    threads_fini(&f->threads);
    reassembly_fini(&f->reassembly);
    routes_fini(&f->routes);
    lookup_fini(&f->lookup);
    directory_fini(&f->directory);
    map_fini(&f->flights);
    map_fini(&f->doubt_at);
    map_fini(&f->partial);
    map_fini(&f->unmatched);
    map_fini(&f->unmatched_pair);
    map_fini(&f->replies_seen);
    due_fini(&f->delayed);
    due_fini(&f->forget);
    free(f->flight);
    free(f->doubt);
    free(f->stray);
    if (f->words)
        store_words_close(f->words);
    if (f->ids)
        store_index_close(f->ids);
    if (f->talks)
        store_index_close(f->talks);
    if (f->owed)
        store_index_close(f->owed);
    journal_close(&f->journal);
    desk_close(f);
    free(f);
}

/* ---- turns
 * ------------------------------------------------------------------------ */

static void
each_carrier(struct flow *f, void (*act)(struct flow *f, struct carrier *c))
{
    for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
        struct carrier_entry *c = directory_carrier(&f->directory, i);
        if (c && c->carrier)
            act(f, c->carrier);
    }
}

static void
release(struct flow *f, struct carrier *c)
{
    carrier_release(c, journal_durable(&f->journal));
}

void
flow_begin(void *flow)
{
    struct flow *f = flow;
    f->now = loop_mono(f->loop);
    f->wall = loop_wall(f->loop);
    atomic_store(&f->commit_out, false);
    journal_collect(&f->journal);
    each_carrier(f, release);
    if (f->clients)
        clients_release(f->clients, journal_durable(&f->journal));
    desk_release(f, false);
}

void
flow_mail(void *flow)
{
    desk_handle(flow);
}

static void
tick(struct flow *f, struct carrier *c)
{
    carrier_tick(c, f->now);
    carrier_pause_reading(c, journal_is_full(&f->journal));
}

static void
forget_closed(struct flow *f)
{
    for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
        struct carrier_entry *c = directory_carrier(&f->directory, i);
        if (!c || !c->carrier || !carrier_is_closed(c->carrier) ||
            (is_set(f, c->name) && !f->draining))
            continue;
        for (uint32_t k = 1; k < f->directory.numbers.rows; k++) {
            struct number *n = directory_number(&f->directory, k);
            if (n && n->per_s && n->carrier == c->id)
                rate_use_gate(&n->rate, NULL);
        }
        carrier_destroy(c->carrier);
        c->carrier = NULL;
        sched_rescue(f);
        reroute_refresh(f);
    }
}

/* A log that is behind for a moment slows clients down. One that is stuck (the
 * disk is full) must not cost them their binds: their requests are refused,
 * and what they acknowledge and ask of the link is heard. */
static void
mind_clients(struct flow *f)
{
    bool full = journal_is_full(&f->journal);
    if (!full)
        f->behind = f->now;
    bool stuck = store_state(f->store, NULL, 0) != STORE_OK ||
                 mono_since_ms(f->behind, f->now) >= STUCK_MS;
    clients_pause_reading(f->clients, full && !stuck);
    clients_turn_down(f->clients, stuck ? ESME_RMSGQFUL : 0);
}

void
flow_tick(void *flow)
{
    struct flow *f = flow;
    each_carrier(f, tick);
    if (f->clients) {
        clients_tick(f->clients, f->now);
        mind_clients(f);
        client_desk_tick(f);
        outbox_tick(f);
    }
    forget_closed(f);
    reroute_tick(f);
    lookup_tick(f);
    accept_tick(f);
    campaign_tick(f);
    reply_route_ready(f);
    sweep_tick(f);
    trace_tick(f);
}

void
flow_fill(void *flow)
{
    struct flow *f = flow;
    if (!f->draining && store_state(f->store, NULL, 0) == STORE_OK)
        sched_fill(f);
    lookup_send(f);
    outbox_fill(f);
}

static void
hold(struct flow *f, struct carrier *c)
{
    carrier_hold(c, journal_end(&f->journal));
}

void
flow_post(void *flow)
{
    struct flow *f = flow;
    outbox_post(f);
    each_carrier(f, hold);
    if (f->clients)
        clients_hold(f->clients, journal_end(&f->journal));
    checkpoint_tick(f, false);
    if (!calm_may_wait(f))
        journal_post(&f->journal, f->wall);
    atomic_store(&f->commit_out,
                 journal_is_out(&f->journal) &&
                     store_state(f->store, NULL, 0) == STORE_OK);
    /* What needs no commit (nothing was recorded) may leave at once. */
    each_carrier(f, release);
    if (f->clients)
        clients_release(f->clients, journal_durable(&f->journal));
    journal_rest(&f->journal);
}

/* ---- the end
 * ---------------------------------------------------------------------- */

static void
close_one(struct flow *f, struct carrier *c)
{
    (void)f;
    carrier_close(c, true);
}

void
flow_drain(struct flow *f)
{
    if (f->draining)
        return;
    f->draining = true;
    each_carrier(f, close_one);
    if (f->clients)
        clients_close(f->clients, true);
    log_info(ROOM_FLOW, "draining", "in_flight=%zu", f->flights.used);
}

bool
flow_is_drained(const struct flow *f)
{
    for (uint32_t i = 1; i < f->directory.carriers.rows; i++) {
        const struct carrier_entry *c = directory_carrier(&f->directory, i);
        if (c && c->carrier)
            return false;
    }
    if (f->clients && !clients_is_closed(f->clients))
        return false;
    return f->draining && !f->held_first &&
           store_batch_is_empty(f->journal.gathering) && !f->journal.posted;
}

void
flow_stop(struct flow *f)
{
    atomic_store(&f->stopping, true);
    trace_end_all(f);
    desk_release(f, true);
}

void
flow_reload(struct flow *f, const struct flow_settings *settings)
{
    f->settings = settings;
    look_at_clocks(f);
    use_settings(f);
    reroute_refresh(f);
}
