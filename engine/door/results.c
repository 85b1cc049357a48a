/*
 * results.c - every recipient's outcome, as NDJSON or CSV, streamed.
 *
 * The file is as new as its rows are when they are written: a campaign that
 * runs while it is read gives each row's state of that moment.
 */
#include <stdlib.h>
#include <strings.h>

#include "engine/core/clock.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/view.h"
#include "engine/door/walk.h"
#include "proto/addr.h"

enum { ROWS_A_CALL = 64 };

struct results {
    struct walk walk; /* first: see walk.h */
    bool csv;
    bool has_header;
    unsigned columns; /* of CSV: those of the first chunk */
    char names[RECIPIENTS_COLUMNS_MAX][64];
};

static void
results_free(void *state)
{
    struct results *s = state;
    walk_fini(&s->walk);
    free(s);
}

static void
vars_emit(struct emit *e, const struct results *s, const struct recipient *x)
{
    char name[64];
    emit_key(e, "vars");
    emit_open(e, '{');
    for (unsigned i = 0; i < s->walk.reader.columns; i++) {
        if (!x->values[i].p)
            continue;
        slice_to_str(s->walk.reader.names[i], name, sizeof name);
        emit_string(e, slice_str(name));
        emit_raw(e, ":", 1);
        e->comma = false;
        emit_string(e, x->values[i]);
    }
    emit_close(e, '}');
}

static void
row_json(struct emit *e, const struct results *s, const struct walk_row *row,
         const struct message_view *v)
{
    e->comma = false;
    emit_open(e, '{');
    emit_member_number(e, "row", row->row + 1);
    emit_member_id(e, "id", ID_MESSAGE, row->message);
    emit_member_word(e, "to", v->to);
    emit_member_word(e, "from", v->from[0] ? v->from : NULL);
    emit_member_id(e, "sender", ID_SENDER, v->sender);
    emit_member_word(e, "state", state_name(v->state));
    emit_member_number(e, "parts", v->parts);
    emit_member_word(e, "encoding", v->encoding);
    emit_key(e, "error");
    if (v->error_code) {
        emit_open(e, '{');
        emit_member_word(e, "code", v->error_code);
        emit_member_word(e, "text", v->error_text ? v->error_text : "");
        emit_close(e, '}');
    } else {
        emit_null(e);
    }
    emit_member_bool(e, "replied", word_flags(row->word) & WORD_REPLIED);
    emit_member_time(e, "submitted_at", v->submitted_ms);
    emit_member_time(e, "final_at", v->final_ms);
    vars_emit(e, s, &row->recipient);
    emit_close(e, '}');
    emit_raw(e, "\n", 1);
}

/* --- CSV */

static void
cell(struct emit *e, const char *text)
{
    emit_csv(e, slice_str(text ? text : ""));
}

static void
cell_time(struct emit *e, uint64_t ms)
{
    char text[25] = "";
    if (ms)
        wall_to_rfc3339((struct wall){ms}, text);
    cell(e, text);
}

static void
line_end(struct emit *e)
{
    emit_raw(e, "\r\n", 2);
    e->comma = false;
}

