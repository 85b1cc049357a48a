/*
 * query_message.c - one message, as product.md section 4 shows it.
 *
 * Promise: as in query.h. A message that has expired, one that never was and
 * one of somebody else are all the same: false.
 */
#include <stdio.h>

#include "engine/flow/query_inside.h"
#include "engine/flow/raw.h"
#include "engine/flow/reply.h"
#include "proto/addr.h"

static const char *
class_name(uint64_t class)
{
    static const char *const name[CLASS_N] = {
        [CLASS_CRITICAL] = "critical",
        [CLASS_TRANSACTIONAL] = "transactional",
        [CLASS_CONVERSATIONAL] = "conversational",
        [CLASS_MARKETING] = "marketing",
    };
    return class < CLASS_N ? name[class] : NULL;
}

static void
put_number(struct query *q, uint64_t number, char dst[24])
{
    const struct query_name *n = query_number_row(q, number);
    if (n)
        slice_to_str(slice_str(n->text), dst, 24);
}

/* Bit 63: not a phone number but a name, kept as a hash. */
static void
put_subscriber(uint64_t subscriber, char dst[24])
{
    if (subscriber && subscriber >> 63 == 0)
        u64_to_e164(subscriber, dst);
}

/* ---- replies --------------------------------------------------------------
 */

/* As the carrier wrote the addresses, when the directory has no words. */
static void
put_raw(struct query *q, const struct fact_reply *r, struct message_view *out)
{
    struct cursor c = cursor_of(r->inbound);
    struct slice fact;
    struct fact_inbound x;
    if (store_read(q->reader, cursor_varint(&c), &fact) != STORE_OK ||
        !fact_inbound_get(fact, &x))
        return;
    if (!out->from[0])
        slice_to_str(x.source, out->from, sizeof out->from);
    if (!out->to[0])
        slice_to_str(x.dest, out->to, sizeof out->to);
}

static void
put_flags(uint64_t flags, struct message_view *out)
{
    static const struct {
        enum reply_flag flag;
        const char *name;
    } names[] = {
        {REPLY_LATE, "late"},
        {REPLY_CROSSED, "crossed"},
        {REPLY_INCOMPLETE, "incomplete"},
        {REPLY_NUMBER_MISMATCH, "number_mismatch"},
        {REPLY_COMPLIANCE, "compliance"},
    };
    unsigned n = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (flags & names[i].flag)
            out->flags[n++] = names[i].name;
}

static void
tell_inbound(struct query *q, const struct chain *c, bool text,
             struct message_view *out)
{
    const struct fact_reply *r = &c->reply;
    out->inbound = true;
    put_subscriber(c->subscriber, out->from);
    put_number(q, c->number, out->to);
    if (!out->from[0] || !out->to[0])
        put_raw(q, r, out);
    struct cursor at = cursor_of(r->inbound);
    while (cursor_left(&at) > 0 && !at.failed) {
        cursor_varint(&at);
        out->parts++;
    }
    out->encoding = r->ucs2 ? "ucs2" : "gsm7";
    out->rule = (unsigned)r->rule;
    out->in_reply_to = r->in_reply_to;
    out->created_ms = r->received_ms ? r->received_ms : r->at_ms;
    put_flags(r->flags, out);
    if (text)
        out->text = query_copy(q, r->text);
}

/* ---- what we sent ---------------------------------------------------------
 */

/* What a client's octets say, as far as their coding is known. */
static struct slice
text_of(struct query *q, const struct fact_accept *a)
{
    struct raw r;
    if (a->submit.n == 0 || !raw_get(a->submit, &r))
        return query_copy(q, a->text);
    size_t cap = a->text.n * 4 + 16;
    struct writer w = writer_of(query_room(q, cap), cap);
    raw_to_utf8(&r, a->text, &w);
    return writer_slice(&w);
}

static void
tell_single(struct query *q, const struct chain *c, bool text,
            struct message_view *out)
{
    const struct fact_accept *a = &c->accept;
    if (!c->has_accept)
        return; /* expired; what was handed over is still told */
    out->class = class_name(a->class);
    out->created_ms = a->at_ms;
    out->external_id = query_copy(q, a->external_id);
    if (text)
        out->text = text_of(q, a);
}

static void
tell_row(struct query *q, const struct chain *c, bool text,
         struct message_view *out)
{
    const struct query_campaign *campaign = query_campaign_row(q, c->campaign);
    struct recipient row;
    const struct query_chunk *chunk = NULL;
    out->row = c->row;
    out->class = campaign ? class_name(campaign->class) : NULL;
    if (text || !out->to[0])
        chunk = query_chunk_row(q, c->chunk, c->row, &row);
    if (!out->from[0] && campaign)
        put_number(q, campaign->from, out->from);
    if (!chunk || chunk->campaign != c->campaign)
        return;
    put_subscriber(row.subscriber, out->to);
    out->created_ms = chunk->at_ms;
    if (text && campaign)
        out->text = query_render(q, campaign, chunk, &row);
}

static void
tell_outbound(struct query *q, const struct chain *c, bool text,
              struct message_view *out)
{
    put_subscriber(c->subscriber, out->to);
    put_number(q, c->number, out->from);
    if (c->has_sent) {
        out->parts = (unsigned)c->sent.parts;
        out->encoding = c->sent.ucs2 ? "ucs2" : "gsm7";
    } else if (c->has_accept) {
        out->parts = (unsigned)c->accept.parts;
        out->encoding = c->accept.ucs2 ? "ucs2" : "gsm7";
    }
    if (c->campaign)
        tell_row(q, c, text, out);
    else
        tell_single(q, c, text, out);
}

void
message_tell(struct query *q, const struct chain *c,
             enum message_state_kind state, bool text, struct message_view *out)
{
    *out = (struct message_view){
        .message = c->message,
        .state = state,
        .account = c->account,
        .sender = c->sender,
        .thread = c->thread,
        .campaign = c->campaign,
    };
    if (c->inbound)
        tell_inbound(q, c, text, out);
    else
        tell_outbound(q, c, text, out);
    if (c->skip_ms)
        out->created_ms = c->skip_ms;
    history_tell(q, c, out);
    if (c->skip_ms)
        out->final_ms = c->skip_ms;
    if (!out->created_ms && out->histories)
        out->created_ms = out->history[0].at_ms;
}

/* ---- the calls ------------------------------------------------------------
 */

bool
query_message(struct query *q, struct who who, uint64_t message, uint64_t word,
              struct message_view *out)
{
    struct chain c;
    query_begin(q);
    bool found = chain_read(q, message, word_pos(word), &c) &&
                 query_may_see(q, who, c.account, c.sender);
    if (found)
        message_tell(q, &c, word_state(word), true, out);
    query_end(q);
    return found;
}

bool
query_outcome(struct query *q, uint64_t message, uint64_t word,
              struct message_view *out)
{
    struct chain c;
    query_begin(q);
    bool found = true;
    *out = (struct message_view){.message = message, .state = word_state(word)};
    if (word_pos(word)) {
        found = chain_read(q, message, word_pos(word), &c);
        if (found)
            message_tell(q, &c, word_state(word), false, out);
    }
    query_end(q);
    return found;
}
