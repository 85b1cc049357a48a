/*
 * client_deliver.c - an owed fact becomes a deliver_sm or a data_sm.
 *
 * Promise: a receipt names the message by the id that its client was given,
 * in text (SMPP 3.4, Appendix B; UTC) and in TLVs, with its addresses
 * swapped, as the client wrote them. A reply comes part by part as it came
 * from the carrier.
 */
#include <inttypes.h>
#include <stdio.h>

#include "engine/client/client.h"
#include "engine/flow/book.h"
#include "engine/flow/login.h"
#include "engine/flow/outbox.h"
#include "engine/flow/owed.h"
#include "engine/flow/raw.h"
#include "proto/addr.h"
#include "proto/smpp.h"
#include "proto/smpptime.h"

enum { TEXT_SHOWN = 20, RECEIPT_TEXT_MAX = 256 };

/* What a receipt says. */
struct word {
    uint64_t message, accept, at_ms;
    unsigned state; /* enum message_state */
    bool final;
    char error[8];
    uint64_t network; /* as in the RECEIPT fact */
};

static const char *const stats[STATE_N] = {
    [STATE_SCHEDULED] = "ENROUTE", [STATE_ENROUTE] = "ENROUTE",
    [STATE_DELIVERED] = "DELIVRD", [STATE_EXPIRED] = "EXPIRED",
    [STATE_DELETED] = "DELETED",   [STATE_UNDELIVERABLE] = "UNDELIV",
    [STATE_ACCEPTED] = "ACCEPTD",  [STATE_UNKNOWN] = "UNKNOWN",
    [STATE_REJECTED] = "REJECTD",  [STATE_SKIPPED] = "UNDELIV",
};

/* ---- reading the facts ----------------------------------------------------
 */

static bool
from_receipt(struct slice fact, struct word *out)
{
    struct fact_receipt x;
    if (!fact_receipt_get(fact, &x))
        return false;
    enum message_state_kind now = (enum message_state_kind)x.state;
    *out = (struct word){
        .message = x.message,
        .accept = x.accept,
        .at_ms = x.at_ms,
        .final = x.final && state_is_final(now),
        .state = (unsigned)x.kind,
        .network = x.network,
    };
    /* Of a long message each part has a receipt; the whole has a state. */
    if (out->final && book_state_of_receipt((unsigned)x.kind) != now)
        out->state = owed_state(now);
    slice_to_str(x.error, out->error, 6);
    return true;
}

static bool
from_answer(struct slice fact, struct word *out)
{
    struct fact_answer x;
    if (!fact_answer_get(fact, &x))
        return false;
    *out = (struct word){
        .message = x.message,
        .accept = x.accept,
        .at_ms = x.at_ms,
        .final = state_is_final((enum message_state_kind)x.state),
        .state = owed_state((enum message_state_kind)x.state),
    };
    snprintf(out->error, sizeof out->error, x.status < 1000 ? "%03u" : "%X",
             (unsigned)(x.status & 0xFFFFFF));
    return true;
}

static bool
from_state(struct slice fact, struct word *out)
{
    struct fact_state x;
    if (!fact_state_get(fact, &x))
        return false;
    *out = (struct word){
        .message = x.message,
        .accept = x.accept,
        .at_ms = x.at_ms,
        .final = true,
        .state = owed_state((enum message_state_kind)x.state),
    };
    snprintf(out->error, sizeof out->error, "%03u", (unsigned)x.reason % 1000);
    return true;
}

/* ---- receipts -------------------------------------------------------------
 */

/* The first characters of the text, as far as they are ASCII. */
static void
show_text(const struct raw *r, struct slice octets, char dst[TEXT_SHOWN + 1])
{
    uint8_t room[4 * (TEXT_SHOWN * 2 + 160)];
    struct slice head = octets;
    size_t n = 0;
    /* A header may stand in front, and 16-bit units take two octets. */
    if (head.n > TEXT_SHOWN * 2 + 140)
        head.n = TEXT_SHOWN * 2 + 140;
    struct writer w = writer_of(room, sizeof room);
    bool text = raw_to_utf8(r, head, &w);
    for (struct cursor c = cursor_of(writer_slice(&w));
         text && n < TEXT_SHOWN && cursor_left(&c);) {
        uint8_t octet = cursor_u8(&c);
        if (octet < 0x80)
            dst[n++] = octet < 0x20 ? ' ' : (char)octet;
        else if (octet >= 0xC0)
            dst[n++] = '?';
    }
    dst[n] = 0;
}

static void
put_words(struct writer *w, const char *words)
{
    writer_put(w, slice_str(words));
}

/* YYMMDDhhmm. By hand, as all of the text: a receipt a message is written,
 * and printf took a twelfth of the engine's time. */
static void
put_date(struct writer *w, uint64_t ms)
{
    struct smpptime_civil c;
    smpptime_to_civil((int64_t)(ms / 1000), &c);
    const int pairs[] = {c.year, c.month, c.day, c.hour, c.minute};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        writer_u8(w, (uint8_t)('0' + pairs[i] / 10 % 10));
        writer_u8(w, (uint8_t)('0' + pairs[i] % 10));
    }
}

