/*
 * resolve.c - the rules, first hit wins.
 *
 * Promise: a reply goes to one sender; an account is never told of another
 * (rules 4 to 8 look at numbers of the account alone, or at the pair).
 * Rules 2, 3 and 7 have their rows once questions, keywords and contacts
 * exist.
 */
#include "engine/flow/reply.h"

#include "engine/flow/book.h"
#include "engine/flow/talk.h"

/* One pass over the talk, shared by rules 4, 5 and 6. */
struct found {
    struct talk_step newest; /* eligible and inside its window */
    struct talk_step older;  /* eligible, of another sender than newest */
    struct talk_step late;   /* eligible once, past its window */
    bool has_newest, has_older, has_late;
};

/* Does a pool of this account hold both numbers? */
static bool
same_pool(struct flow *f, uint32_t account, uint32_t a, uint32_t b)
{
    for (uint32_t i = 1; i < f->directory.pools.rows; i++) {
        const struct pool *p = directory_pool(&f->directory, i);
        if (!p || p->account != account)
            continue;
        bool has_a = false, has_b = false;
        for (unsigned k = 0; k < p->numbers; k++) {
            has_a = has_a || p->number[k] == a;
            has_b = has_b || p->number[k] == b;
        }
        if (has_a && has_b)
            return true;
    }
    return false;
}

/* A number of one account: only that account's outbound counts there. */
static bool
may_hear(const struct number *n, uint32_t account)
{
    return n->shared || n->account == account;
}

static bool
is_live(struct flow *f, uint32_t sender)
{
    const struct sender *s = directory_sender(&f->directory, sender);
    return s && !s->deleted;
}

static void
consider(struct flow *f, const struct incoming *in, const struct talk_step *t,
         struct found *out)
{
    if (!t->sent || t->at_ms > in->at_ms ||
        (t->sender && !is_live(f, t->sender)) ||
        !state_is_eligible(word_state(book_word(f, t->message))))
        return;
    uint64_t window =
        t->reply_window_s ? t->reply_window_s : f->settings->reply_window_s;
    if (in->at_ms - t->at_ms > window * 1000) {
        if (!out->has_late)
            out->late = *t;
        out->has_late = true;
    } else if (!out->has_newest) {
        out->newest = *t;
        out->has_newest = true;
    } else if (!out->has_older && t->sender != out->newest.sender) {
        out->older = *t;
        out->has_older = true;
    }
}

/* pool: numbers of the same pool other than in's; else the pair itself. */
static void
look(struct flow *f, const struct incoming *in, bool pool, struct found *out)
{
    *out = (struct found){0};
    struct talk_step t;
    uint64_t pos = talk_newest(f, in->subscriber);
    for (unsigned i = 0; i < TALK_STEPS_MAX && talk_read(f, pos, &t);
         i++, pos = t.before) {
        bool fits =
            may_hear(in->number, t.account) &&
            (pool ? t.number != in->number->id &&
                        same_pool(f, t.account, t.number, in->number->id)
                  : t.number == in->number->id);
        if (fits)
            consider(f, in, &t, out);
        if (out->has_newest && out->has_older)
            break;
    }
}

static void
give(const struct talk_step *t, struct owner *out)
{
    out->account = t->account;
    out->sender = t->sender;
    out->in_reply_to = t->message;
    out->campaign = t->campaign;
}

/* The newest, or the one before when nobody could have answered so fast. */
static bool
take_newest(struct flow *f, const struct incoming *in,
            const struct found *found, struct owner *out)
{
    if (!found->has_newest)
        return false;
    bool fast = in->at_ms - found->newest.at_ms < f->settings->crossing_ms;
    if (fast && found->has_older) {
        give(&found->older, out);
        out->flags |= REPLY_CROSSED;
    } else {
        give(&found->newest, out);
    }
    return true;
}

static bool
rule_pair(struct flow *f, const struct incoming *in, struct owner *out)
{
    struct found found;
    if (!in->number)
        return false;
    look(f, in, false, &found);
    return take_newest(f, in, &found, out);
}

static bool
rule_pool(struct flow *f, const struct incoming *in, struct owner *out)
{
    struct found found;
    if (!in->number || !in->number->pool)
        return false;
    look(f, in, true, &found);
    if (!take_newest(f, in, &found, out))
        return false;
    out->flags |= REPLY_NUMBER_MISMATCH;
    return true;
}

static bool
rule_late(struct flow *f, const struct incoming *in, struct owner *out)
{
    struct found found;
    if (!in->number || in->number->shared || in->number->account == 0)
        return false;
    look(f, in, false, &found);
    if (!found.has_late && in->number->pool)
        look(f, in, true, &found);
    if (!found.has_late || found.late.account != in->number->account)
        return false;
    give(&found.late, out);
    out->flags |= REPLY_LATE;
    return true;
}

static bool
rule_default(struct flow *f, const struct incoming *in, struct owner *out)
{
    if (!in->number || !is_live(f, in->number->default_sender))
        return false;
    const struct sender *s =
        directory_sender(&f->directory, in->number->default_sender);
    out->account = s->account;
    out->sender = s->id;
    return true;
}

static bool
rule_unmatched(struct flow *f, const struct incoming *in, struct owner *out)
{
    (void)f;
    out->account = in->number && !in->number->shared ? in->number->account : 0;
    return true;
}

static const struct rule {
    unsigned number; /* of product.md 5 */
    bool (*fits)(struct flow *f, const struct incoming *in, struct owner *out);
} rules[] = {
    {4, rule_pair},    {5, rule_pool},      {6, rule_late},
    {8, rule_default}, {9, rule_unmatched},
};

void
reply_resolve(struct flow *f, const struct incoming *in, struct owner *out)
{
    *out = (struct owner){.flags = in->flags};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].fits(f, in, out)) {
            out->rule = rules[i].number;
            break;
        }
    /* What an account sent without naming a sender: the number's default
     * one, else the account's list. */
    struct owner other = {0};
    if (out->in_reply_to && !out->sender && rule_default(f, in, &other) &&
        other.account == out->account)
        out->sender = other.sender;
}
