/*
 * test_addr.c - one phone has one text, whoever wrote it.
 */
#include "proto/addr.h"

#include <check.h>
#include <stdlib.h>

static const struct addr_rules germany = {
    .country = "49", .trunk = "0", .international = "00"};
static const struct addr_rules america = {
    .country = "1", .international = "011", .national_digits = 10};

static const struct {
    uint8_t ton, npi;
    const char *digits;
    const struct addr_rules *rules;
    enum addr_kind kind;
    const char *text;
} wires[] = {
    {1, 1, "12125550101", NULL, ADDR_NUMBER, "+12125550101"},
    {1, 1, "+12125550101", NULL, ADDR_NUMBER, "+12125550101"},
    {1, 1, "0012125550101", NULL, ADDR_NUMBER, "+12125550101"},
    {0, 0, "12125550101", NULL, ADDR_NUMBER, "+12125550101"},
    {0, 1, "+12125550101", NULL, ADDR_NUMBER, "+12125550101"},
    {0, 0, "004917112345678", NULL, ADDR_NUMBER, "+4917112345678"},
    {0, 0, "2125550101", &america, ADDR_NUMBER, "+12125550101"},
    {2, 1, "2125550101", &america, ADDR_NUMBER, "+12125550101"},
    {0, 0, "01144770090012", &america, ADDR_NUMBER, "+44770090012"},
    {2, 1, "017112345678", &germany, ADDR_NUMBER, "+4917112345678"},
    {0, 0, "017112345678", &germany, ADDR_NUMBER, "+4917112345678"},
    {2, 1, "017112345678", NULL, ADDR_NATIONAL, "017112345678"},
    {0, 0, "017112345678", NULL, ADDR_NATIONAL, "017112345678"},
    {0, 0, "12345", NULL, ADDR_SHORT, "12345"},
    {3, 0, "12345", &germany, ADDR_SHORT, "12345"},
    {6, 0, "80888", &america, ADDR_SHORT, "80888"},
    {1, 1, "12345", NULL, ADDR_SHORT, "12345"},
    {2, 1, "12345", &germany, ADDR_SHORT, "12345"},
    {5, 0, "VOLLEY", NULL, ADDR_NAME, "VOLLEY"},
    {5, 0, "12125550101", NULL, ADDR_NAME, "12125550101"},
    {0, 0, "Volley 24", NULL, ADDR_NAME, "Volley 24"},
    {0, 0, "", NULL, ADDR_NONE, ""},
    {0, 0, "12", NULL, ADDR_BAD, "12"},
    {1, 1, "123456789012345", NULL, ADDR_NUMBER, "+123456789012345"},
    {1, 1, "1234567890123456", NULL, ADDR_BAD, "1234567890123456"},
    {1, 1, "0712345678", NULL, ADDR_BAD, "0712345678"},
    {5, 0, "a\nb", NULL, ADDR_BAD, "a\nb"},
};

START_TEST(wire_address_has_one_text)
{
    struct addr a;
    enum addr_kind kind =
        addr_from_wire(wires[_i].ton, wires[_i].npi,
                       slice_str(wires[_i].digits), wires[_i].rules, &a);
    ck_assert_str_eq(a.text, wires[_i].text);
    ck_assert_int_eq(kind, wires[_i].kind);
    ck_assert_int_eq(a.kind, kind);
}
END_TEST

static const struct {
    const char *in;
    const struct addr_rules *rules;
    enum addr_kind kind;
    const char *text;
} texts[] = {
    {"+1 (212) 555-0101", NULL, ADDR_NUMBER, "+12125550101"},
    {"  +49.171/1234567\t", NULL, ADDR_NUMBER, "+491711234567"},
    {"0049 171 1234567", NULL, ADDR_NUMBER, "+491711234567"},
    {"0171 1234567", &germany, ADDR_NUMBER, "+491711234567"},
    {"(212) 555-0101", &america, ADDR_NUMBER, "+12125550101"},
    {"0171 1234567", NULL, ADDR_NATIONAL, "01711234567"},
    {"12125550101", NULL, ADDR_NUMBER, "+12125550101"},
    {"80888", NULL, ADDR_SHORT, "80888"},
    {"VOLLEY", NULL, ADDR_NAME, "VOLLEY"},
    {"Elevenchars", NULL, ADDR_NAME, "Elevenchars"},
    {"Twelve chars", NULL, ADDR_BAD, "Twelve chars"},
    {"", NULL, ADDR_NONE, ""},
    {" \t ", NULL, ADDR_NONE, ""},
    {"+", NULL, ADDR_BAD, ""},
    {"+123456", NULL, ADDR_BAD, "123456"},
    {"+0123456789", NULL, ADDR_BAD, "0123456789"},
    {"12+34567890", NULL, ADDR_NAME, "12+34567890"},
};

