/*
 * query_campaign.c - what was asked of a campaign, its rows, and the text
 * that a row was sent.
 *
 * A text of a campaign is not in the log: it is rendered again from the
 * template, which never changes, and the row as it came. Chunks are kept
 * with the place of each row, since receipts and replies come in any order.
 */
#include <stdlib.h>

#include "engine/flow/directory_doc.h"
#include "engine/flow/doc.h"
#include "engine/flow/query_inside.h"
#include "engine/flow/submit.h"
#include "proto/addr.h"

static bool
read_doc(struct query *q, uint64_t campaign, struct slice *doc)
{
    uint8_t key[8];
    struct writer w = writer_of(key, sizeof key);
    writer_be32(&w, (uint32_t)(campaign >> 32));
    writer_be32(&w, (uint32_t)campaign);
    return campaign != 0 && store_get(q->reader, TABLE_CAMPAIGN,
                                      writer_slice(&w), doc) == STORE_OK;
}

static enum message_class
class_of(struct slice doc)
{
    uint64_t class = doc_u64(doc, DOC_CLASS, CLASS_MARKETING);
    return class > CLASS_UNSET && class < CLASS_N ? (enum message_class) class
                                                  : CLASS_MARKETING;
}

const struct query_campaign *
query_campaign_row(struct query *q, uint64_t campaign)
{
    struct query_campaign *c = q->campaigns;
    struct slice doc;
    char why[TEMPLATE_WHY_BYTES];
    for (unsigned i = 0; i < QUERY_CAMPAIGNS; i++) {
        if (campaign && q->campaigns[i].campaign == campaign) {
            q->campaigns[i].used = ++q->uses;
            return &q->campaigns[i];
        }
        if (q->campaigns[i].used < c->used)
            c = &q->campaigns[i];
    }
    if (!read_doc(q, campaign, &doc))
        return NULL;
    template_destroy(c->template);
    *c = (struct query_campaign){
        .campaign = campaign,
        .used = ++q->uses,
        .account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0),
        .sender = (uint32_t)doc_u64(doc, DOC_SENDER, 0),
        .from = (uint32_t)doc_u64(doc, DOC_FROM, 0),
        .pool = (uint32_t)doc_u64(doc, DOC_POOL, 0),
        .class = class_of(doc),
        .template = template_create(doc_text(doc, DOC_TEXT), why),
    };
    return c;
}

bool
query_campaign(struct query *q, struct who who, uint64_t campaign,
               struct campaign_doc *out)
{
    struct slice doc;
    query_begin(q);
    *out = (struct campaign_doc){0};
    bool found = read_doc(q, campaign, &doc);
    if (found) {
        const struct query_name *from =
            query_number_row(q, doc_u64(doc, DOC_FROM, 0));
        *out = (struct campaign_doc){
            .campaign = campaign,
            .account = (uint32_t)doc_u64(doc, DOC_ACCOUNT, 0),
            .sender = (uint32_t)doc_u64(doc, DOC_SENDER, 0),
            .pool = (uint32_t)doc_u64(doc, DOC_POOL, 0),
            .name = query_copy(q, doc_text(doc, DOC_NAME)),
            .text = query_copy(q, doc_text(doc, DOC_TEXT)),
            .class = class_of(doc),
            .rate = (uint32_t)doc_u64(doc, DOC_PER_S, 0),
            .start_at_ms = doc_u64(doc, DOC_START_AT_MS, 0),
            .expires_at_ms = doc_u64(doc, DOC_EXPIRES_AT_MS, 0),
            .created_ms = doc_u64(doc, DOC_CREATED_MS, 0),
            .dedupe = doc_u64(doc, DOC_NO_DEDUPE, 0) == 0,
            .resend_uncertain = doc_u64(doc, DOC_RESEND, 0) != 0,
        };
        if (from)
            out->from = slice_str(query_format(q, "%s", from->text));
        found = query_may_see(q, who, out->account, out->sender);
    }
    query_end(q);
    return found;
}

/* ---- rows -----------------------------------------------------------------
 */

