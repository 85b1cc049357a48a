/*
 * submit.c - one part becomes a submit_sm and a fact.
 *
 * Promise: as in submit.h. Preparing (gates, numbers, texts) stands in
 * prepare.c.
 */
#include "engine/flow/submit.h"

#include <stdlib.h>

#include "engine/carrier/settings.h"
#include "engine/flow/apply.h"
#include "engine/flow/book.h"
#include "engine/flow/login.h"
#include "engine/flow/recode.h"
#include "proto/addr.h"
#include "proto/smpp.h"
#include "proto/smpptime.h"

enum { DAY_MS = 86400000 };

void
submit_segment_options(const struct carrier_settings *s,
                       struct segment_options *out)
{
    static const enum coding_alphabet charset[] = {
        [CARRIER_CHARSET_GSM7] = CODING_GSM7,
        [CARRIER_CHARSET_LATIN1] = CODING_LATIN1,
        [CARRIER_CHARSET_ASCII] = CODING_ASCII,
    };
    static const enum segment_way way[] = {
        [CARRIER_SEGMENT_UDH8] = SEGMENT_UDH8,
        [CARRIER_SEGMENT_UDH16] = SEGMENT_UDH16,
        [CARRIER_SEGMENT_SAR] = SEGMENT_SAR,
        [CARRIER_SEGMENT_PAYLOAD] = SEGMENT_PAYLOAD,
    };
    *out = (struct segment_options){
        .way = way[s->segments.way],
        .packed = s->encoding.packed,
        .transliterate = s->encoding.transliterate,
        .charset_0 = charset[s->encoding.charset_0],
        .lock = s->encoding.national_language,
        .shift = s->encoding.national_language,
        .data_coding_gsm7 = s->encoding.data_coding_gsm7,
        .max_parts = s->segments.max_parts,
    };
}

struct mono
submit_next(struct flow *f, const struct outgoing *o)
{
    struct mono when = f->now;
    const struct account *a = directory_account(&f->directory, o->account);
    if (directory_number_is_spent(o->number, f->wall.ms) ||
        (o->campaign && a && !directory_has_quota(a, f->wall.ms, 1)))
        return mono_add_ms(f->now, DAY_MS - f->wall.ms % DAY_MS);
    if (o->number->per_s && rate_room(&o->number->rate, f->now) == 0)
        when = rate_next(&o->number->rate, f->now);
    if (o->login && o->login->per_s &&
        rate_room(&o->login->leaving, f->now) == 0) {
        struct mono w = rate_next(&o->login->leaving, f->now);
        if (w.us > when.us)
            when = w;
    }
    if (o->campaign && o->campaign->per_s &&
        rate_room(&o->campaign->rate, f->now) == 0) {
        struct mono w = rate_next(&o->campaign->rate, f->now);
        if (w.us > when.us)
            when = w;
    }
    return when;
}

uint16_t
submit_tlv_tag(const struct carrier_settings *s, struct slice name)
{
    char text[SEND_TLV_NAME_MAX + 1], *end;
    for (unsigned i = 0; i < s->tlvs_n; i++)
        if (slice_eq(name, slice_str(s->tlvs[i].name)))
            return s->tlvs[i].tag;
    slice_to_str(name, text, sizeof text);
    if (strncmp(text, "0x", 2) != 0)
        return 0;
    unsigned long tag = strtoul(text + 2, &end, 16);
    return *end || tag > UINT16_MAX ? 0 : (uint16_t)tag;
}

/* A name that this carrier does not know is left out: it was checked against
 * the carrier that the message was accepted for. */
static void
set_tlvs(struct pdu *p, const struct carrier_settings *s, struct slice tlvs)
{
    for (struct cursor c = cursor_of(tlvs); cursor_left(&c) && !c.failed;) {
        struct slice name = cursor_bytes(&c), value = cursor_bytes(&c);
        uint16_t tag = submit_tlv_tag(s, name);
        if (tag && !c.failed && !pdu_add_tlv(p, tag, value))
            return;
    }
}

/* Our number and the subscriber, written as this carrier wants them. */
static void
set_addresses(struct pdu *p, const struct carrier_settings *s,
              const struct number *n, uint64_t subscriber, char room[2][24])
{
    const struct carrier_addresses *a = &s->addresses;
    struct slice text = slice_str(n->text);
    struct carrier_ton_npi t = a->source_alpha;
    if (text.n && text.p[0] == '+') {
        t = a->source_full;
        if (a->plus == CARRIER_PLUS_STRIP)
            text = slice_of(text.p + 1, text.n - 1);
    } else if (text.n && strspn(n->text, "0123456789") == text.n) {
        t = a->source_short;
    }
    memcpy(room[0], text.p, text.n);
    pdu_set_u32(p, FIELD_SOURCE_ADDR_TON, t.ton);
    pdu_set_u32(p, FIELD_SOURCE_ADDR_NPI, t.npi);
    pdu_set_slice(p, FIELD_SOURCE_ADDR, slice_of(room[0], text.n));
    size_t digits = u64_to_e164(subscriber, room[1]);
    struct slice dest = a->plus == CARRIER_PLUS_STRIP
                            ? slice_of(room[1] + 1, digits - 1)
                            : slice_of(room[1], digits);
    pdu_set_u32(p, FIELD_DEST_ADDR_TON, a->dest_full.ton);
    pdu_set_u32(p, FIELD_DEST_ADDR_NPI, a->dest_full.npi);
    pdu_set_slice(p, FIELD_DESTINATION_ADDR, dest);
}

