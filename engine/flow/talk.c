/*
 * talk.c - the chain of one subscriber.
 *
 * Promise: as in talk.h.
 */
#include "engine/flow/talk.h"

#include "engine/flow/book.h"

uint64_t
talk_newest(struct flow *f, uint64_t subscriber)
{
    uint64_t pos = 0;
    store_index_get(f->talks, flow_talk_key(subscriber), &pos);
    return pos;
}

static bool
read_sent(struct slice fact, struct talk_step *out)
{
    struct fact_sent x;
    if (!fact_sent_get(fact, &x))
        return false;
    *out = (struct talk_step){
        .before = x.before,
        .message = x.message,
        .at_ms = x.at_ms,
        .account = (uint32_t)x.account,
        .sender = (uint32_t)x.sender,
        .number = (uint32_t)x.number,
        .reply_window_s = (uint32_t)x.reply_window_s,
        .reference = (uint16_t)x.reference,
        .campaign = x.campaign,
        .sent = true,
    };
    return true;
}

static bool
read_accept(struct slice fact, struct talk_step *out)
{
    struct fact_accept x;
    if (!fact_accept_get(fact, &x))
        return false;
    *out = (struct talk_step){
        .before = x.before,
        .message = x.message,
        .at_ms = x.at_ms,
        .account = (uint32_t)x.account,
        .sender = (uint32_t)x.sender,
        .number = (uint32_t)x.number,
        .thread = x.thread,
    };
    return true;
}

static bool
read_reply(struct slice fact, struct talk_step *out)
{
    struct fact_reply x;
    if (!fact_reply_get(fact, &x))
        return false;
    *out = (struct talk_step){
        .before = x.before,
        .message = x.message,
        .at_ms = x.at_ms,
        .account = (uint32_t)x.account,
        .sender = (uint32_t)x.sender,
        .number = (uint32_t)x.number,
        .thread = x.thread,
        .campaign = x.campaign,
        .inbound = true,
    };
    return true;
}

bool
talk_read(struct flow *f, uint64_t pos, struct talk_step *out)
{
    struct slice fact;
    if (pos == 0 || !journal_read(&f->journal, pos, &fact))
        return false;
    bool ok;
    switch (fact_kind(fact)) {
    case FACT_SENT: ok = read_sent(fact, out); break;
    case FACT_ACCEPT: ok = read_accept(fact, out); break;
    case FACT_REPLY: ok = read_reply(fact, out); break;
    default: return false;
    }
    out->pos = pos;
    return ok;
}

uint16_t
talk_next_reference(struct flow *f, uint64_t subscriber)
{
    struct talk_step t;
    uint64_t pos = talk_newest(f, subscriber);
    for (unsigned i = 0; i < TALK_STEPS_MAX && talk_read(f, pos, &t); i++) {
        /* Single parts have none. */
        if (t.sent && t.reference)
            return (uint16_t)(t.reference == UINT16_MAX ? 1 : t.reference + 1);
        pos = t.before;
    }
    return 1;
}

/* 16: a retry is among the newest that was said. */
enum { ORDER_STEPS = 16 };

/* It will go as soon as it may; a campaign that is paused holds its own. */
static bool
goes_soon(struct flow *f, uint64_t message)
{
    const struct campaign *c = campaign_of(f, message);
    return word_state(book_word(f, message)) == MSG_QUEUED &&
           (!c || c->state == CAMPAIGN_RUNNING);
}

bool
talk_must_wait(struct flow *f, uint32_t sender, uint64_t subscriber,
               uint64_t message)
{
    struct talk_step t;
    size_t waiting = 0;
    for (unsigned i = 0; i < f->sched.outlets; i++)
        waiting += f->sched.outlet[i]->again.used +
                   f->sched.outlet[i]->kept.used +
                   (f->sched.outlet[i]->current != NULL);
    if (waiting == 0)
        return false;
    uint64_t pos = talk_newest(f, subscriber);
    for (unsigned i = 0; i < ORDER_STEPS && talk_read(f, pos, &t);
         i++, pos = t.before)
        if (t.sent && t.sender == sender && t.message != message &&
            goes_soon(f, t.message))
            return true;
    return false;
}

/* What came in place of a number is taken as that was. */
static void
take_too(const struct pool *pool, const struct number *n,
         bool taken[POOL_NUMBERS_MAX])
{
    for (unsigned k = 0; n && k < pool->numbers; k++)
        taken[k] = taken[k] || pool->number[k] == n->id;
}

