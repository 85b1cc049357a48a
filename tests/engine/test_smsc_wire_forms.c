/*
 * test_smsc_wire_forms.c - the simulator's fast reader and writer agree with
 * the table-driven ones of proto/.
 */
#include "bench/smsc/deliver.h"
#include "proto/receipt.h"

#include <check.h>
#include <stdlib.h>

static uint64_t dice = 88172645463325252u;

static uint64_t throw(uint64_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % n;
}

static struct slice
random_digits(char *room, size_t min, size_t max)
{
    size_t n = min + throw(max - min + 1);
    for (size_t i = 0; i < n; i++)
        room[i] = (char)('0' + throw(10));
    return slice_of(room, n);
}

static struct slice
random_octets(uint8_t *room, size_t max)
{
    size_t n = throw(max + 1);
    for (size_t i = 0; i < n; i++)
        room[i] = (uint8_t) throw(256);
    return slice_of(room, n);
}

/* What a random submit_sm borrows from. */
struct rooms {
    char source[24], dest[24], service[8];
    uint8_t text[255], payload[300], sar[4];
};

static void
random_submit(struct pdu *p, struct rooms *r)
{
    pdu_init(p, SMPP_SUBMIT_SM, 0, (uint32_t) throw(SMPP_SEQUENCE_MAX) + 1);
    pdu_set_slice(p, FIELD_SERVICE_TYPE, random_digits(r->service, 0, 5));
    pdu_set_u32(p, FIELD_SOURCE_ADDR_TON, (uint32_t) throw(7));
    pdu_set_u32(p, FIELD_SOURCE_ADDR_NPI, (uint32_t) throw(2));
    pdu_set_slice(p, FIELD_SOURCE_ADDR, random_digits(r->source, 0, 20));
    pdu_set_u32(p, FIELD_DEST_ADDR_TON, (uint32_t) throw(7));
    pdu_set_u32(p, FIELD_DEST_ADDR_NPI, (uint32_t) throw(2));
    pdu_set_slice(p, FIELD_DESTINATION_ADDR, random_digits(r->dest, 1, 20));
    pdu_set_u32(p, FIELD_ESM_CLASS, throw(2) ? ESM_UDHI : 0);
    if (throw(2))
        pdu_set_slice(p, FIELD_VALIDITY_PERIOD, slice_str("000001000000000R"));
    pdu_set_u32(p, FIELD_REGISTERED_DELIVERY, (uint32_t) throw(4));
    pdu_set_u32(p, FIELD_DATA_CODING, (uint32_t) throw(9));
    if (throw(4))
        pdu_set_slice(p, FIELD_SHORT_MESSAGE,
                      random_octets(r->text, sizeof r->text - 1));
    else
        ck_assert(pdu_add_tlv(p, TLV_MESSAGE_PAYLOAD,
                              random_octets(r->payload, sizeof r->payload)));
    if (throw(3) == 0) {
        for (unsigned i = 0; i < 4; i++)
            r->sar[i] = (uint8_t) throw(4);
        ck_assert(
            pdu_add_tlv(p, TLV_SAR_MSG_REF_NUM, slice_of(r->sar, 2)) &&
            pdu_add_tlv(p, TLV_SAR_TOTAL_SEGMENTS, slice_of(r->sar + 2, 1)) &&
            pdu_add_tlv(p, TLV_SAR_SEGMENT_SEQNUM, slice_of(r->sar + 3, 1)));
    }
}

static void
check_same(const struct submit *a, const struct submit *b)
{
    ck_assert_uint_eq(a->sequence, b->sequence);
    ck_assert_uint_eq(a->source_ton, b->source_ton);
    ck_assert_uint_eq(a->source_npi, b->source_npi);
    ck_assert_uint_eq(a->dest_ton, b->dest_ton);
    ck_assert_uint_eq(a->dest_npi, b->dest_npi);
    ck_assert_uint_eq(a->esm_class, b->esm_class);
    ck_assert_uint_eq(a->registered, b->registered);
    ck_assert_uint_eq(a->data_coding, b->data_coding);
    ck_assert_uint_eq(a->ref, b->ref);
    ck_assert_uint_eq(a->total, b->total);
    ck_assert_uint_eq(a->part, b->part);
    ck_assert(slice_eq(a->source, b->source));
    ck_assert(slice_eq(a->dest, b->dest));
    ck_assert(slice_eq(a->text, b->text));
    ck_assert_uint_eq(submit_text_hash(a), submit_text_hash(b));
}

START_TEST(fast_reader_agrees_with_the_table)
{
    for (unsigned i = 0; i < 20000; i++) {
        struct pdu p, decoded;
        struct rooms rooms;
        uint8_t wire[1024];
        struct writer w = writer_of(wire, sizeof wire);
        struct pdu_error error;
        random_submit(&p, &rooms);
        enum pdu_fault fault = pdu_encode(&p, SMPP_V34, &w, &error);
        ck_assert_msg(fault == PDU_OK, "%s", error.detail);
        ck_assert_int_eq(
            pdu_decode(writer_slice(&w), PDU_STRICT, &decoded, &error), PDU_OK);
        struct submit fast, slow;
        ck_assert_uint_eq(submit_read(writer_slice(&w), &fast), ESME_ROK);
        ck_assert_uint_eq(submit_from_pdu(&decoded, &slow), ESME_ROK);
        check_same(&fast, &slow);
    }
}
END_TEST

