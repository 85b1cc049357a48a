/*
 * book.c - words move here, stories are read back from the log.
 *
 * Promise: as in book.h.
 */
#include "engine/flow/book.h"

#include "engine/flow/apply.h"
#include "engine/flow/owed.h"
#include "proto/smpp.h"

/* Longest story that is read back: parts x attempts x facts of each. */
enum { STORY_FACTS_MAX = 65536 };

const char *
reason_name(unsigned reason)
{
    static const char *const name[REASON_N] = {
        [REASON_NONE] = "",
        [REASON_SUPPRESSED] = "opted_out",
        [REASON_EXPIRED] = "expired",
        [REASON_CANCELLED] = "cancelled",
        [REASON_MISSING_FIELD] = "missing_field",
        [REASON_TOO_LONG] = "text_too_long",
        [REASON_BAD_TEXT] = "bad_text",
        [REASON_NO_RECEIPT] = "no_receipt",
        [REASON_NO_NUMBER] = "no_number_available",
        [REASON_PAIR_BUSY] = "pair_busy",
        [REASON_DUPLICATE] = "duplicate",
        [REASON_QUOTA] = "quota",
        [REASON_RESENT] = "resent",
        [REASON_NO_ROUTE] = "no_route",
    };
    return reason < REASON_N ? name[reason] : "";
}

uint64_t
book_word(struct flow *f, uint64_t message)
{
    return store_words_get(f->words, message);
}

void
book_move(struct flow *f, uint64_t message, enum message_state_kind state,
          unsigned flags, uint64_t pos)
{
    uint64_t word = store_words_get(f->words, message);
    enum message_state_kind was = word_state(word);
    store_words_set(f->words, message,
                    word_make(state, word_flags(word) | flags, pos));
    if (was == state)
        return;
    struct campaign *c = campaign_of(f, message);
    if (c)
        campaign_count(c, was, state);
}

void
book_touch(struct flow *f, uint64_t message, uint64_t pos)
{
    uint64_t word = store_words_get(f->words, message);
    store_words_set(f->words, message,
                    word_make(word_state(word), word_flags(word), pos));
}

uint64_t
fact_prev(struct slice fact)
{
    switch (fact_kind(fact)) {
    case FACT_SENT: {
        struct fact_sent x;
        return fact_sent_get(fact, &x) ? x.prev : 0;
    }
    case FACT_ANSWER: {
        struct fact_answer x;
        return fact_answer_get(fact, &x) ? x.prev : 0;
    }
    case FACT_RECEIPT: {
        struct fact_receipt x;
        return fact_receipt_get(fact, &x) ? x.prev : 0;
    }
    case FACT_LOST: {
        struct fact_lost x;
        return fact_lost_get(fact, &x) ? x.prev : 0;
    }
    case FACT_STATE: {
        struct fact_state x;
        return fact_state_get(fact, &x) ? x.prev : 0;
    }
    case FACT_REASSIGN: {
        struct fact_reassign x;
        return fact_reassign_get(fact, &x) ? x.prev : 0;
    }
    default: return 0;
    }
}

/* Only the newest fact of a part counts. */
static void
tell_held(struct story *s, uint64_t part, uint64_t carrier, bool held)
{
    if (s->told[part & 255])
        return;
    s->told[part & 255] = true;
    s->held[part & 255] = held;
    if (held)
        s->holder = (uint32_t)carrier;
}

static void
tell_sent(struct story *s, const struct fact_sent *x)
{
    unsigned part = x->part & 255;
    tell_held(s, part, x->carrier, true);
    s->attempt[part]++;
    if (s->parts == 0 || x->parts > s->parts)
        s->parts = (uint8_t)x->parts;
    if (s->carrier == 0)
        s->carrier = (uint32_t)x->carrier;
    if (part == 0) {
        s->attempts++;
        if (!s->sent)
            s->first = *x;
        s->sent = true;
    }
}

