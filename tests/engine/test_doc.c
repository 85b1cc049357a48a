/*
 * test_doc.c - tests engine/flow/doc.c.
 */
#include "engine/flow/doc.h"

#include <check.h>
#include <stdlib.h>

enum { NAME = 1, RATE = 2, NUMBER = 3 };

static uint8_t buffer[512];

static struct slice
sample(void)
{
    struct writer w = writer_of(buffer, sizeof buffer);
    doc_put_text(&w, NAME, slice_str("demo"));
    doc_put_u64(&w, RATE, 70000);
    doc_put_text(&w, NUMBER, slice_str("+12125550101"));
    doc_put_text(&w, 200, slice_str("of a later version"));
    doc_put_text(&w, NUMBER, slice_str("+12125550102"));
    ck_assert(!w.failed);
    return writer_slice(&w);
}

START_TEST(fields_read_back)
{
    struct slice doc = sample(), value;
    char name[8];
    ck_assert(doc_get(doc, NAME, &value));
    ck_assert(slice_eq(value, slice_str("demo")));
    ck_assert_str_eq(doc_copy(doc, NAME, name, sizeof name), "demo");
    ck_assert_uint_eq(doc_u64(doc, RATE, 5), 70000);
    ck_assert(doc_is_sound(doc));
}
END_TEST

START_TEST(an_absent_field_has_its_default)
{
    struct slice doc = sample(), value;
    char name[8] = "before";
    ck_assert(!doc_get(doc, 99, &value));
    ck_assert_uint_eq(value.n, 0);
    ck_assert_uint_eq(doc_text(doc, 99).n, 0);
    ck_assert_uint_eq(doc_u64(doc, 99, 5), 5);
    ck_assert_str_eq(doc_copy(doc, 99, name, sizeof name), "");
    ck_assert_uint_eq(doc_u64((struct slice){NULL, 0}, NAME, 6), 6);
}
END_TEST

START_TEST(a_copy_is_cut_to_its_room)
{
    char name[3];
    ck_assert_str_eq(doc_copy(sample(), NAME, name, sizeof name), "de");
}
END_TEST

START_TEST(a_repeated_tag_is_a_list)
{
    struct cursor c = cursor_of(sample());
    struct slice value;
    ck_assert(doc_next_of(&c, NUMBER, &value));
    ck_assert(slice_eq(value, slice_str("+12125550101")));
    ck_assert(doc_next_of(&c, NUMBER, &value));
    ck_assert(slice_eq(value, slice_str("+12125550102")));
    ck_assert(!doc_next_of(&c, NUMBER, &value));
}
END_TEST

static const uint64_t numbers[] = {
    0, 1, 255, 256, 65535, 65536, 0x123456789ABCDEF0, UINT64_MAX,
};

START_TEST(every_number_reads_back)
{
    struct writer w = writer_of(buffer, sizeof buffer);
    doc_put_u64(&w, 9, numbers[_i]);
    ck_assert_uint_eq(doc_u64(writer_slice(&w), 9, 42), numbers[_i]);
}
END_TEST

START_TEST(a_number_of_nine_octets_is_none)
{
    struct writer w = writer_of(buffer, sizeof buffer);
    doc_put_text(&w, 9, slice_str("123456789"));
    ck_assert_uint_eq(doc_u64(writer_slice(&w), 9, 42), 42);
}
END_TEST

/* Octets by hand: tag 7, length 3, 01 02 03 = 0x030201. */
START_TEST(the_layout_is_as_drawn)
{
    static const uint8_t octets[] = {7, 3, 1, 2, 3, 8, 0};
    struct slice doc = slice_of(octets, sizeof octets), value;
    ck_assert_uint_eq(doc_u64(doc, 7, 0), 0x030201);
    ck_assert(doc_get(doc, 8, &value));
    ck_assert_uint_eq(value.n, 0);
}
END_TEST

START_TEST(a_cut_doc_gives_what_stands_before_the_cut)
{
    struct slice whole = sample();
    static const size_t ends[] = {0, 6, 11, 25, 45, 59};
    ck_assert_uint_eq(whole.n, 59);
    for (size_t n = 0; n <= whole.n; n++) {
        uint8_t *cut =
            malloc(n + 1); /* so that the sanitizer sees a step over */
        memcpy(cut, whole.p, n);
        struct slice doc = {cut, n};
        bool at_end = false;
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
            at_end |= ends[i] == n;
        ck_assert_int_eq(doc_is_sound(doc), at_end);
        ck_assert_uint_eq(doc_text(doc, NAME).n, n >= 6 ? 4 : 0);
        ck_assert_uint_eq(doc_u64(doc, RATE, 1), n >= 11 ? 70000 : 1);
        free(cut);
    }
}
END_TEST

START_TEST(no_room_fails_the_writer)
{
    uint8_t small[5];
    struct writer w = writer_of(small, sizeof small);
    doc_put_text(&w, NAME, slice_str("demo"));
    ck_assert(w.failed);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("doc");
    TCase *t = tcase_create("doc");
    tcase_add_test(t, fields_read_back);
    tcase_add_test(t, an_absent_field_has_its_default);
    tcase_add_test(t, a_copy_is_cut_to_its_room);
    tcase_add_test(t, a_repeated_tag_is_a_list);
    tcase_add_loop_test(t, every_number_reads_back, 0,
                        sizeof numbers / sizeof numbers[0]);
    tcase_add_test(t, a_number_of_nine_octets_is_none);
    tcase_add_test(t, the_layout_is_as_drawn);
    tcase_add_test(t, a_cut_doc_gives_what_stands_before_the_cut);
    tcase_add_test(t, no_room_fails_the_writer);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