START_TEST(written_address_has_one_text)
{
    struct addr a;
    enum addr_kind kind =
        addr_from_text(slice_str(texts[_i].in), texts[_i].rules, &a);
    ck_assert_str_eq(a.text, texts[_i].text);
    ck_assert_int_eq(kind, texts[_i].kind);
}
END_TEST

START_TEST(too_long_an_address_is_cut_and_bad)
{
    char long_text[100];
    struct addr a;
    memset(long_text, '7', sizeof long_text);
    struct slice s = slice_of(long_text, sizeof long_text);
    ck_assert_int_eq(addr_from_wire(1, 1, s, NULL, &a), ADDR_BAD);
    ck_assert_uint_eq(strlen(a.text), ADDR_CHARS_MAX);
    ck_assert_int_eq(addr_from_text(s, NULL, &a), ADDR_BAD);
    memset(long_text, 'x', sizeof long_text);
    ck_assert_int_eq(addr_from_wire(5, 0, s, NULL, &a), ADDR_BAD);
}
END_TEST

static void
ck_to_wire(const char *text, uint8_t ton, uint8_t npi, const char *digits)
{
    struct addr a, back;
    uint8_t t, n;
    struct slice s;
    addr_from_text(slice_str(text), NULL, &a);
    addr_to_wire(&a, &t, &n, &s);
    ck_assert_uint_eq(t, ton);
    ck_assert_uint_eq(n, npi);
    ck_assert(slice_eq(s, slice_str(digits)));
    addr_from_wire(t, n, s, NULL, &back);
    ck_assert(addr_eq(&a, &back));
}

START_TEST(address_goes_to_the_wire_and_back)
{
    ck_to_wire("+12125550101", 1, 1, "12125550101");
    ck_to_wire("80888", 0, 0, "80888");
    ck_to_wire("VOLLEY", 5, 0, "VOLLEY");
    ck_to_wire("0171 1234567", 2, 1, "01711234567");
}
END_TEST

START_TEST(names_are_equal_whatever_their_case)
{
    struct addr a, b;
    addr_from_wire(5, 0, slice_str("Volley"), NULL, &a);
    addr_from_wire(5, 1, slice_str("VOLLEY"), NULL, &b);
    ck_assert(addr_eq(&a, &b));
    addr_from_wire(5, 0, slice_str("80888"), NULL, &a);
    addr_from_wire(0, 0, slice_str("80888"), NULL, &b);
    ck_assert(!addr_eq(&a, &b));
}
END_TEST

START_TEST(number_fits_a_word_and_comes_back)
{
    static const char *const good[] = {"+12125550101", "+999999999999999", "+1",
                                       "+4917112345678"};
    char text[ADDR_E164_SIZE];
    uint64_t v;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert(addr_to_u64(slice_str(good[i]), &v));
        ck_assert_uint_eq(u64_to_e164(v, text), strlen(good[i]));
        ck_assert_str_eq(text, good[i]);
    }
    ck_assert(addr_to_u64(slice_str("12125550101"), &v));
    ck_assert_uint_eq(v, 12125550101);
    ck_assert(!addr_to_u64(slice_str("+1234567890123456"), &v));
    ck_assert(!addr_to_u64(slice_str("+0123"), &v));
    ck_assert(!addr_to_u64(slice_str("+"), &v));
    ck_assert(!addr_to_u64(slice_str(""), &v));
    ck_assert(!addr_to_u64(slice_str("VOLLEY"), &v));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("addr");
    TCase *t = tcase_create("addr");
    tcase_add_loop_test(t, wire_address_has_one_text, 0,
                        sizeof wires / sizeof *wires);
    tcase_add_loop_test(t, written_address_has_one_text, 0,
                        sizeof texts / sizeof *texts);
    tcase_add_test(t, too_long_an_address_is_cut_and_bad);
    tcase_add_test(t, address_goes_to_the_wire_and_back);
    tcase_add_test(t, names_are_equal_whatever_their_case);
    tcase_add_test(t, number_fits_a_word_and_comes_back);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