static void
header_csv(struct emit *e, struct results *s)
{
    static const char *const fixed[] = {
        "row",     "id",           "to",       "from",  "sender",
        "state",   "parts",        "encoding", "error", "error_text",
        "replied", "submitted_at", "final_at"};
    e->comma = false;
    for (unsigned i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        cell(e, fixed[i]);
    s->columns = s->walk.reader.columns;
    for (unsigned i = 0; i < s->columns; i++) {
        slice_to_str(s->walk.reader.names[i], s->names[i], sizeof s->names[i]);
        cell(e, s->names[i]);
    }
    line_end(e);
}

/* The value of a column of the header, which later chunks may have at
 * another place or not at all. */
static struct slice
value_of(const struct results *s, const struct walk_row *row, unsigned column)
{
    struct slice name = slice_str(s->names[column]);
    const struct recipients_reader *reader = &s->walk.reader;
    if (column < reader->columns && slice_eq(name, reader->names[column]))
        return row->recipient.values[column];
    for (unsigned i = 0; i < reader->columns; i++)
        if (slice_eq(name, reader->names[i]))
            return row->recipient.values[i];
    return (struct slice){0};
}

static void
row_csv(struct emit *e, const struct results *s, const struct walk_row *row,
        const struct message_view *v)
{
    char id[ID_BYTES], sender[ID_BYTES] = "";
    if (v->sender)
        id_to_text(ID_SENDER, v->sender, sender);
    emit_format(e, "%llu", (unsigned long long)row->row + 1);
    e->comma = true;
    cell(e, id_to_text(ID_MESSAGE, row->message, id));
    cell(e, v->to);
    cell(e, v->from);
    cell(e, sender);
    cell(e, state_name(v->state));
    emit_format(e, ",%u", v->parts);
    cell(e, v->encoding);
    cell(e, v->error_code);
    cell(e, v->error_text);
    cell(e, word_flags(row->word) & WORD_REPLIED ? "true" : "false");
    cell_time(e, v->submitted_ms);
    cell_time(e, v->final_ms);
    for (unsigned i = 0; i < s->columns; i++)
        emit_csv(e, value_of(s, row, i));
    line_end(e);
}

/* --- the stream */

/* What became of the row; one that was not reached has no facts yet. */
static void
outcome(struct request *r, const struct walk_row *row, struct message_view *v)
{
    struct query *q = door_query(r->door);
    if (q && word_pos(row->word) &&
        query_outcome(q, row->message, row->word, v)) {
        /* A row that failed before it was rendered has no addresses. */
    } else {
        *v = (struct message_view){.message = row->message};
        v->sender = row->recipient.sender;
    }
    v->state = word_state(row->word);
    if (!v->to[0])
        u64_to_e164(row->recipient.subscriber, v->to);
}

static enum turn
results_fill(struct request *r)
{
    struct results *s = r->state;
    struct walk_row row;
    struct message_view v;
    for (unsigned i = 0; i < ROWS_A_CALL; i++) {
        enum turn turn = walk_next(r, &s->walk, &row);
        if (s->csv && !s->has_header &&
            (turn == TURN_MORE || (turn == TURN_DONE && !r->problem.code))) {
            s->has_header = true;
            header_csv(&r->out, s);
        }
        if (turn != TURN_MORE)
            return turn;
        outcome(r, &row, &v);
        if (s->csv)
            row_csv(&r->out, s, &row, &v);
        else
            row_json(&r->out, s, &row, &v);
    }
    return TURN_MORE;
}

/* ?format= before Accept; false when it is neither. */
static bool
wants_csv(struct request *r, bool *csv)
{
    struct slice format = request_query(r, "format");
    struct slice accept = request_header(r, "Accept");
    *csv = format.n ? slice_eq(format, slice_str("csv"))
                    : accept.n && strcasestr((const char *)accept.p, "csv");
    if (!format.n || *csv || slice_eq(format, slice_str("ndjson")))
        return true;
    problem_set(&r->problem, "bad_parameter", "`format` is csv or ndjson.");
    return false;
}

void
results_get(struct request *r)
{
    struct campaign_doc doc;
    uint64_t campaign;
    bool csv;
    struct query *q = door_query(r->door);
    if (!request_id(r, 0, ID_CAMPAIGN, &campaign) || !wants_csv(r, &csv))
        return;
    if (!q || !query_campaign(q, r->who, campaign, &doc)) {
        problem_not_found(&r->problem);
        return;
    }
    struct results *s = calloc(1, sizeof *s);
    if (!s) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    r->state = s;
    r->state_free = results_free;
    s->walk.campaign = campaign;
    s->csv = csv;
    reply_stream(r, 200, csv ? TYPE_CSV : TYPE_LINES, results_fill);
}
