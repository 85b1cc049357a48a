/*
 * query_history.c - what the facts of a message tell a person: its history,
 * its parts, its times, and what went wrong.
 *
 * One function a kind of fact, called oldest first; each leaves the parts as
 * they were after that fact. An error is kept while nothing better came.
 */
#include <stdio.h>

#include "engine/flow/book.h"
#include "engine/flow/id.h"
#include "engine/flow/query_inside.h"
#include "proto/smpp.h"

/* Invariant: parts <= 255; state[i] belongs to part[i]. */
struct telling {
    struct query *q;
    struct message_view *out;
    struct part_view *part;
    unsigned parts;
    enum message_state_kind state[256];
    struct history_view *history;
    uint64_t sent_ms, taken_ms; /* the first of each; 0: none */
    const char *error_code, *error_text;
};

static void
say(struct telling *t, uint64_t at_ms, enum message_state_kind state,
    const char *reason)
{
    t->history[t->out->histories++] =
        (struct history_view){at_ms, state_name(state), reason};
}

/* "part 2 of 3 ", or nothing when there is only one. */
static const char *
part_name(struct telling *t, uint64_t part)
{
    return t->out->parts < 2 ? ""
                             : query_format(t->q, "part %u of %u ",
                                            (unsigned)part + 1, t->out->parts);
}

static struct part_view *
part_of(struct telling *t, uint64_t part)
{
    return part < t->parts ? &t->part[part] : NULL;
}

static void
part_moves(struct telling *t, uint64_t part, enum message_state_kind state)
{
    struct part_view *p = part_of(t, part);
    if (!p)
        return;
    t->state[part] = state;
    p->state = state_name(state);
}

static void
fails(struct telling *t, const char *code, const char *text)
{
    t->error_code = code;
    t->error_text = text;
}

/* ---- one kind each --------------------------------------------------------
 */

static void
tell_accept(struct telling *t, struct slice fact)
{
    struct fact_accept x;
    char when[25];
    if (!fact_accept_get(fact, &x))
        return;
    if (x.send_at_ms) {
        wall_to_rfc3339((struct wall){x.send_at_ms}, when);
        say(t, x.at_ms, MSG_ACCEPTED, query_format(t->q, "until %s", when));
        return;
    }
    say(t, x.at_ms, MSG_ACCEPTED, "");
    say(t, x.at_ms, MSG_QUEUED, "");
}

static void
tell_sent(struct telling *t, struct slice fact)
{
    struct fact_sent x;
    if (!fact_sent_get(fact, &x))
        return;
    const char *carrier = query_carrier_name(t->q, x.carrier);
    struct part_view *p = part_of(t, x.part);
    if (p) {
        *p = (struct part_view){
            .carrier = carrier,
            .bind = (unsigned)x.bind,
            .submitted_ms = x.at_ms,
        };
        part_moves(t, x.part, MSG_SUBMITTED);
    }
    if (!t->sent_ms)
        t->sent_ms = x.at_ms;
    say(t, x.at_ms, MSG_SUBMITTED,
        x.attempt ? query_format(t->q, "%shanded to %s, attempt %u",
                                 part_name(t, x.part), carrier,
                                 (unsigned)x.attempt + 1)
                  : query_format(t->q, "%shanded to %s", part_name(t, x.part),
                                 carrier));
}

static const char *
status_name(struct telling *t, uint64_t status)
{
    const char *name = smpp_status_name((uint32_t)status);
    return name ? name : query_format(t->q, "0x%08x", (unsigned)status);
}

/* The carrier did not take the part. */
static void
tell_refusal(struct telling *t, const struct fact_answer *x)
{
    struct part_view *p = part_of(t, x->part);
    const char *name = status_name(t, x->status);
    char when[25];
    if (p) {
        p->error = (uint32_t)x->status;
        snprintf(p->error_text, sizeof p->error_text, "%s", name);
    }
    if (x->retry_ms) {
        part_moves(t, x->part, MSG_QUEUED);
        wall_to_rfc3339((struct wall){x->retry_ms}, when);
        say(t, x->at_ms, (enum message_state_kind)x->state,
            query_format(t->q, "%s%s: %s, again at %s", part_name(t, x->part),
                         x->verdict == VERDICT_SLOW ? "throttled" : "not taken",
                         name, when));
        return;
    }
    part_moves(t, x->part, MSG_FAILED);
    say(t, x->at_ms, (enum message_state_kind)x->state,
        query_format(t->q, "%srefused: %s", part_name(t, x->part), name));
    fails(t, query_format(t->q, "0x%08x", (unsigned)x->status),
          query_format(t->q, "%s: %s", name,
                       smpp_status_text((uint32_t)x->status)));
}

