/*
 * test_udh.c - proto/udh.c: headers as carriers send them (smpp.md, 16).
 */
#include "proto/udh.h"

#include <check.h>
#include <stdlib.h>

static struct slice
octets_of(const char *hex, uint8_t *buf, size_t cap)
{
    ck_assert(bytes_from_hex(slice_str(hex), buf, &cap));
    return slice_of(buf, cap);
}

/* Written by hand from the specification; built and read. */
static const struct {
    const char *hex;
    struct udh udh;
} plain[] = {
    {"050003a70201",
     {.length = 6,
      .concat = true,
      .reference_bits = 8,
      .reference = 0xA7,
      .total = 2,
      .number = 1}},
    {"060804beefff01",
     {.length = 7,
      .concat = true,
      .reference_bits = 16,
      .reference = 0xBEEF,
      .total = 255,
      .number = 1}},
    {"0605040b8423f0",
     {.length = 7, .ports = true, .dst_port = 2948, .src_port = 9200}},
    {"0b05040b8423f00003a70201",
     {.length = 12,
      .concat = true,
      .reference_bits = 8,
      .reference = 0xA7,
      .total = 2,
      .number = 1,
      .ports = true,
      .dst_port = 2948,
      .src_port = 9200}},
    {"03250103", {.length = 4, .lock = 3}},
    {"0324010d", {.length = 4, .shift = 13}},
    {"0b0003a70201250103240103",
     {.length = 12,
      .concat = true,
      .reference_bits = 8,
      .reference = 0xA7,
      .total = 2,
      .number = 1,
      .lock = 3,
      .shift = 3}},
};

static void
check_udh(const struct udh *got, const struct udh *want)
{
    ck_assert_uint_eq(got->length, want->length);
    ck_assert_int_eq(got->concat, want->concat);
    ck_assert_uint_eq(got->reference_bits, want->reference_bits);
    ck_assert_uint_eq(got->reference, want->reference);
    ck_assert_uint_eq(got->total, want->total);
    ck_assert_uint_eq(got->number, want->number);
    ck_assert_int_eq(got->ports, want->ports);
    ck_assert_uint_eq(got->dst_port, want->dst_port);
    ck_assert_uint_eq(got->src_port, want->src_port);
    ck_assert_uint_eq(got->lock, want->lock);
    ck_assert_uint_eq(got->shift, want->shift);
}

START_TEST(header_is_built_as_the_specification_shows)
{
    uint8_t buf[32];
    char hex[65];
    struct writer w = writer_of(buf, sizeof buf);
    ck_assert_uint_eq(udh_build(&plain[_i].udh, &w), plain[_i].udh.length);
    ck_assert_str_eq(bytes_to_hex(writer_slice(&w), hex), plain[_i].hex);
}
END_TEST

START_TEST(header_is_read_with_text_behind_it)
{
    uint8_t buf[64];
    struct udh got;
    struct slice s = octets_of(plain[_i].hex, buf, sizeof buf);
    buf[s.n] = 'x';
    s.n++;
    ck_assert(udh_parse(s, &got));
    check_udh(&got, &plain[_i].udh);
}
END_TEST

START_TEST(header_longer_than_the_data_is_none)
{
    static const struct udh none;
    uint8_t buf[64];
    struct udh got;
    struct slice s = octets_of(plain[_i].hex, buf, sizeof buf);
    for (size_t n = 0; n < s.n; n++) {
        ck_assert(!udh_parse(slice_of(s.p, n), &got));
        check_udh(&got, &none);
    }
}
END_TEST

/* Odd ones; want is what stays of them. */
static const struct {
    const char *hex;
    struct udh want;
} odd[] = {
    {"00", {.length = 1}},
    /* number 0, number above total, total 0: a single message */
    {"050003a70200", {.length = 6}},
    {"050003a70203", {.length = 6}},
    {"050003a70001", {.length = 6}},
    /* the last of two counts, also when it is the bad one */
    {"0a0003a702010003a80202",
     {.length = 11,
      .concat = true,
      .reference_bits = 8,
      .reference = 0xA8,
      .total = 2,
      .number = 2}},
    {"0a0003a702010003a80200", {.length = 11}},
    {"0b0003a70201080412340302",
     {.length = 12,
      .concat = true,
      .reference_bits = 16,
      .reference = 0x1234,
      .total = 3,
      .number = 2}},
    /* unknown elements are stepped over, empty ones too */
    {"0a7002aabb000003a70201", {.length = 11}},
    {"0b7004aabbccdd250101ff00", {.length = 12, .lock = 1}},
    /* an element that runs over the header ends it */
    {"082501012405010203", {.length = 9, .lock = 1}},
    {"0425010124", {.length = 5, .lock = 1}},
    /* a known element of another length is stepped over */
    {"060004a7020101", {.length = 7}},
    {"0404020102", {.length = 5, .ports = true, .dst_port = 1, .src_port = 2}},
    /* a language that does not exist */
    {"0325010e", {.length = 4}},
};

START_TEST(odd_header_is_read_tolerantly)
{
    uint8_t buf[64];
    struct udh got;
    ck_assert(udh_parse(octets_of(odd[_i].hex, buf, sizeof buf), &got));
    check_udh(&got, &odd[_i].want);
}
END_TEST

START_TEST(nothing_to_say_builds_nothing)
{
    const struct udh none = {.reference = 7, .total = 1, .number = 1};
    uint8_t buf[4];
    struct writer w = writer_of(buf, sizeof buf);
    ck_assert_uint_eq(udh_build(&none, &w), 0);
    ck_assert_uint_eq(writer_used(&w), 0);
}
END_TEST

START_TEST(largest_header_fits_its_bound_exactly)
{
    const struct udh all = {.concat = true,
                            .reference_bits = 16,
                            .total = 1,
                            .number = 1,
                            .ports = true,
                            .lock = 1,
                            .shift = 1};
    uint8_t buf[UDH_BUILD_MAX];
    struct writer w = writer_of(buf, sizeof buf);
    ck_assert_uint_eq(udh_build(&all, &w), UDH_BUILD_MAX);
    w = writer_of(buf, sizeof buf - 1);
    ck_assert_uint_eq(udh_build(&all, &w), 0);
    ck_assert(w.failed);
}
END_TEST

#define LOOP(t, test, cases)                                                   \
    tcase_add_loop_test(t, test, 0, sizeof(cases) / sizeof((cases)[0]))

static Suite *
udh_suite(void)
{
    Suite *s = suite_create("udh");
    TCase *t = tcase_create("udh");
    LOOP(t, header_is_built_as_the_specification_shows, plain);
    LOOP(t, header_is_read_with_text_behind_it, plain);
    LOOP(t, header_longer_than_the_data_is_none, plain);
    LOOP(t, odd_header_is_read_tolerantly, odd);
    tcase_add_test(t, nothing_to_say_builds_nothing);
    tcase_add_test(t, largest_header_fits_its_bound_exactly);
    suite_add_tcase(s, t);
    return s;
}

int
main(void)
{
    SRunner *r = srunner_create(udh_suite());
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
