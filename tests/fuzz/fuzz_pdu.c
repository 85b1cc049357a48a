/*
 * fuzz_pdu.c - whatever arrives on a wire: framed, decoded, dumped, and
 * written back.
 *
 * Properties: no read leaves its PDU; what was decoded strictly and can be
 * encoded gives a PDU that decodes to the same fields and, encoded again, to
 * the same octets.
 */
#include <stdint.h>
#include <stdlib.h>

#include "proto/dump.h"
#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_BYTES = 70000 };

/* assert() is compiled out of release builds, which are fuzzed too. */
static void
must(bool holds)
{
    if (!holds)
        abort();
}

static void
check_same(const struct pdu *a, const struct pdu *b)
{
    must(a->id == b->id && a->status == b->status);
    must(a->sequence == b->sequence);
    for (const struct pdu_row *row = pdu_rows(a->id); row->type; row++) {
        if (row->type == PDU_BYTE)
            must(pdu_u32(a, row->field) == pdu_u32(b, row->field));
        if (row->type != PDU_BYTE && row->type != PDU_COUNT &&
            row->type != PDU_LENGTH)
            must(slice_eq(pdu_slice(a, row->field), pdu_slice(b, row->field)));
    }
    must(a->tlvs == b->tlvs);
    for (unsigned i = 0; i < a->tlvs; i++)
        must(a->tlv[i].tag == b->tlv[i].tag);
}

static void
check_round_trip(const struct pdu *p)
{
    static uint8_t out[OUT_BYTES], again[OUT_BYTES];
    static struct pdu q;
    uint8_t version = smpp_command_in(p->id, SMPP_V50) ? SMPP_V50 : SMPP_V33;
    struct writer w = writer_of(out, sizeof out);
    struct writer w2 = writer_of(again, sizeof again);
    struct pdu_error e;
    if (p->tlvs_dropped || pdu_encode(p, version, &w, &e) != PDU_OK)
        return;
    enum pdu_fault fault = pdu_decode(writer_slice(&w), PDU_STRICT, &q, &e);
    must(fault == PDU_OK);
    check_same(p, &q);
    fault = pdu_encode(&q, version, &w2, &e);
    must(fault == PDU_OK);
    must(slice_eq(writer_slice(&w), writer_slice(&w2)));
}

static void
one(struct slice whole)
{
    static struct pdu p;
    static char text[16384];
    struct pdu_error e;
    enum pdu_fault fault = pdu_decode(whole, PDU_LENIENT, &p, &e);
    dump_line(&p, DUMP_ALL, text, sizeof text);
    dump_hex(whole, &p, fault ? &e : NULL, DUMP_ALL, text, sizeof text);
    fault = pdu_decode(whole, PDU_STRICT, &p, &e);
    if (fault)
        must(e.offset <= whole.n && e.detail[0]);
    else
        check_round_trip(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_of(slice_of(data, size));
    struct slice whole;
    /* 64: a seed holds a handful of PDUs */
    for (int i = 0; i < 64; i++) {
        struct slice rest = slice_of(c.at, cursor_left(&c));
        if (frame_next(rest, PDU_DEFAULT_MAX_BYTES, &whole) != FRAME_WHOLE)
            break;
        one(cursor_take(&c, whole.n));
    }
    one(slice_of(c.at, cursor_left(&c)));
    return 0;
}
