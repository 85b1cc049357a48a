/*
 * test_door_form.c - JSON bodies: what is read, what is refused, and how the
 * refusal looks.
 */
#include "engine/door/form.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/door/item.h"
#include "engine/door/page.h"
#include "tests/engine/run_suite.h"

static const struct {
    const char *text;
    bool fine;
} bodies[] = {
    {"{\"a\":1}", true},
    {"\xEF\xBB\xBF{}", true},
    {" {} ", true},
    {"", false},
    {"[]", false},
    {"{\"a\":1,\"a\":2}", false},
    {"{\"a\":\"\xFF\"}", false},
    {"{\"a\":\"\\u0000\"}", false},
    {"{} {}", false},
    {"{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}", true},    /* 16 deep */
    {"{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", false}, /* 17 */
    {"{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\"}", true},  /* in a string */
};

START_TEST(only_a_sound_object_is_read)
{
    struct problem p = {0};
    json_t *v = form_parse(slice_str(bodies[_i].text), &p);
    ck_assert_int_eq(v != NULL, bodies[_i].fine);
    ck_assert_int_eq(p.code == NULL, bodies[_i].fine);
    if (p.code)
        ck_assert_uint_eq(problem_status(&p), 400);
    json_decref(v);
}
END_TEST

static const struct {
    const char *text;
    bool fine;
    uint64_t seconds;
} spans[] = {
    {"90", true, 90},      {"90s", true, 90},    {"15m", true, 900},
    {"1h30m", true, 5400}, {"2d", true, 172800}, {"1w", true, 604800},
    {"0", true, 0},        {"", false, 0},       {"m", false, 0},
    {"15", true, 15},      {"15x", false, 0},    {"-5", false, 0},
    {"1h30", false, 0},    {"1.5h", false, 0},   {"9999999999", false, 0},
    {" 5", false, 0},
};

START_TEST(spans_are_read_as_people_write_them)
{
    uint64_t seconds = 0;
    bool fine = span_from_text(slice_str(spans[_i].text), &seconds);
    ck_assert_int_eq(fine, spans[_i].fine);
    if (fine)
        ck_assert_uint_eq(seconds, spans[_i].seconds);
}
END_TEST

/* Reads a message; the answer is "pointer code" of each error. */
static void
read_item(const char *text, struct send_item *item, char errors[512])
{
    struct problem p = {0};
    size_t n = 0;
    errors[0] = 0;
    json_t *v = form_parse(slice_str(text), &p);
    ck_assert_ptr_nonnull(v);
    bool fine = item_read(v, item, &p);
    ck_assert_int_eq(fine, p.errors == 0);
    for (unsigned i = 0; i < p.errors; i++)
        n += (size_t)snprintf(errors + n, 512 - n, "%s%s %s", i ? ", " : "",
                              p.error[i].pointer, p.error[i].code);
    json_decref(v);
}

static const struct {
    const char *text, *errors;
} items[] = {
    {"{\"to\":\"+12125550101\",\"text\":\"hi\"}", ""},
    {"{\"to\":\"+1\",\"text\":\"hi\",\"validity\":\"15m\"}", ""},
    {"{\"to\":\"+1\",\"text\":\"hi\",\"validity\":900}", ""},
    {"{\"to\":\"+1\",\"text\":\"hi\",\"class\":null}", ""},
    {"{\"to\":\"+1\",\"text\":\"hi\",\"send_at\":\"2030-01-01T00:00:00Z\"}",
     ""},
    {"{}", "/to missing, /text missing"},
    {"{\"to\":\"\",\"text\":\"x\"}", "/to missing"},
    {"{\"to\":5,\"text\":\"x\"}", "/to wrong_type"},
    {"{\"to\":\"+1\",\"text\":\"x\",\"txet\":1}", "/txet unknown_member"},
    {"{\"to\":\"+1\",\"text\":\"x\",\"a/b~\":1}", "/a~1b~0 unknown_member"},
    {"{\"to\":\"+1\",\"text\":\"x\",\"class\":\"loud\"}", "/class bad_value"},
    {"{\"to\":\"+1\",\"text\":\"x\",\"send_at\":\"soon\"}",
     "/send_at bad_time"},
    {"{\"to\":\"+1\",\"text\":\"x\",\"validity\":\"long\"}",
     "/validity bad_span"},
    {"{\"to\":\"+1\",\"text\":\"x\",\"validity\":0}", "/validity out_of_range"},
    {"{\"to\":\"+1\",\"text\":\"x\",\"from\":\"+2\",\"pool\":\"p\"}",
     "/pool contradiction"},
    {"{\"to\":\"+1\",\"text\":\"x\",\"expect\":{}}", "/expect not_supported"},
};

START_TEST(each_wrong_member_is_named)
{
    struct send_item item;
    char errors[512];
    read_item(items[_i].text, &item, errors);
    ck_assert_str_eq(errors, items[_i].errors);
}
END_TEST

