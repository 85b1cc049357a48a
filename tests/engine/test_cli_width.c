/*
 * test_cli_width.c - columns of UTF-8 texts, cutting them, and wrapping.
 */
#include "engine/cli/width.h"

#include <check.h>
#include <stdlib.h>

#include "engine/cli/talk.h"

/* What width_put() writes; the caller's. */
static char *
put(const char *text, size_t columns, size_t *used)
{
    char *written;
    size_t n;
    FILE *out = open_memstream(&written, &n);
    *used = width_put(out, text, columns);
    fclose(out);
    return written;
}

static const struct {
    const char *text;
    size_t columns;
} widths[] = {
    {"", 0},
    {"abc", 3},
    {"Müller", 6},
    {"e\xcc\x81", 1},         /* combining acute */
    {"日本", 4},              /* wide */
    {"👍", 2},                 /* emoji */
    {"👍\xf0\x9f\x8f\xbd", 2}, /* with a skin tone */
    {"a\tb", 3},              /* a control is one blank */
    {"\xff", 1},              /* no UTF-8: a replacement */
    {"\xc3", 1},              /* cut inside a character */
    {"\xed\xa0\x80", 3},      /* a surrogate half: three bad */
    {"\xe2\x80\xae"
     "abc",
     4}, /* right-to-left override */
};

START_TEST(text_takes_its_columns)
{
    size_t used;
    char *written = put(widths[_i].text, WIDTH_ALL, &used);
    ck_assert_uint_eq(width_of(widths[_i].text), widths[_i].columns);
    ck_assert_uint_eq(used, widths[_i].columns);
    free(written);
}
END_TEST

START_TEST(what_moves_the_cursor_becomes_a_blank)
{
    size_t used;
    char *written = put("a\033[2Jb\r\nc\xe2\x80\xae"
                        "d\xc2\x9b"
                        "e\x7f",
                        WIDTH_ALL, &used);
    ck_assert_str_eq(written, "a [2Jb  c d e ");
    free(written);
}
END_TEST

START_TEST(text_that_fits_exactly_is_whole)
{
    size_t used;
    char *written = put("abcd", 4, &used);
    ck_assert_str_eq(written, "abcd");
    free(written);
}
END_TEST

START_TEST(text_one_column_too_long_ends_in_an_ellipsis)
{
    size_t used;
    char *written = put("abcde", 4, &used);
    ck_assert_str_eq(written, "abc…");
    ck_assert_uint_eq(used, 4);
    free(written);
}
END_TEST

START_TEST(wide_character_is_not_cut_in_half)
{
    size_t used;
    char *written = put("日本語", 4, &used);
    ck_assert_str_eq(written, "日…");
    ck_assert_uint_eq(used, 3);
    free(written);
}
END_TEST

START_TEST(no_columns_write_nothing)
{
    size_t used;
    char *written = put("abc", 0, &used);
    ck_assert_str_eq(written, "");
    ck_assert_uint_eq(used, 0);
    free(written);
}
END_TEST

static char *
wrapped(const char *text, size_t at, size_t indent, size_t columns)
{
    char *written;
    size_t n;
    FILE *out = open_memstream(&written, &n);
    talk_wrap(out, text, at, indent, columns);
    fclose(out);
    return written;
}

START_TEST(long_text_is_wrapped_at_blanks_behind_its_indent)
{
    char *written = wrapped("one two three four five", 2, 2, 18);
    ck_assert_str_eq(written, "one two three\n  four five");
    free(written);
}
END_TEST

START_TEST(line_ends_and_double_blanks_are_kept)
{
    char *written = wrapped("one  two\n\nthree", 0, 1, 80);
    ck_assert_str_eq(written, "one  two\n \n three");
    free(written);
}
END_TEST

START_TEST(word_longer_than_a_line_is_whole)
{
    char *written =
        wrapped("a https://example.com/a/very/long/path b", 0, 0, 16);
    ck_assert_str_eq(written, "a\nhttps://example.com/a/very/long/path\nb");
    free(written);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cli width");
    TCase *tests = tcase_create("width");
    tcase_add_loop_test(tests, text_takes_its_columns, 0,
                        (int)(sizeof widths / sizeof *widths));
    tcase_add_test(tests, what_moves_the_cursor_becomes_a_blank);
    tcase_add_test(tests, text_that_fits_exactly_is_whole);
    tcase_add_test(tests, text_one_column_too_long_ends_in_an_ellipsis);
    tcase_add_test(tests, wide_character_is_not_cut_in_half);
    tcase_add_test(tests, no_columns_write_nothing);
    tcase_add_test(tests, long_text_is_wrapped_at_blanks_behind_its_indent);
    tcase_add_test(tests, line_ends_and_double_blanks_are_kept);
    tcase_add_test(tests, word_longer_than_a_line_is_whole);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
