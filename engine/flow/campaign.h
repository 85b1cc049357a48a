/*
 * campaign.h - a campaign: its rows as they came, how far it is, its counts.
 *
 * Rows stay packed in the log; a message comes to life when there is room
 * for it. Row r of a chunk whose first message is m has the number m + r, so
 * words (word.h) say which rows are done, and a restart needs no list.
 *
 * Promise: counts add up to the recipients: each row is in one state, and a
 * state moves through book_move() only.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_CAMPAIGN_H
#define ENGINE_FLOW_CAMPAIGN_H

#include "engine/carrier/rate.h"
#include "engine/flow/mail.h"
#include "engine/flow/map.h"
#include "engine/flow/template.h"
#include "engine/flow/word.h"

struct flow;
struct source;

enum campaign_state {
    CAMPAIGN_DRAFT,
    CAMPAIGN_SCHEDULED,
    CAMPAIGN_RUNNING,
    CAMPAIGN_PAUSED,
    CAMPAIGN_DONE,
    CAMPAIGN_CANCELLED,
    CAMPAIGN_STATE_N,
};
const char *campaign_state_name(enum campaign_state s);

/* Where rows lie. */
struct chunk {
    uint64_t pos;     /* of the RECIPIENTS fact */
    uint64_t message; /* of its first row */
    uint32_t rows;
    uint32_t row; /* of its first row in the campaign */
};

struct campaign {
    uint64_t id;
    uint32_t account, sender, from, pool; /* from: number id, or 0 */
    enum message_class class;
    enum campaign_state state;
    bool dedupe, resend_uncertain;
    char name[128];
    struct template *template;
    uint32_t per_s;
    struct rate rate;
    uint64_t created_ms, start_at_ms, expires_at_ms, started_ms, done_ms;

    struct chunk *chunk;
    uint32_t chunks, chunk_cap, chunks_saved;
    uint64_t rows;              /* kept ones, duplicates among them */
    uint64_t refused;           /* bad lines of uploads */
    uint64_t count[MSG_KIND_N]; /* rows by state; NONE: not reached */
    uint64_t replies, parts_submitted;
    uint64_t flying; /* parts handed over, not answered */

    uint64_t upload; /* being filled, 0: none */
    bool upload_append;
    uint32_t upload_chunk; /* its first chunk in chunk[] */

    uint64_t upload_skipped; /* rows it marked as not to be sent */

    uint64_t low_row; /* rows below it are surely done */
    struct source *source;
    uint64_t again_ms; /* rows that no source took were looked for then */
    uint64_t rate_second, rate_parts, rate_last; /* parts of this second */
    bool dirty; /* changed since the last checkpoint */
};

struct campaigns {
    struct campaign **row; /* by id, rising */
    size_t rows, cap;
    uint64_t *extent; /* first message numbers of runs of chunks */
    uint64_t *extent_end;
    struct campaign **extent_of;
    size_t extents, extent_cap;
    size_t hint; /* the extent found last */
    uint64_t next_upload;
};

void campaigns_fini(struct campaigns *cs);

struct campaign *campaign_find(const struct flow *f, uint64_t id);
/* The campaign that a message number belongs to, or NULL: a single one. */
struct campaign *campaign_of(struct flow *f, uint64_t message);

/* Row of the campaign and chunk of a message; NULL when it has none. */
const struct chunk *campaign_chunk(const struct campaign *c, uint64_t message);

/* Makes one from its doc of the control table; compiles its template. */
struct campaign *campaign_load(struct flow *f, uint64_t id, struct slice doc);
void campaign_free(struct campaign *c);

/* Mails. */
void campaign_on_create(struct flow *f, struct mail *m);
void campaign_on_list(struct flow *f, struct mail *m);
void campaign_on_look(struct flow *f, struct mail *m);
void campaign_on_act(struct flow *f, struct mail *m);
void campaign_on_chunks(struct flow *f, struct mail *m);
void campaign_on_upload(struct flow *f, struct mail *m);

/* Wakes its feeds where its numbers lead. */
void campaign_run(struct flow *f, struct campaign *c);

/* Starts what is due and ends what is over; each tick. */
void campaign_tick(struct flow *f);

/* Writes and applies a change of state. */
void
campaign_move(struct flow *f, struct campaign *c, enum campaign_state state);

/* The account is going: none of its campaigns goes on. */
void campaign_cancel_all(struct flow *f, uint32_t account);

/* One row changed state: keeps the counts. */
void campaign_count(struct campaign *c, enum message_state_kind from,
                    enum message_state_kind to);
/* Parts handed over now, for rate_now. */
void campaign_count_parts(struct campaign *c, uint64_t wall_ms, unsigned parts);

/* Adds a chunk (apply). */
void campaign_add_chunk(struct flow *f, struct campaign *c, uint64_t pos,
                        uint64_t message, uint32_t rows);
void campaign_add_extent(struct flow *f, struct campaign *c, uint64_t first,
                         uint64_t end);

/* apply.c */
struct fact_upload;
struct fact_skip;
struct fact_campaign;
void campaign_apply_upload(struct flow *f, const struct fact_upload *x);
void
campaign_apply_skip(struct flow *f, uint64_t pos, const struct fact_skip *x);
void campaign_apply_state(struct flow *f, const struct fact_campaign *x);

void
campaign_look(struct flow *f, struct campaign *c, struct campaign_view *out);

#endif