/* The rooms that the slices of a pdu borrow from until it is encoded. */
struct rooms {
    char id[RAW_ID_BYTES];
    char text[RECEIPT_TEXT_MAX];
    char source[32], dest[32];
    uint8_t state, network[3], sar[4];
};

static struct slice
write_text(const struct word *x, const struct fact_accept *a,
           const struct raw *r, struct rooms *rooms)
{
    char shown[TEXT_SHOWN + 1];
    struct writer w = writer_of(rooms->text, sizeof rooms->text);
    show_text(r, a->text, shown);
    put_words(&w, "id:");
    put_words(&w, rooms->id);
    put_words(&w, x->state == STATE_DELIVERED ? " sub:001 dlvrd:001"
                                              : " sub:001 dlvrd:000");
    put_words(&w, " submit date:");
    put_date(&w, a->at_ms);
    put_words(&w, " done date:");
    put_date(&w, x->at_ms);
    put_words(&w, " stat:");
    put_words(&w, stats[x->state]);
    put_words(&w, " err:");
    put_words(&w, x->error[0] ? x->error : "000");
    put_words(&w, " text:");
    put_words(&w, shown);
    return writer_slice(&w);
}

/* As the client wrote them, the other way round. */
static void
swap_addresses(struct flow *f, struct pdu *p, const struct fact_accept *a,
               const struct raw *r, struct rooms *rooms)
{
    const struct number *number =
        directory_number(&f->directory, (uint32_t)a->number);
    struct slice from = r->dest, to = r->source;
    if (from.n == 0) {
        size_t digits = u64_to_e164(a->subscriber, rooms->source);
        from = slice_of(rooms->source + 1, digits - 1);
    }
    if (to.n == 0 && number) {
        bool plus = number->text[0] == '+';
        snprintf(rooms->dest, sizeof rooms->dest, "%s", number->text + plus);
        to = slice_str(rooms->dest);
    }
    pdu_set_u32(p, FIELD_SOURCE_ADDR_TON, r->dest_ton);
    pdu_set_u32(p, FIELD_SOURCE_ADDR_NPI, r->dest_npi);
    pdu_set_slice(p, FIELD_SOURCE_ADDR, from);
    pdu_set_u32(p, FIELD_DEST_ADDR_TON, r->source_ton);
    pdu_set_u32(p, FIELD_DEST_ADDR_NPI, r->source_npi);
    pdu_set_slice(p, FIELD_DESTINATION_ADDR, to);
}

static bool
add_tlvs(struct pdu *p, const struct word *x, const struct raw *r,
         struct rooms *rooms)
{
    struct slice reference;
    rooms->state = (uint8_t)x->state;
    bool ok = pdu_add_tlv(p, TLV_RECEIPTED_MESSAGE_ID,
                          slice_of(rooms->id, strlen(rooms->id) + 1)) &&
              pdu_add_tlv(p, TLV_MESSAGE_STATE, slice_of(&rooms->state, 1));
    if (x->network) {
        rooms->network[0] = (uint8_t)(x->network >> 16);
        rooms->network[1] = (uint8_t)(x->network >> 8);
        rooms->network[2] = (uint8_t)x->network;
        ok = ok && pdu_add_tlv(p, TLV_NETWORK_ERROR_CODE,
                               slice_of(rooms->network, 3));
    }
    if (raw_tlv(r, TLV_USER_MESSAGE_REFERENCE, &reference))
        ok = ok && pdu_add_tlv(p, TLV_USER_MESSAGE_REFERENCE, reference);
    return ok;
}

static bool
build_receipt(struct flow *f, const struct login *l, uint8_t version,
              const struct word *x, struct pdu *p, struct rooms *rooms)
{
    struct slice fact;
    struct fact_accept a;
    struct raw r;
    if (!journal_read(&f->journal, x->accept, &fact) ||
        !fact_accept_get(fact, &a) || !raw_get(a.submit, &r) ||
        x->state >= STATE_N)
        return false;
    raw_id(&r, x->message, rooms->id);
    bool data = l->data_sm && version > SMPP_V33;
    pdu_init(p, data ? SMPP_DATA_SM : SMPP_DELIVER_SM, 0, 0);
    if (r.service_type.n)
        pdu_set_slice(p, FIELD_SERVICE_TYPE, r.service_type);
    swap_addresses(f, p, &a, &r, rooms);
    pdu_set_u32(p, FIELD_ESM_CLASS,
                x->final ? ESM_TYPE_RECEIPT : ESM_TYPE_INTERMEDIATE);
    struct slice text = write_text(x, &a, &r, rooms);
    if (!data)
        pdu_set_slice(p, FIELD_SHORT_MESSAGE, text);
    return version == SMPP_V33 ||
           (add_tlvs(p, x, &r, rooms) &&
            (!data || pdu_add_tlv(p, TLV_MESSAGE_PAYLOAD, text)));
}

