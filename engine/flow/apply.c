/*
 * apply.c - facts of sending change RAM here.
 *
 * Promise: as in apply.h. Facts of replies stand in apply_reply.c.
 */
#include "engine/flow/apply.h"

#include <stdlib.h>

#include "engine/flow/book.h"
#include "engine/flow/login.h"
#include "engine/flow/lookup.h"
#include "engine/flow/optout.h"
#include "proto/addr.h"

/* ---- parts in flight -------------------------------------------------------
 */

struct flight *
flight_find(struct flow *f, uint64_t message, unsigned part)
{
    uint64_t i;
    return map_get(&f->flights, flight_key(message, part), &i) ? &f->flight[i]
                                                               : NULL;
}

void
flight_add(struct flow *f, const struct flight *x)
{
    if (flight_find(f, x->message, x->part)) {
        *flight_find(f, x->message, x->part) = *x;
        return;
    }
    if (f->flight_free == 0) {
        uint32_t cap = f->flight_cap ? f->flight_cap * 2 : 1024;
        f->flight = realloc(f->flight, cap * sizeof *f->flight);
        if (!f->flight)
            abort();
        /* Slot 0 is not used: 0 ends the free list. */
        for (uint32_t i = cap - 1; i >= (f->flight_cap ? f->flight_cap : 1);
             i--) {
            f->flight[i].next = f->flight_free;
            f->flight_free = i;
        }
        f->flight_cap = cap;
    }
    uint32_t i = f->flight_free;
    f->flight_free = f->flight[i].next;
    f->flight[i] = *x;
    map_put(&f->flights, flight_key(x->message, x->part), i);
    struct campaign *c = campaign_of(f, x->message);
    if (c)
        c->flying++;
}

static bool
flight_end(struct flow *f, uint64_t message, unsigned part, struct flight *out)
{
    uint64_t i;
    if (!map_take(&f->flights, flight_key(message, part), &i))
        return false;
    *out = f->flight[i];
    f->flight[i].next = f->flight_free;
    f->flight_free = (uint32_t)i;
    struct campaign *c = campaign_of(f, message);
    if (c && c->flying)
        c->flying--;
    return true;
}

void
doubt_add(struct flow *f, const struct doubt *d)
{
    if (f->doubts == f->doubt_cap) {
        f->doubt_cap = f->doubt_cap ? f->doubt_cap * 2 : 64;
        f->doubt = realloc(f->doubt, f->doubt_cap * sizeof *f->doubt);
        if (!f->doubt)
            abort();
    }
    doubt_end(f, d->message, d->part);
    map_put(&f->doubt_at, flight_key(d->message, d->part), f->doubts);
    f->doubt[f->doubts++] = *d;
}

void
doubt_end(struct flow *f, uint64_t message, unsigned part)
{
    uint64_t i;
    if (f->doubts == 0 ||
        !map_take(&f->doubt_at, flight_key(message, part), &i))
        return;
    f->doubt[i] = f->doubt[--f->doubts];
    if (i < f->doubts)
        map_put(&f->doubt_at, flight_key(f->doubt[i].message, f->doubt[i].part),
                i);
}

bool
doubt_has(const struct flow *f, uint64_t message, unsigned part)
{
    uint64_t i;
    return f->doubts && map_get(&f->doubt_at, flight_key(message, part), &i);
}

bool
doubt_has_other(const struct flow *f, uint64_t message, unsigned part,
                unsigned parts)
{
    uint64_t i;
    for (unsigned k = 0; f->doubts && k < parts; k++)
        if (k != part && map_get(&f->doubt_at, flight_key(message, k), &i))
            return true;
    return false;
}

/* Wall time of a fact's retry as the monotonic time of this process. */
static uint64_t
to_mono(const struct flow *f, uint64_t wall_ms)
{
    return wall_ms > f->wall.ms ? f->now.us + (wall_ms - f->wall.ms) * 1000
                                : f->now.us;
}

/* ---- sending ---------------------------------------------------------------
 */

static void
saw_message(struct flow *f, uint64_t message)
{
    if (message >= f->next_message)
        f->next_message = message + 1;
}

