/*
 * receipt_pdu.c - deliver_sm PDUs, put together field by field.
 */
#include "tests/scenario/receipt_pdu.h"

#include <stdio.h>

#include "proto/pdu.h"
#include "proto/smpp.h"
#include "tests/scenario/fake_carrier.h"

/* TON 1, NPI 1 for E.164 digits; a short code is 0, 1. */
static struct slice
put_address(struct pdu *p, enum smpp_field ton, enum smpp_field npi,
            enum smpp_field field, const char *text)
{
    struct slice s = slice_str(text);
    bool full = s.n > 6;
    if (s.n && s.p[0] == '+')
        s = slice_of(s.p + 1, s.n - 1);
    pdu_set_u32(p, ton, full ? 1 : 0);
    pdu_set_u32(p, npi, 1);
    pdu_set_slice(p, field, s);
    return s;
}

static void
begin(struct pdu *p, const char *phone, const char *number)
{
    pdu_init(p, SMPP_DELIVER_SM, 0, 1);
    put_address(p, FIELD_SOURCE_ADDR_TON, FIELD_SOURCE_ADDR_NPI,
                FIELD_SOURCE_ADDR, phone);
    put_address(p, FIELD_DEST_ADDR_TON, FIELD_DEST_ADDR_NPI,
                FIELD_DESTINATION_ADDR, number);
    pdu_set_u32(p, FIELD_DATA_CODING, 0);
}

uint32_t
receipt_deliver(const char *carrier, const char *id, const char *phone,
                const char *number, const char *stat, uint64_t session)
{
    struct pdu p;
    char text[200];
    begin(&p, phone, number);
    int n = snprintf(text, sizeof text,
                     "id:%s sub:001 dlvrd:001 submit date:2603020800 done "
                     "date:2603020801 stat:%s err:000 text:",
                     id, stat);
    pdu_set_u32(&p, FIELD_ESM_CLASS, 4); /* 3.4, 5.2.12: a receipt */
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_of(text, (size_t)n));
    return fake_deliver(carrier, session, &p);
}

uint32_t
phone_deliver(const struct phone_text *t)
{
    struct pdu p;
    char octets[254];
    struct writer w = writer_of(octets, sizeof octets);
    begin(&p, t->phone, t->number);
    if (t->parts > 1) { /* 3GPP TS 23.040, 9.2.3.24.1 */
        pdu_set_u32(&p, FIELD_ESM_CLASS, 0x40);
        writer_u8(&w, 5);
        writer_u8(&w, 0);
        writer_u8(&w, 3);
        writer_u8(&w, (uint8_t)t->reference);
        writer_u8(&w, (uint8_t)t->parts);
        writer_u8(&w, (uint8_t)t->part);
    }
    writer_put(&w, slice_str(t->text));
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, writer_slice(&w));
    return fake_deliver(t->carrier, t->session, &p);
}
