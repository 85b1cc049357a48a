/*
 * deliver.c - deliver_sm of receipts and replies; see deliver.h.
 *
 * Field order: SMPP 3.4, 4.6.1. Receipt text: SMPP 3.4, appendix B.
 */
#include "bench/smsc/deliver.h"

#include <time.h>

static void
put_text(struct writer *w, const char *text, size_t n)
{
    writer_put(w, slice_of(text, n));
}

#define PUT_LITERAL(w, text) put_text(w, text, sizeof(text) - 1)

/* which: 0 for submit dates, 1 for done dates, which differ by the delay. */
static const char *
spell_minute(struct deliver *d, unsigned which, uint64_t us)
{
    uint64_t minute = us / 60000000;
    if (minute == d->minute[which])
        return d->date[which];
    time_t t = (time_t)(minute * 60);
    struct tm tm;
    char spelled[16];
    gmtime_r(&t, &tm);
    strftime(spelled, sizeof spelled, "%y%m%d%H%M", &tm);
    memcpy(d->date[which], spelled, sizeof d->date[which]);
    d->minute[which] = minute;
    return d->date[which];
}

static void
put_party(struct writer *w, const struct party *p)
{
    writer_u8(w, p->ton);
    writer_u8(w, p->npi);
    put_text(w, p->digits, p->n);
    writer_u8(w, 0);
}

/* Header and all fields up to short_message. */
static void
put_head(struct writer *w, const struct letter *l, uint32_t sequence,
         uint8_t esm_class, uint8_t data_coding)
{
    writer_be32(w, 0);
    writer_be32(w, SMPP_DELIVER_SM);
    writer_be32(w, ESME_ROK);
    writer_be32(w, sequence);
    writer_u8(w, 0); /* service_type */
    put_party(w, &l->from);
    put_party(w, &l->to);
    writer_u8(w, esm_class);
    /* protocol_id, priority_flag, schedule_delivery_time, validity_period,
     * registered_delivery, replace_if_present_flag: all zero or empty. */
    put_text(w, "\0\0\0\0\0\0", 6);
    writer_u8(w, data_coding);
    writer_u8(w, 0); /* sm_default_msg_id */
}

static void
put_receipt_text(struct deliver *d, struct writer *w, const struct letter *l,
                 const char *id, size_t id_n, uint64_t now_us)
{
    bool delivered = l->state == STATE_DELIVERED;
    PUT_LITERAL(w, "id:");
    put_text(w, id, id_n);
    if (delivered)
        PUT_LITERAL(w, " sub:001 dlvrd:001 submit date:");
    else
        PUT_LITERAL(w, " sub:001 dlvrd:000 submit date:");
    put_text(w, spell_minute(d, 0, l->submitted_us), 10);
    PUT_LITERAL(w, " done date:");
    put_text(w, spell_minute(d, 1, now_us), 10);
    PUT_LITERAL(w, " stat:");
    put_text(w, l->stat, strnlen(l->stat, sizeof l->stat));
    PUT_LITERAL(w, " err:");
    put_text(w, l->err, 3);
    PUT_LITERAL(w, " text:");
    writer_put(w, slice_of(l->quote, l->quote_n));
}

/* receipted_message_id and message_state (3.4, 5.3.2.12 and 5.3.2.35). */
static void
put_receipt_tlvs(struct writer *w, const struct letter *l, const char *id,
                 size_t id_n)
{
    writer_be16(w, TLV_RECEIPTED_MESSAGE_ID);
    writer_be16(w, (uint16_t)(id_n + 1));
    put_text(w, id, id_n + 1);
    writer_be16(w, TLV_MESSAGE_STATE);
    writer_be16(w, 1);
    writer_u8(w, l->state);
}

static void
put_receipt(struct deliver *d, struct writer *w, const struct letter *l,
            uint32_t sequence, uint8_t version, uint64_t now_us)
{
    char id[MSGID_BYTES];
    size_t id_n = msgid_in_receipt(d->ids, l->version, l->id, id);
    put_head(w, l, sequence, ESM_TYPE_RECEIPT, 0);
    bool tlvs = version >= SMPP_V34 && d->form != RECEIPT_TEXT;
    if (tlvs && d->form == RECEIPT_TLV) {
        writer_u8(w, 0);
    } else {
        struct writer length = *w;
        writer_u8(w, 0);
        size_t before = writer_used(w);
        put_receipt_text(d, w, l, id, id_n, now_us);
        writer_u8(&length, (uint8_t)(writer_used(w) - before));
    }
    if (tlvs)
        put_receipt_tlvs(w, l, id, id_n);
}

size_t
deliver_write(struct deliver *d, const struct letter *l, uint32_t sequence,
              uint8_t version, uint64_t now_us, uint8_t *room)
{
    struct writer w = writer_of(room, DELIVER_MAX_BYTES);
    if (l->kind == LETTER_RECEIPT) {
        put_receipt(d, &w, l, sequence, version, now_us);
    } else {
        put_head(&w, l, sequence, l->body->esm_class, l->body->data_coding);
        writer_u8(&w, l->body->n);
        writer_put(&w, slice_of(l->body->octets, l->body->n));
    }
    writer_patch_be32(&w, 0, (uint32_t)writer_used(&w));
    return writer_used(&w);
}
