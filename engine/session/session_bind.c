/*
 * session_bind.c - binding, from either end.
 *
 * Promise: the version agreed on is the lower of both (SMPP 5.0, 2.2); a peer
 * that names 0x33 or less is spoken to as 3.3 and gets no TLV.
 */
#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/session/session_inside.h"

enum { BIND_BYTES = 192 }; /* a bind or its answer at its longest */

static uint32_t
command_of(enum session_mode mode)
{
    return mode == SESSION_TRANSMITTER ? SMPP_BIND_TRANSMITTER
           : mode == SESSION_RECEIVER  ? SMPP_BIND_RECEIVER
                                       : SMPP_BIND_TRANSCEIVER;
}

static void
set_text(struct pdu *p, enum smpp_field field, const char *text)
{
    pdu_set_slice(p, field, slice_str(text ? text : ""));
}

void
session_bind(struct session *s, enum session_mode mode,
             const struct session_login *login)
{
    if (s->state != SESSION_OPEN)
        return;
    s->mode = mode;
    s->bind_id = command_of(mode);
    s->bind_sequence = window_skip(&s->window);
    struct pdu bind, *p = &bind;
    pdu_init(p, s->bind_id, 0, s->bind_sequence);
    set_text(p, FIELD_SYSTEM_ID, login->system_id);
    set_text(p, FIELD_PASSWORD, login->password);
    set_text(p, FIELD_SYSTEM_TYPE, login->system_type);
    pdu_set_u32(p, FIELD_INTERFACE_VERSION, s->settings.version);
    pdu_set_u32(p, FIELD_ADDR_TON, login->addr_ton);
    pdu_set_u32(p, FIELD_ADDR_NPI, login->addr_npi);
    set_text(p, FIELD_ADDRESS_RANGE, login->address_range);
    uint8_t wire[BIND_BYTES];
    struct writer w = writer_of(wire, sizeof wire);
    struct pdu_error error = {0};
    /* Transceiver binds are of 3.4; carriers of 3.3 that take them exist, and
     * the encoder leaves that to us. */
    uint8_t version = s->version;
    if (version < SMPP_V34 && mode == SESSION_TRANSCEIVER)
        version = SMPP_V34;
    if (pdu_encode(p, version, &w, &error) != PDU_OK) {
        session_end(s, SESSION_EV_CLOSE, CLOSE_ASKED, error.detail, false);
        return;
    }
    s->bind_wire = writer_slice(&w);
    session_move(s, SESSION_EV_BIND_SENT);
    s->bind_wire = slice_of(NULL, 0);
}

/* What the peer asked for, held against the highest that we speak. */
static uint8_t
agree(uint8_t ours, uint32_t asked)
{
    uint8_t theirs = asked < SMPP_V34   ? SMPP_V33
                     : asked < SMPP_V50 ? SMPP_V34
                                        : SMPP_V50;
    return theirs < ours ? theirs : ours;
}

void
session_bind_answer(struct session *s, uint32_t status, const char *system_id)
{
    if (s->state != SESSION_BINDING || s->settings.side != SESSION_SMSC)
        return;
    uint32_t id = s->bind_id | SMPP_RESPONSE_BIT;
    if (status != 0) {
        session_send_header(s, id, status, s->bind_sequence);
        session_move(s, SESSION_EV_TURNED_AWAY);
        return;
    }
    s->version = agree(s->settings.version, s->bind_asked_version);
    uint8_t ours = s->settings.version;
    struct pdu answer, *p = &answer;
    pdu_init(p, id, 0, s->bind_sequence);
    set_text(p, FIELD_SYSTEM_ID, system_id);
    bool fits = s->version < SMPP_V34 ||
                pdu_add_tlv(p, TLV_SC_INTERFACE_VERSION, slice_of(&ours, 1));
    uint8_t wire[BIND_BYTES];
    struct writer w = writer_of(wire, sizeof wire);
    uint8_t version = s->version;
    if (version < SMPP_V34 && s->mode == SESSION_TRANSCEIVER)
        version = SMPP_V34;
    if (!fits || pdu_encode(p, version, &w, NULL) != PDU_OK ||
        !conn_urgent(s->conn, writer_slice(&w))) {
        session_end(s, SESSION_EV_CLOSE, CLOSE_FULL,
                    "the bind could not be answered", false);
        return;
    }
    s->counts.pdus_out++;
    session_tell_tap(s, true, writer_slice(&w));
    s->pdu = NULL;
    session_move(s, SESSION_EV_ACCEPTED);
}
