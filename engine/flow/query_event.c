/*
 * query_event.c - facts become events, for whoever may hear them.
 *
 * A fact makes at most one event, decided from it and from the facts of its
 * message before it, so a stream can begin anywhere and always tells the
 * same. Of a message each state is told once: by the fact that brought it.
 *
 * The account in a fact spares reading the story of others' messages; the
 * sender is only known from the story.
 */
#include <stdio.h>

#include "engine/flow/query_inside.h"
#include "engine/flow/thread.h"
#include "proto/addr.h"

/* Facts between a reply and the opt-out it made: its purge, at most one for
 * each step of a talk; and of a talk's steps. */
enum { SEARCH_MAX = 4096, TALK_MAX = 256 };

struct listening {
    struct query *q;
    struct who who;
    uint64_t pos;
    unsigned looked; /* facts read */
    struct event_view *out;
};

/* ---- messages -------------------------------------------------------------
 */

static const char *
type_of_state(enum message_state_kind s)
{
    switch (s) {
    case MSG_DELIVERED: return "message.delivered";
    case MSG_FAILED:
    case MSG_REJECTED:
    case MSG_SUPPRESSED: return "message.failed";
    case MSG_EXPIRED: return "message.expired";
    case MSG_UNCERTAIN:
    case MSG_UNKNOWN: return "message.uncertain";
    default: return NULL;
    }
}

/* Is this answer the one with which all parts are taken? */
static bool
completes(const struct chain *c)
{
    bool taken[256] = {false};
    unsigned parts = c->has_sent ? (unsigned)c->sent.parts : 0, count = 0;
    for (unsigned i = 0; i < c->links; i++) {
        struct slice fact = c->link[i].fact;
        struct fact_answer a;
        struct fact_receipt r;
        uint64_t part = 256;
        if (fact_answer_get(fact, &a) && a.verdict == VERDICT_OK)
            part = a.part;
        else if (fact_receipt_get(fact, &r) && r.final)
            part = r.part;
        if (part > 255)
            continue;
        bool again = taken[part];
        taken[part] = true;
        count += !again;
        if (i + 1 == c->links)
            return !again && count >= parts;
    }
    return false;
}

/* The part may have gone out, and goes again when the campaign says so: told
 * either way, so that nothing is sent twice silently (promise 2). */
static bool
is_doubt(struct slice fact)
{
    struct fact_lost x;
    return fact_kind(fact) == FACT_LOST && fact_lost_get(fact, &x) &&
           x.loss != LOSS_NOT_SENT;
}

/* NULL: this fact brought nothing that is told. */
static const char *
type_of(const struct chain *c)
{
    uint64_t at_ms;
    struct slice fact = c->link[c->links - 1].fact;
    enum message_state_kind now = chain_state(fact, &at_ms), before = MSG_NONE;
    if (c->links > 1)
        before = chain_state(c->link[c->links - 2].fact, &at_ms);
    switch (fact_kind(fact)) {
    case FACT_REPLY:
    case FACT_REASSIGN: return "message.received";
    case FACT_LOST:
        if (is_doubt(fact))
            return "message.uncertain";
        break;
    case FACT_ANSWER:
        if (now == MSG_SUBMITTED)
            return completes(c) ? "message.submitted" : NULL;
        break;
    default: break;
    }
    return now == before ? NULL : type_of_state(now);
}

/* Can this fact be heard at all? Spares reading the story. */
static bool
may_tell(struct slice fact)
{
    struct fact_answer x;
    uint64_t at_ms;
    if (fact_kind(fact) == FACT_ANSWER && fact_answer_get(fact, &x) &&
        x.state == MSG_SUBMITTED)
        return x.verdict == VERDICT_OK;
    enum message_state_kind now = chain_state(fact, &at_ms);
    return now == MSG_RECEIVED || type_of_state(now) || is_doubt(fact);
}