/* Today's parts, this second's, and a carrier that takes them. */
static unsigned
credit_of(struct flow *f, struct number *n)
{
    const struct carrier_entry *c =
        n->carrier ? directory_carrier(&f->directory, n->carrier) : NULL;
    bool spent = directory_number_is_spent(n, f->wall.ms);
    bool well = !c || c->health.state <= HEALTH_STRAINED;
    bool room = !n->per_s || rate_room(&n->rate, f->now) > 0;
    return (spent ? 0 : 8) + (well ? 4 : 0) + (room ? 1 : 0);
}

/* Who of other senders has a live pair on each of the pool's numbers. */
static struct number *
look_back(struct flow *f, const struct pool *pool, uint32_t sender,
          uint64_t subscriber, bool taken[POOL_NUMBERS_MAX])
{
    uint64_t live = f->wall.ms - (uint64_t)f->settings->pair_ttl_s * 1000;
    struct talk_step t;
    uint64_t pos = talk_newest(f, subscriber);
    for (unsigned i = 0; i < TALK_STEPS_MAX && talk_read(f, pos, &t);
         i++, pos = t.before) {
        if (t.at_ms < live)
            break;
        for (unsigned k = 0; k < pool->numbers; k++) {
            if (pool->number[k] != t.number)
                continue;
            struct number *n = directory_in_use(
                &f->directory, directory_number(&f->directory, t.number));
            if (t.sender == sender && n && !taken[k])
                return n;
            taken[k] = true;
            take_too(pool, n, taken);
        }
    }
    return NULL;
}

/* What speaks for a number of the pool; 0: it is not to be had. A pool with
 * weights is not asked where there is room just now: that would weigh too. */
enum { SCORE_THERE = 1, SCORE_HERE = 2, SCORE_MOST = 1 + 2 + 4 + 8 + 1 };

static unsigned
score_of(struct flow *f, const struct pool *pool, unsigned k, const bool *taken,
         const struct carrier_entry *at)
{
    struct number *n = directory_number(&f->directory, pool->number[k]);
    if (!n || n->retired || (taken && taken[k]) ||
        (pool->weight && pool->weight[k] == 0))
        return 0;
    bool here = pool->weight || !at || n->carrier == at->id || n->carrier == 0;
    return SCORE_THERE + (here ? SCORE_HERE : 0) + credit_of(f, n);
}

/* In turn among the best. -1: none. */
static int
pick_by_turn(struct flow *f, struct pool *pool, const bool *taken,
             const struct carrier_entry *at)
{
    unsigned most = 0;
    int best = -1;
    pool->next++;
    for (unsigned i = 0; i < pool->numbers && most < SCORE_MOST; i++) {
        unsigned k = (i + pool->next) % pool->numbers;
        unsigned score = score_of(f, pool, k, taken, at);
        if (score > most) {
            best = (int)k;
            most = score;
        }
    }
    return best;
}

/* In smooth weighted turns among the best: each earns its weight, and who has
 * most pays for all. */
static int
pick_by_weight(struct flow *f, struct pool *pool, const bool *taken,
               const struct carrier_entry *at)
{
    uint8_t score[POOL_NUMBERS_MAX];
    uint8_t most = 1;
    int best = -1;
    int64_t sum = 0;
    for (unsigned k = 0; k < pool->numbers; k++) {
        score[k] = (uint8_t)score_of(f, pool, k, taken, at);
        most = score[k] > most ? score[k] : most;
    }
    for (unsigned k = 0; k < pool->numbers; k++) {
        if (score[k] != most)
            continue;
        pool->credit[k] += pool->weight[k];
        sum += pool->weight[k];
        if (best < 0 || pool->credit[k] > pool->credit[best])
            best = (int)k;
    }
    if (best >= 0)
        pool->credit[best] -= sum;
    return best;
}

static struct number *
pick(struct flow *f, struct pool *pool, const bool *taken,
     const struct carrier_entry *at)
{
    int k = pool->weight ? pick_by_weight(f, pool, taken, at)
                         : pick_by_turn(f, pool, taken, at);
    return k < 0 ? NULL
                 : directory_number(&f->directory, pool->number[(unsigned)k]);
}

struct number *
talk_choose_number(struct flow *f, struct pool *pool, uint32_t sender,
                   uint64_t subscriber, const struct carrier_entry *at,
                   enum pool_conflict *conflict)
{
    bool taken[POOL_NUMBERS_MAX] = {false};
    struct number *n = look_back(f, pool, sender, subscriber, taken);
    if (!n)
        n = pick(f, pool, pool->exclusive ? taken : NULL, at);
    if (n)
        return n;
    *conflict = pool->on_conflict;
    if (pool->on_conflict == POOL_SHARE)
        return pick(f, pool, NULL, at);
    if (pool->on_conflict == POOL_REROUTE)
        *conflict = POOL_FAIL; /* no other number is free */
    return NULL;
}
