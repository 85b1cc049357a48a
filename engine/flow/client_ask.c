/*
 * client_ask.c - query_sm, cancel_sm and replace_sm.
 *
 * Promise: a client asks about, ends and changes the messages of its own
 * login alone; another's does not exist. What has left is neither cancelled
 * nor replaced.
 */
#include "engine/flow/accept.h"
#include "engine/flow/book.h"
#include "engine/flow/client_desk.h"
#include "engine/flow/login.h"
#include "engine/flow/owed.h"
#include "engine/flow/raw.h"
#include "engine/flow/talk.h"
#include "proto/smpp.h"
#include "proto/smpptime.h"

/* A message as its client asks about it. Slices borrow from the log. */
struct asked {
    uint64_t message;
    enum message_state_kind state;
    struct fact_accept accept;
    struct raw raw;
};

static void
refuse(struct client *c, const struct pdu *p, uint32_t status, const char *why)
{
    client_desk_note(c, why);
    client_answer(c, p->id, p->sequence, status, (struct slice){0});
}

static bool
look_at(struct flow *f, const struct login *l, uint64_t message,
        struct asked *out)
{
    uint64_t pos, word = book_word(f, message);
    out->message = message;
    out->state = word_state(word);
    return message && message < f->next_message &&
           (word_flags(word) & WORD_CLIENT) &&
           owed_accept(f, message, &out->accept, &pos) &&
           out->accept.login == l->id && raw_get(out->accept.submit, &out->raw);
}

/* By its id; the source, when one is given, must be the submit's. */
static bool
find(struct flow *f, struct client *c, const struct pdu *p, struct asked *out)
{
    struct login *l = directory_login(&f->directory, client_login(c));
    const char *why;
    uint64_t message = raw_id_read(pdu_slice(p, FIELD_MESSAGE_ID),
                                   client_version(c) == SMPP_V33);
    if (!l || !look_at(f, l, message, out))
        return false;
    if (pdu_slice(p, FIELD_SOURCE_ADDR).n == 0)
        return true;
    const struct number *n =
        client_source(f, l, 0, out->accept.subscriber, p, false, &why);
    /* A pool's name stands for whichever number it gave. */
    return (n && n->id == out->accept.number) ||
           slice_eq(pdu_slice(p, FIELD_SOURCE_ADDR), out->raw.source);
}

/* ---- query_sm -------------------------------------------------------------
 */

/* When it came to its end, and the carrier's error. */
static void
read_end(struct flow *f, uint64_t message, uint64_t *at_ms, unsigned *error)
{
    struct slice fact;
    union {
        struct fact_answer answer;
        struct fact_receipt receipt;
        struct fact_state state;
    } u;
    if (!journal_read(&f->journal, word_pos(book_word(f, message)), &fact))
        return;
    if (fact_kind(fact) == FACT_ANSWER && fact_answer_get(fact, &u.answer)) {
        *at_ms = u.answer.at_ms;
        *error = u.answer.status & 255;
    } else if (fact_kind(fact) == FACT_RECEIPT &&
               fact_receipt_get(fact, &u.receipt)) {
        *at_ms = u.receipt.at_ms;
        *error = u.receipt.network & 255;
    } else if (fact_kind(fact) == FACT_STATE &&
               fact_state_get(fact, &u.state)) {
        *at_ms = u.state.at_ms;
    }
}

void
client_query(struct flow *f, struct client *c, const struct pdu *p)
{
    struct asked x;
    struct pdu answer;
    char final[SMPPTIME_SIZE] = "", id[RAW_ID_BYTES];
    uint64_t at_ms = 0;
    unsigned error = 0;
    if (!find(f, c, p, &x)) {
        refuse(c, p, ESME_RINVMSGID, "no message of the login has this id");
        return;
    }
    unsigned state = owed_state(x.state);
    if (x.state == MSG_ACCEPTED && client_version(c) == SMPP_V50)
        state = STATE_SCHEDULED;
    if (state_is_final(x.state))
        read_end(f, x.message, &at_ms, &error);
    if (at_ms && !smpptime_write_absolute((int64_t)at_ms, final))
        final[0] = 0;
    pdu_init(&answer, SMPP_QUERY_SM_RESP, ESME_ROK, p->sequence);
    pdu_set_slice(&answer, FIELD_MESSAGE_ID,
                  slice_str(raw_id(&x.raw, x.message, id)));
    pdu_set_slice(&answer, FIELD_FINAL_DATE, slice_str(final));
    pdu_set_u32(&answer, FIELD_MESSAGE_STATE, state);
    pdu_set_u32(&answer, FIELD_ERROR_CODE, error);
    client_answer_pdu(c, &answer);
}

/* ---- cancel_sm ------------------------------------------------------------
 */

static bool
waits(enum message_state_kind s)
{
    return s == MSG_ACCEPTED || s == MSG_QUEUED || s == MSG_HELD;
}

static void
cancel(struct flow *f, const struct asked *x)
{
    book_state(f, x->message, (uint32_t)x->accept.account,
               (uint32_t)x->accept.sender, MSG_CANCELLED, REASON_CANCELLED, 0,
               (struct slice){0});
}

