/*
 * upload.c - recipients of a campaign, as a stream of any size.
 *
 * The body is cut into rows, checked and packed into chunks as it comes. One
 * chunk is with the engine while the next is filled; then the connection is
 * not read: the client's socket fills, and that is the back-pressure. At the
 * end the rows that name a subscriber twice are found partition by partition,
 * and only then the upload counts.
 *
 * A fault of the file as a whole, a client that leaves or a full store ends
 * in an abort: nothing of it counts.
 */
#include <stdlib.h>

#include "engine/core/clock.h"
#include "engine/door/dedupe.h"
#include "engine/door/lines.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/routes.h"
#include "engine/door/rows.h"

enum {
    RETRY_MS = 20,      /* when the engine has too much to do */
    FULL_MS = 100,      /* when the store is full or behind, */
    FULL_RETRIES = 100, /* for 10 s, then it is refused */
};

struct upload {
    /* identity */
    struct request *request; /* while it lives */
    struct door *door;
    struct intake *intake;
    struct who who;
    uint64_t campaign, upload;
    uint32_t account;
    bool is_csv;
    /* state */
    enum { UPLOAD_BODY, UPLOAD_TAIL, UPLOAD_DEDUPE, UPLOAD_END } stage;
    bool settled;           /* the engine has said yes or no to all of it */
    bool in_flight;         /* a chunk is with the engine */
    unsigned refusals;      /* of the same chunk */
    uint64_t not_before_ms; /* when it may go again */
    uint8_t *chunk;         /* taken from rows, not yet durable */
    size_t chunk_octets;
    unsigned chunk_rows;
    struct csv csv;
    struct lines lines;
    struct rows rows;
    struct rows_ops ops;
    struct template *template;
    struct dedupe *dedupe;
    uint32_t *skip;
    size_t skips;
};

static struct mail *
upload_mail(struct upload *u, enum mail_kind kind)
{
    struct mail *m = mail_create(kind, u->who);
    if (!m)
        abort(); /* as in request_mail() */
    m->upload.campaign = u->campaign;
    m->upload.upload = u->upload;
    return m;
}

static void
upload_free(void *state)
{
    struct upload *u = state;
    if (u->upload && !u->settled)
        request_send_off(u->intake, upload_mail(u, MAIL_UPLOAD_ABORT));
    rows_fini(&u->rows);
    lines_fini(&u->lines);
    template_destroy(u->template);
    dedupe_destroy(u->dedupe);
    free(u->chunk);
    free(u->skip);
    free(u);
}

static uint32_t
find_sender(void *arg, struct slice ref)
{
    struct upload *u = arg;
    struct query *q = door_query(u->door);
    uint32_t sender = q ? query_sender(q, u->account, ref) : 0;
    /* A sender's key sends in its own name alone. */
    bool other = u->who.kind == WHO_SENDER && sender != u->who.sender;
    return other ? 0 : sender;
}

static bool
find_sender_name(void *arg, uint32_t sender, struct slice *name)
{
    struct upload *u = arg;
    struct query *q = door_query(u->door);
    return q && query_sender_name(q, sender, name);
}

/* --- chunks to the engine */

static void
chunk_done(struct request *r, struct mail *m)
{
    struct upload *u = r->state;
    u->in_flight = false;
    if (m->result == MAIL_FULL && ++u->refusals < FULL_RETRIES) {
        u->not_before_ms = clock_mono().us / 1000 + FULL_MS;
        return; /* the same chunk again */
    }
    free(u->chunk);
    u->chunk = NULL;
    u->refusals = 0;
    request_is_ok(r, m);
}

static void
send_chunk(struct request *r)
{
    struct upload *u = r->state;
    uint64_t now = clock_mono().us / 1000;
    if (now < u->not_before_ms) {
        r->wake_ms = u->not_before_ms;
        return;
    }
    struct mail *m = upload_mail(u, MAIL_UPLOAD_CHUNK);
    m->upload.octets = slice_of(u->chunk, u->chunk_octets);
    m->upload.rows = u->chunk_rows;
    u->in_flight = request_post(r, m, chunk_done, NULL);
    if (u->in_flight)
        return;
    mail_free(m);
    request_wake_in(r, RETRY_MS);
}

/*
 * Sends what is full; false when there is no room for another row. One chunk
 * at a time: rows are known by their order, so none may overtake one that
 * was refused for the moment. The next is filled meanwhile.
 */
static bool
make_room(struct request *r)
{
    struct upload *u = r->state;
    if (!u->chunk)
        u->chunk = rows_take(&u->rows, false, &u->chunk_octets, &u->chunk_rows);
    if (u->chunk && !u->in_flight)
        send_chunk(r);
    return !u->rows.full;
}

static void
check_room(struct request *r)
{
    struct upload *u = r->state;
    if (u->rows.out_of_room)
        problem_set(&r->problem, "unavailable",
                    "No memory or disk space for this upload.");
}

/* --- the body */

static bool
on_row(void *arg, const struct csv_row *row)
{
    struct upload *u = arg;
    struct problem *p = &u->request->problem;
    if (u->rows.has_header)
        return rows_csv(&u->rows, row);
    if (row->fault)
        problem_set(p, "invalid", "The header row cannot be read.");
    return !row->fault && rows_header(&u->rows, row, p);
}

static bool
on_line(void *arg, uint64_t line, struct slice text, bool too_long)
{
    struct upload *u = arg;
    return rows_json(&u->rows, line, text, too_long);
}

static size_t
upload_feed(struct request *r, const char *p, size_t n)
{
    struct upload *u = r->state;
    size_t used = 0;
    while (used < n && !r->problem.code && make_room(r)) {
        if (u->is_csv)
            used += csv_feed(&u->csv, p + used, n - used);
        else
            used += lines_feed(&u->lines, p + used, n - used);
        check_room(r);
    }
    return used;
}

