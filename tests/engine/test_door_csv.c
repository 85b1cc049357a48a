/*
 * test_door_csv.c - CSV as files from everywhere have it, in whatever pieces
 * it comes.
 */
#include "engine/door/csv.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/engine/run_suite.h"

/* Rows as text: "1:a|b 2:c" with faults as "3!2". */
struct got {
    char text[4096];
    size_t n;
};

static bool
note(void *arg, const struct csv_row *row)
{
    struct got *g = arg;
    size_t left = sizeof g->text - g->n;
    int n = snprintf(g->text + g->n, left, "%s%llu", g->n ? " " : "",
                     (unsigned long long)row->line);
    g->n += (size_t)n;
    if (row->fault) {
        g->n += (size_t)snprintf(g->text + g->n, sizeof g->text - g->n, "!%d",
                                 row->fault);
        return true;
    }
    for (unsigned i = 0; i < row->fields; i++)
        g->n += (size_t)snprintf(g->text + g->n, sizeof g->text - g->n,
                                 "%c%.*s", i ? '|' : ':', (int)row->field[i].n,
                                 (const char *)row->field[i].p);
    return true;
}

/* Feeds the text in pieces of `piece` octets. */
static void
read_all(const char *text, size_t n, size_t piece, struct got *g)
{
    struct csv *c = calloc(1, sizeof *c);
    c->each = note;
    c->arg = g;
    g->n = 0;
    g->text[0] = 0;
    for (size_t at = 0; at < n; at += piece) {
        size_t now = n - at < piece ? n - at : piece;
        ck_assert_uint_eq(csv_feed(c, text + at, now), now);
    }
    csv_end(c);
    free(c);
}

static const struct {
    const char *text, *rows;
} cases[] = {
    {"to,name\n+1,Bob\n", "1:to|name 2:+1|Bob"},
    {"to,name\r\n+1,Bob\r\n", "1:to|name 2:+1|Bob"},
    {"to,name\r+1,Bob\r", "1:to|name 2:+1|Bob"},
    {"to,name\n+1,Bob", "1:to|name 2:+1|Bob"},
    {"\xEF\xBB\xBFto\n+1\n", "1:to 2:+1"},
    {"\xEF\xBB\n", "1:\xEF\xBB"}, /* the begin of a BOM is no BOM */
    {"to;name\n+1;\"a;b, c\"\n", "1:to|name 2:+1|a;b, c"},
    {"to\tname\n+1\tA B\n", "1:to|name 2:+1|A B"},
    {"to,n\n\"+1\",\"say \"\"hi\"\"\"\n", "1:to|n 2:+1|say \"hi\""},
    {"to,n\n+1,\"two\nlines\"\n+2,x\n", "1:to|n 2:+1|two\nlines 4:+2|x"},
    {"to,n\r\n+1,\"two\r\nlines\"\r\n+2,x", "1:to|n 2:+1|two\r\nlines 4:+2|x"},
    {"to\n\n\n+1\n   \n+2\n", "1:to 4:+1 6:+2"},
    {"a,b\n,\n", "1:a|b 2:|"},
    {"a,b\n1,\n,2\n", "1:a|b 2:1| 3:|2"},
    {" a , b \n 1 , \" 2 \" \n", "1:a|b 2:1| 2 "},
    {"a\n\"\"\n", "1:a 2:"},
    {"a\n\"x\"y,z\nok\n", "1:a 2!2 3:ok"},
    {"a\nb\n\"never\nclosed\n", "1:a 2:b 3!3"},
    {"", ""},
    {"\n\n", ""},
    {"a,b,,\n", "1:a|b||"},
};

START_TEST(every_form_gives_the_same_rows_in_any_pieces)
{
    struct got g;
    const char *text = cases[_i].text;
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        read_all(text, strlen(text), piece, &g);
        ck_assert_str_eq(g.text, cases[_i].rows);
    }
}
END_TEST

/* A row of exactly n octets in one field, then a short one. */
static void
read_long(size_t n, struct got *g)
{
    char *text = malloc(n + 8);
    memset(text, 'x', n);
    memcpy(text + n, "\nb\n", 4);
    read_all(text, n + 3, 1000, g);
    free(text);
}

START_TEST(row_above_the_limit_is_told_and_the_next_is_read)
{
    struct got *g = calloc(1, sizeof *g);
    read_long(CSV_ROW_MAX + 1, g);
    ck_assert_str_eq(g->text, "1!1 2:b");
    free(g);
}
END_TEST

static unsigned long_fields;
static bool
measure(void *arg, const struct csv_row *row)
{
    (void)arg;
    if (row->line == 1 && !row->fault)
        long_fields = (unsigned)row->field[0].n;
    return true;
}

START_TEST(row_at_the_limit_is_whole)
{
    struct csv *c = calloc(1, sizeof *c);
    char *text = malloc(CSV_ROW_MAX);
    memset(text, 'x', CSV_ROW_MAX);
    c->each = measure;
    csv_feed(c, text, CSV_ROW_MAX);
    csv_end(c);
    ck_assert_uint_eq(long_fields, CSV_ROW_MAX);
    free(text);
    free(c);
}
END_TEST

START_TEST(field_above_the_limit_of_fields_is_told)
{
    char text[CSV_FIELDS_MAX + 8];
    struct got g;
    memset(text, ',', CSV_FIELDS_MAX);
    text[CSV_FIELDS_MAX] = '\n';
    read_all(text, CSV_FIELDS_MAX + 1, 7, &g); /* one field too many */
    ck_assert_str_eq(g.text, "1!1");
    read_all(text + 1, CSV_FIELDS_MAX, 7, &g);
    ck_assert_int_eq(g.text[1], ':');
}
END_TEST

static bool
refuse(void *arg, const struct csv_row *row)
{
    (void)row;
    ++*(unsigned *)arg;
    return false;
}

START_TEST(feed_stops_where_it_was_told_to)
{
    struct csv *c = calloc(1, sizeof *c);
    unsigned rows = 0;
    c->each = refuse;
    c->arg = &rows;
    ck_assert_uint_eq(csv_feed(c, "a\nb\nc\n", 6), 2);
    ck_assert_uint_eq(csv_feed(c, "b\nc\n", 4), 2);
    ck_assert_uint_eq(rows, 2);
    free(c);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("csv");
    tcase_add_loop_test(t, every_form_gives_the_same_rows_in_any_pieces, 0,
                        sizeof cases / sizeof cases[0]);
    tcase_add_test(t, row_above_the_limit_is_told_and_the_next_is_read);
    tcase_add_test(t, row_at_the_limit_is_whole);
    tcase_add_test(t, field_above_the_limit_of_fields_is_told);
    tcase_add_test(t, feed_stops_where_it_was_told_to);
    return run_suite("door_csv", t);
}
