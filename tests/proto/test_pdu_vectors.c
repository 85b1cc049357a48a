/*
 * test_pdu_vectors.c - every PDU of vectors.json: decoded as it says, cut at
 * every octet without harm, and written back octet for octet where legal.
 *
 * The JSON shapes are those of `volley pdu`, so its code is tested here too.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/cli/pdu_json.h"
#include "proto/dump.h"
#include "proto/frame.h"

enum { VECTORS = 293, HEX_MAX = 70000 };

static json_t *root;
static json_t *vectors;
static uint8_t octets[HEX_MAX];

static void
load(void)
{
    json_error_t e;
    root = json_load_file(TEST_DATA "/vectors.json", 0, &e);
    ck_assert_msg(root != NULL, "%s", e.text);
    vectors = json_object_get(root, "vectors");
    ck_assert_uint_eq(json_array_size(vectors), VECTORS);
}

static void
unload(void)
{
    json_decref(root);
}

static const char *
text_of(const json_t *v, const char *key)
{
    const char *s = json_string_value(json_object_get(v, key));
    return s ? s : "";
}

static struct slice
octets_of(const json_t *v)
{
    size_t n = sizeof octets;
    ck_assert(bytes_from_hex(slice_str(text_of(v, "hex")), octets, &n));
    return slice_of(octets, n);
}

static void
ck_json(const json_t *got, const json_t *want, const char *name)
{
    if (got == want || json_equal(got, want)) /* both may be absent */
        return;
    char *g = json_dumps(got, JSON_ENCODE_ANY);
    char *w = json_dumps(want, JSON_ENCODE_ANY);
    ck_abort_msg("%s: got %.1500s want %.1500s", name, g, w);
}

/* Items of a stream: a PDU is whole, an error has its kind and detail. */
static void
ck_stream(const json_t *got, const json_t *want, const char *name)
{
    size_t i;
    json_t *item;
    ck_assert_uint_eq(json_array_size(got), json_array_size(want));
    json_array_foreach((json_t *)want, i, item)
    {
        const json_t *mine = json_array_get(got, i);
        if (!json_object_get(item, "error")) {
            ck_json(mine, item, name);
            continue;
        }
        ck_assert_str_eq(text_of(mine, "error"), text_of(item, "error"));
        ck_assert_str_eq(text_of(mine, "detail"), text_of(item, "detail"));
    }
}

START_TEST(vector_is_decoded_as_expected)
{
    const json_t *v = json_array_get(vectors, (size_t)_i);
    const char *name = text_of(v, "name"), *expect = text_of(v, "expect");
    const json_t *want = json_object_get(v, "decoded");
    const json_t *error = json_object_get(v, "error");
    json_t *got =
        pdu_stream_to_json(octets_of(v), PDU_STRICT, PDU_DEFAULT_MAX_BYTES);
    if (strcmp(expect, "stream") == 0) {
        ck_stream(got, want, name);
    } else if (error) {
        ck_assert_str_eq(text_of(got, "error"), text_of(error, "kind"));
        ck_assert_str_eq(text_of(got, "detail"), text_of(error, "detail"));
        ck_json(json_object_get(got, "reaction"),
                json_object_get(error, "reaction"), name);
        ck_json(json_object_get(got, "decoded_before_error"),
                json_object_get(v, "decoded_before_error"), name);
        ck_assert_int_le(json_integer_value(json_object_get(got, "offset")),
                         (json_int_t)octets_of(v).n);
    } else {
        ck_json(got, want, name);
    }
    json_decref(got);
}
END_TEST

