/*
 * prepare.c - from a waiting message to one that can leave: gates, number,
 * text, parts.
 *
 * Promise: as in submit.h. A message that fails here gets its final state
 * here, with a reason; nobody else is held up by it.
 */
#include <stdio.h>

#include "engine/carrier/settings.h"
#include "engine/flow/book.h"
#include "engine/flow/login.h"
#include "engine/flow/reroute.h"
#include "engine/flow/submit.h"
#include "engine/flow/talk.h"
#include "proto/addr.h"

static enum prepared
give_up(struct flow *f, struct outgoing *o, enum message_state_kind state,
        enum flow_reason reason, struct slice detail)
{
    book_state(f, o->message, o->account, o->sender, state, reason, 0, detail);
    return PREPARED_DONE;
}

/* Suppression and time. */
static enum prepared
gate(struct flow *f, struct outgoing *o)
{
    const struct account *a = directory_account(&f->directory, o->account);
    if (a && a->deleted)
        return give_up(f, o, MSG_CANCELLED, REASON_CANCELLED,
                       (struct slice){0});
    if (o->expires_at_ms && o->expires_at_ms <= f->wall.ms)
        return give_up(f, o, MSG_EXPIRED, REASON_EXPIRED, (struct slice){0});
    if (!o->exempt &&
        suppress_holds(&f->suppress, o->account, o->number ? o->number->id : 0,
                       o->subscriber))
        return give_up(f, o, MSG_SUPPRESSED, REASON_SUPPRESSED,
                       (struct slice){0});
    return PREPARED;
}

bool
submit_still_wanted(struct flow *f, struct outgoing *o)
{
    enum message_state_kind s = word_state(book_word(f, o->message));
    if (o->next_part > 0) /* what has begun is finished, unless it failed */
        return !state_is_final(s);
    /* It was found twice (a queue that was sorted anew, a retry of it) and
     * the other one has left. */
    if (o->fresh && s == MSG_SUBMITTED)
        return false;
    if (s != MSG_NONE && s != MSG_ACCEPTED && s != MSG_QUEUED &&
        s != MSG_HELD && s != MSG_SUBMITTED && s != MSG_UNCERTAIN)
        return false;
    return gate(f, o) == PREPARED;
}

/* All parts of a client's long message go by one bind: which, follows from
 * what they have in common. */
static int
bind_of_parts(const struct outgoing *o, unsigned binds)
{
    uint32_t reference;
    if (!raw_is_part(&o->raw, o->text, &reference) || binds == 0)
        return -1;
    uint64_t h = map_mix(o->subscriber ^ (uint64_t)o->number->id << 32);
    return (int)(map_mix(h ^ reference ^ (uint64_t)o->login->id << 32) % binds);
}

/* User data goes as it is: one part, whatever is in it. */
static enum prepared
plan_raw(struct flow *f, struct outgoing *o)
{
    const struct carrier_settings *s =
        carrier_get_settings(o->carrier->carrier);
    bool whole = o->text.n <= RAW_PART_MAX || !(o->raw.flags & RAW_PAYLOAD) ||
                 s->segments.way == CARRIER_SEGMENT_PAYLOAD ||
                 (coding_of(o->raw.data_coding, CODING_GSM7) == CODING_GSM7 &&
                  o->text.n <= 160);
    if (!whole)
        return give_up(f, o, MSG_REJECTED, REASON_TOO_LONG, (struct slice){0});
    o->plan = (struct segment_plan){
        .parts = 1,
        .segments = 1,
        .alphabet = coding_of(o->raw.data_coding, CODING_GSM7),
    };
    if (o->bind_hint < 0)
        o->bind_hint = bind_of_parts(o, s->binds);
    return PREPARED;
}

static enum prepared
plan(struct flow *f, struct outgoing *o)
{
    if (o->is_raw)
        return plan_raw(f, o);
    struct segment_options options;
    submit_segment_options(carrier_get_settings(o->carrier->carrier), &options);
    options.reference = o->reference;
    switch (segment_plan(o->text, &options, o->coded_room, sizeof o->coded_room,
                         &o->plan)) {
    case SEGMENT_OK: break;
    case SEGMENT_BAD_UTF8:
        return give_up(f, o, MSG_REJECTED, REASON_BAD_TEXT, (struct slice){0});
    default:
        return give_up(f, o, MSG_REJECTED, REASON_TOO_LONG, (struct slice){0});
    }
    return PREPARED;
}