static bool
hear_message(struct listening *l, struct slice fact, uint64_t message,
             uint64_t account)
{
    struct chain c;
    uint64_t at_ms;
    if (message == 0 || !may_tell(fact) ||
        (l->who.kind != WHO_ADMIN && account && account != l->who.account))
        return false;
    bool found = chain_read(l->q, message, l->pos, &c);
    l->looked += c.links;
    if (!found || !query_may_see(l->q, l->who, c.account, c.sender))
        return false;
    l->out->type = type_of(&c);
    if (!l->out->type)
        return false;
    enum message_state_kind now = chain_state(fact, &at_ms);
    l->out->has_message = true;
    message_tell(l->q, &c, now, true, &l->out->message);
    return true;
}

/* ---- others ---------------------------------------------------------------
 */

static void
name_talk(struct listening *l, uint64_t subscriber, uint64_t number)
{
    const struct query_name *n = query_number_row(l->q, number);
    if (subscriber && subscriber >> 63 == 0)
        u64_to_e164(subscriber, l->out->subscriber);
    if (n)
        slice_to_str(slice_str(n->text), l->out->number, sizeof l->out->number);
}

/* The reply that made an opt-out stands a little before it in the log. */
static bool
find_word(struct listening *l, const struct fact_opt *opt, uint64_t *before)
{
    struct slice fact;
    struct fact_reply r;
    uint64_t pos = store_seek_time(l->q->reader, opt->at_ms);
    for (unsigned i = 0; i < SEARCH_MAX && pos < l->pos; i++) {
        if (store_next(l->q->reader, &pos, &fact, NULL) != STORE_OK)
            return false;
        l->looked++;
        if (fact_reply_get(fact, &r) && r.message == opt->message) {
            *before = r.before;
            return true;
        }
        pos += fact.n;
    }
    return false;
}

/* Did the account write to the subscriber from that number? Then it learns
 * of the opt-out, and nothing of who else did. */
static bool
wrote(struct listening *l, const struct fact_opt *opt)
{
    struct slice fact;
    struct fact_accept a;
    struct fact_sent s;
    struct fact_reply r;
    uint64_t pos;
    if (opt->message == 0 || !find_word(l, opt, &pos))
        return false;
    for (unsigned i = 0; i < TALK_MAX && pos; i++) {
        if (store_read(l->q->reader, pos, &fact) != STORE_OK)
            return false;
        l->looked++;
        if (fact_sent_get(fact, &s)) {
            if (s.account == l->who.account && s.number == opt->number)
                return true;
            pos = s.before;
        } else if (fact_accept_get(fact, &a)) {
            pos = a.before;
        } else {
            pos = fact_reply_get(fact, &r) ? r.before : 0;
        }
    }
    return false;
}

static bool
hear_opt(struct listening *l, struct slice fact)
{
    struct fact_opt x;
    if (!fact_opt_get(fact, &x) || l->who.kind == WHO_SENDER)
        return false;
    if (l->who.kind == WHO_ACCOUNT && x.account != l->who.account &&
        (x.account != 0 || !wrote(l, &x)))
        return false;
    l->out->type = x.out ? "contact.opted_out" : "contact.opted_in";
    l->out->at_ms = x.at_ms;
    name_talk(l, x.subscriber, x.number);
    return true;
}

static bool
hear_campaign(struct listening *l, struct slice fact)
{
    struct fact_campaign x;
    if (!fact_campaign_get(fact, &x))
        return false;
    const struct query_campaign *c = query_campaign_row(l->q, x.campaign);
    if (!query_may_see(l->q, l->who, (uint32_t)x.account, c ? c->sender : 0))
        return false;
    l->out->type = "campaign.state";
    l->out->at_ms = x.at_ms;
    l->out->campaign = x.campaign;
    l->out->campaign_state =
        x.state < CAMPAIGN_STATE_N
            ? campaign_state_name((enum campaign_state)x.state)
            : "";
    return true;
}