/* Those of the pair that wait. How many; as many as a talk's walk shows. */
static unsigned
cancel_pair(struct flow *f, const struct login *l, const struct number *n,
            uint64_t subscriber, struct slice service_type, bool any_type,
            uint64_t but)
{
    struct talk_step t;
    struct asked x;
    unsigned count = 0;
    uint64_t pos = talk_newest(f, subscriber);
    for (unsigned i = 0; i < TALK_STEPS_MAX && talk_read(f, pos, &t);
         i++, pos = t.before) {
        if (t.sent || t.inbound || t.number != n->id || t.message == but ||
            !waits(word_state(book_word(f, t.message))) ||
            !look_at(f, l, t.message, &x) ||
            (!any_type && !slice_eq(x.raw.service_type, service_type)))
            continue;
        cancel(f, &x);
        count++;
    }
    return count;
}

void
client_replace_present(struct flow *f, const struct login *l,
                       const struct number *n, uint64_t subscriber,
                       struct slice service_type, uint64_t by)
{
    cancel_pair(f, l, n, subscriber, service_type, false, by);
}

static uint32_t
cancel_by_pair(struct flow *f, struct client *c, const struct pdu *p)
{
    struct login *l = directory_login(&f->directory, client_login(c));
    const char *why = "";
    uint64_t subscriber =
        client_subscriber(f, (uint8_t)pdu_u32(p, FIELD_DEST_ADDR_TON),
                          (uint8_t)pdu_u32(p, FIELD_DEST_ADDR_NPI),
                          pdu_slice(p, FIELD_DESTINATION_ADDR));
    if (!subscriber)
        return ESME_RINVDSTADR;
    const struct number *n =
        l ? client_source(f, l, 0, subscriber, p, false, &why) : NULL;
    if (!n)
        return ESME_RINVSRCADR;
    struct slice type = pdu_slice(p, FIELD_SERVICE_TYPE);
    return cancel_pair(f, l, n, subscriber, type, type.n == 0, 0)
               ? ESME_ROK
               : ESME_RCANCELFAIL;
}

void
client_cancel(struct flow *f, struct client *c, const struct pdu *p)
{
    struct asked x;
    struct login *l = directory_login(&f->directory, client_login(c));
    if (pdu_slice(p, FIELD_MESSAGE_ID).n == 0) {
        uint32_t status = cancel_by_pair(f, c, p);
        if (status)
            refuse(c, p, status, "no message of this pair waits");
        else
            client_answer(c, p->id, p->sequence, ESME_ROK, (struct slice){0});
        return;
    }
    if (!find(f, c, p, &x)) {
        refuse(c, p, ESME_RINVMSGID, "no message of the login has this id");
        return;
    }
    unsigned count = 0;
    uint64_t first = x.message;
    /* One id stands for all destinations of a submit_multi. */
    for (uint64_t m = first;
         look_at(f, l, m, &x) && (m == first || x.raw.group == first); m++)
        if (waits(x.state)) {
            cancel(f, &x);
            count++;
        }
    if (count)
        client_answer(c, p->id, p->sequence, ESME_ROK, (struct slice){0});
    else
        refuse(c, p, ESME_RCANCELFAIL, "the message has left or ended");
}

/* ---- replace_sm -----------------------------------------------------------
 */

/* False: a time is bad; status says which. */
static bool
new_times(struct flow *f, const struct pdu *p, struct fact_accept *x,
          uint32_t *status)
{
    int64_t at, now = (int64_t)f->wall.ms;
    enum smpptime_kind kind =
        smpptime_read(pdu_slice(p, FIELD_SCHEDULE_DELIVERY_TIME), now, &at);
    *status = ESME_RINVSCHED;
    if (kind == SMPPTIME_BAD)
        return false;
    if (kind != SMPPTIME_EMPTY)
        x->send_at_ms = at > now ? (uint64_t)at : 0;
    kind = smpptime_read(pdu_slice(p, FIELD_VALIDITY_PERIOD), now, &at);
    *status = ESME_RINVEXPIRY;
    if (kind == SMPPTIME_BAD || (kind != SMPPTIME_EMPTY && at <= now))
        return false;
    if (kind != SMPPTIME_EMPTY)
        x->expires_at_ms = (uint64_t)at;
    return true;
}

void
client_replace(struct flow *f, struct client *c, const struct pdu *p)
{
    struct asked x;
    uint32_t status;
    uint8_t packed[RAW_BYTES_MAX];
    struct writer w = writer_of(packed, sizeof packed);
    if (!find(f, c, p, &x)) {
        refuse(c, p, ESME_RINVMSGID, "no message of the login has this id");
        return;
    }
    if (!waits(x.state) || (x.raw.flags & RAW_TEXT)) {
        refuse(c, p, ESME_RREPLACEFAIL, "the message has left or ended");
        return;
    }
    struct slice text = pdu_user_data(p);
    if (text.n > RAW_SM_MAX) {
        refuse(c, p, ESME_RINVMSGLEN, "the user data is too long");
        return;
    }
    if (!new_times(f, p, &x.accept, &status)) {
        refuse(c, p, status, "a time is none, or has passed");
        return;
    }
    x.raw.predefined = (uint8_t)pdu_u32(p, FIELD_SM_DEFAULT_MSG_ID);
    x.raw.flags &= (uint8_t)~RAW_PAYLOAD;
    raw_put(&w, &x.raw);
    x.accept.text = text;
    x.accept.submit = writer_slice(&w);
    x.accept.registered = pdu_u32(p, FIELD_REGISTERED_DELIVERY) & 0x1F;
    /* Another ACCEPT of the same number: the one before is passed over by
     * whoever finds it, since the word names this one. */
    if (accept_write(f, &x.accept))
        client_answer(c, p->id, p->sequence, ESME_ROK, (struct slice){0});
    else
        refuse(c, p, ESME_RREPLACEFAIL, "the store cannot take more right now");
}