/* A reference for a long message: one above the last to this subscriber, so
 * that it is unique per destination (smpp.md 16). */
static enum prepared
plan_with_reference(struct flow *f, struct outgoing *o)
{
    enum prepared r = plan(f, o);
    if (r != PREPARED || o->plan.parts == 1)
        return r;
    o->reference = talk_next_reference(f, o->subscriber);
    return plan(f, o);
}

static void
begin(struct outgoing *o, uint64_t message)
{
    o->message = message;
    o->campaign = NULL;
    o->chunk = 0;
    o->row = 0;
    o->number = NULL;
    o->carrier = NULL;
    o->exempt = false;
    o->fresh = true;
    o->next_part = 0;
    o->bind_hint = -1;
    o->reference = 0;
    o->tlvs = (struct slice){0};
    o->login = NULL;
    o->registered = 0;
    o->is_raw = false;
    o->expires_at_ms = 0;
    o->reply_window_s = 0;
    o->prepared_us = 0;
}

static void
take_text(struct outgoing *o, struct slice text)
{
    size_t n = text.n < sizeof o->text_room ? text.n : sizeof o->text_room;
    memcpy(o->text_room, text.p ? text.p : (const uint8_t *)"", n);
    o->text = slice_of(o->text_room, n);
}

/* Its validity runs from when it may leave; 0: it never ends. */
static uint64_t
ends_ms(const struct fact_accept *a)
{
    uint64_t from_ms = a->send_at_ms > a->at_ms ? a->send_at_ms : a->at_ms;
    uint64_t ends = a->validity_s ? from_ms + a->validity_s * 1000 : 0;
    if (ends == 0 || (a->expires_at_ms && a->expires_at_ms < ends))
        return a->expires_at_ms;
    return ends;
}

static void
take_accept(struct flow *f, const struct fact_accept *a, struct outgoing *o)
{
    o->account = (uint32_t)a->account;
    o->sender = (uint32_t)a->sender;
    o->subscriber = a->subscriber;
    o->number = directory_number(&f->directory, (uint32_t)a->number);
    o->reply_window_s = (uint32_t)a->reply_window_s;
    o->expires_at_ms = ends_ms(a);
    o->exempt = a->exempt != 0;
    take_text(o, a->text);
    if (a->tlvs.n && a->tlvs.n <= sizeof o->tlvs_room) {
        memcpy(o->tlvs_room, a->tlvs.p, a->tlvs.n);
        o->tlvs = slice_of(o->tlvs_room, a->tlvs.n);
    }
    if (a->submit.n == 0 || a->submit.n > sizeof o->raw_room)
        return;
    memcpy(o->raw_room, a->submit.p, a->submit.n);
    if (!raw_get(slice_of(o->raw_room, a->submit.n), &o->raw))
        return;
    o->login = directory_login(&f->directory, (uint32_t)a->login);
    o->registered = (unsigned)a->registered;
    o->is_raw = o->login && !(o->raw.flags & RAW_TEXT);
}

enum prepared
submit_prepare_single(struct flow *f, uint64_t pos, struct carrier_entry *at,
                      struct outgoing *o)
{
    struct slice fact;
    struct fact_accept a;
    if (!journal_read(&f->journal, pos, &fact) || !fact_accept_get(fact, &a))
        return PREPARED_GONE;
    begin(o, a.message);
    take_accept(f, &a, o);
    enum prepared r = gate(f, o);
    if (r == PREPARED &&
        talk_must_wait(f, o->sender, o->subscriber, o->message))
        r = PREPARED_WAIT;
    if (r != PREPARED)
        return r;
    o->carrier = at;
    if (!o->number)
        return give_up(f, o, MSG_FAILED, REASON_NO_NUMBER, (struct slice){0});
    return plan_with_reference(f, o);
}