/* --- the end */

static void
answer(struct request *r, struct mail *m)
{
    struct upload *u = r->state;
    struct emit e = {0};
    u->settled = m->result == MAIL_OK;
    if (!request_is_ok(r, m))
        return;
    emit_open(&e, '{');
    emit_member_number(&e, "accepted", u->rows.accepted - u->skips);
    emit_member_number(&e, "rejected", u->rows.rejected);
    emit_member_number(&e, "duplicates", u->skips);
    emit_key(&e, "errors");
    emit_open(&e, '[');
    emit_raw(&e, u->rows.errors.p, u->rows.errors.n);
    emit_close(&e, ']');
    emit_member_bool(&e, "errors_truncated",
                     u->rows.rejected > u->rows.errors_listed);
    emit_close(&e, '}');
    if (u->rows.errors.failed)
        e.failed = true;
    reply_json(r, 200, &e);
}

static enum turn
post_end(struct request *r)
{
    struct upload *u = r->state;
    if (u->settled)
        return TURN_WAIT;
    struct mail *m = upload_mail(u, MAIL_UPLOAD_END);
    m->upload.rejected = u->rows.rejected;
    m->upload.duplicates = u->skips;
    m->upload.skip = u->skip;
    m->upload.skips = u->skips;
    if (request_post(r, m, answer, NULL)) {
        u->settled = true;
        return TURN_WAIT;
    }
    mail_free(m);
    request_wake_in(r, RETRY_MS);
    return TURN_WAIT;
}

/* The last row or line, when it had no end. */
static enum turn
end_body(struct request *r)
{
    struct upload *u = r->state;
    if (!make_room(r))
        return TURN_WAIT;
    if (u->is_csv)
        csv_end(&u->csv);
    else
        lines_end(&u->lines);
    check_room(r);
    if (u->is_csv && !u->rows.has_header && !r->problem.code) {
        problem_set(&r->problem, "invalid", "The file is empty.");
        problem_add(&r->problem, "", "missing_column",
                    "The first line names the columns; one of them is `to`.");
        r->problem.error[0].line = 1;
    }
    u->stage = UPLOAD_TAIL;
    return TURN_MORE;
}

static enum turn
post_tail(struct request *r)
{
    struct upload *u = r->state;
    make_room(r);
    if (u->chunk)
        return TURN_WAIT;
    u->chunk = rows_take(&u->rows, true, &u->chunk_octets, &u->chunk_rows);
    if (!u->chunk)
        u->stage = u->dedupe ? UPLOAD_DEDUPE : UPLOAD_END;
    return TURN_MORE;
}

static enum turn
find_twice(struct request *r)
{
    struct upload *u = r->state;
    bool failed;
    if (dedupe_step(u->dedupe, &failed))
        return TURN_MORE;
    u->skip = dedupe_rows(u->dedupe, &u->skips);
    if (failed || u->skips != dedupe_count(u->dedupe))
        problem_set(&r->problem, "unavailable",
                    "No memory or disk space for this upload.");
    u->stage = UPLOAD_END;
    return TURN_MORE;
}

static enum turn
upload_work(struct request *r)
{
    struct upload *u = r->state;
    switch (u->stage) {
    case UPLOAD_BODY: return end_body(r);
    case UPLOAD_TAIL: return post_tail(r);
    case UPLOAD_DEDUPE: return find_twice(r);
    default: return post_end(r);
    }
}

static void
upload_ended(struct request *r)
{
    r->work = upload_work;
}

/* --- the begin */

static void
begun(struct request *r, struct mail *m)
{
    struct upload *u = r->state;
    if (!request_is_ok(r, m))
        return;
    u->upload = m->upload.upload;
    r->feed = upload_feed;
    r->ended = upload_ended;
}

/* What the campaign's text asks of each row. */
static bool
upload_prepare(struct upload *u, const struct campaign_doc *doc)
{
    char why[TEMPLATE_WHY_BYTES];
    u->account = doc->account;
    u->template = template_create(doc->text, why);
    if (doc->dedupe)
        u->dedupe = dedupe_create(u->door->tmp_dir);
    u->ops = (struct rows_ops){find_sender, find_sender_name, u};
    rows_init(&u->rows);
    u->rows.ops = &u->ops;
    u->rows.template = u->template;
    u->rows.default_sender = doc->sender;
    u->rows.dedupe = u->dedupe;
    u->csv.each = on_row;
    u->csv.arg = u;
    u->lines = (struct lines){.max = CSV_ROW_MAX, .each = on_line, .arg = u};
    return u->template && (u->dedupe || !doc->dedupe);
}

void
upload_begin(struct request *r)
{
    struct campaign_doc doc;
    uint64_t campaign;
    struct query *q = door_query(r->door);
    struct slice type = request_header(r, "Content-Type");
    if (!request_id(r, 0, ID_CAMPAIGN, &campaign))
        return;
    if (!q || !query_campaign(q, r->who, campaign, &doc)) {
        problem_not_found(&r->problem);
        return;
    }
    struct upload *u = calloc(1, sizeof *u);
    if (!u) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    u->request = r;
    u->door = r->door;
    u->intake = r->intake;
    u->who = r->who;
    u->campaign = campaign;
    u->is_csv = !type.n || !type_is_lines((const char *)type.p);
    r->state = u;
    r->state_free = upload_free;
    if (!upload_prepare(u, &doc)) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    struct mail *m = upload_mail(u, MAIL_UPLOAD_BEGIN);
    m->upload.append = request_flag(r, "append");
    request_ask(r, m, begun);
}
