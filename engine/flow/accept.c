/*
 * accept.c - from a request to an ACCEPT fact.
 *
 * Promise: as in accept.h. An item that is refused says why, and only it.
 */
#include "engine/flow/accept.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/carrier/settings.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/idempotency.h"
#include "engine/flow/reroute.h"
#include "engine/flow/submit.h"
#include "engine/flow/talk.h"
#include "proto/addr.h"

/* Scheduled messages that come due in one turn. */
enum { DUE_MAX = 1024 };

/* What an item means, once understood. */
struct wish {
    struct account *account;
    uint32_t sender;
    struct number *number;
    uint64_t subscriber;
    uint64_t thread;
    enum message_class class;
    unsigned parts;
    bool ucs2;
};

__attribute__((format(printf, 5, 6))) static bool
refuse(struct send_item *i, enum mail_result result, const char *code,
       const char *pointer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    i->result = result;
    i->code = code;
    i->pointer = pointer;
    vsnprintf(i->detail, sizeof i->detail, format, args);
    va_end(args);
    return false;
}

bool
accept_sender(struct flow *f, struct who who, struct slice ref, uint32_t *out)
{
    *out = who.sender;
    if (ref.n == 0)
        return true;
    const struct sender *s =
        directory_find_sender(&f->directory, who.account, ref);
    if (!s || (who.kind == WHO_SENDER && s->id != who.sender))
        return false;
    *out = s->id;
    return true;
}

static bool
find_to(struct send_item *i, struct wish *w)
{
    struct addr a;
    if (i->to.n == 0)
        return refuse(i, MAIL_INVALID, "missing_to", "/to",
                      "to is missing: the phone number to send to");
    if (addr_from_text(i->to, NULL, &a) != ADDR_NUMBER ||
        !addr_to_u64(slice_str(a.text), &w->subscriber))
        return refuse(i, MAIL_INVALID, "bad_number", "/to",
                      "to is not an E.164 number, such as +12125550101");
    return true;
}

static bool
find_from(struct flow *f, struct send_item *i, struct wish *w)
{
    struct addr a;
    addr_from_text(i->from, NULL, &a);
    w->number = directory_find_number(&f->directory, slice_str(a.text));
    if (!w->number || !directory_may_use(w->number, w->account->id))
        return refuse(i, MAIL_INVALID, "unknown_from", "/from",
                      "from is not one of the account's numbers; "
                      "GET /v1/numbers lists them");
    return true;
}

static bool
find_from_pool(struct flow *f, struct send_item *i, struct wish *w)
{
    struct pool *p =
        directory_find_pool(&f->directory, w->account->id, i->pool);
    if (!p || p->numbers == 0)
        return refuse(i, MAIL_INVALID, "unknown_pool", "/pool",
                      "pool is not one of the account's pools");
    enum pool_conflict conflict = POOL_SHARE;
    w->number =
        talk_choose_number(f, p, w->sender, w->subscriber, NULL, &conflict);
    if (!w->number)
        return refuse(i, MAIL_CONFLICT, "no_number_available", "/pool",
                      "no number of the pool is free for this subscriber");
    return true;
}

/* The account's only usable number, when nothing was said. */
static bool
find_any(struct flow *f, struct send_item *i, struct wish *w)
{
    for (uint32_t id = 1; id < f->directory.numbers.rows; id++) {
        struct number *n = directory_number(&f->directory, id);
        if (!n || n->account != w->account->id || n->retired)
            continue;
        if (w->number)
            return refuse(i, MAIL_INVALID, "missing_from", "/from",
                          "from is missing: the account has several "
                          "numbers; name one, or a pool");
        w->number = n;
    }
    return w->number || refuse(i, MAIL_INVALID, "no_numbers", "/from",
                               "the account has no number to send from yet");
}

static bool
find_thread(struct flow *f, struct who who, struct send_item *i, struct wish *w)
{
    struct thread *t = thread_for(f, who, i->thread);
    if (!t) {
        i->result = MAIL_NOT_FOUND;
        return false;
    }
    w->subscriber = t->subscriber;
    w->number = directory_in_use(&f->directory,
                                 directory_number(&f->directory, t->number));
    w->sender = t->assignee;
    w->thread = t->id;
    if (!w->number || !directory_may_use(w->number, w->account->id))
        return refuse(i, MAIL_CONFLICT, "number_gone", NULL,
                      "the number of this thread is no longer the account's");
    if (t->subscriber >> 63)
        return refuse(i, MAIL_CONFLICT, "not_repliable", NULL,
                      "the other side is not a phone number");
    return true;
}

