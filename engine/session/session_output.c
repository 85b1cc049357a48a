/*
 * session_output.c - what we say: requests, answers, headers.
 *
 * Promise: a request gets its number, its octets and its window slot in one
 * step or not at all. Answers to enquire_link and refusals promise nothing
 * and go ahead of what is held.
 */
#include "engine/core/loop.h"
#include "engine/core/metrics.h"
#include "engine/session/session_inside.h"

enum {
    HEADER_BYTES = 16,
    /* Every mandatory field but the message and the lists, with room. */
    FIELDS_BYTES = 1024,
    TLV_HEAD_BYTES = 4,
};

static void
put_header(uint8_t out[HEADER_BYTES], uint32_t length, uint32_t id,
           uint32_t status, uint32_t sequence)
{
    struct writer w = writer_of(out, HEADER_BYTES);
    writer_be32(&w, length);
    writer_be32(&w, id);
    writer_be32(&w, status);
    writer_be32(&w, sequence);
}

static void
count_out(struct session *s, struct slice pdu)
{
    session_tell_tap(s, true, pdu);
    s->counts.pdus_out++;
    metric_add(METRIC_PDUS_OUT, 1);
}

bool
session_send_header(struct session *s, uint32_t id, uint32_t status,
                    uint32_t sequence)
{
    uint8_t wire[HEADER_BYTES];
    put_header(wire, sizeof wire, id, status, sequence);
    if (!conn_urgent(s->conn, slice_of(wire, sizeof wire)))
        return false;
    count_out(s, slice_of(wire, sizeof wire));
    return true;
}

void
session_refuse(struct session *s, const struct session_header *h,
               uint32_t status)
{
    uint32_t id = smpp_response_of(h->id);
    if (id) /* outbind and alert_notification have no answer */
        session_send_header(s, id, status, h->sequence);
}

/* The most octets that the pdu can take. */
static size_t
size_of(const struct pdu *p)
{
    size_t n = FIELDS_BYTES + pdu_slice(p, FIELD_SHORT_MESSAGE).n +
               pdu_slice(p, FIELD_DEST_ADDRESS).n +
               pdu_slice(p, FIELD_UNSUCCESS_SME).n +
               pdu_slice(p, FIELD_MESSAGE_IDS).n;
    for (unsigned i = 0; i < p->tlvs; i++)
        n += TLV_HEAD_BYTES + p->tlv[i].value.n;
    return n;
}

/* Encodes into the held lane. */
static enum pdu_fault
queue(struct session *s, const struct pdu *p)
{
    size_t n = size_of(p);
    uint8_t *room = conn_room(s->conn, n);
    if (!room)
        return PDU_NO_ROOM;
    struct writer w = writer_of(room, n);
    enum pdu_fault fault = pdu_encode(p, s->version, &w, NULL);
    if (fault != PDU_OK)
        return fault;
    conn_used(s->conn, writer_used(&w));
    count_out(s, writer_slice(&w));
    return PDU_OK;
}

uint32_t
session_request(struct session *s, struct pdu *request,
                const struct session_note *note, enum pdu_fault *fault)
{
    if (fault)
        *fault = PDU_OK;
    if (s->state != SESSION_BOUND || window_room(&s->window) == 0 ||
        !window_ready(&s->window))
        return 0;
    request->sequence = window_peek(&s->window);
    enum pdu_fault f = queue(s, request);
    if (f != PDU_OK) {
        if (fault && f != PDU_NO_ROOM)
            *fault = f;
        return 0;
    }
    struct mono now = loop_mono(s->loop);
    if (s->window.open == 0 && s->settings.response_ms)
        session_due_by(s, mono_add_ms(now, s->settings.response_ms));
    return window_open(&s->window, smpp_response_of(request->id), note, now);
}

/* 3.4, 4.4.2: a refused submit_sm is answered without a body. Commands whose
 * answer has more than a message_id come through session_answer_pdu(). */
static bool
has_id_body(uint32_t id, uint32_t status)
{
    if (status != 0)
        return false;
    return id == SMPP_SUBMIT_SM_RESP || id == SMPP_DELIVER_SM_RESP ||
           id == SMPP_DATA_SM_RESP;
}

bool
session_answer(struct session *s, uint32_t request_id, uint32_t sequence,
               uint32_t status, struct slice message_id)
{
    uint32_t id = smpp_response_of(request_id);
    if (!id)
        return true;
    size_t n = HEADER_BYTES;
    if (has_id_body(id, status))
        n += message_id.n + 1;
    uint8_t *room = conn_room(s->conn, n);
    if (!room)
        return s->state >= SESSION_ENDING; /* nobody waits for it any more */
    struct writer w = writer_of(room, n);
    writer_be32(&w, (uint32_t)n);
    writer_be32(&w, id);
    writer_be32(&w, status);
    writer_be32(&w, sequence);
    if (n > HEADER_BYTES)
        writer_cstring(&w, message_id);
    if (w.failed)
        return false;
    conn_used(s->conn, n);
    count_out(s, slice_of(room, n));
    return true;
}

bool
session_answer_pdu(struct session *s, const struct pdu *answer)
{
    if (s->state >= SESSION_ENDING)
        return true;
    return queue(s, answer) == PDU_OK;
}

void
session_reject(struct session *s, uint32_t request_id, uint32_t sequence,
               uint32_t status)
{
    struct session_header h = {.id = request_id, .sequence = sequence};
    session_refuse(s, &h, status);
}

bool
session_tell(struct session *s, struct pdu *pdu)
{
    uint8_t wire[FIELDS_BYTES];
    if (s->state < SESSION_OPEN || s->state >= SESSION_ENDING)
        return false;
    pdu->sequence = window_skip(&s->window);
    struct writer w = writer_of(wire, sizeof wire);
    if (pdu_encode(pdu, s->version, &w, NULL) != PDU_OK ||
        !conn_urgent(s->conn, writer_slice(&w)))
        return false;
    count_out(s, writer_slice(&w));
    return true;
}

bool
session_can_answer(const struct session *s)
{
    return conn_has_room(s->conn, FIELDS_BYTES);
}

void
session_hold(struct session *s, uint64_t pos)
{
    conn_hold(s->conn, pos);
}

void
session_release(struct session *s, uint64_t durable)
{
    conn_release(s->conn, durable);
}

bool
session_is_held(const struct session *s)
{
    return conn_is_held(s->conn);
}