void
apply_boot(struct flow *f, uint64_t pos, const struct fact_boot *x)
{
    (void)x;
    f->boot_pos = pos;
}

void
apply_accept(struct flow *f, uint64_t pos, const struct fact_accept *x)
{
    saw_message(f, x->message);
    calm_hurry(f);
    bool later = x->send_at_ms != 0;
    /* A client may replace what waits: it counts once. */
    bool known = word_state(book_word(f, x->message)) != MSG_NONE;
    book_move(f, x->message, later ? MSG_ACCEPTED : MSG_QUEUED,
              (x->parts > 1 ? WORD_LONG : 0) | (x->login ? WORD_CLIENT : 0),
              pos);
    struct account *a = directory_account(&f->directory, (uint32_t)x->account);
    if (a && !known)
        directory_count_account(a, x->at_ms, (unsigned)x->parts);
    if (x->looked != LOOKED_LATER) {
        store_index_put(f->talks, flow_talk_key(x->subscriber), pos);
        if (x->thread)
            thread_touch(f, x->thread, x->message, x->at_ms, x->number);
    }
    if (later) {
        due_put(&f->delayed, x->send_at_ms, pos, x->message);
        return;
    }
    struct source_key key = source_key_of(f, x);
    source_push(f, source_for(f, &key), pos);
}

void
apply_recipients(struct flow *f, uint64_t pos, const struct fact_recipients *x)
{
    struct campaign *c = campaign_find(f, x->campaign);
    saw_message(f, x->message + x->rows - 1);
    if (c)
        campaign_add_chunk(f, c, pos, x->message, (uint32_t)x->rows);
}

/* Which part of a long message leaves next; only the one that was due moves
 * it on, so that none is forgotten. */
static void
follow_partial(struct flow *f, const struct fact_sent *x)
{
    uint64_t next = 0;
    if (x->attempt > 0 || x->parts < 2)
        return;
    map_get(&f->partial, x->message, &next);
    if ((next & 255) != x->part)
        return;
    if (x->part + 1 < x->parts)
        map_put(&f->partial, x->message,
                x->carrier << 16 | x->parts << 8 | (x->part + 1));
    else
        map_take(&f->partial, x->message, NULL);
}

/* Of single messages: as the login says, else the settings. */
static bool
resends(const struct flow *f, uint64_t login)
{
    const struct login *l = directory_login(&f->directory, (uint32_t)login);
    return l && l->on_uncertain ? l->on_uncertain == UNCERTAIN_RESEND
                                : f->settings->resend_uncertain;
}

void
apply_sent(struct flow *f, uint64_t pos, const struct fact_sent *x)
{
    unsigned flags = x->parts > 1 ? WORD_LONG : 0;
    /* A later part of a message that failed or is in doubt changes nothing
     * of that. */
    enum message_state_kind now = word_state(book_word(f, x->message));
    bool keep = x->part > 0 && (state_is_final(now) || now == MSG_UNCERTAIN);
    book_move(f, x->message, keep ? now : MSG_SUBMITTED, flags, pos);
    if (x->part == 0)
        store_index_put(f->talks, flow_talk_key(x->subscriber), pos);
    follow_partial(f, x);
    struct campaign *c = campaign_of(f, x->message);
    if (!c || c->class == CLASS_CRITICAL)
        calm_hurry(f);
    if (c) {
        c->parts_submitted++;
        c->dirty = true;
        struct account *a =
            directory_account(&f->directory, (uint32_t)x->account);
        /* Single messages were counted when accepted, tries are not. */
        if (a && x->attempt == 0)
            directory_count_account(a, x->at_ms, 1);
    }
    struct number *n = directory_number(&f->directory, (uint32_t)x->number);
    if (n && x->attempt == 0)
        directory_count_number(n, x->at_ms);
    struct flight flight = {
        .message = x->message,
        .sent_pos = pos,
        .subscriber = x->subscriber,
        .at_ms = x->at_ms,
        .carrier = (uint32_t)x->carrier,
        .account = (uint32_t)x->account,
        .number = (uint32_t)x->number,
        .part = (uint8_t)x->part,
        .parts = (uint8_t)x->parts,
        .attempt = (uint16_t)x->attempt,
        .tries = (uint8_t)x->tries,
        .resend = c ? c->resend_uncertain : resends(f, x->login),
    };
    flight_add(f, &flight);
    doubt_end(f, x->message, (unsigned)x->part);
}