static bool
check_text(struct flow *f, struct send_item *i, struct wish *w)
{
    static uint8_t coded[OUTGOING_CODED_MAX]; /* the engine thread's own */
    struct carrier_settings defaults;
    const struct carrier_settings *s = &defaults;
    struct carrier_entry *c =
        directory_carrier(&f->directory, w->number->carrier);
    if (c && c->carrier)
        s = carrier_get_settings(c->carrier);
    else
        carrier_settings_default(&defaults);
    if (i->text.n > OUTGOING_TEXT_MAX)
        return refuse(i, MAIL_INVALID, "text_too_long", "/text",
                      "text is longer than %d octets", OUTGOING_TEXT_MAX);
    struct segment_options options;
    struct segment_plan plan;
    submit_segment_options(s, &options);
    switch (segment_plan(i->text, &options, coded, sizeof coded, &plan)) {
    case SEGMENT_OK: break;
    case SEGMENT_BAD_UTF8:
        return refuse(i, MAIL_INVALID, "bad_utf8", "/text",
                      "text is not UTF-8");
    default:
        return refuse(
            i, MAIL_INVALID, "text_too_long", "/text",
            "text needs %u parts, more than the carrier's %u", plan.segments,
            options.max_parts ? options.max_parts : SEGMENT_DEFAULT_MAX_PARTS);
    }
    w->parts = plan.parts;
    w->ucs2 = plan.alphabet == CODING_UCS2;
    return true;
}

/* Vendor TLVs go by the carrier's names. */
static bool
check_tlvs(struct flow *f, struct send_item *i, const struct wish *w)
{
    const struct carrier_entry *c =
        directory_carrier(&f->directory, w->number->carrier);
    for (unsigned k = 0; k < i->tlvs; k++)
        if (c && c->carrier &&
            !submit_tlv_tag(carrier_get_settings(c->carrier), i->tlv[k].name))
            return refuse(i, MAIL_INVALID, "unknown_tlv", "/tlvs",
                          "tlvs has a name that carrier %s does not know; "
                          "name it in carriers[].tlvs, or give its tag as "
                          "\"0x1400\"",
                          c->name);
    return true;
}

static bool
understand(struct flow *f, struct who who, struct send_item *i, struct wish *w)
{
    *w = (struct wish){.class = i->class};
    w->account = directory_account(&f->directory, who.account);
    if (!w->account || w->account->deleted)
        return refuse(i, MAIL_FORBIDDEN, "account_needed", NULL,
                      "messages are sent with an account's or a sender's "
                      "key, not the admin's");
    if (i->thread) {
        if (!find_thread(f, who, i, w))
            return false;
        if (!w->class)
            w->class = CLASS_CONVERSATIONAL;
    } else {
        if (!accept_sender(f, who, i->sender, &w->sender))
            return refuse(i, MAIL_INVALID, "unknown_sender", "/sender",
                          "sender is not one of the account's senders");
        if (!find_to(i, w))
            return false;
        bool ok = i->pool.n   ? find_from_pool(f, i, w)
                  : i->from.n ? find_from(f, i, w)
                              : find_any(f, i, w);
        if (!ok)
            return false;
    }
    if (!w->class)
        w->class = CLASS_TRANSACTIONAL;
    return check_tlvs(f, i, w) && check_text(f, i, w);
}

/* A conversation has a head from its first word on. */
static void
give_thread(struct flow *f, struct wish *w)
{
    if (w->thread || w->class != CLASS_CONVERSATIONAL || !w->sender)
        return;
    w->thread =
        thread_open(f, w->account->id, w->sender, w->subscriber, w->number->id)
            ->id;
}