/* Seconds until the carrier should give up: what is left of them here; 0: its
 * own default. */
static uint64_t
validity_s(const struct flow *f, const struct outgoing *o)
{
    return o->expires_at_ms > f->wall.ms
               ? (o->expires_at_ms - f->wall.ms + 999) / 1000
               : 0;
}

/* The rooms that the slices of a pdu borrow from until it is encoded. */
struct submit_rooms {
    struct segment_part part;
    char address[2][24];
    char validity[20];
    uint8_t sar[4];
    uint8_t raw[RECODE_BYTES];
};

static void
set_text(struct pdu *p, const struct segment_plan *plan, unsigned part,
         struct submit_rooms *rooms)
{
    segment_part(plan, part, &rooms->part);
    const struct segment_part *s = &rooms->part;
    pdu_set_u32(p, FIELD_ESM_CLASS, s->udh_bytes ? ESM_UDHI : 0);
    pdu_set_u32(p, FIELD_DATA_CODING, plan->data_coding);
    if (!s->in_payload)
        pdu_set_slice(p, FIELD_SHORT_MESSAGE, s->octets);
    /* PDU_TLVS_MAX is far above what is added here. */
    bool ok = !s->in_payload || pdu_add_tlv(p, TLV_MESSAGE_PAYLOAD, s->octets);
    if (s->sar) {
        rooms->sar[0] = (uint8_t)(s->sar_reference >> 8);
        rooms->sar[1] = (uint8_t)s->sar_reference;
        rooms->sar[2] = s->sar_total;
        rooms->sar[3] = s->sar_number;
        ok =
            ok &&
            pdu_add_tlv(p, TLV_SAR_MSG_REF_NUM, slice_of(rooms->sar, 2)) &&
            pdu_add_tlv(p, TLV_SAR_TOTAL_SEGMENTS,
                        slice_of(rooms->sar + 2, 1)) &&
            pdu_add_tlv(p, TLV_SAR_SEGMENT_SEQNUM, slice_of(rooms->sar + 3, 1));
    }
    (void)ok;
}

/* Not changed by what the client said of an address that we know better: a
 * national number was completed. */
static bool
keeps_type(uint8_t ton, uint8_t npi)
{
    return (ton || npi) && ton != TON_NATIONAL;
}

static bool
is_default(struct carrier_ton_npi t, uint8_t ton, uint8_t npi)
{
    return t.ton == ton && t.npi == npi;
}

/* TON and NPI as the client wrote them, unless the carrier wants others. */
static void
set_types(struct pdu *p, const struct carrier_settings *s,
          const struct outgoing *o)
{
    const struct carrier_addresses *a = &s->addresses;
    const char *text = o->number->text;
    bool full = text[0] == '+' &&
                is_default(a->source_full, TON_INTERNATIONAL, NPI_ISDN);
    bool name = text[0] != '+' && strspn(text, "0123456789") != strlen(text) &&
                is_default(a->source_alpha, TON_ALPHANUMERIC, NPI_UNKNOWN);
    bool code = text[0] != '+' && !name;
    if ((full || name || code) &&
        keeps_type(o->raw.source_ton, o->raw.source_npi)) {
        pdu_set_u32(p, FIELD_SOURCE_ADDR_TON, o->raw.source_ton);
        pdu_set_u32(p, FIELD_SOURCE_ADDR_NPI, o->raw.source_npi);
    }
    if (keeps_type(o->raw.dest_ton, o->raw.dest_npi) &&
        is_default(a->dest_full, TON_INTERNATIONAL, NPI_ISDN)) {
        pdu_set_u32(p, FIELD_DEST_ADDR_TON, o->raw.dest_ton);
        pdu_set_u32(p, FIELD_DEST_ADDR_NPI, o->raw.dest_npi);
    }
}

/* A client's own octets; and what it said beside the text. */
static void
set_raw(struct pdu *p, const struct carrier_settings *s,
        const struct outgoing *o, struct submit_rooms *rooms)
{
    uint8_t recoded;
    bool payload = o->is_raw && (o->text.n > RAW_SM_MAX ||
                                 ((o->raw.flags & RAW_PAYLOAD) &&
                                  s->segments.way == CARRIER_SEGMENT_PAYLOAD));
    struct slice octets = o->text;
    uint32_t esm = pdu_u32(p, FIELD_ESM_CLASS);
    uint32_t coding = pdu_u32(p, FIELD_DATA_CODING);
    /* More TLVs than a PDU has room for were refused at the door. */
    bool ok = raw_fill(&o->raw, p);
    if (!o->is_raw) {
        pdu_set_u32(p, FIELD_ESM_CLASS, esm | o->raw.esm_class);
        pdu_set_u32(p, FIELD_DATA_CODING, coding);
    } else {
        octets = recode_part(s, &o->raw, o->text, rooms->raw, &recoded);
        pdu_set_u32(p, FIELD_DATA_CODING, recoded);
    }
    if (payload)
        ok = ok && pdu_add_tlv(p, TLV_MESSAGE_PAYLOAD, octets);
    else if (o->is_raw)
        pdu_set_slice(p, FIELD_SHORT_MESSAGE, octets);
    set_types(p, s, o);
    (void)ok;
}

