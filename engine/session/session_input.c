/*
 * session_input.c - what the peer says: framing, pairing, handing up.
 *
 * Promise: every PDU of the input is handled once, in order, or put off
 * whole. Whatever the body holds, the header pairs an answer; a bad request
 * costs that request alone; a bad length costs the connection.
 */
#include <stdio.h>

#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"
#include "engine/session/session_inside.h"
#include "proto/frame.h"

enum {
    RETRY_MS = 5,      /* until a request that was put off is offered again */
    RETRY_MAX_MS = 80, /* and again: a peer that never reads costs little */
};

enum handled {
    HANDLED,
    HANDLED_LATER, /* stop reading, the PDU stays */
};

static enum pdu_mode
mode_of(const struct session *s)
{
    return s->settings.strict ? PDU_STRICT : PDU_LENIENT;
}

static void
count_unpaired(struct session *s, const struct session_header *h)
{
    s->counts.unpaired++;
    metric_add(METRIC_ANSWERS_UNPAIRED, 1);
    const char *name = smpp_command_name(h->id);
    log_warn(ROOM_SESSION, "answer_unpaired",
             "session=%llu peer=%s command=%s id=0x%08x seq=%u status=0x%x",
             (unsigned long long)s->number, session_peer(s), name ? name : "?",
             h->id, h->sequence, h->status);
}

static void
on_bind_answer(struct session *s, struct slice whole,
               const struct session_header *h)
{
    bool ours = s->settings.side == SESSION_ESME &&
                s->state == SESSION_BINDING && h->sequence == s->bind_sequence;
    if (!ours || (h->id != (s->bind_id | SMPP_RESPONSE_BIT) &&
                  h->id != SMPP_GENERIC_NACK)) {
        count_unpaired(s, h);
        return;
    }
    if (h->status != 0 || h->id == SMPP_GENERIC_NACK) {
        s->refused_status = h->status ? h->status : ESME_RBINDFAIL;
        session_move(s, SESSION_EV_REFUSED);
        return;
    }
    struct pdu_error error;
    if (pdu_decode(whole, PDU_LENIENT, s->in, &error) != PDU_OK)
        s->counts.malformed++; /* the header alone binds us */
    uint32_t v;
    /* By the book a centre that does not name its version is 3.3; in the
     * field it nearly always is 3.4. */
    if (!pdu_tlv_u32(s->in, TLV_SC_INTERFACE_VERSION, &v))
        v = SMPP_V34;
    v = v < SMPP_V34 ? SMPP_V33 : v < SMPP_V50 ? SMPP_V34 : SMPP_V50;
    if (v < s->version)
        s->version = (uint8_t)v;
    s->pdu = s->in;
    session_move(s, SESSION_EV_ACCEPTED);
}

static enum session_mode
mode_of_bind(uint32_t id)
{
    return id == SMPP_BIND_TRANSMITTER ? SESSION_TRANSMITTER
           : id == SMPP_BIND_RECEIVER  ? SESSION_RECEIVER
                                       : SESSION_TRANSCEIVER;
}

static void
on_bind_request(struct session *s, struct slice whole,
                const struct session_header *h)
{
    if (s->settings.side == SESSION_ESME) {
        session_refuse(s, h, ESME_RINVBNDSTS);
        return;
    }
    if (s->state != SESSION_OPEN) { /* a second one: the table refuses it */
        s->second = *h;
        session_move(s, SESSION_EV_BIND_ASKED);
        return;
    }
    struct pdu_error error;
    if (pdu_decode(whole, mode_of(s), s->in, &error) != PDU_OK) {
        s->counts.malformed++;
        session_refuse(s, h, error.status ? error.status : ESME_RINVCMDLEN);
        return;
    }
    s->mode = mode_of_bind(h->id);
    s->bind_id = h->id;
    s->bind_sequence = h->sequence;
    s->bind_asked_version = pdu_u32(s->in, FIELD_INTERFACE_VERSION);
    s->pdu = s->in;
    session_move(s, SESSION_EV_BIND_ASKED);
}

/* An answer to one of the window's requests. */
static void
on_answer(struct session *s, struct slice whole, const struct session_header *h)
{
    struct session_note note;
    enum window_pairing p = window_close(&s->window, h->sequence, h->id, &note);
    if (p != PAIRED && p != PAIRED_LATE) {
        count_unpaired(s, h);
        return;
    }
    struct pdu_error error;
    if (pdu_decode(whole, PDU_LENIENT, s->in, &error) != PDU_OK) {
        s->counts.malformed++;
        metric_add(METRIC_PDUS_BAD, 1);
    }
    s->counts.late += p == PAIRED_LATE;
    s->ops->answered(s->owner, &note, s->in, p == PAIRED_LATE);
}