bool
accept_write(struct flow *f, struct fact_accept *x)
{
    if (!x->message)
        x->message = f->next_message;
    x->at_ms = f->wall.ms;
    x->before = talk_newest(f, x->subscriber);
    lookup_tell(f, x);
    uint64_t pos = journal_accept(&f->journal, x);
    if (!pos)
        return false;
    apply_accept(f, pos, x);
    if (x->send_at_ms == 0) {
        struct source_key key = source_key_of(f, x);
        sched_wake_path(f, source_for(f, &key));
    }
    return true;
}

static bool
write_accept(struct flow *f, struct send_item *i, const struct wish *w,
             bool exempt)
{
    uint8_t tlvs[SEND_TLVS_MAX * (SEND_TLV_NAME_MAX + SEND_TLV_VALUE_MAX + 4)];
    struct writer t = writer_of(tlvs, sizeof tlvs);
    for (unsigned k = 0; k < i->tlvs; k++) {
        writer_bytes(&t, i->tlv[k].name);
        writer_bytes(&t, i->tlv[k].value);
    }
    struct fact_accept x = {
        .tlvs = writer_slice(&t),
        .account = w->account ? w->account->id : 0,
        .sender = w->sender,
        .class = w->class,
        .number = w->number->id,
        .subscriber = w->subscriber,
        .thread = w->thread,
        .parts = w->parts,
        .ucs2 = w->ucs2,
        .reply_window_s =
            i->reply_window_s ? i->reply_window_s : f->settings->reply_window_s,
        .validity_s = i->validity_s,
        .send_at_ms = i->send_at_ms > f->wall.ms ? i->send_at_ms : 0,
        .expires_at_ms = i->expires_at_ms,
        .exempt = exempt,
        .text = i->text,
        .external_id = i->external_id,
        .receipt_url = i->receipt_url,
    };
    if (!accept_write(f, &x))
        return false;
    i->message = x.message;
    i->parts = w->parts;
    i->ucs2 = w->ucs2;
    i->state = (uint8_t)word_state(book_word(f, x.message));
    i->result = MAIL_OK;
    return true;
}

static void
accept_item(struct flow *f, struct who who, struct send_item *i)
{
    struct wish w;
    if (!understand(f, who, i, &w))
        return;
    if (suppress_holds(&f->suppress, w.account->id, w.number->id,
                       w.subscriber)) {
        refuse(i, MAIL_INVALID, "opted_out", i->thread ? NULL : "/to",
               "the subscriber has opted out");
        return;
    }
    if (!directory_has_quota(w.account, f->wall.ms, w.parts)) {
        refuse(i, MAIL_QUOTA, "quota_exceeded", NULL,
               "the account's quota of parts for today is used up");
        return;
    }
    give_thread(f, &w);
    if (!write_accept(f, i, &w, false))
        refuse(i, MAIL_FULL, "store_full", NULL,
               "the store cannot take more right now; try again");
}

void
accept_on_send(struct flow *f, struct mail *m)
{
    struct mail_send *s = &m->send;
    if (s->idempotency_key.n && idempotency_find(f, m))
        return;
    m->result = MAIL_OK;
    for (unsigned i = 0; i < s->count; i++)
        accept_item(f, m->who, &s->items[i]);
    /* Nothing taken, and refused for the moment only: to be tried again. */
    bool passing = false, taken = false;
    for (unsigned i = 0; i < s->count; i++) {
        enum mail_result r = s->items[i].result;
        passing = passing || r == MAIL_QUOTA || r == MAIL_FULL;
        taken = taken || r == MAIL_OK;
    }
    if (s->idempotency_key.n && (taken || !passing))
        idempotency_keep(f, m);
}

void
accept_own(struct flow *f, struct number *n, uint32_t account, uint32_t sender,
           uint64_t subscriber, struct slice text)
{
    struct send_item i = {.text = text};
    struct wish w = {
        .account = directory_account(&f->directory, account),
        .sender = sender,
        .number = n,
        .subscriber = subscriber,
        .class = CLASS_CRITICAL,
    };
    if (check_text(f, &i, &w) && !write_accept(f, &i, &w, true))
        return; /* the store is full: the word has acted, nobody is told */
}

