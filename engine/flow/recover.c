/*
 * recover.c - replay, then the consequences of a crash.
 *
 * Promise (2, invariant 5): no accepted message is lost, and the parts that
 * may have gone out twice or not at all are named: at most one window a
 * bind.
 */
#include "engine/flow/recover.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/carrier/settings.h"
#include "engine/core/log.h"
#include "engine/flow/answer.h"
#include "engine/flow/apply.h"
#include "engine/flow/checkpoint.h"
#include "engine/flow/reroute.h"
#include "engine/flow/sweep.h"

bool
recover_replay(struct flow *f, char why[STORE_WHY_BYTES])
{
    uint64_t pos, facts = 0;
    struct slice fact;
    if (!checkpoint_load(f, &pos, why))
        return false;
    if (pos < store_oldest(f->store))
        pos = store_oldest(f->store);
    uint64_t from = pos, end = journal_end(&f->journal);
    while (pos < end) {
        enum store_result r =
            store_next(f->journal.reader, &pos, &fact, &f->wall.ms);
        if (r == STORE_NOT_FOUND)
            break;
        if (r != STORE_OK || !apply_fact(f, pos, fact)) {
            snprintf(why, STORE_WHY_BYTES,
                     "the log is damaged at position %" PRIu64
                     "; see volleyd --audit",
                     pos);
            return false;
        }
        pos += fact.n;
        /* Old pages must not pile up behind one long read. */
        if (++facts % 65536 == 0)
            journal_rest(&f->journal);
    }
    journal_rest(&f->journal);
    log_info(ROOM_FLOW, "replayed",
             "facts=%" PRIu64 " from=%" PRIu64 " to=%" PRIu64, facts, from,
             end);
    return true;
}

static void
doubt_flights(struct flow *f)
{
    uint64_t key, at;
    size_t n = 0;
    struct flight *open = malloc((f->flights.used + 1) * sizeof *open);
    if (!open)
        abort();
    for (size_t i = 0; map_next(&f->flights, &i, &key, &at);)
        open[n++] = f->flight[at];
    for (size_t i = 0; i < n; i++)
        answer_in_doubt(f, &open[i]);
    if (n)
        log_warn(ROOM_FLOW, "parts_in_doubt", "parts=%zu", n);
    free(open);
}

static void
finish_partial(struct flow *f)
{
    uint64_t message, v;
    for (size_t i = 0; map_next(&f->partial, &i, &message, &v);)
        for (unsigned part = v & 255; part < (v >> 8 & 255); part++)
            sched_again(f, (uint32_t)(v >> 16), f->now.us, message,
                        (struct again){.part = (uint8_t)part});
}

static void
end_uploads(struct flow *f)
{
    for (size_t i = 0; i < f->campaigns.rows; i++) {
        struct campaign *c = f->campaigns.row[i];
        if (!c->upload)
            continue;
        struct fact_upload x = {.campaign = c->id,
                                .upload = c->upload,
                                .at_ms = f->wall.ms,
                                .step = 2};
        uint64_t pos = journal_upload(&f->journal, &x);
        if (pos)
            apply_upload(f, pos, &x);
    }
}

void
recover_finish(struct flow *f)
{
    struct fact_boot boot = {.at_ms = f->wall.ms};
    uint64_t pos = journal_boot(&f->journal, &boot);
    if (pos)
        apply_boot(f, pos, &boot);
    sweep_forget(f);
    doubt_flights(f);
    end_uploads(f);
    finish_partial(f);
    sched_rescue(f);
    reroute_refresh(f);
}
