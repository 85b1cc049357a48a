/*
 * receipt.c - a delivery receipt finds its message.
 *
 * Promise (3): a receipt is answered only once it is stored; early, late,
 * twice, on another bind or with its id in another base it finds its
 * message; what matches nothing is kept, counted and listed.
 */
#include "proto/receipt.h"

#include "engine/carrier/quirks.h"
#include "engine/carrier/settings.h"
#include "engine/flow/answer.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/owed.h"
#include "proto/addr.h"
#include "proto/smpp.h"

/* Receipts by one id that come before its answer: steps and the end. */
enum { KEPT_MAX = 8 };

/* State of a long message: read back what each part has come to. */
static enum message_state_kind
state_of_parts(struct flow *f, uint64_t message, unsigned part, unsigned kind)
{
    struct story s;
    if (!book_story(f, message, &s))
        return book_state_of_receipt(kind);
    s.end[part & 255] = (uint8_t)kind;
    unsigned delivered = 0;
    for (unsigned i = 0; i < s.parts; i++) {
        if (s.refused[i] && s.end[i] == 0)
            return MSG_FAILED;
        if (s.end[i] == STATE_DELIVERED)
            delivered++;
        else if (s.end[i])
            return book_state_of_receipt(s.end[i]);
    }
    if (delivered == s.parts)
        return MSG_DELIVERED;
    return doubt_has_other(f, message, part, s.parts) ? MSG_UNCERTAIN
                                                      : MSG_SUBMITTED;
}

/* What the message is after this receipt. Never back from a final state; a
 * receipt that comes after all ends `unknown` and `uncertain`. */
static enum message_state_kind
state_after(struct flow *f, const struct carrier_settings *s, uint64_t message,
            unsigned part, unsigned kind, bool final)
{
    uint64_t word = book_word(f, message);
    enum message_state_kind now = word_state(word);
    if (state_is_final(now) && now != MSG_UNKNOWN)
        return now;
    if (!final)
        return now;
    if ((word_flags(word) & WORD_LONG) && !s->receipts.one_for_all)
        return state_of_parts(f, message, part, kind);
    return book_state_of_receipt(kind);
}

/* Is a part of this pair on its way, unanswered, at this carrier? */
static bool
is_flying(struct flow *f, uint32_t carrier, uint32_t number,
          uint64_t subscriber)
{
    uint64_t key, at;
    for (size_t i = 0; map_next(&f->flights, &i, &key, &at);) {
        const struct flight *x = &f->flight[at];
        if (x->carrier == carrier && x->number == number &&
            x->subscriber == subscriber)
            return true;
    }
    return false;
}

/* A part in doubt that this receipt can only be about: same carrier, our
 * number and subscriber; the oldest, when there are several. */
static bool
find_doubt(struct flow *f, uint32_t carrier, const struct pdu *pdu,
           uint64_t *target)
{
    struct addr source, dest;
    uint64_t subscriber;
    addr_from_wire((uint8_t)pdu_u32(pdu, FIELD_SOURCE_ADDR_TON),
                   (uint8_t)pdu_u32(pdu, FIELD_SOURCE_ADDR_NPI),
                   pdu_slice(pdu, FIELD_SOURCE_ADDR), NULL, &source);
    addr_from_wire((uint8_t)pdu_u32(pdu, FIELD_DEST_ADDR_TON),
                   (uint8_t)pdu_u32(pdu, FIELD_DEST_ADDR_NPI),
                   pdu_slice(pdu, FIELD_DESTINATION_ADDR), NULL, &dest);
    if (f->doubts == 0 || !addr_to_u64(slice_str(source.text), &subscriber))
        return false;
    const struct number *n =
        directory_find_number(&f->directory, slice_str(dest.text));
    if (!n || is_flying(f, carrier, n->id, subscriber))
        return false; /* its own answer is still to come */
    const struct doubt *best = NULL;
    for (size_t i = 0; i < f->doubts; i++) {
        const struct doubt *d = &f->doubt[i];
        if (d->carrier == carrier && d->subscriber == subscriber && n &&
            d->number == n->id && (!best || d->at_ms < best->at_ms))
            best = d;
    }
    if (best)
        *target = best->message << 8 | best->part;
    return best != NULL;
}