START_TEST(a_submit_cut_anywhere_is_refused_by_both)
{
    struct pdu p, decoded;
    struct rooms rooms;
    uint8_t wire[1024];
    struct writer w = writer_of(wire, sizeof wire);
    struct pdu_error error;
    do
        random_submit(&p, &rooms);
    while (p.tlvs || pdu_slice(&p, FIELD_SHORT_MESSAGE).n < 20);
    ck_assert_int_eq(pdu_encode(&p, SMPP_V34, &w, &error), PDU_OK);
    for (size_t n = PDU_HEADER_BYTES; n < writer_used(&w); n++) {
        /* Exact room, so that a sanitizer sees one octet too many. */
        uint8_t *cut = malloc(n);
        ck_assert_ptr_nonnull(cut);
        memcpy(cut, wire, n);
        struct writer length = writer_of(cut, 4);
        writer_be32(&length, (uint32_t)n);
        struct submit m;
        ck_assert_uint_ne(submit_read(slice_of(cut, n), &m), ESME_ROK);
        ck_assert_int_ne(
            pdu_decode(slice_of(cut, n), PDU_STRICT, &decoded, &error), PDU_OK);
        free(cut);
    }
}
END_TEST

START_TEST(an_address_of_21_characters_is_refused)
{
    /* submit_sm by hand (SMPP 3.4, 4.4.1): source of 20, then of 21. */
    for (size_t n = 20; n <= 21; n++) {
        uint8_t wire[128];
        struct writer w = writer_of(wire, sizeof wire);
        writer_put(&w, slice_of("\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\1", 16));
        writer_put(&w, slice_of("\0\1\1", 3));
        for (size_t i = 0; i < n; i++)
            writer_u8(&w, '7');
        writer_put(&w, slice_of("\0\1\0019\0\0\0\0\0\0\1\0\0\0\2hi", 17));
        writer_patch_be32(&w, 0, (uint32_t)writer_used(&w));
        struct submit m;
        uint32_t status = submit_read(writer_slice(&w), &m);
        ck_assert_uint_eq(status, n == 20 ? ESME_ROK : ESME_RINVSRCADR);
        if (status == ESME_ROK)
            ck_assert(slice_eq(m.text, slice_str("hi")));
    }
}
END_TEST

static void
fill_letter(struct letter *l, unsigned i)
{
    static const char *const stats[] = {"DELIVRD", "EXPIRED", "UNDELIV"};
    *l = (struct letter){.kind = LETTER_RECEIPT,
                         .id = 1795292346400427u + i,
                         .version = SMPP_V34,
                         .state = (uint8_t)(i % 3 == 0   ? STATE_DELIVERED
                                            : i % 3 == 1 ? STATE_EXPIRED
                                                         : STATE_UNDELIVERABLE),
                         .from = party_of(1, 1, slice_str("447700900001")),
                         .to = party_of(5, 0, slice_str("Volley")),
                         .quote_n = 5,
                         .submitted_us = 1000000ull * 1795292346u};
    strcpy(l->stat, stats[i % 3]);
    strcpy(l->err, i % 3 ? "011" : "000");
    memcpy(l->quote, "Hello", 5);
}

START_TEST(a_receipt_says_what_its_letter_holds)
{
    struct deliver d = {.ids = (enum msgid_form)(_i % 4)};
    struct letter l;
    uint8_t wire[DELIVER_MAX_BYTES], again[DELIVER_MAX_BYTES];
    fill_letter(&l, (unsigned)_i);
    size_t n = deliver_write(&d, &l, 77, SMPP_V34, l.submitted_us, wire);
    struct pdu p;
    struct pdu_error error;
    ck_assert_int_eq(pdu_decode(slice_of(wire, n), PDU_STRICT, &p, &error),
                     PDU_OK);
    struct receipt r;
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    char id[MSGID_BYTES];
    size_t id_n = msgid_in_receipt(d.ids, SMPP_V34, l.id, id);
    ck_assert(slice_eq(r.id, slice_of(id, id_n)));
    ck_assert_int_eq(r.message_state, l.state);
    ck_assert(slice_eq(r.stat, slice_str(l.stat)));
    ck_assert(slice_eq(r.err, slice_str(l.err)));
    ck_assert(slice_eq(r.text, slice_str("Hello")));
    /* Dates of receipts have no seconds: 1795292346 is 6 s past. */
    ck_assert_int_eq(r.submit.unix_s, 1795292346 / 60 * 60);
    struct writer w = writer_of(again, sizeof again);
    ck_assert_int_eq(pdu_encode(&p, SMPP_V34, &w, &error), PDU_OK);
    ck_assert(slice_eq(writer_slice(&w), slice_of(wire, n)));
}
END_TEST

START_TEST(smpp_33_gets_no_tlvs_and_eight_digits)
{
    struct deliver d = {.ids = MSGID_UUID};
    struct letter l;
    uint8_t wire[DELIVER_MAX_BYTES];
    struct pdu p;
    struct pdu_error error;
    struct receipt r;
    fill_letter(&l, 0);
    l.version = SMPP_V33;
    size_t n = deliver_write(&d, &l, 1, SMPP_V33, l.submitted_us, wire);
    ck_assert_int_eq(pdu_decode(slice_of(wire, n), PDU_STRICT, &p, &error),
                     PDU_OK);
    ck_assert_uint_eq(p.tlvs, 0);
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    ck_assert_uint_eq(r.id.n, 8);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("smsc_wire_forms");
    TCase *t = tcase_create("all");
    tcase_add_test(t, fast_reader_agrees_with_the_table);
    tcase_add_test(t, a_submit_cut_anywhere_is_refused_by_both);
    tcase_add_test(t, an_address_of_21_characters_is_refused);
    tcase_add_loop_test(t, a_receipt_says_what_its_letter_holds, 0, 12);
    tcase_add_test(t, smpp_33_gets_no_tlvs_and_eight_digits);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
