/*
 * judge.c - what becomes of a submit; see judge.h.
 *
 * The order of judgement: script, throttling, refusal, acceptance; then the
 * accident of a dropped connection, the reply, the receipt, the answer.
 */
#include "bench/smsc/judge.h"

#include "bench/smsc/phone.h"
#include "bench/smsc/post.h"

enum { TEXT_BYTES = 1024 };

/* A submit being judged. answered: the answer is spoken for. */
struct submission {
    struct bind *bind;
    const struct submit *m;
    uint32_t command;
    uint64_t arrived_us;
    uint64_t id;
    uint32_t hash;
    bool answered;
    bool on_wire;      /* the answer has left */
    struct slice utf8; /* only when somebody asks for it */
    char text[TEXT_BYTES];
};

static void
record(struct smsc *s, const struct submission *in, enum ledger_kind kind,
       uint32_t status, const char *word)
{
    if (!s->ledger)
        return;
    char id[MSGID_BYTES];
    struct ledger_line line = {.kind = kind,
                               .bind = in->bind->number,
                               .time_us = in->arrived_us,
                               .source = in->m->source,
                               .dest = in->m->dest,
                               .ref = in->m->ref,
                               .total = in->m->total,
                               .part = in->m->part,
                               .hash = in->hash,
                               .status = status,
                               .word = word,
                               .text = in->utf8};
    if (in->id)
        line.id = slice_of(id, msgid_in_answer(s->settings->ids,
                                               in->bind->version, in->id, id));
    ledger_write(s->ledger, &line);
}

/* Sends an answer and writes it down; an accepted part's has its id. */
static void
answer(struct smsc *s, struct bind *b, uint32_t command, uint32_t sequence,
       uint32_t status, uint64_t id)
{
    char text[MSGID_BYTES];
    struct slice shown = {0};
    if (status == ESME_ROK)
        shown = slice_of(
            text, msgid_in_answer(s->settings->ids, b->version, id, text));
    if (command) /* the addresses of a submit_multi are answered as one */
        bind_answer(b, command, status, sequence, shown);
    s->counts.answers++;
    ledger_write(s->ledger,
                 &(struct ledger_line){.kind = LEDGER_RESP,
                                       .bind = b->number,
                                       .time_us = hub_wall_us(s->hub),
                                       .id = shown,
                                       .status = status});
}

static void
answer_later(struct smsc *s, struct submission *in, uint64_t ms)
{
    struct letter *l = letter_take(s->pool);
    if (!l || !in->command) {
        if (l)
            letter_give(s->pool, l);
        return;
    }
    l->kind = LETTER_ANSWER;
    l->bind = in->bind->number;
    l->answer_seq = in->m->sequence;
    l->version = in->bind->version;
    l->id = in->id;
    l->flags = in->command == SMPP_DATA_SM_RESP ? LETTER_DATA : 0;
    in->answered = true;
    smsc_schedule(s, l, ms);
}

/* The answer itself, unless something else has spoken for it. */
static void
answer_accepted(struct smsc *s, struct submission *in)
{
    const struct settings *set = s->settings;
    if (in->answered)
        return;
    bool lose = smsc_nth(&s->nth_answer, set->lose_resp_every);
    const struct rule *r =
        s->script.first
            ? script_match(&s->script, RULE_ANSWER, in->m->dest, in->utf8)
            : NULL;
    uint64_t ms = r && r->has_after ? r->after_ms : smsc_delay(s, set->latency);
    in->answered = true;
    if (lose || (r && r->never)) {
        record(s, in, LEDGER_RESP, 0, "LOST");
        s->counts.lost++;
    } else if (ms > 0) {
        answer_later(s, in, ms);
    } else {
        answer(s, in->bind, in->command, in->m->sequence, ESME_ROK, in->id);
        in->on_wire = true;
    }
}

static bool
refuse(struct smsc *s, struct submission *in, uint32_t status,
       enum ledger_kind kind)
{
    record(s, in, kind, status, NULL);
    answer(s, in->bind, in->command, in->m->sequence, status, 0);
    if (kind == LEDGER_THROTTLE)
        s->counts.throttled++;
    else
        s->counts.refused++;
    return true;
}