static bool
find_part(struct flow *f, struct carrier_entry *c, const char *id,
          const struct pdu *pdu, uint64_t *target)
{
    return (id[0] && store_index_get(f->ids, flow_id_key(c->id, id), target)) ||
           find_doubt(f, c->id, pdu, target);
}

/* What its client is told: the end, or that it is on its way. */
static void
owe(struct flow *f, struct fact_receipt *x)
{
    enum message_state_kind now = word_state(book_word(f, x->message));
    struct owed owed =
        owed_end(f, x->message, now, (enum message_state_kind)x->state);
    bool step = x->kind == STATE_ENROUTE || x->kind == STATE_ACCEPTED ||
                x->kind == STATE_SCHEDULED;
    if (!owed.login && step && !state_is_final(now))
        owed = owed_step(f, x->message);
    x->login = owed.login;
    x->accept = owed.accept;
}

static bool
write_receipt(struct flow *f, const struct carrier_settings *s,
              struct fact_receipt *x)
{
    if (x->message) {
        struct campaign *campaign = campaign_of(f, x->message);
        x->prev = word_pos(book_word(f, x->message));
        x->account = campaign ? campaign->account : 0;
        x->state = state_after(f, s, x->message, (unsigned)x->part,
                               (unsigned)x->kind, x->final != 0);
        owe(f, x);
    }
    uint64_t pos = journal_receipt(&f->journal, x);
    if (pos)
        apply_receipt(f, pos, x);
    return pos != 0;
}

/* The same final word about a message that has it already: nothing new. */
static bool
is_repeated(struct flow *f, uint64_t target, unsigned kind, bool final)
{
    uint64_t word = book_word(f, target >> 8);
    return final && !(word_flags(word) & WORD_LONG) &&
           word_state(word) == book_state_of_receipt(kind);
}

static bool
read_kept(struct flow *f, uint64_t pos, struct fact_receipt *out)
{
    struct slice fact;
    return journal_read(&f->journal, pos, &fact) && fact_receipt_get(fact, out);
}

/* The newest receipt by this id that waits for its message; 0: none. */
static uint64_t
kept_by_id(struct flow *f, uint32_t carrier, const char *id)
{
    uint64_t pos = 0;
    return id[0] && map_get(&f->unmatched, flow_id_key(carrier, id), &pos) ? pos
                                                                           : 0;
}

/* Does what is kept at pos say the same? A carrier says it again when its
 * connection died before it was answered. */
static bool
is_kept(struct flow *f, uint64_t pos, unsigned kind, bool final)
{
    struct fact_receipt kept;
    return pos && read_kept(f, pos, &kept) && kept.kind == kind &&
           (kept.final != 0) == final;
}

/* As the RECEIPT fact has it. */
static uint64_t
network_of(const struct receipt *r)
{
    if (r->network_type < 0 || r->network_error < 0)
        return 0;
    return (uint64_t)1 << 24 | (uint64_t)(r->network_type & 255) << 16 |
           (uint64_t)(r->network_error & 65535);
}