/* What the carrier is asked to tell: what we need, and what a client wants. */
static unsigned
registered(const struct flow *f, const struct carrier_settings *s,
           const struct outgoing *o)
{
    unsigned ours =
        f->settings->receipts_need ? s->receipts.registered_delivery : 0;
    if (!o->login)
        return ours;
    unsigned theirs = o->registered;
    /* Success and failure cover the halves of it. */
    if (ours & REGISTERED_RECEIPT_MASK)
        theirs &= ~(unsigned)REGISTERED_RECEIPT_MASK;
    return ours | theirs;
}

static void
build(struct flow *f, struct outgoing *o, unsigned part, struct pdu *p,
      struct submit_rooms *rooms)
{
    const struct carrier_settings *s =
        carrier_get_settings(o->carrier->carrier);
    pdu_init(p, SMPP_SUBMIT_SM, 0, 0);
    if (s->service_type && s->service_type[0])
        pdu_set_slice(p, FIELD_SERVICE_TYPE, slice_str(s->service_type));
    set_addresses(p, s, o->number, o->subscriber, rooms->address);
    pdu_set_u32(p, FIELD_REGISTERED_DELIVERY, registered(f, s, o));
    uint64_t valid = validity_s(f, o);
    if (valid && (smpptime_write_relative((int64_t)valid, rooms->validity) ||
                  smpptime_write_absolute((int64_t)(f->wall.ms + valid * 1000),
                                          rooms->validity)))
        pdu_set_slice(p, FIELD_VALIDITY_PERIOD, slice_str(rooms->validity));
    if (!o->is_raw)
        set_text(p, &o->plan, part, rooms);
    if (o->login)
        set_raw(p, s, o, rooms);
    set_tlvs(p, s, o->tlvs);
}

static void
record(struct flow *f, struct outgoing *o, unsigned part, unsigned attempt,
       unsigned tries, int bind)
{
    struct fact_sent x = {
        .message = o->message,
        .at_ms = f->wall.ms,
        .prev = word_pos(book_word(f, o->message)),
        .part = part,
        .parts = o->plan.parts,
        .attempt = attempt,
        .tries = tries,
        .carrier = o->carrier->id,
        .bind = (uint64_t)bind,
        .account = o->account,
        .sender = o->sender,
        .number = o->number->id,
        .subscriber = o->subscriber,
        .campaign = o->campaign ? o->campaign->id : 0,
        .chunk = o->chunk,
        .row = o->row,
        .reference = o->reference,
        .ucs2 = o->plan.alphabet == CODING_UCS2,
        .reply_window_s = o->reply_window_s,
        .login = o->login ? o->login->id : 0,
    };
    if (part == 0)
        store_index_get(f->talks, flow_talk_key(o->subscriber), &x.before);
    uint64_t pos = journal_sent(&f->journal, &x);
    /* The bound of the journal keeps a turn's worth of room for this. */
    health_sent(&o->carrier->health, f->now);
    if (pos)
        apply_sent(f, pos, &x);
}

enum submitted
submit_part(struct flow *f, struct outgoing *o, unsigned part, unsigned attempt,
            unsigned tries)
{
    struct pdu p;
    struct submit_rooms rooms;
    struct part_ref ref = {
        .message = o->message,
        .sent_pos = journal_end(&f->journal),
        .number = o->number->id,
        .part = (uint8_t)part,
        .parts = (uint8_t)o->plan.parts,
        .attempt = attempt < 255 ? (uint8_t)attempt : 255,
    };
    build(f, o, part, &p, &rooms);
    int bind =
        carrier_submit(o->carrier->carrier, &p, &ref, o->bind_hint, f->now);
    if (bind == CARRIER_CANNOT_ENCODE) {
        book_state(f, o->message, o->account, o->sender, MSG_REJECTED,
                   REASON_BAD_TEXT, 0, (struct slice){0});
        return SUBMITTED_NEVER;
    }
    if (bind < 0)
        return SUBMITTED_NOT;
    o->bind_hint = bind;
    record(f, o, part, attempt, tries, bind);
    if (o->number->per_s)
        rate_take(&o->number->rate, f->now, 1);
    if (o->login && o->login->per_s)
        rate_take(&o->login->leaving, f->now, 1);
    if (o->campaign) {
        if (o->campaign->per_s)
            rate_take(&o->campaign->rate, f->now, 1);
        campaign_count_parts(o->campaign, f->wall.ms, 1);
    }
    return SUBMITTED;
}
