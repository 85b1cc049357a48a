/*
 * thread_mail.c - what people ask of threads: list, look, act.
 *
 * Promise: a sender's key sees its own threads alone (and a queue's, to
 * claim one); claiming is compare-and-set: the second gets a conflict.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/apply.h"
#include "engine/flow/flow.h"
#include "engine/flow/id.h"
#include "engine/flow/talk.h"
#include "proto/addr.h"

static bool
is_queue(const struct flow *f, uint32_t sender)
{
    const struct sender *s = directory_sender(&f->directory, sender);
    return s && s->queue;
}

struct thread *
thread_for(const struct flow *f, struct who who, uint64_t id)
{
    struct thread *x = thread_find(f, id);
    if (!x)
        return NULL;
    switch (who.kind) {
    case WHO_ADMIN: return x;
    case WHO_ACCOUNT: return x->account == who.account ? x : NULL;
    case WHO_SENDER:
        return x->assignee == who.sender ||
                       (x->account == who.account && is_queue(f, x->assignee))
                   ? x
                   : NULL;
    default: return NULL;
    }
}

static void
show(struct flow *f, const struct thread *x, struct thread_view *v)
{
    const struct number *n = directory_number(&f->directory, x->number);
    *v = (struct thread_view){
        .thread = x->id,
        .sender = x->sender,
        .assignee = x->assignee,
        .account = x->account,
        .closed = x->closed != 0,
        .unread = x->unread,
        .waiting_since_ms = x->waiting_ms,
        .last_message_at_ms = x->last_ms,
        .last_message = x->last_message,
        .head_pos = talk_newest(f, x->subscriber),
        .subscriber_key = x->subscriber,
    };
    if (x->subscriber >> 63 == 0)
        u64_to_e164(x->subscriber, v->subscriber);
    if (n)
        snprintf(v->number, sizeof v->number, "%s", n->text);
}

static uint32_t
first_of(struct flow *f, const struct mail *m, bool *by_sender)
{
    struct threads *t = &f->threads;
    uint32_t sender = m->who.kind == WHO_SENDER ? m->who.sender : 0;
    if (m->thread.sender.n && m->who.kind == WHO_ACCOUNT) {
        const struct sender *s = directory_find_sender(
            &f->directory, m->who.account, m->thread.sender);
        if (!s)
            return 0;
        sender = s->id;
    }
    uint64_t at;
    *by_sender = sender != 0;
    const struct map *index = sender ? &t->senders : &t->accounts;
    uint32_t id = sender ? sender : m->who.account;
    return map_get(index, (uint64_t)id + 1, &at) ? t->list[at].newest : 0;
}

static bool
fits(const struct mail_thread *q, const struct thread *x, uint64_t subscriber)
{
    if (q->before_ms &&
        (x->last_ms > q->before_ms ||
         (x->last_ms == q->before_ms && x->id >= q->before_thread)))
        return false;
    return (q->closed < 0 || x->closed == q->closed) &&
           (!q->waiting || x->waiting_ms) &&
           (!subscriber || x->subscriber == subscriber);
}

void
thread_on_list(struct flow *f, struct mail *m)
{
    struct mail_thread *q = &m->thread;
    uint64_t subscriber = 0;
    bool by_sender = false;
    m->result = MAIL_OK;
    if (q->subscriber.n) {
        struct addr a;
        addr_from_text(q->subscriber, NULL, &a);
        if (!addr_to_u64(slice_str(a.text), &subscriber))
            return;
    }
    unsigned limit = mail_limit(q->limit);
    q->rows = m->answer = calloc(limit, sizeof *q->rows);
    if (!q->rows)
        abort();
    uint32_t id = first_of(f, m, &by_sender);
    for (; id && q->count < limit;) {
        const struct thread *x = f->threads.row[id];
        if (fits(q, x, subscriber))
            show(f, x, &q->rows[q->count++]);
        id = by_sender ? x->by_sender.older : x->by_account.older;
    }
}

static void
answer_one(struct flow *f, struct mail *m, const struct thread *x)
{
    struct mail_thread *q = &m->thread;
    q->rows = m->answer = calloc(1, sizeof *q->rows);
    if (!q->rows)
        abort();
    show(f, x, q->rows);
    q->count = 1;
    m->result = MAIL_OK;
}

void
thread_on_look(struct flow *f, struct mail *m)
{
    const struct thread *x = thread_for(f, m->who, m->thread.thread);
    if (x)
        answer_one(f, m, x);
    else
        m->result = MAIL_NOT_FOUND;
}

/* ---- acts -----------------------------------------------------------------
 */