void
accept_tick(struct flow *f)
{
    struct due_entry e;
    struct slice fact;
    struct fact_accept x;
    for (unsigned i = 0; i < DUE_MAX && due_take(&f->delayed, f->wall.ms, &e);
         i++) {
        uint64_t word = book_word(f, e.b);
        /* Another position: it was replaced. */
        if (word_state(word) != MSG_ACCEPTED || word_pos(word) != e.a ||
            !journal_read(&f->journal, e.a, &fact) ||
            !fact_accept_get(fact, &x))
            continue;
        struct number *n = directory_number(&f->directory, (uint32_t)x.number);
        struct carrier_entry *c =
            n && n->carrier ? directory_carrier(&f->directory, n->carrier)
                            : NULL;
        if (!c || !c->carrier)
            c = sched_any(f); /* where it is asked for its route */
        if (c)
            sched_again(f, c->id, f->now.us, x.message,
                        (struct again){.part = SCHED_WHOLE});
    }
    if (due_first(&f->delayed) != UINT64_MAX) {
        uint64_t first = due_first(&f->delayed);
        uint64_t wait = first > f->wall.ms ? first - f->wall.ms : 0;
        loop_wake_at(f->loop, mono_add_ms(f->now, wait));
    }
}

/* ---- words and cancelling ---------------------------------------------------
 */

/* Account and sender of a message, from its story. */
static bool
owner_of(struct flow *f, uint64_t message, uint32_t *account, uint32_t *sender)
{
    struct story s;
    if (book_story(f, message, &s)) {
        *account = (uint32_t)(s.single ? s.accept.account : s.first.account);
        *sender = (uint32_t)(s.single ? s.accept.sender : s.first.sender);
        return true;
    }
    struct campaign *c = campaign_of(f, message);
    if (!c || c->upload || !campaign_chunk(c, message))
        return false;
    *account = c->account;
    *sender = c->sender;
    return true;
}

void
accept_on_cancel(struct flow *f, struct mail *m)
{
    uint64_t message = m->locate.first;
    uint64_t word = book_word(f, message);
    uint32_t account, sender;
    enum message_state_kind s = word_state(word);
    m->result = MAIL_NOT_FOUND;
    if (s == MSG_RECEIVED || !owner_of(f, message, &account, &sender) ||
        account != m->who.account ||
        (m->who.kind == WHO_SENDER && sender != m->who.sender))
        return;
    if (s != MSG_NONE && s != MSG_ACCEPTED && s != MSG_QUEUED &&
        s != MSG_HELD) {
        m->result = MAIL_CONFLICT;
        m->code = "not_cancellable";
        snprintf(m->detail, sizeof m->detail,
                 "the message is %s: it has left, or has come to its end",
                 state_name(s));
        return;
    }
    book_state(f, message, account, sender, MSG_CANCELLED, REASON_CANCELLED, 0,
               (struct slice){0});
    m->result = MAIL_OK;
}

/* The door shows a message only after query_message() has checked its
 * account and sender against the key; rows of campaigns are checked here,
 * since what was not sent has no fact to check. */
static uint64_t
word_for(struct flow *f, const struct mail *m, uint64_t message)
{
    struct campaign *c = campaign_of(f, message);
    if (c && m->who.kind != WHO_ADMIN && c->account != m->who.account)
        return 0;
    uint64_t word = book_word(f, message);
    if (word == 0 && c && !c->upload && campaign_chunk(c, message)) {
        enum message_state_kind s =
            c->state == CAMPAIGN_CANCELLED ? MSG_CANCELLED : MSG_QUEUED;
        return word_make(s, 0, 0);
    }
    if (!c && word_state(word) == MSG_QUEUED && reroute_holds(f, message))
        return word_make(MSG_HELD, word_flags(word), word_pos(word));
    return word;
}

void
accept_on_locate(struct flow *f, struct mail *m)
{
    struct mail_locate *q = &m->locate;
    if (q->count > 8192)
        q->count = 8192;
    q->newest = f->next_message - 1;
    q->words = m->answer = calloc(q->count + 1, sizeof *q->words);
    if (!q->words)
        abort();
    for (unsigned i = 0; i < q->count; i++) {
        uint64_t n = q->numbers ? q->numbers[i] : q->first + i;
        q->words[i] = n < f->next_message ? word_for(f, m, n) : 0;
    }
    m->result = MAIL_OK;
}