static void
on_nack(struct session *s, struct slice whole, const struct session_header *h)
{
    s->counts.nacked++;
    if (s->state == SESSION_BINDING && h->sequence == s->bind_sequence) {
        on_bind_answer(s, whole, h);
        return;
    }
    if (s->state == SESSION_UNBINDING && h->sequence == s->unbind_sequence) {
        session_move(s, SESSION_EV_UNBIND_ANSWERED);
        return;
    }
    struct session_note note;
    struct mono opened;
    if (window_oldest(&s->window, &opened) || s->window.late) {
        enum window_pairing p =
            window_close(&s->window, h->sequence, h->id, &note);
        if (p == PAIRED || p == PAIRED_LATE) {
            pdu_init(s->in, h->id, h->status, h->sequence);
            s->ops->answered(s->owner, &note, s->in, p == PAIRED_LATE);
            return;
        }
    }
    if (h->status == ESME_RINVCMDLEN) {
        /* The peer lost step in our stream: nothing after this is safe. */
        session_end(s, SESSION_EV_CLOSE, CLOSE_FRAMING,
                    "the peer answered generic_nack 0x02 ESME_RINVCMDLEN",
                    true);
        return;
    }
    log_warn(ROOM_SESSION, "nack", "session=%llu peer=%s seq=%u status=0x%x",
             (unsigned long long)s->number, session_peer(s), h->sequence,
             h->status);
}

/* A server hears commands of message traffic only from who may send. */
static bool
is_allowed(const struct session *s)
{
    if (s->state != SESSION_BOUND && s->state != SESSION_DRAINING &&
        s->state != SESSION_UNBINDING)
        return false;
    return s->settings.side == SESSION_ESME || (s->mode & SESSION_TRANSMITTER);
}

static enum handled
on_request(struct session *s, struct slice whole,
           const struct session_header *h)
{
    if (!smpp_command_name(h->id)) {
        session_send_header(s, SMPP_GENERIC_NACK, ESME_RINVCMDID, h->sequence);
        return HANDLED;
    }
    if (!is_allowed(s)) {
        session_refuse(s, h, ESME_RINVBNDSTS);
        return HANDLED;
    }
    struct pdu_error error;
    if (pdu_decode(whole, mode_of(s), s->in, &error) != PDU_OK) {
        s->counts.malformed++;
        metric_add(METRIC_PDUS_BAD, 1);
        log_warn(ROOM_SESSION, "pdu_malformed",
                 "session=%llu peer=%s command=%s offset=%zu detail=\"%s\"",
                 (unsigned long long)s->number, session_peer(s),
                 smpp_command_name(h->id), error.offset, error.detail);
        session_refuse(s, h, error.status ? error.status : ESME_RINVCMDLEN);
        return HANDLED;
    }
    return s->ops->request(s->owner, s->in) == SESSION_LATER ? HANDLED_LATER
                                                             : HANDLED;
}

/* The peer asked for something, then unbinds without waiting: it hears what
 * became of it first, or it would ask again and have it twice. */
static bool
unbind_waits(struct session *s)
{
    if (s->state != SESSION_BOUND || !s->ops->owes)
        return false;
    /* What is about to leave would be overtaken, too. */
    if (!s->ops->owes(s->owner) && conn_stuck_bytes(s->conn) == 0)
        return false;
    struct mono now = loop_mono(s->loop);
    if (!s->unbind_by.us)
        s->unbind_by = mono_add_ms(now, s->settings.unbind_ms);
    return !mono_reached(now, s->unbind_by);
}

static enum handled
on_pdu(struct session *s, struct slice whole, const struct session_header *h)
{
    switch (h->id) {
    case SMPP_ENQUIRE_LINK:
        session_send_header(s, SMPP_ENQUIRE_LINK_RESP, 0, h->sequence);
        return HANDLED;
    case SMPP_ENQUIRE_LINK_RESP: return HANDLED; /* it came: that is all */
    case SMPP_BIND_RECEIVER:
    case SMPP_BIND_TRANSMITTER:
    case SMPP_BIND_TRANSCEIVER: on_bind_request(s, whole, h); return HANDLED;
    case SMPP_BIND_RECEIVER_RESP:
    case SMPP_BIND_TRANSMITTER_RESP:
    case SMPP_BIND_TRANSCEIVER_RESP:
        on_bind_answer(s, whole, h);
        return HANDLED;
    case SMPP_UNBIND:
        if (unbind_waits(s))
            return HANDLED_LATER;
        s->unbind_sequence = h->sequence;
        session_end(s, SESSION_EV_UNBIND_ASKED, CLOSE_PEER,
                    "unbound by the peer", true);
        return HANDLED;
    case SMPP_UNBIND_RESP:
        if (s->state == SESSION_UNBINDING && h->sequence == s->unbind_sequence)
            session_move(s, SESSION_EV_UNBIND_ANSWERED);
        else
            count_unpaired(s, h);
        return HANDLED;
    case SMPP_GENERIC_NACK: on_nack(s, whole, h); return HANDLED;
    default: break;
    }
    if (smpp_is_response(h->id)) {
        on_answer(s, whole, h);
        return HANDLED;
    }
    return on_request(s, whole, h);
}