void
apply_answer(struct flow *f, uint64_t pos, const struct fact_answer *x)
{
    struct flight was = {0};
    bool flew = flight_end(f, x->message, (unsigned)x->part, &was);
    doubt_end(f, x->message, (unsigned)x->part);
    book_move(f, x->message, (enum message_state_kind)x->state, 0, pos);
    if (x->login)
        outbox_push(f, (uint32_t)x->login, pos);
    if (state_is_final((enum message_state_kind)x->state) && f->partial.used)
        map_take(&f->partial, x->message, NULL); /* the rest stays here */
    if (x->smsc_id.n) {
        char id[256];
        slice_to_str(x->smsc_id, id, sizeof id);
        store_index_put(f->ids, flow_id_key((uint32_t)x->carrier, id),
                        x->message << 8 | (x->part & 255));
    }
    if (x->retry_ms && flew) {
        struct again a = {(uint8_t)x->part, was.tries,
                          (uint16_t)(was.attempt + 1)};
        if (x->verdict == VERDICT_RETRY && a.tries < 255)
            a.tries++;
        sched_again(f, (uint32_t)x->carrier, to_mono(f, x->retry_ms),
                    x->message, a);
    }
}

void
apply_lost(struct flow *f, uint64_t pos, const struct fact_lost *x)
{
    struct flight was = {0};
    if (!flight_end(f, x->message, (unsigned)x->part, &was))
        return;
    bool unsent = x->loss == LOSS_NOT_SENT;
    book_move(f, x->message, (enum message_state_kind)x->state,
              x->retry_ms && !unsent ? WORD_TWICE : 0, pos);
    if (x->retry_ms) {
        struct again a = {(uint8_t)x->part, was.tries,
                          (uint16_t)(was.attempt + 1)};
        sched_again(f, (uint32_t)x->carrier, to_mono(f, x->retry_ms),
                    x->message, a);
    } else {
        struct doubt d = {
            .message = x->message,
            .subscriber = was.subscriber,
            .at_ms = was.at_ms,
            .carrier = (uint32_t)x->carrier,
            .number = was.number,
            .part = (uint8_t)x->part,
            .parts = was.parts,
        };
        doubt_add(f, &d);
    }
}

static void
stray_add(struct flow *f, uint64_t pos)
{
    if (f->strays == f->stray_cap) {
        f->stray_cap = f->stray_cap ? f->stray_cap * 2 : 64;
        f->stray = realloc(f->stray, f->stray_cap * sizeof *f->stray);
        if (!f->stray)
            abort();
    }
    f->stray[f->strays++] = pos;
}

void
stray_end(struct flow *f, uint64_t pos)
{
    for (size_t i = f->strays; i-- > 0;)
        if (f->stray[i] == pos) {
            memmove(f->stray + i, f->stray + i + 1,
                    (f->strays - i - 1) * sizeof *f->stray);
            f->strays--;
            return;
        }
}

void
stray_keep(struct flow *f, uint64_t pos)
{
    if (f->strays >= FLOW_STRAYS_MAX)
        stray_end(f, f->stray[0]);
    stray_add(f, pos);
}

/* Pair of a receipt by its addresses; 0 when they are not ours. */
static uint64_t
pair_of(struct flow *f, const struct fact_receipt *x)
{
    struct addr source, dest;
    uint64_t subscriber;
    addr_from_text(x->source, NULL, &source);
    addr_from_text(x->dest, NULL, &dest);
    const struct number *n =
        directory_find_number(&f->directory, slice_str(dest.text));
    return n && addr_to_u64(slice_str(source.text), &subscriber)
               ? flow_pair_key((uint32_t)x->carrier, n->id, subscriber)
               : 0;
}