uint32_t
receipt_take(struct flow *f, struct carrier_entry *c, const struct pdu *pdu,
             bool *is_receipt)
{
    const struct carrier_settings *s = carrier_get_settings(c->carrier);
    struct receipt_options options = {
        .by_text = s->receipts.by_text,
        .accepted_is_final = s->receipts.acceptd_final,
    };
    struct receipt r;
    *is_receipt = receipt_from_pdu(pdu, &options, &r);
    if (!*is_receipt)
        return ESME_ROK;
    char id[QUIRKS_KEY_BYTES];
    quirks_id_key(s, r.id, QUIRKS_IN_RECEIPT, id);
    uint64_t target = 0;
    unsigned kind =
        r.message_state < 0 ? STATE_UNKNOWN : (unsigned)r.message_state;
    if (find_part(f, c, id, pdu, &target) &&
        is_repeated(f, target, kind, r.final))
        return ESME_ROK;
    struct fact_receipt x = {
        .message = target >> 8,
        .at_ms = f->wall.ms,
        .part = target & 255,
        .carrier = c->id,
        .kind = kind,
        .final = r.final,
        .done_ms = r.done.known ? (uint64_t)r.done.unix_s * 1000 : 0,
        .smsc_id = slice_str(id),
        .error = r.err,
        .network = network_of(&r),
    };
    uint64_t kept = target ? 0 : kept_by_id(f, c->id, id);
    if (is_kept(f, kept, kind, r.final))
        return ESME_ROK;
    if (r.final)
        health_receipt(&c->health, f->now, kind == STATE_DELIVERED);
    if (!target) { /* to be shown to people */
        x.prev = kept;
        x.source = pdu_slice(pdu, FIELD_SOURCE_ADDR);
        x.dest = pdu_slice(pdu, FIELD_DESTINATION_ADDR);
    }
    return write_receipt(f, s, &x) ? ESME_ROK : CARRIER_NO_ANSWER_NOW;
}

/* Writes what an unmatched fact says as the receipt of this part. */
static void
give_kept(struct flow *f, struct carrier_entry *c, uint64_t pos,
          const struct fact_receipt *kept, uint64_t message, unsigned part)
{
    char id[QUIRKS_KEY_BYTES], error[32];
    struct fact_receipt x = {
        .message = message,
        .at_ms = f->wall.ms,
        .part = part,
        .carrier = c->id,
        .kind = kept->kind,
        .final = kept->final,
        .from = pos,
        .done_ms = kept->done_ms,
        .network = kept->network,
    };
    /* kept's octets move when the next fact is written. */
    slice_to_str(kept->smsc_id, id, sizeof id);
    slice_to_str(kept->error, error, sizeof error);
    x.smsc_id = slice_str(id);
    x.error = slice_str(error);
    /* When the journal is full the receipt stays listed as unmatched. */
    bool written = write_receipt(f, carrier_get_settings(c->carrier), &x);
    (void)written;
}

void
receipt_match_kept(struct flow *f, uint32_t carrier, const char *id,
                   uint64_t message, unsigned part)
{
    struct carrier_entry *c = directory_carrier(&f->directory, carrier);
    uint64_t at[KEPT_MAX], pos = kept_by_id(f, carrier, id);
    struct fact_receipt kept;
    unsigned n = 0;
    for (; c && c->carrier && pos && n < KEPT_MAX; pos = kept.prev)
        if (read_kept(f, pos, &kept))
            at[n++] = pos;
        else
            break;
    while (n-- > 0) /* oldest first */
        if (read_kept(f, at[n], &kept))
            give_kept(f, c, at[n], &kept, message, part);
}

void
receipt_match_doubt(struct flow *f, const struct doubt *d)
{
    struct carrier_entry *c = directory_carrier(&f->directory, d->carrier);
    struct doubt copy = *d; /* it ends when the receipt is applied */
    struct fact_receipt kept;
    char id[QUIRKS_KEY_BYTES];
    uint64_t pos;
    if (!c || !c->carrier ||
        !map_get(&f->unmatched_pair,
                 flow_pair_key(d->carrier, d->number, d->subscriber), &pos) ||
        !read_kept(f, pos, &kept) || kept.at_ms < copy.at_ms ||
        is_flying(f, copy.carrier, copy.number, copy.subscriber))
        return;
    slice_to_str(kept.smsc_id, id, sizeof id);
    if (kept_by_id(f, copy.carrier, id)) /* all that came by this id */
        receipt_match_kept(f, copy.carrier, id, copy.message, copy.part);
    else
        give_kept(f, c, pos, &kept, copy.message, copy.part);
}