static void
tell_answer(struct telling *t, struct slice fact)
{
    struct fact_answer x;
    if (!fact_answer_get(fact, &x))
        return;
    struct part_view *p = part_of(t, x.part);
    if (p)
        p->answered_ms = x.at_ms;
    if (x.verdict != VERDICT_OK) {
        tell_refusal(t, &x);
        return;
    }
    if (p)
        slice_to_str(x.smsc_id, p->smsc_id, sizeof p->smsc_id);
    if (p && !state_is_final(t->state[x.part]))
        part_moves(t, x.part, MSG_SUBMITTED);
    if (!t->taken_ms)
        t->taken_ms = x.at_ms;
    say(t, x.at_ms, (enum message_state_kind)x.state,
        x.smsc_id.n
            ? query_format(t->q, "%staken as %.*s", part_name(t, x.part),
                           (int)x.smsc_id.n, (const char *)x.smsc_id.p)
            : query_format(t->q, "%staken", part_name(t, x.part)));
}

static void
tell_receipt(struct telling *t, struct slice fact)
{
    struct fact_receipt x;
    if (!fact_receipt_get(fact, &x))
        return;
    char error[48];
    const char *word = smpp_state_name((uint32_t)x.kind);
    struct part_view *p = part_of(t, x.part);
    bool bad = x.final && x.kind != STATE_DELIVERED;
    slice_to_str(x.error, error, sizeof error);
    if (!word)
        word = "of an unknown state";
    if (p) {
        p->receipt_ms = x.at_ms;
        if (!p->smsc_id[0])
            slice_to_str(x.smsc_id, p->smsc_id, sizeof p->smsc_id);
        if (bad)
            snprintf(p->error_text, sizeof p->error_text, "%s",
                     error[0] ? error : word);
    }
    if (x.final)
        part_moves(t, x.part, book_state_of_receipt((unsigned)x.kind));
    const char *tail =
        error[0] && bad ? query_format(t->q, ", error %s", error) : "";
    const char *reason =
        query_format(t->q, "%sreceipt %s%s", part_name(t, x.part), word, tail);
    say(t, x.at_ms, (enum message_state_kind)x.state, reason);
    if (bad)
        fails(t, query_format(t->q, "%s", error[0] ? error : word), reason);
}

static void
tell_lost(struct telling *t, struct slice fact)
{
    static const char *const how[] = {
        [LOSS_NOT_SENT] = "not sent: the connection ended",
        [LOSS_UNKNOWN] = "the connection died before the answer",
        [LOSS_TIMED_OUT] = "no answer in time",
    };
    struct fact_lost x;
    if (!fact_lost_get(fact, &x))
        return;
    const char *why = x.loss < sizeof how / sizeof *how ? how[x.loss] : "lost";
    enum message_state_kind now = (enum message_state_kind)x.state;
    if (part_of(t, x.part) && !state_is_final(t->state[x.part]))
        part_moves(t, x.part, x.retry_ms ? MSG_QUEUED : MSG_UNCERTAIN);
    say(t, x.at_ms, now,
        query_format(t->q, "%s%s%s", part_name(t, x.part), why,
                     x.retry_ms ? ", goes again" : ""));
    if (!x.retry_ms)
        fails(t, "no_answer", why);
}

/* ---- reasons of ours ------------------------------------------------------
 */

static const char *
reason_text(unsigned reason)
{
    static const char *const text[REASON_N] = {
        [REASON_SUPPRESSED] = "the subscriber has opted out",
        [REASON_EXPIRED] = "its time was over before it left",
        [REASON_CANCELLED] = "cancelled",
        [REASON_MISSING_FIELD] = "the recipient has no value for a field",
        [REASON_TOO_LONG] = "the text needs more parts than are allowed",
        [REASON_BAD_TEXT] = "the text is not UTF-8",
        [REASON_NO_RECEIPT] = "no receipt came in time",
        [REASON_NO_NUMBER] = "no number, or no carrier, that could take it",
        [REASON_PAIR_BUSY] =
            "each number of the pool is talking to the subscriber",
        [REASON_DUPLICATE] = "the subscriber stands twice in the list",
        [REASON_QUOTA] = "the account's quota is used up",
        [REASON_RESENT] = "uncertain, sent again",
    };
    return reason < REASON_N && text[reason] ? text[reason] : "";
}

