/*
 * query_thread.c - the messages of one conversation: a walk back along the
 * talk of its subscriber, which all senders share.
 *
 * What belongs to a thread says so (its id), or is a campaign's message of
 * its sender, which belongs to no thread until somebody answers.
 */
#include "engine/flow/query_inside.h"

enum {
    STEPS_MAX = 65536, /* 50 ms: a number that hears from everybody */
    GUESS_MAX = 256,   /* as TALK_STEPS_MAX */
};

struct talk_link {
    uint64_t before, message, subscriber, thread;
    uint32_t account, sender;
    bool again; /* told by another fact of the chain */
    bool inbound;
};

static bool
read_accept(struct slice fact, struct talk_link *out)
{
    struct fact_accept x;
    if (!fact_accept_get(fact, &x))
        return false;
    *out = (struct talk_link){
        .before = x.before,
        .message = x.message,
        .subscriber = x.subscriber,
        .thread = x.thread,
        .account = (uint32_t)x.account,
        .sender = (uint32_t)x.sender,
    };
    return true;
}

/* A single message is shown where it was accepted, a row where it was first
 * handed over. */
static bool
read_sent(struct slice fact, struct talk_link *out)
{
    struct fact_sent x;
    if (!fact_sent_get(fact, &x))
        return false;
    *out = (struct talk_link){
        .before = x.before,
        .message = x.message,
        .subscriber = x.subscriber,
        .account = (uint32_t)x.account,
        .sender = (uint32_t)x.sender,
        .again = x.campaign == 0 || x.attempt > 0,
    };
    return true;
}

static bool
read_reply(struct slice fact, struct talk_link *out)
{
    struct fact_reply x;
    if (!fact_reply_get(fact, &x))
        return false;
    *out = (struct talk_link){
        .before = x.before,
        .message = x.message,
        .subscriber = x.subscriber,
        .thread = x.thread,
        .account = (uint32_t)x.account,
        .sender = (uint32_t)x.sender,
        .inbound = true,
    };
    return true;
}

static bool
read_link(struct query *q, uint64_t pos, struct talk_link *out)
{
    struct slice fact;
    if (pos == 0 || store_read(q->reader, pos, &fact) != STORE_OK)
        return false;
    switch (fact_kind(fact)) {
    case FACT_ACCEPT: return read_accept(fact, out);
    case FACT_SENT: return read_sent(fact, out);
    case FACT_REPLY: return read_reply(fact, out);
    default: return false;
    }
}

/* A cursor comes from outside and may point anywhere. */
static bool
is_fact(struct query *q, uint64_t pos)
{
    struct slice fact;
    uint64_t at = pos;
    return store_next(q->walker, &at, &fact, NULL) == STORE_OK && at == pos;
}

/* The thread of this sender and subscriber: the one whose oldest message
 * here is the sender's own. In others it only took over. */
static uint64_t
guess_thread(struct query *q, uint32_t sender, uint64_t pos)
{
    enum { SEEN_MAX = 16 };
    uint64_t seen[SEEN_MAX];
    uint32_t first[SEEN_MAX];
    unsigned n = 0;
    struct talk_link x;
    for (unsigned i = 0; i < GUESS_MAX && read_link(q, pos, &x);
         i++, pos = x.before) {
        unsigned k = 0;
        while (k < n && seen[k] != x.thread)
            k++;
        if (x.thread == 0 || k == SEEN_MAX)
            continue;
        if (k == n)
            seen[n++] = x.thread;
        first[k] = x.sender;
    }
    for (unsigned k = 0; k < n; k++)
        if (first[k] == sender)
            return seen[k];
    return 0;
}

static bool
belongs(const struct talk_link *x, struct who who, uint64_t thread,
        uint32_t sender)
{
    if (x->again)
        return false;
    bool theirs = who.kind == WHO_ADMIN || x->account == who.account;
    if (thread && x->thread)
        return theirs && x->thread == thread;
    if (x->sender == sender)
        return theirs;
    /* One that a person gave to this sender is known by its word alone:
     * query_message() tells whether it was. */
    return who.kind == WHO_SENDER && who.sender == sender && x->inbound &&
           x->sender == 0 && (theirs || x->account == 0);
}

static unsigned
walk(struct query *q, struct who who, uint64_t thread, uint32_t sender,
     uint64_t subscriber, uint64_t *pos, uint64_t *numbers, unsigned max)
{
    struct talk_link x;
    unsigned n = 0;
    for (unsigned i = 0; i < STEPS_MAX && n < max; i++) {
        if (!read_link(q, *pos, &x) || x.subscriber != subscriber) {
            *pos = 0;
            break;
        }
        if (belongs(&x, who, thread, sender))
            numbers[n++] = x.message;
        *pos = x.before;
    }
    return n;
}

unsigned
query_thread(struct query *q, struct who who, uint32_t sender,
             uint64_t subscriber, uint64_t *pos, uint64_t *numbers,
             unsigned max)
{
    unsigned n = 0;
    query_begin(q);
    if (*pos && is_fact(q, *pos))
        n = walk(q, who, guess_thread(q, sender, *pos), sender, subscriber, pos,
                 numbers, max);
    else
        *pos = 0;
    query_end(q);
    return n;
}

unsigned
query_thread_of(struct query *q, struct who who,
                const struct thread_view *thread, uint64_t *pos,
                uint64_t *numbers, unsigned max)
{
    unsigned n = 0;
    query_begin(q);
    if (*pos && is_fact(q, *pos))
        n = walk(q, who, thread->thread, thread->sender, thread->subscriber_key,
                 pos, numbers, max);
    else
        *pos = 0;
    query_end(q);
    return n;
}
