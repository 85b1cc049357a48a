/*
 * post.c - which bind a letter leaves on; see post.h.
 *
 * Order: the bind that brought the message, when it can receive; else the
 * next receiver of the same system_id; else the account's queue, which the
 * next receiver to bind empties first.
 */
#include "bench/smsc/post.h"

enum {
    OUTPUT_FULL = 1024 * 1024, /* the client reads too slowly: wait */
    ATTEMPTS_MAX = 10,
    RETRY_MS = 1000,
    ANSWER_BEHIND_MS = 5, /* so that it surely arrives after the letter */
};

static const enum ledger_kind kinds[][3] = {
    /* first time, again, acknowledged */
    [LETTER_RECEIPT] = {LEDGER_RECEIPT, LEDGER_RECEIPT_AGAIN,
                        LEDGER_RECEIPT_ACK},
    [LETTER_REPLY] = {LEDGER_REPLY, LEDGER_REPLY_AGAIN, LEDGER_REPLY_ACK},
};

void
post_record(struct smsc *s, const struct letter *l, enum ledger_kind kind,
            const struct bind *b, uint32_t status, const char *word)
{
    if (!s->ledger)
        return;
    char id[MSGID_BYTES] = "r";
    size_t n = l->kind == LETTER_REPLY
                   ? 1 + msgid_put_decimal(l->id, id + 1)
                   : msgid_in_answer(s->settings->ids, l->version, l->id, id);
    struct ledger_line line = {.kind = kind,
                               .bind = b ? b->number : 0,
                               .time_us = hub_wall_us(s->hub),
                               .id = slice_of(id, n),
                               .status = status,
                               .word = word};
    /* An acknowledgement is found by its id; the rest stands there. */
    if (kind != kinds[l->kind][2]) {
        line.source = slice_of(l->from.digits, l->from.n);
        line.dest = slice_of(l->to.digits, l->to.n);
        line.ref = l->ref;
        line.total = l->total;
        line.part = l->part;
        line.hash = l->hash;
        if (l->body)
            line.text = slice_str(l->body->text);
    }
    ledger_write(s->ledger, &line);
}

static bool
has_room(const struct bind *b)
{
    return b->can_receive && b->in_flight < b->smsc->settings->window &&
           wire_pending(b->wire) < OUTPUT_FULL && !wire_is_closing(b->wire);
}

/* The answer that waited for the letter to leave. */
static void
release_answer(struct smsc *s, struct letter *sent)
{
    if (!sent->answer_seq)
        return;
    struct letter *l = letter_take(s->pool);
    if (!l)
        return;
    l->kind = LETTER_ANSWER;
    l->bind = sent->bind;
    l->answer_seq = sent->answer_seq;
    l->version = sent->version;
    /* A reply has its own id; status carried the message's along. */
    l->id = sent->submitted_id;
    sent->answer_seq = 0;
    uint64_t ms = smsc_delay(s, s->settings->latency);
    smsc_schedule(s, l, ms > ANSWER_BEHIND_MS ? ms : ANSWER_BEHIND_MS);
}

static void
send_letter(struct bind *b, struct letter *l)
{
    struct smsc *s = b->smsc;
    struct bind_slot *slot;
    do
        slot = &b->slot[bind_next_sequence(b) & (b->slots - 1)];
    while (slot->letter);
    slot->letter = l;
    slot->sequence = b->last_sequence;
    b->in_flight++;
    size_t n = deliver_write(&s->deliver, l, slot->sequence, b->version,
                             hub_wall_us(s->hub),
                             wire_room(b->wire, DELIVER_MAX_BYTES));
    wire_used(b->wire, n);
    bool again = l->flags & (LETTER_SENT | LETTER_COPY);
    post_record(s, l, kinds[l->kind][again], b, 0,
                l->kind == LETTER_RECEIPT ? l->stat : NULL);
    if (l->kind == LETTER_RECEIPT)
        s->counts.receipts++;
    else
        s->counts.replies++;
    l->flags |= LETTER_SENT;
    release_answer(s, l);
}

