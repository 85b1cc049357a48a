/*
 * sample.c - the PDUs that are encoded and decoded.
 *
 * Promise: as in sample.h. What they point to is static.
 */
#include "bench/codec/sample.h"

#include <stdlib.h>

static const char TEXT[] =
    "Hi Liam, your car AB12 CDE is ready: 129.50 EUR. Open until 18:00, "
    "come by or reply with a time that fits you.";
static const char RECEIPT[] =
    "id:8046c2d19f35ab70 sub:001 dlvrd:001 submit date:2601310900 "
    "done date:2601310901 stat:DELIVRD err:000 text:Hi Liam, your car AB";

/* What both have: from, to, text. */
static void
address(struct pdu *p, const char *from, const char *to, const char *text)
{
    pdu_set_slice(p, FIELD_SERVICE_TYPE, slice_str(""));
    pdu_set_u32(p, FIELD_SOURCE_ADDR_TON, 1);
    pdu_set_u32(p, FIELD_SOURCE_ADDR_NPI, 1);
    pdu_set_slice(p, FIELD_SOURCE_ADDR, slice_str(from));
    pdu_set_u32(p, FIELD_DEST_ADDR_TON, 1);
    pdu_set_u32(p, FIELD_DEST_ADDR_NPI, 1);
    pdu_set_slice(p, FIELD_DESTINATION_ADDR, slice_str(to));
    pdu_set_slice(p, FIELD_SHORT_MESSAGE, slice_str(text));
}

void
sample_submit(struct pdu *p)
{
    pdu_init(p, SMPP_SUBMIT_SM, 0, 4711);
    address(p, "12125550101", "447700900123", TEXT);
    pdu_set_u32(p, FIELD_REGISTERED_DELIVERY, 1);
}

void
sample_deliver(struct pdu *p)
{
    static const uint8_t delivered = 2; /* 5.3.2.35: DELIVERED */
    /* The NUL of a string TLV counts (5.3.2.12). */
    static const char id[] = "8046c2d19f35ab70";
    pdu_init(p, SMPP_DELIVER_SM, 0, 815);
    address(p, "447700900123", "12125550101", RECEIPT);
    pdu_set_u32(p, FIELD_ESM_CLASS, 4); /* 5.2.12: a receipt */
    if (!pdu_add_tlv(p, TLV_RECEIPTED_MESSAGE_ID, slice_of(id, sizeof id)) ||
        !pdu_add_tlv(p, TLV_MESSAGE_STATE, slice_of(&delivered, 1)))
        abort(); /* there is room for 48 */
}