/* True when the part was not accepted; it has been answered then. */
static bool
is_refused(struct smsc *s, struct submission *in)
{
    const struct settings *set = s->settings;
    if (s->script.first) {
        const struct rule *r =
            script_match(&s->script, RULE_REFUSE, in->m->dest, in->utf8);
        if (r)
            return refuse(s, in, r->status, LEDGER_REFUSE);
        if (s->script_throttle && !limit_take(&s->script_limit, in->arrived_us))
            return refuse(s, in, ESME_RTHROTTLED, LEDGER_THROTTLE);
    }
    if (!limit_take(&s->limit, in->arrived_us))
        return refuse(s, in, ESME_RTHROTTLED, LEDGER_THROTTLE);
    s->nth_submit++;
    for (unsigned i = 0; i < set->refusals; i++)
        if (s->nth_submit % set->refuse[i].every == 0)
            return refuse(s, in, set->refuse[i].status, LEDGER_REFUSE);
    return false;
}

/* What the receipt will say; state -1: there is none. */
struct verdict {
    int state;
    const char *stat;
    const char *err;
};

static struct verdict
throw_state(struct smsc *s)
{
    const struct settings *set = s->settings;
    double at =
        set->shares == 1 && set->share[0].ratio >= 1 ? 0 : smsc_chance(s);
    for (unsigned i = 0; i < set->shares; i++) {
        const struct receipt_share *share = &set->share[i];
        if (at < share->ratio)
            return (struct verdict){share->state, share->stat, share->err};
        at -= share->ratio;
    }
    return (struct verdict){-1, NULL, NULL};
}

/* registered_delivery (3.4, 5.2.17; 3 is 5.0's). */
static bool
asks_for(const struct submit *m, int state)
{
    switch (m->registered & REGISTERED_RECEIPT_MASK) {
    case REGISTERED_FINAL: return true;
    case REGISTERED_FAILURE: return state != STATE_DELIVERED;
    case REGISTERED_SUCCESS: return state == STATE_DELIVERED;
    default: return false;
    }
}

static void
fill_receipt(struct letter *l, const struct submission *in, struct verdict v)
{
    const struct submit *m = in->m;
    l->kind = LETTER_RECEIPT;
    l->id = l->submitted_id = in->id;
    l->submitted_us = in->arrived_us;
    l->bind = in->bind->number;
    l->account = in->bind->account->index;
    l->version = in->bind->version;
    l->ref = m->ref;
    l->total = m->total;
    l->part = m->part;
    l->hash = in->hash;
    l->state = (uint8_t)v.state;
    /* The phone is the source of its receipt (3.4, appendix B). */
    l->from = party_of(m->dest_ton, m->dest_npi, m->dest);
    l->to = party_of(m->source_ton, m->source_npi, m->source);
    memcpy(l->stat, v.stat, strnlen(v.stat, sizeof l->stat - 1));
    memcpy(l->err, v.err, 3);
    /* Octets of another alphabet would be read as the default one's. */
    l->quote_n = 0;
    if (m->data_coding == 0) {
        l->quote_n = (uint8_t)(m->text.n < LETTER_QUOTE_MAX ? m->text.n
                                                            : LETTER_QUOTE_MAX);
        memcpy(l->quote, m->text.p, l->quote_n);
    }
}

static void
discard(struct smsc *s, struct submission *in)
{
    record(s, in, LEDGER_DISCARD, 0, NULL);
    s->counts.discarded++;
}

/* Ties the answer to the letter: it leaves once the letter has left. */
static void
tie_answer(struct submission *in, struct letter *l)
{
    if (in->answered || !in->command)
        return;
    l->answer_seq = in->m->sequence;
    in->answered = true;
}

