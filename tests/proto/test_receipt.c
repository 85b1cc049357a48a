/*
 * test_receipt.c - proto/receipt.c: the shared vectors, further dialects, and
 * receipts inside PDUs.
 */
#include "proto/receipt.h"

#include <check.h>

#include "engine/cli/text_json.h"
#include "proto/pdu.h"
#include "tests/proto/vectors.h"

enum { DLR_VECTORS = 34 };

static json_t *vectors;

START_TEST(vector_comes_out_exactly)
{
    json_t *v = json_array_get(vectors, (size_t)_i);
    json_t *got = text_json_receipt_request(v);
    VECTORS_EQUAL(json_string_value(json_object_get(v, "name")), got,
                  json_object_get(v, "expect"));
    json_decref(got);
}
END_TEST

/* ---- dialects beyond the vectors (smpp.md, 17) ---- */

static const struct {
    const char *text;
    const char *id, *stat, *err, *quote; /* NULL: absent */
    int sub, dlvrd;
} dialects[] = {
    {"ID:42 SUB:001 DLVRD:001 Submit Date:2601010000 Done Date:2601010001 "
     "STAT:delivrd ERR:000 TEXT:x",
     "42", "delivrd", "000", "x", 1, 1},
    {"stat:DELIVRD err:7 id:42 dlvrd:1 sub:2", "42", "DELIVRD", "7", NULL, 2,
     1},
    {"id:42 text:hello you stat:EXPIRED err:001", "42", "EXPIRED", "001",
     "hello you", -1, -1},
    /* id is known: inside the text it is only text */
    {"id:42 text:my id:7 stat:EXPIRED", "42", "EXPIRED", NULL, "my id:7", -1,
     -1},
    {"text: stat:EXPIRED id:42", "42", "EXPIRED", NULL, "", -1, -1},
    {"id:42,sub:001,dlvrd:000,stat:UNDELIV,err:5", "42", "UNDELIV", "5", NULL,
     1, 0},
    {"id:a,b;c stat:DELIVRD", "a,b;c", "DELIVRD", NULL, NULL, -1, -1},
    {"id:42 sub:1x dlvrd: stat:DELIVRD", "42", "DELIVRD", NULL, NULL, -1, -1},
    {"id:42 sub:9999999999 stat:DELIVRD", "42", "DELIVRD", NULL, NULL, -1, -1},
    {"id: stat:DELIVRD", NULL, "DELIVRD", NULL, NULL, -1, -1},
    {"id:42 stat:", "42", NULL, NULL, NULL, -1, -1},
    {"id:42 id:43 stat:DELIVRD stat:EXPIRED", "42", "DELIVRD", NULL, NULL, -1,
     -1},
    {"id:42\r\nstat:DELIVRD\r\ntext:two\r\nlines", "42", "DELIVRD", NULL,
     "two\r\nlines", -1, -1},
    /* the label must begin a word */
    {"valid:42 restat:DELIVRD", NULL, NULL, NULL, NULL, -1, -1},
    /* a bare word only behind a date */
    {"id:42 DELIVRD", "42", NULL, NULL, NULL, -1, -1},
    {"", NULL, NULL, NULL, NULL, -1, -1},
    {"id", NULL, NULL, NULL, NULL, -1, -1},
};

static void
check_slice(struct slice got, const char *want)
{
    ck_assert_int_eq(got.p != NULL, want != NULL);
    if (want)
        ck_assert(slice_eq(got, slice_str(want)));
}

START_TEST(dialect_is_understood)
{
    struct receipt r;
    receipt_parse(slice_str(dialects[_i].text), &r);
    check_slice(r.id, dialects[_i].id);
    check_slice(r.stat, dialects[_i].stat);
    check_slice(r.err, dialects[_i].err);
    check_slice(r.text, dialects[_i].quote);
    ck_assert_int_eq(r.sub, dialects[_i].sub);
    ck_assert_int_eq(r.dlvrd, dialects[_i].dlvrd);
    ck_assert_int_eq(r.looks_like_receipt,
                     dialects[_i].id && dialects[_i].stat);
}
END_TEST

START_TEST(zeros_behind_the_text_are_stripped)
{
    struct receipt r;
    receipt_parse(slice_of("id:42 stat:DELIVRD text:a\0\0", 27), &r);
    check_slice(r.text, "a");
    receipt_parse(slice_of("id:42 stat:DELIVRD\0", 19), &r);
    check_slice(r.stat, "DELIVRD");
    ck_assert_int_eq(r.message_state, STATE_DELIVERED);
}
END_TEST

/* A date and the second it means, 0 when it means none. */
static const struct {
    const char *word;
    int64_t unix_s;
} dates[] = {
    {"1005232039", 1274647140},
    {"100523203901", 1274647141},
    {"201506201641", 1434818460},
    {"20150620164159", 1434818519},
    {"180711070003912+", 1531292403},
    {"180711070003912-", 1531292403},
    {"0001010000", 946684800},
    {"2402291200", 1709208000}, /* a leap day */
    {"2302291200", 0},
    {"2604310000", 0},
    {"2601012400", 0},
    {"2601010060", 0},
    {"0000000000", 0},
    {"201399999999", 0},
    {"26010100", 0},
    {"26010100001", 0},
    {"1601010000123456", 0},
    {"2601010000x", 0},
    {"", 0},
};