/* Decodable, yet nothing that a strict encoder may send. */
static bool
is_illegal(const char *name)
{
    static const char *const names[] = {
        "ng-submit_multi-zero",       "hm-submit-tlv-zero-length-int",
        "hm-submit-tlv-int-too-long", "hm-submit-tlv-short-int",
        "hm-submit-tlv-duplicate",    "hm-submit-payload-and-text",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static uint8_t
version_for(uint32_t id)
{
    return smpp_command_in(id, SMPP_V50) ? SMPP_V50 : SMPP_V33;
}

START_TEST(valid_vector_is_written_back_octet_for_octet)
{
    const json_t *v = json_array_get(vectors, (size_t)_i);
    const char *name = text_of(v, "name");
    static uint8_t out[HEX_MAX], room[HEX_MAX];
    static struct pdu p, q;
    struct pdu_error e;
    char why[PDU_JSON_ERROR_SIZE] = "";
    struct slice whole;
    if (strncmp(text_of(v, "expect"), "ok", 2) != 0)
        return;
    ck_assert_int_eq(frame_next(octets_of(v), PDU_DEFAULT_MAX_BYTES, &whole),
                     FRAME_WHOLE);
    ck_assert_int_eq(pdu_decode(whole, PDU_STRICT, &p, &e), PDU_OK);
    struct writer w = writer_of(out, sizeof out);
    enum pdu_fault fault = pdu_encode(&p, version_for(p.id), &w, &e);
    if (is_illegal(name)) {
        ck_assert_int_eq(fault, PDU_FIELD_INVALID);
        return;
    }
    ck_assert_msg(fault == PDU_OK, "%s: %s", name, e.detail);
    ck_assert_msg(slice_eq(writer_slice(&w), whole), "%s differs", name);
    /* and from its JSON */
    struct writer scratch = writer_of(room, sizeof room);
    bool read = pdu_from_json(json_object_get(v, "decoded"), &scratch, &q, why);
    ck_assert_msg(read, "%s: %s", name, why);
    w = writer_of(out, sizeof out);
    ck_assert_int_eq(pdu_encode(&q, version_for(q.id), &w, &e), PDU_OK);
    ck_assert_msg(slice_eq(writer_slice(&w), whole), "%s differs", name);
}
END_TEST

static bool
is_inside(struct slice s, struct slice whole)
{
    return s.n == 0 || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

static void
ck_borrows(const struct pdu *p, struct slice whole)
{
    const struct pdu_row *row = pdu_rows(p->id);
    bool inside = true;
    for (; row && row->type; row++)
        if (row->type != PDU_BYTE && row->type != PDU_COUNT &&
            row->type != PDU_LENGTH)
            inside = inside && is_inside(pdu_slice(p, row->field), whole);
    for (unsigned i = 0; i < p->tlvs; i++)
        inside = inside && is_inside(p->tlv[i].value, whole);
    ck_assert(inside);
}

/* A PDU that ends after n octets and says so, in memory of just that size,
 * so that a read past its end is found by the sanitizer. */
static void
decode_cut(struct slice whole, size_t n)
{
    static struct pdu p;
    static char text[65536];
    struct pdu_error e;
    uint8_t *cut = malloc(n);
    memcpy(cut, whole.p, n);
    if (n >= 4) {
        struct writer w = writer_of(cut, n);
        writer_be32(&w, (uint32_t)n);
    }
    for (int mode = PDU_STRICT; mode <= PDU_LENIENT; mode++) {
        struct slice in = slice_of(cut, n);
        enum pdu_fault fault = pdu_decode(in, (enum pdu_mode)mode, &p, &e);
        ck_borrows(&p, in);
        if (n < PDU_HEADER_BYTES)
            ck_assert_int_ne(fault, PDU_OK);
        if (fault)
            ck_assert_uint_le(e.offset, n);
        if (n < 400)
            dump_hex(in, &p, fault ? &e : NULL, DUMP_ALL, text, sizeof text);
    }
    free(cut);
}

START_TEST(vector_cut_at_any_octet_does_no_harm)
{
    const json_t *v = json_array_get(vectors, (size_t)_i);
    struct slice whole = octets_of(v);
    /* 997: long payloads are one octet over and over */
    for (size_t n = 1; n <= whole.n; n += n > 400 ? 997 : 1)
        decode_cut(whole, n);
}
END_TEST

/* All short valid PDUs one after another. */
static size_t
fill_stream(uint8_t *stream, size_t cap, size_t *pdus)
{
    struct writer w = writer_of(stream, cap);
    size_t i;
    json_t *v;
    *pdus = 0;
    json_array_foreach(vectors, i, v)
    {
        if (strcmp(text_of(v, "expect"), "ok") != 0 ||
            strlen(text_of(v, "hex")) > 300)
            continue;
        writer_put(&w, octets_of(v));
        ++*pdus;
    }
    ck_assert(!w.failed);
    return writer_used(&w);
}

/* Takes PDUs off the first n octets; returns how far it came. */
static size_t
take_pdus(const uint8_t *stream, size_t from, size_t n, size_t *count)
{
    struct slice pdu;
    while (frame_next(slice_of(stream + from, n - from), PDU_DEFAULT_MAX_BYTES,
                      &pdu) == FRAME_WHOLE) {
        if (pdu.p != stream + from) /* an assert a PDU takes seconds */
            ck_abort_msg("a PDU does not begin where one ended");
        from += pdu.n;
        ++*count;
    }
    return from;
}

START_TEST(stream_cut_at_any_octet_gives_the_same_pdus)
{
    static uint8_t stream[65536];
    size_t pdus, n = fill_stream(stream, sizeof stream, &pdus);
    ck_assert_uint_gt(pdus, 200);
    for (size_t cut = 0; cut <= n; cut++) {
        size_t count = 0;
        size_t at = take_pdus(stream, 0, cut, &count);
        ck_assert_uint_eq(take_pdus(stream, at, n, &count), n);
        ck_assert_uint_eq(count, pdus);
    }
}
END_TEST

START_TEST(bad_json_is_refused_by_place)
{
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"[]", "needs a JSON object"},
        {"{}", "command_name: missing"},
        {"{\"command_name\":\"submit\"}", "SMPP has no \"submit\""},
        {"{\"command_id\":\"0x0A\"}", "command_id: SMPP has no 0x0000000A"},
        {"{\"command_id\":4,\"x\":1}", "x: unknown key"},
        {"{\"command_id\":4,\"fields\":{\"message_id\":\"\"}}",
         "fields.message_id: submit_sm has no such field"},
        {"{\"command_id\":4,\"fields\":{\"esm_class\":300}}",
         "fields.esm_class: needs a number from 0 to 255"},
        {"{\"command_id\":4,\"fields\":{\"source_addr\":5}}",
         "fields.source_addr: needs a text"},
        {"{\"command_id\":4,\"fields\":{\"short_message\":{\"hex\":\"abc\"}}}",
         "fields.short_message: is not an even number"},
        {"{\"command_id\":4,\"fields\":{\"short_message\":\"\\u00e9\"}}",
         "fields.short_message: holds characters outside ASCII"},
        {"{\"command_id\":33,\"fields\":{\"dest_address\":[{}]}}",
         "fields.dest_address: an entry lacks"},
        {"{\"command_id\":4,\"tlvs\":[{\"name\":\"no_such\"}]}", "tlvs[0]:"},
        {"{\"command_id\":4,\"tlvs\":[{\"tag\":\"0x0204\",\"value\":70000}]}",
         "tlvs[0]: 70000 does not fit 2 octets"},
        {"{\"command_id\":4,\"tlvs\":[{\"tag\":\"0x1400\",\"value\":1}]}",
         "tlvs[0]: is not an integer TLV"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[PDU_JSON_ERROR_SIZE] = "";
        uint8_t room[256];
        static struct pdu p;
        struct writer scratch = writer_of(room, sizeof room);
        json_t *j = json_loads(cases[i].json, 0, NULL);
        ck_assert_ptr_nonnull(j);
        ck_assert(!pdu_from_json(j, &scratch, &p, why));
        ck_assert_msg(strstr(why, cases[i].says) != NULL, "%s: %s",
                      cases[i].json, why);
        json_decref(j);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("pdu vectors");
    TCase *t = tcase_create("vectors");
    tcase_set_timeout(t, 60);
    tcase_add_unchecked_fixture(t, load, unload);
    tcase_add_loop_test(t, vector_is_decoded_as_expected, 0, VECTORS);
    tcase_add_loop_test(t, valid_vector_is_written_back_octet_for_octet, 0,
                        VECTORS);
    tcase_add_loop_test(t, vector_cut_at_any_octet_does_no_harm, 0, VECTORS);
    tcase_add_test(t, stream_cut_at_any_octet_gives_the_same_pdus);
    tcase_add_test(t, bad_json_is_refused_by_place);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK); /* 880 forks cost half a minute */
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
