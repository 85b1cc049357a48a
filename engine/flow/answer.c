/*
 * answer.c - submit_sm_resp and lost connections become facts.
 *
 * Promise: each part handed over ends in ANSWER, LOST or a final RECEIPT. A
 * part that may have gone out is never sent again silently: it is uncertain,
 * and only the campaign's on_uncertain makes it go again.
 */
#include "engine/flow/answer.h"

#include "engine/carrier/quirks.h"
#include "engine/carrier/settings.h"
#include "engine/core/log.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/inbound.h"
#include "engine/flow/owed.h"
#include "engine/flow/reroute.h"

/* Waits before further tries; and of what a throttled carrier gives back,
 * which counts as no try. */
static const uint32_t retry_waits_ms[] = {2000,  4000,   8000,   16000, 32000,
                                          64000, 128000, 256000, 300000};
enum {
    RETRY_WAITS = sizeof retry_waits_ms / sizeof *retry_waits_ms,
    SLOW_MS = 200,
    SLOW_MOST_MS = 5000,
};

struct carrier_entry *
answer_entry(struct flow *f, struct carrier *c)
{
    return directory_find_carrier(&f->directory, slice_str(carrier_name(c)));
}

/* The schedule of a status, or the one for all. */
static const struct flow_retry *
schedule_of(const struct flow *f, uint32_t status)
{
    const struct flow_retry *any = NULL;
    for (unsigned i = 0; i < f->settings->retries_n; i++) {
        const struct flow_retry *r = &f->settings->retries[i];
        if (r->status == status)
            return r;
        if (r->status == 0)
            any = r;
    }
    return any;
}

/* before: tries that went wrong so. The last wait of a schedule stays. */
static uint64_t
retry_ms(const struct flow *f, uint32_t status, enum verdict verdict,
         unsigned before)
{
    const struct flow_retry *r = schedule_of(f, status);
    const uint32_t *waits = r ? r->wait_ms : retry_waits_ms;
    unsigned n = r ? r->waits : RETRY_WAITS;
    if (verdict != VERDICT_SLOW || (r && r->status))
        return f->wall.ms + waits[before < n ? before : n - 1];
    uint64_t wait = SLOW_MS;
    for (unsigned i = 0; i < before && wait < SLOW_MOST_MS; i++)
        wait *= 2;
    return f->wall.ms + (wait < SLOW_MOST_MS ? wait : SLOW_MOST_MS);
}

/* State of the message once this part goes again. A long message whose other
 * parts are out stays submitted. */
static enum message_state_kind
state_again(unsigned parts)
{
    return parts > 1 ? MSG_SUBMITTED : MSG_QUEUED;
}

static void
decide(struct flow *f, const struct part_ref *part, struct carrier_entry *at,
       uint32_t status, enum verdict verdict, struct fact_answer *x)
{
    enum message_state_kind now = word_state(book_word(f, part->message));
    const struct flight *flight = flight_find(f, part->message, part->part);
    x->state = now;
    if (verdict == VERDICT_OK) {
        if (!state_is_final(now) &&
            !doubt_has_other(f, part->message, part->part, part->parts))
            x->state = MSG_SUBMITTED;
        return;
    }
    bool lives = flight && !state_is_final(now);
    bool other = lives && reroute_refused(f, part, at, status);
    bool again = verdict != VERDICT_FAIL && lives;
    if (again && verdict == VERDICT_RETRY &&
        flight->tries + 1u >= f->settings->retry_attempts)
        again = false;
    if (again || other) {
        x->state = doubt_has_other(f, part->message, part->part, part->parts)
                       ? MSG_UNCERTAIN
                       : state_again(part->parts);
        unsigned before =
            verdict == VERDICT_SLOW ? flight->attempt : flight->tries;
        x->retry_ms = other ? f->wall.ms : retry_ms(f, status, verdict, before);
        return;
    }
    if (!state_is_final(now) || now == MSG_UNKNOWN)
        x->state = MSG_FAILED;
}

/* Does it lie with the carrier, not with the message? */
static bool
is_fault(enum verdict verdict)
{
    return verdict == VERDICT_RETRY || verdict == VERDICT_STOP_BIND;
}

/* The end of a client's message, or its first step. */
static void
owe(struct flow *f, const struct part_ref *part, enum verdict verdict,
    struct fact_answer *x)
{
    enum message_state_kind now = word_state(book_word(f, part->message));
    struct owed owed =
        owed_end(f, part->message, now, (enum message_state_kind)x->state);
    if (verdict == VERDICT_OK && !state_is_final(now) &&
        part->part + 1 == part->parts)
        owed = owed_step(f, part->message);
    x->login = owed.login;
    x->accept = owed.accept;
}