static bool
conflict(struct mail *m, const char *code, const char *detail)
{
    m->result = MAIL_CONFLICT;
    m->code = code;
    snprintf(m->detail, sizeof m->detail, "%s", detail);
    return false;
}

/* Who gets it; 0 and a refusal when that cannot be. */
static uint32_t
receiver(struct flow *f, struct mail *m, const struct thread *x)
{
    struct mail_thread *q = &m->thread;
    if (q->act == THREAD_CLAIM && m->who.kind == WHO_SENDER)
        return m->who.sender;
    const struct sender *s =
        directory_find_sender(&f->directory, x->account, q->to_sender);
    if (s)
        return s->id;
    m->result = MAIL_INVALID;
    m->code = "unknown_sender";
    m->pointer = "/sender";
    snprintf(m->detail, sizeof m->detail,
             "sender is not one of the account's senders");
    return 0;
}

static bool
may(struct flow *f, struct mail *m, const struct thread *x,
    struct fact_thread *a)
{
    switch (m->thread.act) {
    case THREAD_CLAIM:
        if (!is_queue(f, x->assignee))
            return conflict(m, "already_claimed",
                            "somebody else has this thread already");
        return (a->other = receiver(f, m, x)) != 0;
    case THREAD_TRANSFER: return (a->other = receiver(f, m, x)) != 0;
    case THREAD_RELEASE:
        if (x->assignee == x->sender)
            return conflict(m, "not_claimed",
                            "the thread is with its first sender already");
        return true;
    case THREAD_CLOSE:
        return !x->closed ||
               conflict(m, "already_closed", "the thread is closed already");
    case THREAD_REOPEN:
        return x->closed ||
               conflict(m, "already_open", "the thread is open already");
    default: return true;
    }
}

/* A queue's thread that another member was quicker to claim: he learns that
 * it is gone, and nothing else. */
static struct thread *
claimed_away(const struct flow *f, struct who who, uint64_t id)
{
    struct thread *x = thread_find(f, id);
    return x && who.kind == WHO_SENDER && x->account == who.account &&
                   is_queue(f, x->sender)
               ? x
               : NULL;
}

/* Replies newer than the message read up to. */
static uint64_t
still_unread(struct flow *f, const struct thread *x, uint64_t up_to)
{
    struct talk_step t;
    uint64_t count = 0, pos = talk_newest(f, x->subscriber);
    if (!up_to)
        return 0;
    for (unsigned i = 0; i < TALK_STEPS_MAX && talk_read(f, pos, &t);
         i++, pos = t.before)
        count += t.inbound && t.thread == x->id && t.message > up_to;
    return count < x->unread ? count : x->unread;
}

void
thread_on_act(struct flow *f, struct mail *m)
{
    struct thread *x = thread_for(f, m->who, m->thread.thread);
    if (!x && m->thread.act == THREAD_CLAIM)
        x = claimed_away(f, m->who, m->thread.thread);
    if (!x) {
        m->result = MAIL_NOT_FOUND;
        return;
    }
    struct fact_thread a = {
        .thread = x->id,
        .at_ms = f->wall.ms,
        .act = m->thread.act,
        .account = x->account,
        .sender = x->assignee,
        .subscriber = x->subscriber,
        .number = x->number,
        .message = m->thread.up_to,
        .note = m->thread.note,
    };
    if (!may(f, m, x, &a))
        return;
    if (a.act == THREAD_READ)
        a.other = still_unread(f, x, m->thread.up_to);
    uint64_t pos = journal_thread(&f->journal, &a);
    if (!pos) {
        m->result = MAIL_FULL;
        return;
    }
    apply_thread(f, pos, &a);
    answer_one(f, m, x);
}