START_TEST(problem_has_the_members_of_rfc_9457)
{
    struct problem p = {0};
    struct emit e = {0};
    problem_add(&p, "/to", "missing", "This is needed.");
    problem_emit(&p, &e);
    json_t *v = json_loadb(e.p, e.n, 0, NULL);
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(json_integer_value(json_object_get(v, "status")), 422);
    ck_assert_str_eq(json_string_value(json_object_get(v, "code")), "missing");
    ck_assert_str_eq(json_string_value(json_object_get(v, "type")),
                     "urn:volley:problem:missing");
    json_t *first = json_array_get(json_object_get(v, "errors"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(first, "pointer")),
                     "/to");
    ck_assert_ptr_nonnull(json_object_get(v, "title"));
    ck_assert_ptr_nonnull(json_object_get(v, "detail"));
    json_decref(v);
    emit_fini(&e);
}
END_TEST

START_TEST(errors_beyond_the_limit_are_counted_and_not_kept)
{
    struct problem p = {0};
    for (unsigned i = 0; i < PROBLEM_ERRORS_MAX + 5; i++)
        problem_add(&p, "/x", "missing", "%u", i);
    ck_assert_uint_eq(p.errors, PROBLEM_ERRORS_MAX + 5);
    ck_assert_str_eq(p.error[PROBLEM_ERRORS_MAX - 1].detail, "15");
}
END_TEST

START_TEST(another_s_and_nobody_s_are_the_same_problem)
{
    struct problem a = {0}, b;
    struct emit x = {0}, y = {0};
    problem_of_result(&a, MAIL_NOT_FOUND, "unknown_thread", "/thread",
                      "of account 7");
    problem_not_found(&b);
    problem_emit(&a, &x);
    problem_emit(&b, &y);
    ck_assert_uint_eq(x.n, y.n);
    ck_assert_mem_eq(x.p, y.p, x.n);
    emit_fini(&x);
    emit_fini(&y);
}
END_TEST

static const struct {
    const char *utf8, *json;
} strings[] = {
    {"plain", "\"plain\""},
    {"a\"b\\c\n\r\t\x01", "\"a\\\"b\\\\c\\n\\r\\t\\u0001\""},
    {"h\xC3\xA9 \xF0\x9F\x98\x80", "\"h\xC3\xA9 \xF0\x9F\x98\x80\""},
    {"\xFF", "\"\xEF\xBF\xBD\""},
    {"a\xC3", "\"a\xEF\xBF\xBD\""},
    {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
};

START_TEST(text_is_always_valid_json)
{
    struct emit e = {0};
    emit_string(&e, slice_str(strings[_i].utf8));
    ck_assert_uint_eq(e.n, strlen(strings[_i].json));
    ck_assert_mem_eq(e.p, strings[_i].json, e.n);
    json_t *v = json_loadb(e.p, e.n, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(v);
    json_decref(v);
    emit_fini(&e);
}
END_TEST

START_TEST(csv_cells_are_quoted_when_they_must_be)
{
    struct emit e = {0};
    emit_csv(&e, slice_str("a"));
    emit_csv(&e, slice_str("b,c"));
    emit_csv(&e, slice_str("say \"x\""));
    emit_csv(&e, slice_str(""));
    ck_assert_uint_eq(e.n, strlen("a,\"b,c\",\"say \"\"x\"\"\","));
    ck_assert_mem_eq(e.p, "a,\"b,c\",\"say \"\"x\"\"\",", e.n);
    emit_fini(&e);
}
END_TEST

START_TEST(cursor_comes_back_and_no_other_is_taken)
{
    char text[PAGE_CURSOR_BYTES];
    uint64_t a, b;
    page_cursor_write("threads", 77, UINT64_MAX, text);
    ck_assert(page_cursor_read("threads", slice_str(text), &a, &b));
    ck_assert_uint_eq(a, 77);
    ck_assert(b == UINT64_MAX);
    ck_assert(!page_cursor_read("messages", slice_str(text), &a, &b));
    for (size_t n = 0; n < strlen(text); n++)
        ck_assert(!page_cursor_read("threads", slice_of(text, n), &a, &b));
    text[3] = text[3] == '0' ? '1' : '0';
    ck_assert(!page_cursor_read("threads", slice_str(text), &a, &b));
}
END_TEST

#define LOOP(test, cases)                                                      \
    tcase_add_loop_test(t, test, 0, sizeof cases / sizeof cases[0])

int
main(void)
{
    TCase *t = tcase_create("form");
    LOOP(only_a_sound_object_is_read, bodies);
    LOOP(spans_are_read_as_people_write_them, spans);
    LOOP(each_wrong_member_is_named, items);
    LOOP(text_is_always_valid_json, strings);
    tcase_add_test(t, problem_has_the_members_of_rfc_9457);
    tcase_add_test(t, errors_beyond_the_limit_are_counted_and_not_kept);
    tcase_add_test(t, another_s_and_nobody_s_are_the_same_problem);
    tcase_add_test(t, csv_cells_are_quoted_when_they_must_be);
    tcase_add_test(t, cursor_comes_back_and_no_other_is_taken);
    return run_suite("door_form", t);
}