/* ---- rows -----------------------------------------------------------------
 */

void
submit_columns(const struct template *t, const struct recipients_reader *r,
               int16_t *column_of)
{
    for (unsigned i = 0; i < template_fields(t); i++) {
        struct slice name = template_field(t, i);
        column_of[i] = -1;
        for (unsigned k = 0; k < r->columns; k++)
            if (slice_eq(name, r->names[k]))
                column_of[i] = (int16_t)k;
        if (column_of[i] >= 0)
            continue;
        if (slice_eq(name, slice_str("sender.name")))
            column_of[i] = -2;
        else if (slice_eq(name, slice_str("to")))
            column_of[i] = -3;
    }
}

void
submit_values(struct flow *f, const struct campaign *c,
              const struct recipient *r, const int16_t *column_of,
              char e164[24], struct slice *values)
{
    unsigned fields = template_fields(c->template);
    for (unsigned i = 0; i < fields; i++) {
        values[i] = (struct slice){0};
        if (column_of[i] >= 0) {
            values[i] = r->values[column_of[i]];
        } else if (column_of[i] == -2) {
            struct sender *s = directory_sender(
                &f->directory, r->sender ? r->sender : c->sender);
            if (s)
                values[i] = slice_str(s->name);
        } else if (column_of[i] == -3) {
            values[i] = slice_of(e164, u64_to_e164(r->subscriber, e164));
        }
    }
}

static enum prepared
render(struct flow *f, struct outgoing *o, const struct slice *values)
{
    struct writer w = writer_of(o->text_room, sizeof o->text_room);
    unsigned missing = 0;
    switch (template_render(o->campaign->template, values, &w, &missing)) {
    case TEMPLATE_OK: o->text = writer_slice(&w); return PREPARED;
    case TEMPLATE_MISSING:
        return give_up(f, o, MSG_REJECTED, REASON_MISSING_FIELD,
                       template_field(o->campaign->template, missing));
    default:
        return give_up(f, o, MSG_REJECTED, REASON_TOO_LONG, (struct slice){0});
    }
}

/* Which number of ours: the campaign's, or the pool's choice. */
static enum prepared
choose_number(struct flow *f, struct outgoing *o, struct carrier_entry *at)
{
    struct campaign *c = o->campaign;
    if (c->from) {
        o->number = directory_number(&f->directory, c->from);
        return PREPARED;
    }
    struct pool *pool = directory_pool(&f->directory, c->pool);
    enum pool_conflict conflict = POOL_SHARE;
    if (pool)
        o->number = talk_choose_number(f, pool, o->sender, o->subscriber, at,
                                       &conflict);
    if (o->number || !pool)
        return PREPARED;
    if (conflict == POOL_HOLD)
        return PREPARED_WAIT;
    return give_up(f, o, MSG_FAILED, REASON_PAIR_BUSY, (struct slice){0});
}

/* The row's source is of one path, and asked before; but for a pool whose
 * numbers lead here and there. */
static enum prepared
choose_carrier(struct flow *f, struct outgoing *o, struct carrier_entry *at)
{
    struct source *s = o->campaign->source;
    o->carrier = at;
    if (!s || s->path_key != PATH_MIXED)
        return PREPARED;
    bool known = true;
    o->carrier = reroute_row(f, o, at, &known);
    if (!known)
        return PREPARED_WAIT;
    if (!o->carrier)
        return f->settings->no_route_holds
                   ? PREPARED_WAIT
                   : give_up(f, o, MSG_FAILED, reroute_reason(o->number),
                             (struct slice){0});
    return o->carrier == at ? PREPARED : PREPARED_ASIDE;
}