static bool
hear_thread(struct listening *l, struct slice fact)
{
    struct fact_thread x;
    if (!fact_thread_get(fact, &x))
        return false;
    switch (x.act) {
    case THREAD_CLAIM:
    case THREAD_RELEASE: l->out->type = "thread.assigned"; break;
    case THREAD_TRANSFER: l->out->type = "thread.transferred"; break;
    default: return false;
    }
    uint32_t account = (uint32_t)x.account;
    if (!query_may_see(l->q, l->who, account, (uint32_t)x.sender) &&
        !query_may_see(l->q, l->who, account, (uint32_t)x.other))
        return false;
    l->out->at_ms = x.at_ms;
    l->out->thread = x.thread;
    l->out->sender = (uint32_t)x.other; /* who has it now; 0: the first */
    name_talk(l, x.subscriber, x.number);
    return true;
}

static bool
hear_carrier(struct listening *l, struct slice fact)
{
    struct fact_carrier x;
    if (!fact_carrier_get(fact, &x) || l->who.kind == WHO_SENDER)
        return false;
    bool up = x.now == CARRIER_UP || x.now == CARRIER_DEGRADED;
    l->out->type = up ? "carrier.up" : "carrier.down";
    l->out->at_ms = x.at_ms;
    slice_to_str(x.name, l->out->carrier, sizeof l->out->carrier);
    return true;
}

/* ---- the walk -------------------------------------------------------------
 */

static bool
hear(struct listening *l, struct slice fact)
{
    switch (fact_kind(fact)) {
#define CASE(NAME, name)                                                       \
    case FACT_##NAME: {                                                        \
        struct fact_##name x;                                                  \
        if (!fact_##name##_get(fact, &x))                                      \
            return false;                                                      \
        l->out->at_ms = x.at_ms;                                               \
        return hear_message(l, fact, x.message, x.account);                    \
    }
        CASE(ANSWER, answer)
        CASE(RECEIPT, receipt)
        CASE(LOST, lost)
        CASE(STATE, state)
        CASE(REPLY, reply)
        CASE(REASSIGN, reassign)
#undef CASE
    case FACT_OPT: return hear_opt(l, fact);
    case FACT_CAMPAIGN: return hear_campaign(l, fact);
    case FACT_THREAD: return hear_thread(l, fact);
    case FACT_CARRIER: return hear_carrier(l, fact);
    default: return false;
    }
}

static bool
next_event(struct listening *l, uint64_t *pos, unsigned budget, bool *more)
{
    struct slice fact;
    while (query_next(l->q, pos, &fact)) {
        if (l->looked >= budget) {
            *more = true;
            return false;
        }
        l->looked++;
        l->pos = *pos;
        *l->out = (struct event_view){.pos = *pos};
        *pos += fact.n;
        if (hear(l, fact))
            return true;
    }
    return false;
}

bool
query_event(struct query *q, struct who who, uint64_t *pos, unsigned budget,
            struct event_view *out, bool *more)
{
    struct listening l = {.q = q, .who = who, .out = out};
    query_begin(q);
    *more = false;
    bool found = who.kind != WHO_NOBODY &&
                 next_event(&l, pos, budget ? budget : 1, more);
    query_end(q);
    return found;
}

uint64_t
query_events_end(struct query *q)
{
    return store_durable(q->store);
}

uint64_t
query_events_oldest(struct query *q)
{
    uint64_t oldest = store_oldest(q->store);
    uint32_t kept_s = q->flow->settings->events_s;
    uint64_t now_ms = clock_wall().ms;
    if (kept_s == 0 || now_ms < (uint64_t)kept_s * 1000)
        return oldest;
    query_begin(q);
    uint64_t since =
        store_seek_time(q->reader, now_ms - (uint64_t)kept_s * 1000);
    query_end(q);
    return since > oldest ? since : oldest;
}
