/*
 * test_template.c - tests engine/flow/template.c.
 */
#include "engine/flow/template.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* Values by name, for all cases: name and town have one, plate is empty,
 * nothing else is there. */
static struct slice
value_of(struct slice name)
{
    if (slice_eq(name, slice_str("name")))
        return slice_str("Ana");
    if (slice_eq(name, slice_str("town")))
        return slice_str("Łódź");
    if (slice_eq(name, slice_str("sender.name")))
        return slice_str("Ben");
    if (slice_eq(name, slice_str("to")))
        return slice_str("+12125550101");
    if (slice_eq(name, slice_str("braces")))
        return slice_str("{{name}}");
    if (slice_eq(name, slice_str("plate")))
        return slice_str("");
    return (struct slice){NULL, 0};
}

static enum template_result
render(const struct template *t, char *dst, size_t cap, unsigned *missing)
{
    struct slice values[TEMPLATE_FIELDS_MAX];
    for (unsigned i = 0; i < template_fields(t); i++)
        values[i] = value_of(template_field(t, i));
    struct writer w = writer_of(dst, cap - 1);
    enum template_result result = template_render(t, values, &w, missing);
    dst[writer_used(&w)] = 0;
    return result;
}

static const struct rendered {
    const char *text, *result; /* NULL: missing */
} cases[] = {
    {"", ""},
    {"plain", "plain"},
    {"Hi {{name}}!", "Hi Ana!"},
    {"{{ name }}{{name}}", "AnaAna"},
    {"{{town}}, {{name}}", "Łódź, Ana"},
    {"{{sender.name}} to {{to}}", "Ben to +12125550101"},
    {"Hi {{first}}", NULL},
    {"Hi {{plate}}", NULL}, /* empty is as good as absent */
    {"Hi {{first|there}}", "Hi there"},
    {"Hi {{first | my friend }}.", "Hi my friend."},
    {"Hi {{plate|}}.", "Hi ."},
    {"Hi {{name|there}}", "Hi Ana"},
    {"{{a|b|c}}", "b|c"},
    {"{{a|}b}}", "}b"},
    {"{{#if name}}yes{{/if}}", "yes"},
    {"{{#if plate}}yes{{/if}}", ""},
    {"{{#if plate}}yes{{else}}no{{/if}}.", "no."},
    {"{{#if name}}yes{{else}}no{{/if}}.", "yes."},
    {"{{#if plate}}{{first}}{{/if}}ok", "ok"}, /* not reached, not missing */
    {"{{#if name}}{{#if plate}}a{{else}}b{{/if}}{{else}}c{{/if}}d", "bd"},
    {"{{#if plate}}{{#if name}}a{{else}}b{{/if}}{{else}}c{{/if}}d", "cd"},
    {"{{#if name}}{{/if}}", ""},
    {"{{#if name}}{{else}}{{/if}}x", "x"},
    {"{{ #if name }}{{ /if }}x", "x"},
    {"\\{{name}}", "{{name}}"},
    {"a\\{{b \\{{{{name}}", "a{{b {{Ana"},
    {"back\\slash", "back\\slash"},
    {"{ name } }}", "{ name } }}"},
    {"{{braces}}", "{{name}}"}, /* a value is never compiled */
    {"{{prénom|toi}}", "toi"},
    {"{{first name|you}}", "you"},
};

START_TEST(a_text_renders_as_written)
{
    const struct rendered *c = &cases[_i];
    char why[TEMPLATE_WHY_BYTES] = "?", out[256];
    unsigned missing = 99;
    struct template *t = template_create(slice_str(c->text), why);
    ck_assert_msg(t != NULL, "%s: %s", c->text, why);
    ck_assert_str_eq(why, "");
    if (c->result) {
        ck_assert_int_eq(render(t, out, sizeof out, &missing), TEMPLATE_OK);
        ck_assert_str_eq(out, c->result);
    } else {
        ck_assert_int_eq(render(t, out, sizeof out, &missing),
                         TEMPLATE_MISSING);
        ck_assert_uint_eq(missing, 0);
    }
    template_destroy(t);
}
END_TEST

START_TEST(missing_names_the_field)
{
    char why[TEMPLATE_WHY_BYTES], out[64];
    unsigned missing = 99;
    struct template *t =
        template_create(slice_str("{{name}} {{town}} {{first}} {{last}}"), why);
    ck_assert_uint_eq(template_fields(t), 4);
    ck_assert_int_eq(render(t, out, sizeof out, &missing), TEMPLATE_MISSING);
    ck_assert(slice_eq(template_field(t, missing), slice_str("first")));
    template_destroy(t);
}
END_TEST

START_TEST(a_field_used_twice_is_one_field)
{
    char why[TEMPLATE_WHY_BYTES];
    struct template *t = template_create(
        slice_str("{{#if a}}{{a}}{{a|b}}{{/if}}{{ a }}{{A}}"), why);
    ck_assert_uint_eq(template_fields(t), 2);
    ck_assert(!template_is_plain(t));
    template_destroy(t);
    t = template_create(slice_str("a \\{{b}} c"), why);
    ck_assert(template_is_plain(t));
    template_destroy(t);
}
END_TEST

