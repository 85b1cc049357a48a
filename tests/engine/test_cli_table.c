/*
 * test_cli_table.c - tables line up, fit the window, and tallies add up.
 */
#include "engine/cli/table.h"

#include <check.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/tally.h"
#include "engine/cli/width.h"

static const struct column columns[] = {
    {"NAME", COLUMN_LEFT},
    {"COUNT", COLUMN_RIGHT},
    {"TEXT", COLUMN_ELASTIC},
};

static struct table *
sample(void)
{
    struct table *table = table_create(columns, 3);
    table_add(table, "Müller");
    table_addf(table, "%d", 7);
    table_add(table, "see you at five o'clock");
    table_add(table, "日本");
    table_addf(table, "%d", 12345);
    table_add(table, "ok");
    return table;
}

static char *
printed(const struct table *table, size_t window)
{
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    table_print(table, out, window);
    fclose(out);
    return text;
}

START_TEST(columns_line_up_by_width_not_by_octets)
{
    struct table *table = sample();
    char *text = printed(table, SIZE_MAX);
    ck_assert_str_eq(text, "NAME    COUNT  TEXT\n"
                           "Müller      7  see you at five o'clock\n"
                           "日本    12345  ok\n");
    free(text);
    table_destroy(table);
}
END_TEST

START_TEST(elastic_column_gives_way_in_a_narrow_window)
{
    struct table *table = sample();
    char *text = printed(table, 25);
    ck_assert_str_eq(text, "NAME    COUNT  TEXT\n"
                           "Müller      7  see you a…\n"
                           "日本    12345  ok\n");
    free(text);
    table_destroy(table);
}
END_TEST

START_TEST(elastic_column_never_loses_its_heading)
{
    struct table *table = sample();
    char *text = printed(table, 5);
    ck_assert_str_eq(text, "NAME    COUNT  TEXT\n"
                           "Müller      7  see…\n"
                           "日本    12345  ok\n");
    free(text);
    table_destroy(table);
}
END_TEST

START_TEST(empty_table_prints_its_headings)
{
    struct table *table = table_create(columns, 3);
    char *text = printed(table, 80);
    ck_assert_str_eq(text, "NAME  COUNT  TEXT\n");
    ck_assert_uint_eq(table_rows(table), 0);
    free(text);
    table_destroy(table);
}
END_TEST

static json_t *
campaign(void)
{
    return json_loads(
        "{\"state\": \"running\", \"rate_now\": 50.0, \"counts\": "
        "{\"recipients\": 100, \"rejected\": 3, \"queued\": 30, \"held\": 10,"
        " \"submitted\": 20, \"delivered\": 30, \"failed\": 4, \"expired\": 1,"
        " \"suppressed\": 2, \"cancelled\": 0, \"unknown\": 1,"
        " \"uncertain\": 2, \"replies\": 17}}",
        0, NULL);
}

START_TEST(tally_counts_each_recipient_once)
{
    json_t *object = campaign();
    struct tally tally = tally_of(object);
    ck_assert_int_eq(tally.all, 100);
    ck_assert_int_eq(tally.waiting, 40);
    ck_assert_int_eq(tally.submitted, 20);
    ck_assert_int_eq(tally.settled, 40);
    json_decref(object);
}
END_TEST

START_TEST(progress_of_a_campaign_knows_what_left_and_what_remains)
{
    json_t *object = campaign();
    struct progress progress = tally_progress(object);
    ck_assert_int_eq(progress.begun, 60);
    ck_assert_int_eq(progress.settled, 40);
    ck_assert(progress.per_s == 50.0);
    ck_assert(progress.left_s == 0.8); /* 40 at 50/s */
    json_object_set_new(object, "eta", json_integer(9));
    progress = tally_progress(object);
    ck_assert(progress.left_s == 9);
    json_decref(object);
}
END_TEST

START_TEST(draft_without_counts_is_all_zero)
{
    json_t *object = json_object();
    struct progress progress = tally_progress(object);
    ck_assert_int_eq(progress.all, 0);
    ck_assert_int_eq(progress.begun, 0);
    json_decref(object);
}
END_TEST

START_TEST(tally_breaks_its_lines_between_counts)
{
    json_t *object = campaign();
    char *text;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    tally_print(object, out, ", ", 40);
    fclose(out);
    ck_assert_str_eq(text, "queued 30, held 10, submitted 20\n"
                           "delivered 30, failed 4, expired 1\n"
                           "unknown 1, suppressed 2, rejected 3\n"
                           "uncertain 2, replies 17");
    free(text);
    json_decref(object);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cli tables");
    TCase *tables = tcase_create("tables");
    tcase_add_test(tables, columns_line_up_by_width_not_by_octets);
    tcase_add_test(tables, elastic_column_gives_way_in_a_narrow_window);
    tcase_add_test(tables, elastic_column_never_loses_its_heading);
    tcase_add_test(tables, empty_table_prints_its_headings);
    tcase_add_test(tables, tally_counts_each_recipient_once);
    tcase_add_test(tables,
                   progress_of_a_campaign_knows_what_left_and_what_remains);
    tcase_add_test(tables, draft_without_counts_is_all_zero);
    tcase_add_test(tables, tally_breaks_its_lines_between_counts);
    suite_add_tcase(suite, tables);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
