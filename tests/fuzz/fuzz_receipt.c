/*
 * fuzz_receipt.c - any octets are a receipt text, alone or inside a PDU: what
 * is found lies inside them, and every date and state exists.
 */
#include "proto/receipt.h"

#include <stdlib.h>

#include "proto/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n);

static void
check_inside(struct slice part, struct slice whole)
{
    if (!part.p)
        return;
    if (part.p < whole.p || part.p + part.n > whole.p + whole.n)
        abort();
}

static void
check_date(const struct receipt_date *d)
{
    if (!d->known && d->unix_s != 0)
        abort();
    if (d->known && !smpptime_civil_exists(&d->civil))
        abort();
}

static void
check_receipt(const struct receipt *r, struct slice whole)
{
    check_inside(r->id, whole);
    check_inside(r->stat, whole);
    check_inside(r->err, whole);
    check_inside(r->text, whole);
    check_date(&r->submit);
    check_date(&r->done);
    if (r->message_state < -1 || r->message_state > 9 || r->sub < -1 ||
        r->dlvrd < -1)
        abort();
    if (r->final && r->message_state < 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    static struct pdu p;
    const struct receipt_options options = {true, true};
    struct slice whole = slice_of(octets, n);
    struct receipt r;
    receipt_parse(whole, &r);
    check_receipt(&r, whole);

    /* the first octet as esm_class, the whole in either place */
    pdu_init(&p, SMPP_DELIVER_SM, 0, 1);
    pdu_set_u32(&p, FIELD_ESM_CLASS, n ? octets[0] : 0);
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, whole);
    (void)receipt_from_pdu(&p, &options, &r);
    check_receipt(&r, whole);
    return 0;
}