START_TEST(date_is_read_or_left_out)
{
    struct receipt r;
    char text[64];
    snprintf(text, sizeof text, "id:1 done date:%s stat:DELIVRD",
             dates[_i].word);
    receipt_parse(slice_str(text), &r);
    ck_assert_int_eq(r.done.known, dates[_i].unix_s != 0);
    ck_assert_int_eq(r.done.unix_s, dates[_i].unix_s);
    ck_assert(!r.submit.known);
    ck_assert_int_eq(r.message_state, STATE_DELIVERED);
}
END_TEST

/* Each word of the table, in either letter case. */
static const struct {
    const char *word;
    int state;
    bool final;
} words[] = {
    {"DELIVRD", 2, true},     {"EXPIRED", 3, true},  {"DELETED", 4, true},
    {"UNDELIV", 5, true},     {"ACCEPTD", 6, false}, {"UNKNOWN", 7, false},
    {"REJECTD", 8, true},     {"ENROUTE", 1, false}, {"ACKED", 1, false},
    {"BUFFRED", 1, false},    {"BUFFERD", 1, false}, {"BUFFERED", 1, false},
    {"SCHEDULED", 0, false},  {"SCHEDLD", 0, false}, {"DELIVERED", 2, true},
    {"DELIVERD", 2, true},    {"EXPIRD", 3, true},   {"UNDELIVERABLE", 5, true},
    {"UNDELIVERED", 5, true}, {"FAILED", 5, true},   {"NOROUTES", 5, true},
    {"ACCEPTED", 6, false},   {"REJECTED", 8, true}, {"SKIPPED", 9, true},
};

START_TEST(stat_word_has_its_state)
{
    char lower[32] = "";
    bool final = !words[_i].final;
    ck_assert_int_eq(receipt_state_of_word(slice_str(words[_i].word), &final),
                     words[_i].state);
    ck_assert_int_eq(final, words[_i].final);
    ck_assert_int_eq(receipt_state_is_final(words[_i].state, false),
                     words[_i].final);
    for (size_t i = 0; words[_i].word[i]; i++)
        lower[i] = (char)(words[_i].word[i] | 0x20);
    ck_assert_int_eq(receipt_state_of_word(slice_str(lower), NULL),
                     words[_i].state);
}
END_TEST

START_TEST(other_word_has_none)
{
    static const char *const others[] = {"", "DELIVR", "DELIVRDX", "BADSTAT",
                                         "UNDELIVERABLEUNDELIVERABLE"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_int_eq(receipt_state_of_word(slice_str(others[i]), NULL), -1);
    ck_assert(receipt_state_is_final(STATE_ACCEPTED, true));
    ck_assert(!receipt_state_is_final(-1, true));
}
END_TEST

/* ---- inside a PDU ---- */

#define TEXT_DELIVRD "id:42 stat:DELIVRD err:007 text:x"

static struct pdu
deliver_of(uint32_t esm_class, const char *text)
{
    struct pdu p;
    memset(&p, 0, sizeof p);
    pdu_init(&p, SMPP_DELIVER_SM, 0, 1);
    pdu_set_u32(&p, FIELD_ESM_CLASS, esm_class);
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_str(text));
    return p;
}

static void
add_tlv(struct pdu *p, uint16_t tag, const char *octets, size_t n)
{
    ck_assert(pdu_add_tlv(p, tag, slice_of(octets, n)));
}

START_TEST(tlvs_win_for_id_and_state)
{
    struct pdu p = deliver_of(0x04, TEXT_DELIVRD);
    struct receipt r;
    add_tlv(&p, TLV_RECEIPTED_MESSAGE_ID, "abc", 4);
    add_tlv(&p, TLV_MESSAGE_STATE, "\5", 1);
    add_tlv(&p, TLV_NETWORK_ERROR_CODE, "\3\1\2", 3);
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    check_slice(r.id, "abc");
    ck_assert_int_eq(r.message_state, STATE_UNDELIVERABLE);
    ck_assert(r.final);
    check_slice(r.stat, "DELIVRD");
    check_slice(r.err, "007");
    ck_assert_int_eq(r.network_type, 3);
    ck_assert_int_eq(r.network_error, 0x0102);
}
END_TEST

START_TEST(state_that_does_not_exist_leaves_the_text)
{
    struct pdu p = deliver_of(0x04, TEXT_DELIVRD);
    struct receipt r;
    add_tlv(&p, TLV_MESSAGE_STATE, "\x63", 1);
    add_tlv(&p, TLV_RECEIPTED_MESSAGE_ID, "", 1);
    add_tlv(&p, TLV_NETWORK_ERROR_CODE, "\3\1", 2);
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    check_slice(r.id, "42");
    ck_assert_int_eq(r.message_state, STATE_DELIVERED);
    ck_assert(r.final);
    ck_assert_int_eq(r.network_error, -1);
}
END_TEST