enum prepared
submit_prepare_row(struct flow *f, struct campaign *c, uint64_t chunk,
                   uint32_t row, const struct recipient *r,
                   const struct slice *values, struct carrier_entry *at,
                   struct number *number, struct outgoing *o)
{
    begin(o, o->message);
    o->campaign = c;
    o->chunk = chunk;
    o->row = row;
    o->account = c->account;
    o->sender = r->sender ? r->sender : c->sender;
    o->subscriber = r->subscriber;
    o->expires_at_ms = c->expires_at_ms;
    o->reply_window_s = f->settings->reply_window_s;
    o->number = number;
    enum prepared p = number ? PREPARED : choose_number(f, o, at);
    if (p == PREPARED)
        p = gate(f, o);
    if (p == PREPARED &&
        talk_must_wait(f, o->sender, o->subscriber, o->message))
        p = PREPARED_WAIT;
    if (p != PREPARED)
        return p;
    if (!o->number)
        return give_up(f, o, MSG_FAILED, REASON_NO_NUMBER, (struct slice){0});
    p = choose_carrier(f, o, at);
    if (p != PREPARED)
        return p;
    p = render(f, o, values);
    return p == PREPARED ? plan_with_reference(f, o) : p;
}

/* ---- again ----------------------------------------------------------------
 */

/* Renders the row that a SENT fact names. */
static enum prepared
render_again(struct flow *f, struct outgoing *o)
{
    struct slice fact;
    struct fact_recipients x;
    struct recipients_reader reader;
    struct recipient row;
    int16_t column_of[TEMPLATE_FIELDS_MAX];
    struct slice values[TEMPLATE_FIELDS_MAX];
    char e164[24];
    if (!o->campaign || !journal_read(&f->journal, o->chunk, &fact) ||
        !fact_recipients_get(fact, &x) || !recipients_open(&reader, x.chunk) ||
        !recipients_skip(&reader, o->row) || !recipients_next(&reader, &row))
        return PREPARED_GONE;
    submit_columns(o->campaign->template, &reader, column_of);
    submit_values(f, o->campaign, &row, column_of, e164, values);
    return render(f, o, values);
}

static enum prepared
carrier_again(struct flow *f, struct outgoing *o, const struct story *s,
              struct again a, struct carrier_entry *at)
{
    o->carrier = at;
    if (o->number && reroute_must_ask(f, s))
        return PREPARED_WAIT;
    o->carrier = o->number ? reroute_again(f, s, a, at) : NULL;
    if (o->carrier)
        return o->carrier == at ? PREPARED : PREPARED_ASIDE;
    if (o->number && f->settings->no_route_holds)
        return PREPARED_WAIT;
    return give_up(f, o, MSG_FAILED, reroute_reason(o->number),
                   (struct slice){0});
}

enum prepared
submit_prepare_again(struct flow *f, uint64_t message, struct again a,
                     struct carrier_entry *at, struct outgoing *o)
{
    struct story s;
    begin(o, message);
    if (!book_story(f, message, &s) ||
        s.attempt[a.part == SCHED_WHOLE ? 0 : a.part] != a.attempt)
        return PREPARED_GONE;
    /* Parts that never left go in order. */
    if (a.part > 0 && a.part != SCHED_WHOLE && a.attempt == 0 &&
        s.attempt[a.part - 1] == 0)
        return PREPARED_WAIT;
    if (s.single) {
        take_accept(f, &s.accept, o);
    } else {
        o->campaign = campaign_of(f, message);
        o->account = (uint32_t)s.first.account;
        o->sender = (uint32_t)s.first.sender;
        o->subscriber = s.first.subscriber;
        o->number = directory_number(&f->directory, (uint32_t)s.first.number);
        o->reply_window_s = (uint32_t)s.first.reply_window_s;
        o->chunk = s.first.chunk;
        o->row = (uint32_t)s.first.row;
        o->expires_at_ms = o->campaign ? o->campaign->expires_at_ms : 0;
    }
    o->fresh = !s.sent;
    o->carrier = at;
    enum prepared p = gate(f, o);
    if (p == PREPARED && a.part == SCHED_WHOLE &&
        talk_must_wait(f, o->sender, o->subscriber, message))
        p = PREPARED_WAIT;
    if (p != PREPARED)
        return p;
    o->reference = (uint16_t)s.first.reference;
    p = carrier_again(f, o, &s, a, at);
    if (p == PREPARED && !s.single)
        p = render_again(f, o);
    if (p != PREPARED)
        return p;
    return s.sent ? plan(f, o) : plan_with_reference(f, o);
}