/* Waits for an answer that names it, or for a part that comes into doubt. */
static void
keep_unmatched(struct flow *f, uint64_t pos, uint64_t key,
               const struct fact_receipt *x)
{
    uint64_t pair = pair_of(f, x), known;
    stray_keep(f, pos);
    if (x->smsc_id.n) {
        map_put(&f->unmatched, key, pos);
        due_put(&f->forget, x->at_ms + FLOW_UNMATCHED_MS, key, pos);
    }
    if (pair && !map_get(&f->unmatched_pair, pair, &known)) {
        map_put(&f->unmatched_pair, pair, pos);
        due_put(&f->forget, x->at_ms + FLOW_UNMATCHED_MS, pair, pos);
    }
}

/* It was matched: nobody else may find it. */
static void
end_unmatched(struct flow *f, uint64_t pos)
{
    struct slice fact;
    struct fact_receipt x;
    char id[256];
    uint64_t at, pair;
    stray_end(f, pos);
    if (!journal_read(&f->journal, pos, &fact) || !fact_receipt_get(fact, &x))
        return;
    slice_to_str(x.smsc_id, id, sizeof id);
    uint64_t key = flow_id_key((uint32_t)x.carrier, id);
    if (map_get(&f->unmatched, key, &at) && at == pos)
        map_take(&f->unmatched, key, NULL);
    pair = pair_of(f, &x);
    if (pair && map_get(&f->unmatched_pair, pair, &at) && at == pos)
        map_take(&f->unmatched_pair, pair, NULL);
}

void
apply_receipt(struct flow *f, uint64_t pos, const struct fact_receipt *x)
{
    char id[256];
    slice_to_str(x->smsc_id, id, sizeof id);
    if (x->message == 0) {
        keep_unmatched(f, pos, flow_id_key((uint32_t)x->carrier, id), x);
        return;
    }
    book_move(f, x->message, (enum message_state_kind)x->state, 0, pos);
    if (x->login)
        outbox_push(f, (uint32_t)x->login, pos);
    if (x->from)
        end_unmatched(f, x->from);
    /* Its answer never came: copies of this receipt find it by this id. */
    if (x->smsc_id.n && doubt_has(f, x->message, (unsigned)x->part))
        store_index_put(f->ids, flow_id_key((uint32_t)x->carrier, id),
                        x->message << 8 | (x->part & 255));
    struct flight was;
    /* A receipt proves that the part was taken. */
    if (x->final) {
        flight_end(f, x->message, (unsigned)x->part, &was);
        doubt_end(f, x->message, (unsigned)x->part);
    }
}

void
apply_state(struct flow *f, uint64_t pos, const struct fact_state *x)
{
    book_move(f, x->message, (enum message_state_kind)x->state, 0, pos);
    if (x->login)
        outbox_push(f, (uint32_t)x->login, pos);
}

void
apply_upload(struct flow *f, uint64_t pos, const struct fact_upload *x)
{
    (void)pos;
    campaign_apply_upload(f, x);
}

void
apply_skip(struct flow *f, uint64_t pos, const struct fact_skip *x)
{
    campaign_apply_skip(f, pos, x);
}

void
apply_campaign(struct flow *f, uint64_t pos, const struct fact_campaign *x)
{
    (void)pos;
    campaign_apply_state(f, x);
}

void
apply_carrier(struct flow *f, uint64_t pos, const struct fact_carrier *x)
{
    (void)f, (void)pos, (void)x; /* an event for people; no state of ours */
}

void
apply_outbox(struct flow *f, uint64_t pos, const struct fact_outbox *x)
{
    (void)pos;
    outbox_apply(f, x);
}

void
apply_opt(struct flow *f, uint64_t pos, const struct fact_opt *x)
{
    (void)pos;
    optout_apply(f, x);
}

bool
apply_fact(struct flow *f, uint64_t pos, struct slice fact)
{
    switch (fact_kind(fact)) {
#define FACT(number, NAME, name)                                               \
    case number: {                                                             \
        struct fact_##name x;                                                  \
        if (!fact_##name##_get(fact, &x))                                      \
            return false;                                                      \
        apply_##name(f, pos, &x);                                              \
        return true;                                                           \
    }
#define U(field)
#define B(field)
#define END(name)
#include "store/fact.def"
#undef FACT
#undef U
#undef B
#undef END
    default: return false;
    }
}
