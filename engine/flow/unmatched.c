/*
 * unmatched.c - what found nobody: listed, and given to somebody by hand.
 *
 * Promise (3): nothing that a carrier delivered is dropped. Replies on a
 * number of one account are that account's; the rest is the admin's.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/flow.h"
#include "engine/flow/id.h"

static bool
is_theirs(struct who who, uint32_t account)
{
    return who.kind == WHO_ADMIN
               ? account == 0
               : who.kind == WHO_ACCOUNT && account == who.account;
}

/* Receipts belong to a carrier, not to an account: the admin's. */
static bool
fits(struct flow *f, struct who who, bool receipts, uint64_t pos)
{
    struct slice fact;
    struct fact_reply reply;
    if (!journal_read(&f->journal, pos, &fact))
        return false;
    if (fact_kind(fact) == FACT_RECEIPT)
        return receipts && who.kind == WHO_ADMIN;
    return !receipts && fact_reply_get(fact, &reply) &&
           is_theirs(who, (uint32_t)reply.account);
}

void
unmatched_on_list(struct flow *f, struct mail *m)
{
    struct mail_unmatched *q = &m->unmatched;
    unsigned limit = mail_limit(q->limit);
    q->positions = m->answer = calloc(limit, sizeof *q->positions);
    if (!q->positions)
        abort();
    for (size_t i = f->strays; i-- > 0 && q->count < limit;) {
        uint64_t pos = f->stray[i];
        if ((q->before == 0 || pos < q->before) &&
            fits(f, m->who, q->receipts, pos))
            q->positions[q->count++] = pos;
    }
    m->result = MAIL_OK;
}

/* The REPLY fact of a received message, behind its reassignments. */
static bool
find_reply(struct flow *f, uint64_t message, uint64_t *pos,
           struct fact_reply *out)
{
    uint64_t word = book_word(f, message);
    struct slice fact;
    *pos = word_state(word) == MSG_RECEIVED ? word_pos(word) : 0;
    for (unsigned i = 0; *pos && i < 64; i++) {
        if (!journal_read(&f->journal, *pos, &fact))
            return false;
        if (fact_kind(fact) == FACT_REPLY)
            return fact_reply_get(fact, out);
        *pos = fact_prev(fact);
    }
    return false;
}

void
unmatched_on_reassign(struct flow *f, struct mail *m)
{
    struct mail_unmatched *q = &m->unmatched;
    struct fact_reply reply;
    uint64_t pos;
    m->result = MAIL_NOT_FOUND;
    if (!find_reply(f, q->message, &pos, &reply) ||
        (m->who.kind != WHO_ADMIN && reply.account != m->who.account))
        return;
    const struct sender *s = NULL;
    if (m->who.kind == WHO_ACCOUNT) {
        s = directory_find_sender(&f->directory, m->who.account, q->sender);
    } else {
        /* The admin names any account's sender, by its id alone. */
        uint64_t id = 0;
        if (id_from_text(ID_SENDER, q->sender, &id))
            s = directory_sender(&f->directory, (uint32_t)id);
        if (s && s->deleted)
            s = NULL;
    }
    if (!s) {
        m->result = MAIL_INVALID;
        m->code = "unknown_sender";
        m->pointer = "/sender";
        snprintf(m->detail, sizeof m->detail,
                 "sender is not one of the account's senders");
        return;
    }
    struct thread *t = thread_open(f, s->account, s->id, reply.subscriber,
                                   (uint32_t)reply.number);
    struct fact_reassign x = {
        .message = q->message,
        .at_ms = f->wall.ms,
        .prev = word_pos(book_word(f, q->message)),
        .account = s->account,
        .sender = s->id,
        .thread = t->id,
        .reply = pos,
    };
    uint64_t at = journal_reassign(&f->journal, &x);
    m->result = at ? MAIL_OK : MAIL_FULL;
    if (at)
        apply_reassign(f, at, &x);
}