static void
tell_reason(struct telling *t, uint64_t at_ms, enum message_state_kind state,
            unsigned reason, struct slice detail)
{
    const char *name = reason_name(reason);
    const char *text = reason_text(reason);
    if (detail.n) {
        int n = detail.n < 120 ? (int)detail.n : 120;
        const char *d = (const char *)detail.p;
        name = query_format(t->q, "%s: %.*s", name, n, d);
        text = query_format(t->q, "%s: %.*s", text, n, d);
    }
    for (unsigned i = 0; i < t->parts; i++)
        if (state_is_final(state) && !state_is_final(t->state[i]))
            part_moves(t, i, state);
    say(t, at_ms, state, name);
    if (state_is_final(state) && state != MSG_DELIVERED)
        fails(t, reason_name(reason), text);
}

static void
tell_state(struct telling *t, struct slice fact)
{
    struct fact_state x;
    if (fact_state_get(fact, &x))
        tell_reason(t, x.at_ms, (enum message_state_kind)x.state,
                    (unsigned)x.reason, x.detail);
}

static void
tell_reply(struct telling *t, struct slice fact)
{
    struct fact_reply x;
    if (fact_reply_get(fact, &x))
        say(t, x.at_ms, MSG_RECEIVED,
            x.sender ? query_format(t->q, "rule %u", (unsigned)x.rule)
                     : "unmatched");
}

static void
tell_reassign(struct telling *t, struct slice fact)
{
    struct fact_reassign x;
    char sender[ID_BYTES];
    if (fact_reassign_get(fact, &x))
        say(t, x.at_ms, MSG_RECEIVED,
            query_format(t->q, "given to %s",
                         id_to_text(ID_SENDER, x.sender, sender)));
}

static void
tell(struct telling *t, struct slice fact)
{
    switch (fact_kind(fact)) {
    case FACT_ACCEPT: tell_accept(t, fact); break;
    case FACT_SENT: tell_sent(t, fact); break;
    case FACT_ANSWER: tell_answer(t, fact); break;
    case FACT_RECEIPT: tell_receipt(t, fact); break;
    case FACT_LOST: tell_lost(t, fact); break;
    case FACT_STATE: tell_state(t, fact); break;
    case FACT_SKIP:
        tell_reason(t, t->out->created_ms, MSG_REJECTED, REASON_DUPLICATE,
                    (struct slice){0});
        break;
    case FACT_REPLY: tell_reply(t, fact); break;
    case FACT_REASSIGN: tell_reassign(t, fact); break;
    default: break;
    }
}

/* ---- the whole ------------------------------------------------------------
 */

static void
begin(struct telling *t, const struct chain *c)
{
    if (c->has_sent)
        t->parts = c->sent.parts < 255 ? (unsigned)c->sent.parts : 255;
    t->part = query_room(t->q, t->parts * sizeof *t->part);
    for (unsigned i = 0; i < t->parts; i++)
        part_moves(t, i, MSG_QUEUED);
    /* An ACCEPT says two things, and a row was accepted with its file. */
    t->history = query_room(t->q, (c->links + 2) * sizeof *t->history);
    if (c->campaign && !c->inbound && !c->skip_ms && t->out->created_ms)
        say(t, t->out->created_ms, MSG_ACCEPTED, "recipient of the campaign");
}

static void
end(struct telling *t)
{
    struct message_view *m = t->out;
    m->part = t->part;
    m->part_views = t->parts;
    m->history = t->history;
    m->submitted_ms = t->taken_ms ? t->taken_ms : t->sent_ms;
    switch (m->state) {
    case MSG_FAILED:
    case MSG_EXPIRED:
    case MSG_REJECTED:
    case MSG_UNKNOWN:
    case MSG_CANCELLED:
    case MSG_SUPPRESSED:
    case MSG_UNCERTAIN:
        m->error_code = t->error_code;
        m->error_text = t->error_text;
        break;
    default: break;
    }
}

void
history_tell(struct query *q, const struct chain *c, struct message_view *out)
{
    struct telling t = {.q = q, .out = out};
    enum message_state_kind before = MSG_NONE, now;
    uint64_t at_ms;
    begin(&t, c);
    for (unsigned i = 0; i < c->links; i++) {
        now = chain_state(c->link[i].fact, &at_ms);
        if (now != before && state_is_final(now))
            out->final_ms = at_ms;
        if (!state_is_final(now))
            out->final_ms = 0;
        before = now;
        tell(&t, c->link[i].fact);
    }
    if (!state_is_final(out->state))
        out->final_ms = 0;
    end(&t);
}