static void
plan_receipt(struct smsc *s, struct submission *in)
{
    const struct settings *set = s->settings;
    const struct rule *r =
        s->script.first
            ? script_match(&s->script, RULE_RECEIPT, in->m->dest, in->utf8)
            : NULL;
    struct verdict v =
        r ? (struct verdict){r->state, r->stat, r->err} : throw_state(s);
    if (v.state < 0 || !asks_for(in->m, v.state))
        return;
    struct letter *l = letter_take(s->pool);
    if (!l) {
        discard(s, in);
        return;
    }
    fill_receipt(l, in, v);
    uint64_t ms =
        r && r->has_after ? r->after_ms : smsc_delay(s, set->receipt_delay);
    s->nth_receipt++;
    uint64_t n = s->nth_receipt;
    if ((set->receipt_other_bind_every &&
         n % set->receipt_other_bind_every == 0) ||
        (r && r->other_bind))
        l->flags |= LETTER_OTHER_BIND;
    bool twice =
        (set->receipt_twice_every && n % set->receipt_twice_every == 0) ||
        (r && r->twice);
    struct letter *copy = twice ? letter_take(s->pool) : NULL;
    if (copy) {
        *copy = *l;
        copy->flags |= LETTER_COPY;
        smsc_schedule(s, copy, ms + 1);
    }
    if ((set->receipt_before_resp_every &&
         n % set->receipt_before_resp_every == 0) ||
        (r && r->before_answer)) {
        tie_answer(in, l);
        ms = 0;
    } else if (ms == 0) {
        answer_accepted(s, in); /* no delay: right behind the answer */
    }
    smsc_schedule(s, l, ms);
}

/* Phones answer a whole message, and no name made of letters. */
static void
plan_reply(struct smsc *s, struct submission *in)
{
    const struct settings *set = s->settings;
    const struct submit *m = in->m;
    enum { TON_ALPHANUMERIC = 5 };
    if (m->part != m->total || m->source_ton == TON_ALPHANUMERIC ||
        m->source.n == 0)
        return;
    const struct rule *r =
        s->script.first
            ? script_match(&s->script, RULE_REPLY, m->dest, in->utf8)
            : NULL;
    if (!r && (set->reply_ratio <= 0 || smsc_chance(s) >= set->reply_ratio))
        return;
    s->nth_reply++;
    uint64_t n = s->nth_reply;
    struct phone_reply reply = {
        .to = m,
        .utf8 = in->utf8,
        .from = party_of(m->dest_ton, m->dest_npi, m->dest),
        .number = party_of(m->source_ton, m->source_npi, m->source),
        .text = r ? r->text : set->reply_text[n % set->reply_texts],
        .rule = r,
        .is_long =
            !r && set->reply_long_every && n % set->reply_long_every == 0,
        .bind = in->bind,
        .account = in->bind->account->index,
        .id = in->id,
        .delay_ms =
            r && r->has_after ? r->after_ms : smsc_delay(s, set->reply_delay),
    };
    bool before = r ? r->before_answer
                    : set->reply_before_resp_every &&
                          n % set->reply_before_resp_every == 0;
    if (before && !in->answered && in->command) {
        reply.delay_ms = 0;
        reply.answer_seq = m->sequence;
    } else if (reply.delay_ms == 0) {
        answer_accepted(s, in);
    }
    if (!phone_say(s, &reply))
        discard(s, in);
    else if (reply.answer_seq)
        in->answered = true;
}

void
judge_submit(struct smsc *s, struct bind *b, const struct submit *m,
             uint32_t command, uint64_t arrived_us)
{
    struct submission in;
    in.bind = b;
    in.m = m;
    in.command = command;
    in.arrived_us = arrived_us;
    in.id = 0;
    in.answered = in.on_wire = false;
    in.utf8 = (struct slice){0};
    in.hash = s->ledger ? submit_text_hash(m) : 0;
    if (ledger_wants_text(s->ledger) || script_wants_text(&s->script))
        in.utf8 = phone_read(m, in.text, sizeof in.text);
    if (is_refused(s, &in))
        return;
    in.id = ++s->last_id;
    s->counts.submits++;
    record(s, &in, LEDGER_SUBMIT, ESME_ROK, NULL);
    if (s->settings->disconnect_every &&
        s->counts.submits % s->settings->disconnect_every == 0) {
        in.answered = true; /* accepted, and nobody will tell */
        wire_reset(b->wire, "reset by --disconnect");
    }
    /* What may precede the answer is planned before it. */
    if (s->settings->reply_ratio > 0 || s->script.first)
        plan_reply(s, &in);
    plan_receipt(s, &in);
    answer_accepted(s, &in);
}

void
judge_answer_due(struct smsc *s, struct letter *l)
{
    struct bind *b = bind_by_number(s, l->bind);
    if (b && !wire_is_closing(b->wire))
        answer(s, b,
               l->flags & LETTER_DATA ? SMPP_DATA_SM_RESP : SMPP_SUBMIT_SM_RESP,
               l->answer_seq, ESME_ROK, l->id);
    letter_give(s->pool, l);
}
