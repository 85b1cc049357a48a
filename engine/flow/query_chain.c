/*
 * query_chain.c - the facts of one message, read back from its newest.
 *
 * Promise: what has expired is left out, and the rest still told, as long as
 * one fact says whose the message is. A number that does not belong to the
 * position is refused: ids come from outside.
 */
#include "engine/flow/book.h"
#include "engine/flow/query_inside.h"

/* As book.c reads: parts x attempts x facts of each. */
enum { FACTS_MAX = 8192, FACTS_FIRST = 16 };

/* The message a fact is about; 0: none, or of many. */
static uint64_t
message_of(struct slice fact)
{
    switch (fact_kind(fact)) {
#define CASE(NAME, name)                                                       \
    case FACT_##NAME: {                                                        \
        struct fact_##name x;                                                  \
        return fact_##name##_get(fact, &x) ? x.message : 0;                    \
    }
        CASE(ACCEPT, accept)
        CASE(SENT, sent)
        CASE(ANSWER, answer)
        CASE(RECEIPT, receipt)
        CASE(LOST, lost)
        CASE(STATE, state)
        CASE(REPLY, reply)
        CASE(REASSIGN, reassign)
#undef CASE
    default: return 0;
    }
}

static enum message_state_kind
state_of(uint64_t state)
{
    return state < MSG_KIND_N ? (enum message_state_kind)state : MSG_NONE;
}

enum message_state_kind
chain_state(struct slice fact, uint64_t *at_ms)
{
    *at_ms = 0;
    switch (fact_kind(fact)) {
#define CASE(NAME, name, after)                                                \
    case FACT_##NAME: {                                                        \
        struct fact_##name x;                                                  \
        if (!fact_##name##_get(fact, &x))                                      \
            return MSG_NONE;                                                   \
        *at_ms = x.at_ms;                                                      \
        return (after);                                                        \
    }
        CASE(ACCEPT, accept, x.send_at_ms ? MSG_ACCEPTED : MSG_QUEUED)
        CASE(SENT, sent, MSG_SUBMITTED)
        CASE(ANSWER, answer, state_of(x.state))
        CASE(RECEIPT, receipt, state_of(x.state))
        CASE(LOST, lost, state_of(x.state))
        CASE(STATE, state, state_of(x.state))
        CASE(REPLY, reply, MSG_RECEIVED)
        CASE(REASSIGN, reassign, MSG_RECEIVED)
#undef CASE
    case FACT_SKIP: return MSG_REJECTED;
    default: return MSG_NONE;
    }
}

static void
take_accept(struct chain *c, struct slice fact)
{
    struct fact_accept *x = &c->accept;
    if (!fact_accept_get(fact, x))
        return;
    c->has_accept = true;
    c->account = (uint32_t)x->account;
    c->sender = (uint32_t)x->sender;
    c->number = (uint32_t)x->number;
    c->subscriber = x->subscriber;
    c->thread = x->thread;
}

static void
take_sent(struct chain *c, struct slice fact)
{
    struct fact_sent x;
    if (!fact_sent_get(fact, &x) || (c->has_sent && x.part > c->sent.part))
        return;
    c->sent = x;
    c->has_sent = true;
    c->account = (uint32_t)x.account;
    c->sender = (uint32_t)x.sender;
    c->number = (uint32_t)x.number;
    c->subscriber = x.subscriber;
    c->campaign = x.campaign;
    c->chunk = x.chunk;
    c->row = x.row;
}

static void
take_state(struct chain *c, struct slice fact)
{
    struct fact_state x;
    if (!fact_state_get(fact, &x) || c->account)
        return;
    c->account = (uint32_t)x.account;
    c->sender = (uint32_t)x.sender;
    c->campaign = x.campaign;
    c->chunk = x.chunk;
    c->row = x.row;
}

static void
take_reply(struct chain *c, struct slice fact)
{
    struct fact_reply *x = &c->reply;
    if (!fact_reply_get(fact, x))
        return;
    c->has_reply = true;
    c->inbound = true;
    c->account = (uint32_t)x->account;
    c->sender = (uint32_t)x->sender;
    c->number = (uint32_t)x->number;
    c->subscriber = x->subscriber;
    c->thread = x->thread;
    c->campaign = x->campaign;
}

/* A person gave the reply to somebody else. */
static void
take_reassign(struct chain *c, struct slice fact)
{
    struct fact_reassign x;
    if (!fact_reassign_get(fact, &x))
        return;
    c->inbound = true;
    c->account = (uint32_t)x.account;
    c->sender = (uint32_t)x.sender;
    c->thread = x.thread;
}

/* Rows of a file that stand in it twice share one fact, which has no time
 * but its block's. */
static void
take_skip(struct query *q, struct chain *c, struct slice fact)
{
    struct fact_skip x;
    uint64_t pos = c->link[0].pos;
    if (!fact_skip_get(fact, &x) ||
        store_next(q->walker, &pos, &fact, &c->skip_ms) != STORE_OK)
        return;
    const struct query_campaign *campaign = query_campaign_row(q, x.campaign);
    c->campaign = x.campaign;
    c->account = campaign ? campaign->account : 0;
    c->sender = campaign ? campaign->sender : 0;
}

static void
take(struct query *q, struct chain *c, struct slice fact)
{
    switch (fact_kind(fact)) {
    case FACT_ACCEPT: take_accept(c, fact); break;
    case FACT_SENT: take_sent(c, fact); break;
    case FACT_STATE: take_state(c, fact); break;
    case FACT_REPLY: take_reply(c, fact); break;
    case FACT_REASSIGN: take_reassign(c, fact); break;
    case FACT_SKIP: take_skip(q, c, fact); break;
    default: break;
    }
}

static void
add_link(struct query *q, struct chain *c, unsigned *room, uint64_t pos,
         struct slice fact)
{
    if (c->links == *room) {
        struct chain_link *more = query_room(q, 2 * *room * sizeof *more);
        memcpy(more, c->link, c->links * sizeof *more);
        c->link = more;
        *room *= 2;
    }
    c->link[c->links++] = (struct chain_link){pos, fact};
}

/* Newest first becomes oldest first. */
static void
turn_round(struct chain *c)
{
    for (unsigned i = 0; i < c->links / 2; i++) {
        struct chain_link x = c->link[i];
        c->link[i] = c->link[c->links - 1 - i];
        c->link[c->links - 1 - i] = x;
    }
}

bool
chain_read(struct query *q, uint64_t message, uint64_t pos, struct chain *out)
{
    unsigned room = FACTS_FIRST;
    struct slice fact;
    *out = (struct chain){
        .message = message,
        .link = query_room(q, FACTS_FIRST * sizeof *out->link),
    };
    while (pos && out->links < FACTS_MAX &&
           store_read(q->reader, pos, &fact) == STORE_OK) {
        bool skip = fact_kind(fact) == FACT_SKIP;
        if (!skip && message_of(fact) != message)
            break;
        add_link(q, out, &room, pos, fact);
        pos = skip ? 0 : fact_prev(fact);
    }
    turn_round(out);
    for (unsigned i = 0; i < out->links; i++)
        take(q, out, out->link[i].fact);
    return out->has_accept || out->has_sent || out->has_reply || out->campaign;
}
