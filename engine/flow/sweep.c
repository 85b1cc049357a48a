/*
 * sweep.c - what time alone does.
 *
 * Promise: as in sweep.h; each call is bounded.
 */
#include "engine/flow/sweep.h"

#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/idempotency.h"

enum {
    SWEEP_MS = 100,     /* between looks at overdue receipts */
    SWEEP_FACTS = 4096, /* looked at in one go: about a millisecond */
    HOUR_MS = 3600000,
};

/* One fact behind the cursor; false: it is too young, stop. */
static bool
overdue(struct flow *f, struct slice fact)
{
    struct fact_sent x;
    if (fact_kind(fact) != FACT_SENT || !fact_sent_get(fact, &x))
        return true;
    if (x.at_ms + (uint64_t)f->settings->unknown_after_s * 1000 > f->wall.ms)
        return false;
    uint64_t word = book_word(f, x.message);
    if (word_state(word) != MSG_SUBMITTED)
        return true;
    /* A message sent again later has a younger SENT fact to wait for. */
    struct story s;
    if (book_story(f, x.message, &s) && s.sent && x.part == 0 &&
        s.first.at_ms > x.at_ms)
        return true;
    book_state(f, x.message, (uint32_t)x.account, (uint32_t)x.sender,
               MSG_UNKNOWN, REASON_NO_RECEIPT, 0, (struct slice){0});
    return true;
}

static void
sweep_receipts(struct flow *f)
{
    struct slice fact;
    for (unsigned i = 0; i < SWEEP_FACTS; i++) {
        uint64_t pos = f->sweep_pos;
        if (pos >= journal_durable(&f->journal) ||
            journal_is_full(&f->journal) ||
            store_next(f->journal.reader, &pos, &fact, NULL) != STORE_OK)
            return;
        size_t n = fact.n; /* fact moves when another is written */
        f->sweep_pos = pos;
        if (!overdue(f, fact))
            return;
        f->sweep_pos = pos + n;
    }
}

void
sweep_forget(struct flow *f)
{
    struct due_entry e;
    uint64_t pos;
    while (due_take(&f->forget, f->wall.ms, &e)) {
        if (map_get(&f->unmatched, e.a, &pos) && pos == e.b)
            map_take(&f->unmatched, e.a, NULL);
        if (map_get(&f->unmatched_pair, e.a, &pos) && pos == e.b)
            map_take(&f->unmatched_pair, e.a, NULL);
        if (map_get(&f->replies_seen, e.a, &pos) && pos == e.b)
            map_take(&f->replies_seen, e.a, NULL);
    }
}

/* A receipt that has not come by then will not end the doubt either; the
 * message stays listed as uncertain. */
static void
forget_doubts(struct flow *f)
{
    uint64_t old = (uint64_t)f->settings->unknown_after_s * 1000;
    for (size_t i = f->doubts; i-- > 0;)
        if (f->doubt[i].at_ms + old < f->wall.ms)
            doubt_end(f, f->doubt[i].message, f->doubt[i].part);
}

/* The first position that something unfinished still needs. */
static uint64_t
needed(const struct flow *f)
{
    uint64_t keep = store_checkpoint_pos(f->store);
    for (size_t i = 0; i < f->campaigns.rows; i++) {
        const struct campaign *c = f->campaigns.row[i];
        bool open = c->state != CAMPAIGN_DONE && c->state != CAMPAIGN_CANCELLED;
        if (open && c->chunks && c->chunk[0].pos < keep)
            keep = c->chunk[0].pos;
    }
    for (size_t i = 0; i < f->sources.rows; i++) {
        uint64_t low = f->sources.row[i] ? source_low(f->sources.row[i]) : 0;
        if (low && low < keep)
            keep = low;
    }
    for (size_t i = 0; i < f->delayed.used; i++)
        if (f->delayed.heap[i].a < keep)
            keep = f->delayed.heap[i].a;
    return keep;
}

void
sweep_tick(struct flow *f)
{
    if (f->wall.ms - f->swept_ms >= SWEEP_MS) {
        f->swept_ms = f->wall.ms;
        sweep_receipts(f);
        sweep_forget(f);
        idempotency_expire(f);
        forget_doubts(f);
    }
    if (f->wall.ms - f->expired_ms >= HOUR_MS) {
        f->expired_ms = f->wall.ms;
        uint64_t old = f->wall.ms - (uint64_t)f->settings->retention_s * 1000;
        store_expire(f->store, old, needed(f));
        uint64_t ids = ((uint64_t)f->settings->unknown_after_s + 86400) * 1000;
        store_index_expire(
            f->ids,
            f->wall.ms - (ids > FLOW_IDS_KEPT_MS ? ids : FLOW_IDS_KEPT_MS));
        store_index_expire(f->talks, old);
        /* A day later than what it leads to is given up (outbox_tick). */
        uint64_t owed = ((uint64_t)f->settings->events_s + 86400) * 1000;
        store_index_expire(f->owed, f->wall.ms > owed ? f->wall.ms - owed : 0);
    }
    loop_wake_at(f->loop, mono_add_ms(f->now, SWEEP_MS));
}
