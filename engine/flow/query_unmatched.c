/*
 * query_unmatched.c - receipts and replies that found nobody, as kept.
 */
#include "engine/flow/query_inside.h"
#include "proto/addr.h"
#include "proto/smpp.h"

static void
show_receipt(struct query *q, const struct fact_receipt *x,
             struct unmatched_view *out)
{
    const char *state = smpp_state_name((uint32_t)x->kind);
    out->receipt = true;
    out->at_ms = x->at_ms;
    out->message = x->message;
    out->state = state ? state : "UNKNOWN";
    slice_to_str(x->source, out->from, sizeof out->from);
    slice_to_str(x->dest, out->to, sizeof out->to);
    slice_to_str(x->smsc_id, out->smsc_id, sizeof out->smsc_id);
    slice_to_str(slice_str(query_carrier_name(q, x->carrier)), out->carrier,
                 sizeof out->carrier);
}

static void
show_reply(struct query *q, const struct fact_reply *x,
           struct unmatched_view *out)
{
    struct chain c;
    struct message_view m;
    if (!chain_read(q, x->message, out->pos, &c))
        return;
    message_tell(q, &c, MSG_RECEIVED, true, &m);
    out->at_ms = x->at_ms;
    out->message = x->message;
    out->text = m.text;
    memcpy(out->from, m.from, sizeof out->from);
    memcpy(out->to, m.to, sizeof out->to);
    slice_to_str(slice_str(query_carrier_name(q, x->carrier)), out->carrier,
                 sizeof out->carrier);
}

bool
query_unmatched(struct query *q, uint64_t pos, struct unmatched_view *out)
{
    struct slice fact;
    struct fact_receipt receipt;
    struct fact_reply reply;
    bool found = false;
    *out = (struct unmatched_view){.pos = pos};
    query_begin(q);
    if (store_read(q->reader, pos, &fact) == STORE_OK) {
        found = true;
        if (fact_receipt_get(fact, &receipt))
            show_receipt(q, &receipt, out);
        else if (fact_reply_get(fact, &reply))
            show_reply(q, &reply, out);
        else
            found = false;
    }
    query_end(q);
    return found;
}