START_TEST(both_tlvs_make_a_receipt_of_any_message)
{
    struct pdu p = deliver_of(0x00, "");
    struct receipt r;
    add_tlv(&p, TLV_RECEIPTED_MESSAGE_ID, "abc", 3); /* no NUL */
    ck_assert(!receipt_from_pdu(&p, NULL, &r));
    add_tlv(&p, TLV_MESSAGE_STATE, "\2", 1);
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    check_slice(r.id, "abc");
    ck_assert_int_eq(r.message_state, STATE_DELIVERED);
    ck_assert(!r.looks_like_receipt);
}
END_TEST

START_TEST(receipt_text_without_type_needs_the_option)
{
    const struct receipt_options by_text = {.by_text = true};
    struct receipt r;
    struct pdu p = deliver_of(0x00, TEXT_DELIVRD);
    ck_assert(!receipt_from_pdu(&p, NULL, &r));
    ck_assert(receipt_from_pdu(&p, &by_text, &r));
    /* a word that no centre uses: somebody wrote that */
    p = deliver_of(0x00, "my id: 5 stat: fine");
    ck_assert(!receipt_from_pdu(&p, &by_text, &r));
    p = deliver_of(0x00, "The id: of my order is wrong, text: me back");
    ck_assert(!receipt_from_pdu(&p, &by_text, &r));
    /* an acknowledgement by the user's device is not a receipt */
    p = deliver_of(0x08, TEXT_DELIVRD);
    ck_assert(!receipt_from_pdu(&p, &by_text, &r));
}
END_TEST

START_TEST(type_bits_make_a_receipt_of_any_text)
{
    struct receipt r;
    struct pdu p = deliver_of(0x04, "nothing usable");
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    check_slice(r.id, NULL);
    ck_assert_int_eq(r.message_state, -1);
    ck_assert(!r.intermediate);
    p = deliver_of(0x20 | 0x03, "id:42 stat:ENROUTE");
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    ck_assert(r.intermediate);
    ck_assert(!r.final);
}
END_TEST

START_TEST(text_is_found_in_the_payload_and_behind_a_udh)
{
    struct receipt r;
    struct pdu p = deliver_of(0x04, "");
    add_tlv(&p, TLV_MESSAGE_PAYLOAD, TEXT_DELIVRD, strlen(TEXT_DELIVRD));
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    check_slice(r.id, "42");
    p = deliver_of(0x44, "\x05\x01\x03\x61\x01\x01" TEXT_DELIVRD);
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    check_slice(r.id, "42");
}
END_TEST

START_TEST(accepted_is_final_only_when_the_link_says)
{
    const struct receipt_options says = {.accepted_is_final = true};
    struct receipt r;
    struct pdu p = deliver_of(0x04, "id:42 stat:ACCEPTD");
    ck_assert(receipt_from_pdu(&p, NULL, &r));
    ck_assert(!r.final);
    ck_assert(receipt_from_pdu(&p, &says, &r));
    ck_assert(r.final);
    add_tlv(&p, TLV_MESSAGE_STATE, "\1", 1);
    ck_assert(receipt_from_pdu(&p, &says, &r));
    ck_assert(!r.final);
}
END_TEST

#define LOOP(t, test, cases)                                                   \
    tcase_add_loop_test(t, test, 0, sizeof(cases) / sizeof((cases)[0]))

static Suite *
receipt_suite(void)
{
    Suite *s = suite_create("receipt");
    TCase *t = tcase_create("text");
    tcase_add_loop_test(t, vector_comes_out_exactly, 0, DLR_VECTORS);
    LOOP(t, dialect_is_understood, dialects);
    tcase_add_test(t, zeros_behind_the_text_are_stripped);
    LOOP(t, date_is_read_or_left_out, dates);
    LOOP(t, stat_word_has_its_state, words);
    tcase_add_test(t, other_word_has_none);
    suite_add_tcase(s, t);
    t = tcase_create("pdu");
    tcase_add_test(t, tlvs_win_for_id_and_state);
    tcase_add_test(t, state_that_does_not_exist_leaves_the_text);
    tcase_add_test(t, both_tlvs_make_a_receipt_of_any_message);
    tcase_add_test(t, receipt_text_without_type_needs_the_option);
    tcase_add_test(t, type_bits_make_a_receipt_of_any_text);
    tcase_add_test(t, text_is_found_in_the_payload_and_behind_a_udh);
    tcase_add_test(t, accepted_is_final_only_when_the_link_says);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    vectors = vectors_load("dlr_vectors.json", DLR_VECTORS);
    SRunner *r = srunner_create(receipt_suite());
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    json_decref(vectors);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