static const struct refused {
    const char *text, *why;
} refusals[] = {
    {"Hi {{name", "character 4: '{{' is not closed by '}}'"},
    {"Zażółć {{name}", "character 8: '{{' is not closed by '}}'"},
    {"{{", "character 1: '{{' is not closed by '}}'"},
    {"{{}}", "character 1: a field without a name"},
    {"{{ |x}}", "character 1: a field without a name"},
    {"{{a {{b}} }}", "character 5: '{{' inside the braces of character 1"},
    {"{{#if}}x{{/if}}", "character 1: a field without a name"},
    {"{{#if a}}x", "character 1: {{#if}} is not closed by {{/if}}"},
    {"{{#if a}}{{#if b}}x{{/if}}",
     "character 1: {{#if}} is not closed by {{/if}}"},
    {"x{{/if}}", "character 2: {{/if}} without {{#if}}"},
    {"x{{else}}", "character 2: {{else}} without {{#if}}"},
    {"{{#if a}}{{else}}{{else}}{{/if}}",
     "character 18: a second {{else}} for one {{#if}}"},
    {"{{#unless a}}", "character 1: '#unless a' cannot be the name of a field"},
    {"{{else|x}}", "character 1: 'else' cannot be the name of a field"},
    {"{{{a}}}", "character 1: '{a' cannot be the name of a field"},
    {"{{a\nb}}", "character 1: 'a\nb' cannot be the name of a field"},
    {"\xff", "the text is not UTF-8"},
};

START_TEST(a_bad_text_is_refused_with_its_place)
{
    char why[TEMPLATE_WHY_BYTES] = "";
    ck_assert_ptr_null(template_create(slice_str(refusals[_i].text), why));
    ck_assert_str_eq(why, refusals[_i].why);
}
END_TEST

static void
repeat(char *dst, const char *piece, int times, const char *end)
{
    *dst = 0;
    for (int i = 0; i < times; i++)
        dst = stpcpy(dst, piece);
    stpcpy(dst, end);
}

START_TEST(nesting_has_a_bound)
{
    char text[1024], tail[256], why[TEMPLATE_WHY_BYTES];
    repeat(tail, "{{/if}}", 16, "");
    repeat(text, "{{#if a}}", 16, tail);
    struct template *t = template_create(slice_str(text), why);
    ck_assert_ptr_nonnull(t);
    template_destroy(t);
    repeat(text, "{{#if a}}", 17, tail);
    ck_assert_ptr_null(template_create(slice_str(text), why));
    ck_assert_str_eq(why, "character 145: {{#if}} nested deeper than 16");
}
END_TEST

START_TEST(fields_have_a_bound)
{
    char text[1024], why[TEMPLATE_WHY_BYTES], *at = text;
    for (int i = 0; i < TEMPLATE_FIELDS_MAX; i++)
        at += sprintf(at, "{{f%d}}", i);
    struct template *t = template_create(slice_str(text), why);
    ck_assert_ptr_nonnull(t);
    ck_assert_uint_eq(template_fields(t), TEMPLATE_FIELDS_MAX);
    template_destroy(t);
    strcpy(at, "{{more}}");
    ck_assert_ptr_null(template_create(slice_str(text), why));
    ck_assert_ptr_nonnull(strstr(why, "more than 64 different fields"));
}
END_TEST

START_TEST(steps_have_a_bound)
{
    static char text[50000];
    char why[TEMPLATE_WHY_BYTES];
    repeat(text, "{{a}}", 4095, "");
    struct template *t = template_create(slice_str(text), why);
    ck_assert_ptr_nonnull(t);
    template_destroy(t);
    repeat(text, "{{a}}", 4096, "");
    ck_assert_ptr_null(template_create(slice_str(text), why));
}
END_TEST

START_TEST(a_text_too_long_for_its_room_is_told)
{
    char why[TEMPLATE_WHY_BYTES], out[9];
    unsigned missing;
    struct template *t = template_create(slice_str("Hi {{name}}!!"), why);
    ck_assert_int_eq(render(t, out, 9, &missing), TEMPLATE_OK);
    ck_assert_str_eq(out, "Hi Ana!!");
    ck_assert_int_eq(render(t, out, 8, &missing), TEMPLATE_TOO_LONG);
    template_destroy(t);
}
END_TEST

START_TEST(cut_at_any_octet_it_compiles_or_says_why)
{
    static const char whole[] =
        "ż{{name|a}} {{#if plate}}{{x}}{{else}}\\{{{{#if b}}c{{/if}}{{/if}}";
    for (size_t n = 0; n < sizeof whole; n++) {
        char why[TEMPLATE_WHY_BYTES] = "", *cut = malloc(n + 1);
        memcpy(cut, whole, n);
        struct template *t = template_create(slice_of(cut, n), why);
        free(cut); /* the text was copied */
        ck_assert((t == NULL) == (why[0] != 0));
        if (t) {
            char out[128];
            unsigned missing;
            (void)render(t, out, sizeof out, &missing);
        }
        template_destroy(t);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("template");
    TCase *t = tcase_create("template");
    tcase_add_loop_test(t, a_text_renders_as_written, 0,
                        sizeof cases / sizeof cases[0]);
    tcase_add_test(t, missing_names_the_field);
    tcase_add_test(t, a_field_used_twice_is_one_field);
    tcase_add_loop_test(t, a_bad_text_is_refused_with_its_place, 0,
                        sizeof refusals / sizeof refusals[0]);
    tcase_add_test(t, nesting_has_a_bound);
    tcase_add_test(t, fields_have_a_bound);
    tcase_add_test(t, steps_have_a_bound);
    tcase_add_test(t, a_text_too_long_for_its_room_is_told);
    tcase_add_test(t, cut_at_any_octet_it_compiles_or_says_why);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