static void
tell_answer(struct story *s, const struct fact_answer *x)
{
    unsigned part = x->part & 255;
    tell_held(s, part, x->carrier, x->status == 0);
    if (x->status && x->retry_ms == 0 && s->attempt[part] == 0)
        s->refused[part] = true;
    if (x->status && s->refusals < sizeof s->refusal / sizeof s->refusal[0]) {
        s->refusal[s->refusals].carrier = (uint32_t)x->carrier;
        s->refusal[s->refusals].status = (uint32_t)x->status;
        s->refusal[s->refusals++].part = (uint8_t)part;
    }
}

/* One fact of the story, newest first; returns where the one before is. */
static uint64_t
tell(struct story *s, struct slice fact, uint64_t pos)
{
    union {
        struct fact_sent sent;
        struct fact_answer answer;
        struct fact_receipt receipt;
        struct fact_lost lost;
    } u;
    switch (fact_kind(fact)) {
    case FACT_SENT:
        if (!fact_sent_get(fact, &u.sent))
            return 0;
        tell_sent(s, &u.sent);
        return u.sent.prev;
    case FACT_ANSWER:
        if (!fact_answer_get(fact, &u.answer))
            return 0;
        tell_answer(s, &u.answer);
        return u.answer.prev;
    case FACT_LOST:
        if (!fact_lost_get(fact, &u.lost))
            return 0;
        /* What is sent again from doubt was told so: it may go anywhere. */
        tell_held(s, u.lost.part, u.lost.carrier,
                  u.lost.loss != LOSS_NOT_SENT && u.lost.retry_ms == 0);
        return u.lost.prev;
    case FACT_RECEIPT:
        if (!fact_receipt_get(fact, &u.receipt))
            return 0;
        tell_held(s, u.receipt.part, u.receipt.carrier, true);
        if (u.receipt.final && s->end[u.receipt.part & 255] == 0)
            s->end[u.receipt.part & 255] = (uint8_t)u.receipt.kind;
        return u.receipt.prev;
    case FACT_ACCEPT:
        s->single = fact_accept_get(fact, &s->accept);
        s->accept_pos = pos;
        return 0;
    default: return fact_prev(fact);
    }
}

bool
book_story(struct flow *f, uint64_t message, struct story *out)
{
    memset(out, 0, sizeof *out);
    out->message = message;
    uint64_t pos = word_pos(book_word(f, message));
    struct slice fact;
    for (unsigned i = 0; pos && i < STORY_FACTS_MAX; i++) {
        if (!journal_read(&f->journal, pos, &fact))
            return false;
        pos = tell(out, fact, pos);
    }
    return out->single || out->sent;
}

void
book_state(struct flow *f, uint64_t message, uint32_t account, uint32_t sender,
           enum message_state_kind state, enum flow_reason reason,
           uint64_t until_ms, struct slice detail)
{
    struct fact_state x = {
        .message = message,
        .at_ms = f->wall.ms,
        .prev = word_pos(book_word(f, message)),
        .account = account,
        .sender = sender,
        .state = state,
        .reason = reason,
        .until_ms = until_ms,
        .detail = detail,
    };
    struct owed owed =
        owed_end(f, message, word_state(book_word(f, message)), state);
    x.login = owed.login;
    x.accept = owed.accept;
    struct campaign *c = campaign_of(f, message);
    if (c) {
        const struct chunk *k = campaign_chunk(c, message);
        x.campaign = c->id;
        x.chunk = k ? k->pos : 0;
        x.row = k ? message - k->message : 0;
    }
    uint64_t pos = journal_state(&f->journal, &x);
    if (pos)
        apply_state(f, pos, &x);
}

enum message_state_kind
book_state_of_receipt(unsigned kind)
{
    switch (kind) {
    case STATE_DELIVERED: return MSG_DELIVERED;
    case STATE_EXPIRED: return MSG_EXPIRED;
    case STATE_REJECTED: return MSG_REJECTED;
    case STATE_DELETED:
    case STATE_UNDELIVERABLE:
    case STATE_SKIPPED: return MSG_FAILED;
    default: return MSG_SUBMITTED;
    }
}