bool
query_chunk(struct query *q, uint64_t pos, struct slice *chunk)
{
    struct slice fact;
    struct fact_recipients x;
    query_begin(q);
    bool found = store_read(q->reader, pos, &fact) == STORE_OK &&
                 fact_recipients_get(fact, &x);
    *chunk = found ? query_copy(q, x.chunk) : (struct slice){0};
    query_end(q);
    return found;
}

/* Notes where each row begins. */
static bool
chunk_open(struct query_chunk *c, size_t octets)
{
    struct recipients_reader *r = &c->reader;
    if (!recipients_open(r, slice_of(c->octets, octets)))
        return false;
    struct recipients_reader first = *r;
    c->rows = 0;
    do {
        c->row_at[c->rows] = (uint32_t)(r->at.at - c->octets);
    } while (recipients_skip(r, 1) && ++c->rows < RECIPIENTS_ROWS_MAX);
    bool sound = !r->at.failed;
    *r = first;
    return sound;
}

static bool
chunk_read(struct query *q, uint64_t pos, struct query_chunk *c)
{
    struct slice fact;
    struct fact_recipients x;
    c->pos = 0;
    if (store_read(q->reader, pos, &fact) != STORE_OK ||
        !fact_recipients_get(fact, &x) || x.chunk.n > sizeof c->octets)
        return false;
    memcpy(c->octets, x.chunk.p, x.chunk.n);
    if (!chunk_open(c, x.chunk.n))
        return false;
    c->campaign = x.campaign;
    c->at_ms = x.at_ms;
    c->pos = pos;
    return true;
}

/* The kept chunk, or the one used longest ago with this one read into it. */
static struct query_chunk *
chunk_at(struct query *q, uint64_t pos)
{
    struct query_chunk **oldest = &q->chunks[0];
    for (unsigned i = 0; i < QUERY_CHUNKS; i++) {
        struct query_chunk **c = &q->chunks[i];
        if (*c && (*c)->pos == pos)
            return *c;
        if (!*c || (*oldest && (*c)->used < (*oldest)->used))
            oldest = c;
    }
    if (!*oldest && !(*oldest = calloc(1, sizeof **oldest)))
        abort();
    return chunk_read(q, pos, *oldest) ? *oldest : NULL;
}

const struct query_chunk *
query_chunk_row(struct query *q, uint64_t pos, uint64_t row,
                struct recipient *out)
{
    if (pos == 0 || pos < store_oldest(q->store))
        return NULL;
    struct query_chunk *c = chunk_at(q, pos);
    if (!c || row >= c->rows)
        return NULL;
    c->used = ++q->uses;
    struct recipients_reader r = c->reader;
    r.at.at = c->octets + c->row_at[row];
    return recipients_next(&r, out) ? c : NULL;
}

/* ---- texts ----------------------------------------------------------------
 */

struct slice
query_render(struct query *q, const struct query_campaign *c,
             const struct query_chunk *chunk, const struct recipient *row)
{
    struct slice values[TEMPLATE_FIELDS_MAX] = {0};
    int16_t column_of[TEMPLATE_FIELDS_MAX];
    char e164[ADDR_E164_SIZE];
    unsigned missing;
    if (!c->template)
        return (struct slice){0};
    submit_columns(c->template, &chunk->reader, column_of);
    for (unsigned i = 0; i < template_fields(c->template); i++) {
        if (column_of[i] >= 0) {
            values[i] = row->values[column_of[i]];
        } else if (column_of[i] == -2) {
            const struct query_name *s =
                query_sender_row(q, row->sender ? row->sender : c->sender);
            if (s)
                values[i] = slice_str(s->text);
        } else if (column_of[i] == -3) {
            values[i] = slice_of(e164, u64_to_e164(row->subscriber, e164));
        }
    }
    struct writer w = writer_of(query_room(q, QUERY_TEXT_MAX), QUERY_TEXT_MAX);
    return template_render(c->template, values, &w, &missing) == TEMPLATE_OK
               ? writer_slice(&w)
               : (struct slice){0};
}

void
query_campaigns_fini(struct query *q)
{
    for (unsigned i = 0; i < QUERY_CAMPAIGNS; i++)
        template_destroy(q->campaigns[i].template);
    for (unsigned i = 0; i < QUERY_CHUNKS; i++)
        free(q->chunks[i]);
}
