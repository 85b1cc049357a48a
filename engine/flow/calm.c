/*
 * calm.c - fewer turns and commits when nothing hurries.
 *
 * Promise: as in calm.h.
 */
#include "engine/flow/calm.h"

#include "engine/flow/flow.h"

enum {
    /* A carrier that keeps ten receipts unanswered still gets 600 a second
     * through. */
    COMMIT_MS = 10,
    READ_US = 5000,
    /* More than so much in a turn is load: batches grow by themselves. */
    TURN_BYTES = 2048,
    SHARE_US = 8192,
    SHARE_MIN_US = 2048,
};

void
calm_hurry(struct flow *f)
{
    f->calm.hurry_pos = journal_end(&f->journal);
}

static bool
is_calm(const struct flow *f)
{
    const struct journal *j = &f->journal;
    return f->settings->gathers && !f->draining && !f->held_first &&
           !f->unread && !f->sched.pressed && j->gathering->used < TURN_BYTES &&
           !j->gathering->checkpoint && f->calm.hurry_pos <= journal_durable(j);
}

bool
calm_may_wait(struct flow *f)
{
    if (!is_calm(f)) {
        f->calm.posted_at = f->now;
        return false;
    }
    /* The end of a commit comes over a descriptor, too. */
    if (!journal_is_out(&f->journal))
        loop_rest(f->loop, (struct mono){f->now.us + READ_US});
    struct mono due = mono_add_ms(f->calm.posted_at, COMMIT_MS);
    if (store_batch_is_empty(f->journal.gathering))
        return true;
    if (mono_reached(f->now, due)) {
        f->calm.posted_at = f->now;
        return false;
    }
    loop_wake_at(f->loop, due);
    return true;
}

uint64_t
calm_share(uint64_t until_us, uint32_t per_s)
{
    uint64_t grid = SHARE_US;
    while (grid > SHARE_MIN_US && grid * per_s > 1000000 / 16)
        grid /= 2;
    return (until_us + grid - 1) / grid * grid;
}