/* ---- replies --------------------------------------------------------------
 */

static void
set_address(struct pdu *p, struct slice text, enum smpp_field ton,
            enum smpp_field npi, enum smpp_field field, char room[32])
{
    struct addr a;
    uint8_t t, n;
    struct slice digits;
    addr_from_text(text, NULL, &a);
    addr_to_wire(&a, &t, &n, &digits);
    if (digits.n > 20)
        digits.n = 20;
    slice_to_str(digits, room, 32);
    pdu_set_u32(p, ton, t);
    pdu_set_u32(p, npi, n);
    pdu_set_slice(p, field, slice_of(room, digits.n));
}

/* A part joined by TLVs at the carrier. */
static bool
add_sar(struct pdu *p, const struct fact_inbound *x, struct rooms *rooms)
{
    rooms->sar[0] = (uint8_t)(x->reference >> 8);
    rooms->sar[1] = (uint8_t)x->reference;
    rooms->sar[2] = (uint8_t)x->total;
    rooms->sar[3] = (uint8_t)(x->index + 1);
    return pdu_add_tlv(p, TLV_SAR_MSG_REF_NUM, slice_of(rooms->sar, 2)) &&
           pdu_add_tlv(p, TLV_SAR_TOTAL_SEGMENTS,
                       slice_of(rooms->sar + 2, 1)) &&
           pdu_add_tlv(p, TLV_SAR_SEGMENT_SEQNUM, slice_of(rooms->sar + 3, 1));
}

static bool
build_reply(const struct fact_inbound *x, uint8_t version, struct pdu *p,
            struct rooms *rooms)
{
    pdu_init(p, SMPP_DELIVER_SM, 0, 0);
    set_address(p, x->source, FIELD_SOURCE_ADDR_TON, FIELD_SOURCE_ADDR_NPI,
                FIELD_SOURCE_ADDR, rooms->source);
    set_address(p, x->dest, FIELD_DEST_ADDR_TON, FIELD_DEST_ADDR_NPI,
                FIELD_DESTINATION_ADDR, rooms->dest);
    pdu_set_u32(p, FIELD_ESM_CLASS, (uint32_t)x->esm_class);
    pdu_set_u32(p, FIELD_DATA_CODING, (uint32_t)x->data_coding);
    if (x->octets.n <= RAW_SM_MAX)
        pdu_set_slice(p, FIELD_SHORT_MESSAGE, x->octets);
    else if (version == SMPP_V33 ||
             !pdu_add_tlv(p, TLV_MESSAGE_PAYLOAD, x->octets))
        return false;
    bool sar = x->bits == 32 && x->total > 1 && version > SMPP_V33;
    return !sar || add_sar(p, x, rooms);
}

/* ---- handing over ---------------------------------------------------------
 */

static bool
build(struct flow *f, const struct login *l, uint8_t version, struct slice fact,
      struct pdu *p, struct rooms *rooms)
{
    struct word x;
    struct fact_inbound in;
    switch (fact_kind(fact)) {
    case FACT_RECEIPT:
        return from_receipt(fact, &x) &&
               build_receipt(f, l, version, &x, p, rooms);
    case FACT_ANSWER:
        return from_answer(fact, &x) &&
               build_receipt(f, l, version, &x, p, rooms);
    case FACT_STATE:
        return from_state(fact, &x) &&
               build_receipt(f, l, version, &x, p, rooms);
    case FACT_INBOUND:
        return fact_inbound_get(fact, &in) &&
               build_reply(&in, version, p, rooms);
    default: return false;
    }
}

enum delivered
client_deliver_fact(struct flow *f, const struct login *l, struct client *c,
                    uint64_t n, uint64_t pos)
{
    struct pdu p;
    struct rooms rooms;
    struct slice fact;
    enum pdu_fault fault = PDU_OK;
    if (!journal_read(&f->journal, pos, &fact) ||
        !build(f, l, client_version(c), fact, &p, &rooms))
        return DELIVER_NEVER;
    if (client_deliver(c, &p, n, &fault))
        return DELIVER_DONE;
    return fault == PDU_OK ? DELIVER_NO_ROOM : DELIVER_NEVER;
}

uint64_t
client_deliver_time(struct flow *f, uint64_t pos)
{
    struct slice fact;
    struct word x;
    struct fact_inbound in;
    if (!journal_read(&f->journal, pos, &fact))
        return 0;
    switch (fact_kind(fact)) {
    case FACT_RECEIPT: return from_receipt(fact, &x) ? x.at_ms : 0;
    case FACT_ANSWER: return from_answer(fact, &x) ? x.at_ms : 0;
    case FACT_STATE: return from_state(fact, &x) ? x.at_ms : 0;
    case FACT_INBOUND: return fact_inbound_get(fact, &in) ? in.at_ms : 0;
    default: return 0;
    }
}