static void
on_bad_length(struct session *s, struct slice rest)
{
    char detail[128];
    /* 16 03 0x: the first octets of a TLS handshake. */
    if (s->counts.pdus_in == 0 && rest.n >= 3 && rest.p[0] == 0x16 &&
        rest.p[1] == 0x03)
        snprintf(detail, sizeof detail, "the peer speaks TLS on a plain port");
    else
        snprintf(detail, sizeof detail,
                 "command_length cannot be right, first octets "
                 "%02x%02x%02x%02x",
                 rest.p[0], rest.p[1], rest.p[2], rest.p[3]);
    session_end(s, SESSION_EV_BROKEN, CLOSE_FRAMING, detail, true);
}

static struct session_header
read_header(struct slice whole)
{
    struct cursor c = cursor_of(whole);
    struct session_header h;
    h.length = cursor_be32(&c);
    h.id = cursor_be32(&c);
    h.status = cursor_be32(&c);
    h.sequence = cursor_be32(&c);
    return h;
}

/* progress: others were handled since it was last put off. */
static void
put_off(struct session *s, bool progress)
{
    s->retry = true;
    if (progress || s->retry_ms == 0)
        s->retry_ms = RETRY_MS;
    else if (s->retry_ms < RETRY_MAX_MS)
        s->retry_ms *= 2;
    s->retry_at = mono_add_ms(loop_mono(s->loop), s->retry_ms);
    conn_pause(s->conn, true);
    session_due_by(s, s->retry_at);
}

/* A PDU has begun and is not whole: it must be in read_ms. */
static void
watch_half(struct session *s, size_t left, bool progress)
{
    if (left == 0 || s->retry || s->settings.read_ms == 0) {
        s->half_by.us = 0;
        return;
    }
    if (s->half_by.us && !progress)
        return;
    s->half_by = mono_add_ms(loop_mono(s->loop), s->settings.read_ms);
    session_due_by(s, s->half_by);
}

/* Who is not bound has little to say: nothing is buffered for more. */
static size_t
longest(const struct session *s)
{
    return s->state < SESSION_BOUND && s->settings.unbound_max
               ? s->settings.unbound_max
               : s->settings.pdu_max;
}

static bool
is_talkative(const struct session *s)
{
    return s->state < SESSION_BOUND && s->settings.unbound_pdus &&
           s->counts.pdus_in >= s->settings.unbound_pdus;
}

size_t
session_readable(void *session, struct slice input)
{
    struct session *s = session;
    struct cursor c = cursor_of(input);
    struct pdu in;
    uint64_t before = s->counts.pdus_in;
    s->in = &in;
    keepalive_heard(&s->keepalive, loop_mono(s->loop));
    while (s->state < SESSION_ENDING && !s->paused) {
        struct slice rest = slice_of(c.at, cursor_left(&c)), whole;
        enum frame_result r = frame_next(rest, longest(s), &whole);
        if (r == FRAME_NEED_MORE)
            break;
        if (r == FRAME_BAD_LENGTH) {
            on_bad_length(s, rest);
            break;
        }
        if (is_talkative(s)) {
            session_end(s, SESSION_EV_BROKEN, CLOSE_FRAMING,
                        "too many PDUs before the bind", true);
            break;
        }
        struct session_header h = read_header(whole);
        if (!s->tapped)
            session_tell_tap(s, false, whole);
        s->tapped = false;
        if (on_pdu(s, whole, &h) == HANDLED_LATER) {
            s->tapped = s->tap != NULL;
            put_off(s, s->counts.pdus_in != before);
            break;
        }
        s->counts.pdus_in++;
        cursor_take(&c, whole.n);
    }
    s->in = NULL;
    uint64_t handled = s->counts.pdus_in - before;
    metric_add(METRIC_PDUS_IN, (int64_t)handled);
    watch_half(s, cursor_left(&c), handled > 0);
    return input.n - cursor_left(&c);
}
