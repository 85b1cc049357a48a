/*
 * preflight.c - what a campaign would send and cost; sends nothing.
 *
 * Every row is rendered and measured as its carrier would send it, in slices
 * between which other requests of the thread run.
 */
#include <stdlib.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/walk.h"
#include "engine/flow/template.h"
#include "proto/addr.h"

enum { ROWS_A_CALL = 64, RENDER_MAX = 48 * 1024 };

struct preflight {
    struct walk walk; /* first: see walk.h */
    struct campaign_doc doc;
    char *from;
    struct template *template;
    int column[TEMPLATE_FIELDS_MAX]; /* of the open chunk; -1: none */
    struct campaign_counts counts;
    unsigned rate;
    bool looked, asked;
    uint64_t recipients, parts, gsm7, ucs2, duplicates, suppressed, rejected;
    uint8_t text[RENDER_MAX];
};

static void
preflight_free(void *state)
{
    struct preflight *p = state;
    walk_fini(&p->walk);
    template_destroy(p->template);
    free(p->from);
    free(p);
}

/* Column names may differ from chunk to chunk. */
static void
map_columns(struct preflight *p)
{
    unsigned n = template_fields(p->template);
    for (unsigned i = 0; i < n; i++) {
        struct slice field = template_field(p->template, i);
        p->column[i] = -1;
        for (unsigned c = 0; c < p->walk.reader.columns; c++)
            if (slice_eq(field, p->walk.reader.names[c]))
                p->column[i] = (int)c;
    }
}

static bool
render(struct query *q, struct preflight *p, const struct recipient *row,
       struct slice *text)
{
    struct slice values[TEMPLATE_FIELDS_MAX] = {0};
    struct writer out = writer_of(p->text, sizeof p->text);
    char to[ADDR_E164_SIZE], name[64];
    unsigned missing;
    unsigned n = template_fields(p->template);
    uint32_t sender = row->sender ? row->sender : p->doc.sender;
    for (unsigned i = 0; i < n; i++) {
        struct slice field = template_field(p->template, i);
        if (p->column[i] >= 0)
            values[i] = row->values[p->column[i]];
        else if (slice_eq(field, slice_str("to")))
            values[i] = slice_of(to, u64_to_e164(row->subscriber, to));
        else if (slice_eq(field, slice_str("sender.name")) && sender &&
                 query_sender_name(q, sender, &values[i]))
            /* Borrowed until the next query, which parts will be. */
            values[i] =
                slice_of(name, slice_to_str(values[i], name, sizeof name));
    }
    if (template_render(p->template, values, &out, &missing) != TEMPLATE_OK)
        return false;
    *text = writer_slice(&out);
    return true;
}

/* Was the row set aside when its upload ended, as one that names a
 * subscriber twice? */
static bool
is_duplicate(uint64_t word)
{
    return word_state(word) == MSG_REJECTED;
}

static void
measure(struct request *r, struct preflight *p, const struct walk_row *row)
{
    struct query *q = door_query(r->door);
    struct slice text;
    unsigned parts = 0;
    bool ucs2 = false;
    if (row->first)
        map_columns(p);
    if (is_duplicate(row->word)) {
        p->duplicates++;
        return;
    }
    p->recipients++;
    if (!q || !render(q, p, &row->recipient, &text) ||
        !query_parts(q, p->doc.account, slice_str(p->from), p->doc.pool, text,
                     &parts, &ucs2)) {
        p->rejected++;
        return;
    }
    if (query_suppressed(q, p->doc.account, row->recipient.subscriber)) {
        p->suppressed++;
        return;
    }
    p->parts += parts;
    if (ucs2)
        p->ucs2++;
    else
        p->gsm7++;
}

static void
answer(struct request *r, const struct preflight *p)
{
    struct emit e = {0};
    emit_open(&e, '{');
    emit_member_number(&e, "recipients", p->recipients);
    emit_member_number(&e, "parts", p->parts);
    emit_key(&e, "encodings");
    emit_open(&e, '{');
    emit_member_number(&e, "gsm7", p->gsm7);
    emit_member_number(&e, "ucs2", p->ucs2);
    emit_close(&e, '}');
    emit_member_number(&e, "duplicates", p->duplicates);
    emit_member_number(&e, "suppressed", p->suppressed);
    emit_member_number(&e, "held", p->counts.held);
    /* Rows that were set aside as duplicates count as rejected there. */
    uint64_t refused = p->counts.rejected > p->duplicates
                           ? p->counts.rejected - p->duplicates
                           : 0;
    emit_member_number(&e, "rejected", refused + p->rejected);
    emit_key(&e, "eta_seconds");
    if (p->rate)
        emit_number(&e, (p->parts + p->rate - 1) / p->rate);
    else
        emit_number(&e, 0);
    emit_close(&e, '}');
    reply_json(r, 200, &e);
}

static void
looked(struct request *r, struct mail *m)
{
    struct preflight *p = r->state;
    p->asked = false;
    p->looked = true;
    if (!request_is_ok(r, m))
        return;
    if (m->campaign.count == 0) {
        problem_not_found(&r->problem);
        return;
    }
    p->counts = m->campaign.rows[0].counts;
    p->rate = m->campaign.rows[0].rate_limit;
}

static enum turn
preflight_work(struct request *r)
{
    struct preflight *p = r->state;
    struct walk_row row;
    if (p->asked)
        return TURN_WAIT;
    if (!p->looked) {
        struct mail *m = request_mail(r, MAIL_CAMPAIGN_LOOK);
        m->campaign.campaign = p->walk.campaign;
        p->asked = true;
        request_ask(r, m, looked);
        return TURN_WAIT;
    }
    for (unsigned i = 0; i < ROWS_A_CALL; i++) {
        enum turn turn = walk_next(r, &p->walk, &row);
        if (turn == TURN_DONE && !r->problem.code)
            answer(r, p);
        if (turn != TURN_MORE)
            return turn;
        measure(r, p, &row);
    }
    return TURN_MORE;
}

static bool
prepare(struct preflight *p)
{
    char why[TEMPLATE_WHY_BYTES];
    p->from = strndup(p->doc.from.n ? (const char *)p->doc.from.p : "",
                      p->doc.from.n);
    p->template = template_create(p->doc.text, why);
    return p->from && p->template;
}

void
preflight_run(struct request *r)
{
    uint64_t campaign;
    struct form f;
    struct query *q = door_query(r->door);
    if (!request_id(r, 0, ID_CAMPAIGN, &campaign) || !request_form(r, &f) ||
        !form_end(&f))
        return;
    struct preflight *p = calloc(1, sizeof *p);
    if (!p || !q) {
        free(p);
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    r->state = p;
    r->state_free = preflight_free;
    p->walk.campaign = campaign;
    if (!query_campaign(q, r->who, campaign, &p->doc))
        problem_not_found(&r->problem);
    else if (!prepare(p))
        problem_set(&r->problem, "unavailable", "Out of memory.");
    else
        r->work = preflight_work;
}