static struct account *
account_of(const struct smsc *s, uint16_t index)
{
    struct account *a = s->accounts;
    while (a && a->index != index)
        a = a->next;
    return a;
}

/* A receiver of the account other than `not`, by turns. */
static struct bind *
any_receiver(struct smsc *s, uint16_t account, const struct bind * not )
{
    unsigned found = 0;
    for (struct bind *b = s->binds; b; b = b->next)
        found += b != not &&b->can_receive && b->account->index == account;
    if (found == 0)
        return NULL;
    uint64_t pick = smsc_dice(s, found);
    for (struct bind *b = s->binds; b; b = b->next)
        if (b != not &&b->can_receive && b->account->index == account &&
            pick-- == 0)
            return b;
    return NULL;
}

static struct bind *
choose(struct smsc *s, const struct letter *l)
{
    struct bind *own = l->bind ? bind_by_number(s, l->bind) : NULL;
    if (own && !own->can_receive)
        own = NULL;
    if (own && !(l->flags & LETTER_OTHER_BIND))
        return own;
    struct bind *other = any_receiver(s, l->account, own);
    return other ? other : own;
}

void
post_letter(struct smsc *s, struct letter *l)
{
    struct bind *b = choose(s, l);
    if (!b) {
        /* Nobody listens, so nothing can precede the answer. */
        release_answer(s, l);
        letter_queue_put(&account_of(s, l->account)->waiting, l);
    } else if (b->queue.count == 0 && has_room(b)) {
        send_letter(b, l);
    } else {
        letter_queue_put(&b->queue, l);
    }
}

void
post_pump(struct bind *b)
{
    if (!b->account || (!b->queue.count && !b->account->waiting.count))
        return;
    while (has_room(b)) {
        struct letter *l = letter_queue_take(&b->queue);
        if (!l)
            l = letter_queue_take(&b->account->waiting);
        if (!l)
            return;
        send_letter(b, l);
    }
}

/* 3.4, 5.1.3: what a receiver says when it wants the message later. */
static bool
wants_it_later(uint32_t status)
{
    return status == ESME_RX_T_APPN || status == ESME_RTHROTTLED ||
           status == ESME_RMSGQFUL || status == ESME_RSYSERR;
}

void
post_acknowledged(struct bind *b, uint32_t sequence, uint32_t status)
{
    struct smsc *s = b->smsc;
    if (!b->slot)
        return;
    struct bind_slot *slot = &b->slot[sequence & (b->slots - 1)];
    struct letter *l = slot->letter;
    if (!l || slot->sequence != sequence)
        return;
    slot->letter = NULL;
    b->in_flight--;
    post_record(s, l, kinds[l->kind][2], b, status, NULL);
    if (l->kind == LETTER_RECEIPT)
        s->counts.receipt_acks++;
    else
        s->counts.reply_acks++;
    if (wants_it_later(status) && ++l->attempts < ATTEMPTS_MAX)
        smsc_schedule(s, l, RETRY_MS);
    else
        letter_give(s->pool, l);
}

void
post_orphan(struct bind *b)
{
    struct letter_queue *waiting = &b->account->waiting;
    /* Unacknowledged ones first and in the order of their sending. */
    for (uint32_t i = 1; b->slot && b->in_flight && i <= b->slots; i++) {
        struct bind_slot *slot =
            &b->slot[(b->last_sequence + i) & (b->slots - 1)];
        if (slot->letter) {
            letter_queue_put(waiting, slot->letter);
            slot->letter = NULL;
            b->in_flight--;
        }
    }
    struct letter *l;
    while ((l = letter_queue_take(&b->queue)))
        letter_queue_put(waiting, l);
    for (struct bind *other = b->smsc->binds; other; other = other->next)
        if (other != b && other->account == b->account && other->can_receive)
            post_pump(other);
}