static void
on_answered(void *flow, struct carrier *c, unsigned bind,
            const struct part_ref *part, uint32_t status, enum verdict verdict,
            struct slice smsc_id, bool late)
{
    struct flow *f = flow;
    struct carrier_entry *entry = answer_entry(f, c);
    struct campaign *campaign = campaign_of(f, part->message);
    const struct flight *flight = flight_find(f, part->message, part->part);
    (void)bind;
    char id[QUIRKS_KEY_BYTES];
    quirks_id_key(carrier_get_settings(c), smsc_id, QUIRKS_IN_RESP, id);
    struct fact_answer x = {
        .message = part->message,
        .at_ms = f->wall.ms,
        .prev = word_pos(book_word(f, part->message)),
        .part = part->part,
        .carrier = entry->id,
        .account = flight     ? flight->account
                   : campaign ? campaign->account
                              : 0,
        .status = status,
        .verdict = verdict,
        .smsc_id = slice_str(id),
    };
    decide(f, part, entry, status, verdict, &x);
    owe(f, part, verdict, &x);
    if (!late)
        health_answered(&entry->health, f->now, f->wall.ms,
                        flight ? flight->at_ms : f->wall.ms,
                        verdict == VERDICT_OK, is_fault(verdict));
    uint64_t pos = journal_answer(&f->journal, &x);
    if (!pos)
        return;
    apply_answer(f, pos, &x);
    if (id[0] && verdict == VERDICT_OK)
        receipt_match_kept(f, entry->id, id, part->message, part->part);
}

static void
lose(struct flow *f, const struct flight *flight, uint32_t carrier,
     enum part_loss loss)
{
    enum message_state_kind now = word_state(book_word(f, flight->message));
    struct fact_lost x = {
        .message = flight->message,
        .at_ms = f->wall.ms,
        .prev = word_pos(book_word(f, flight->message)),
        .part = flight->part,
        .carrier = carrier,
        .account = flight->account,
        .loss = loss,
        .state = now,
    };
    if (!state_is_final(now)) {
        if (loss == LOSS_NOT_SENT || flight->resend) {
            x.state =
                doubt_has_other(f, flight->message, flight->part, flight->parts)
                    ? MSG_UNCERTAIN
                    : state_again(flight->parts);
            x.retry_ms = f->wall.ms;
        } else {
            x.state = MSG_UNCERTAIN;
        }
    }
    uint64_t pos = journal_lost(&f->journal, &x);
    if (!pos)
        return;
    apply_lost(f, pos, &x);
    if (!x.retry_ms && f->doubts)
        receipt_match_doubt(f, &f->doubt[f->doubts - 1]);
}

static void
on_lost(void *flow, struct carrier *c, unsigned bind,
        const struct part_ref *part, enum part_loss loss)
{
    struct flow *f = flow;
    (void)bind;
    struct flight *flight = flight_find(f, part->message, part->part);
    health_lost(&answer_entry(f, c)->health, f->now, loss);
    if (flight) {
        struct flight copy = *flight;
        lose(f, &copy, answer_entry(f, c)->id, loss);
    }
}

void
answer_in_doubt(struct flow *f, const struct flight *x)
{
    struct flight copy = *x;
    lose(f, &copy, x->carrier, LOSS_UNKNOWN);
}

static uint32_t
on_delivered(void *flow, struct carrier *c, unsigned bind, uint64_t session,
             const struct pdu *pdu)
{
    struct flow *f = flow;
    struct carrier_entry *entry = answer_entry(f, c);
    bool is_receipt = false;
    if (journal_is_full(&f->journal))
        return CARRIER_NO_ANSWER_NOW;
    uint32_t status = receipt_take(f, entry, pdu, &is_receipt);
    return is_receipt ? status : inbound_take(f, entry, bind, session, pdu);
}

static void
on_changed(void *flow, struct carrier *c, unsigned bind,
           enum carrier_state before, enum carrier_state now)
{
    struct flow *f = flow;
    (void)bind;
    bool was_up = before == CARRIER_UP || before == CARRIER_DEGRADED;
    bool is_up = now == CARRIER_UP || now == CARRIER_DEGRADED;
    if (was_up == is_up)
        return;
    struct fact_carrier x = {
        .at_ms = f->wall.ms,
        .carrier = answer_entry(f, c)->id,
        .before = before,
        .now = now,
        .name = slice_str(carrier_name(c)),
    };
    uint64_t pos = journal_carrier(&f->journal, &x);
    if (pos)
        apply_carrier(f, pos, &x);
}

const struct carrier_ops answer_ops = {
    .answered = on_answered,
    .lost = on_lost,
    .delivered = on_delivered,
    .changed = on_changed,
};
