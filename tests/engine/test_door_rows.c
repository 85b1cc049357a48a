/*
 * test_door_rows.c - recipients checked one by one: what is kept, what is
 * listed, and why.
 */
#include "engine/door/rows.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/door/lines.h"
#include "tests/engine/run_suite.h"

/* The account has one sender, "ann" (7). */
static uint32_t
find_sender(void *arg, struct slice ref)
{
    (void)arg;
    return slice_eq(ref, slice_str("ann")) ? 7 : 0;
}

static bool
find_name(void *arg, uint32_t sender, struct slice *name)
{
    (void)arg;
    *name = slice_str("Ann");
    return sender == 7;
}

static const struct rows_ops ops = {find_sender, find_name, NULL};

/* An upload of one file, chunks put to a text as "+1:sender:a|b". */
struct file {
    struct rows rows;
    struct csv csv;
    struct lines lines;
    struct problem problem;
    char kept[2048];
    size_t n;
    unsigned chunks, unpacked;
};

static void
unpack(struct file *f, bool all)
{
    struct recipients_reader reader;
    struct recipient row;
    size_t octets;
    unsigned rows;
    uint8_t *chunk = rows_take(&f->rows, all, &octets, &rows);
    if (!chunk)
        return;
    f->chunks++;
    ck_assert(recipients_open(&reader, slice_of(chunk, octets)));
    while (recipients_next(&reader, &row)) {
        f->unpacked++;
        if (f->n + 64 > sizeof f->kept)
            continue; /* many rows: only counted */
        f->n += (size_t)snprintf(
            f->kept + f->n, sizeof f->kept - f->n, "%s+%llu:%u",
            f->n ? " " : "", (unsigned long long)row.subscriber, row.sender);
        for (unsigned i = 0; i < reader.columns; i++)
            f->n += (size_t)snprintf(
                f->kept + f->n, sizeof f->kept - f->n, "%c%.*s", i ? '|' : ':',
                (int)row.values[i].n, (const char *)row.values[i].p);
    }
    free(chunk);
}

static bool
on_row(void *arg, const struct csv_row *row)
{
    struct file *f = arg;
    if (!f->rows.has_header)
        return rows_header(&f->rows, row, &f->problem);
    if (!rows_csv(&f->rows, row))
        unpack(f, false);
    return true;
}

static bool
on_line(void *arg, uint64_t line, struct slice text, bool too_long)
{
    struct file *f = arg;
    if (!rows_json(&f->rows, line, text, too_long))
        unpack(f, false);
    return true;
}

static struct file *
read_file(const char *text, const char *template, bool csv)
{
    char why[TEMPLATE_WHY_BYTES];
    struct file *f = calloc(1, sizeof *f);
    rows_init(&f->rows);
    f->rows.ops = &ops;
    f->rows.template = template_create(slice_str(template), why);
    ck_assert_ptr_nonnull(f->rows.template);
    f->csv.each = on_row;
    f->csv.arg = f;
    f->lines = (struct lines){.max = CSV_ROW_MAX, .each = on_line, .arg = f};
    if (csv) {
        csv_feed(&f->csv, text, strlen(text));
        if (!f->problem.code)
            csv_end(&f->csv);
    } else {
        lines_feed(&f->lines, text, strlen(text));
        lines_end(&f->lines);
    }
    unpack(f, false);
    unpack(f, true);
    emit_raw(&f->rows.errors, "", 1);
    return f;
}

static void
file_free(struct file *f)
{
    template_destroy((struct template *)f->rows.template);
    lines_fini(&f->lines);
    rows_fini(&f->rows);
    free(f);
}

/* "line field code" of each error. */
static void
list_errors(struct file *f, char out[1024])
{
    char text[4096];
    size_t n = 0;
    snprintf(text, sizeof text, "[%s]", f->rows.errors.p);
    json_t *list = json_loads(text, 0, NULL), *e;
    size_t i;
    ck_assert_ptr_nonnull(list);
    out[0] = 0;
    json_array_foreach(list, i, e)
    {
        json_t *field = json_object_get(e, "field");
        n += (size_t)snprintf(out + n, 1024 - n, "%s%lld %s %s", i ? ", " : "",
                              json_integer_value(json_object_get(e, "line")),
                              field ? json_string_value(field) : "-",
                              json_string_value(json_object_get(e, "code")));
    }
    json_decref(list);
}

static const struct {
    bool csv;
    const char *text, *template, *kept, *errors;
} files[] = {
    {true, "to,name\n+12125550101,Bob\n", "Hi {{name}}", "+12125550101:0:Bob",
     ""},
    {true, "name;TO\nBob;+1 (212) 555-0101\n", "Hi {{name}}",
     "+12125550101:0:Bob", ""},
    {true, "to,name,sender\n+12125550101,Bob,ann\n", "Hi {{name}}",
     "+12125550101:7:Bob", ""},
    {true, "to,name\n+12125550101,\n", "Hi {{name}}", "",
     "2 name missing_field"},
    {true, "to,name\n+12125550101\n", "Hi {{name|you}}", "+12125550101:0:", ""},
    {true, "to\nabc\n12\n\n+12125550101\n\"\",\n", "Hi", "+12125550101:0",
     "2 to bad_number, 3 to bad_number, 6 - too_many_fields"},
    {true, "to,sender\n+12125550101,bob\n", "Hi", "",
     "2 sender unknown_sender"},
    {true, "to,sender\n+12125550101,ann\n+12125550102,\n", "{{sender.name}}",
     "+12125550101:7", "3 sender.name missing_field"},
    {true, "to,name\n+12125550101,\xFF\n", "Hi", "", "2 - bad_utf8"},
    {true, "to,name\n+12125550101,\"a\"b\n+12125550102,x\n", "Hi",
     "+12125550102:0:x", "2 - bad_quotes"},
    {true, "to,\n+12125550101,x\n", "Hi {{to}}", "+12125550101:0", ""},
    {false, "{\"to\":\"+12125550101\",\"vars\":{\"name\":\"Bob\"}}\n",
     "Hi {{name}}", "+12125550101:0:Bob", ""},
    {false,
     "{\"to\":\"+12125550101\",\"vars\":{\"n\":5,\"b\":true,\"x\":null}}\n",
     "{{n}}{{b}}", "+12125550101:0:5|true|", ""},
    {false,
     "{\"to\":\"+12125550101\",\"vars\":{\"a\":\"1\"}}\n\n"
     "{\"to\":\"+12125550102\",\"vars\":{\"b\":\"2\",\"a\":\"3\"}}\n",
     "{{a}}", "+12125550101:0:1 +12125550102:0:3|2", ""},
    {false,
     "not json\n{\"to\":5}\n{\"to\":\"+12125550101\",\"vars\":{\"a\":[]}}\n"
     "{\"to\":\"+12125550101\",\"name\":\"x\"}\n{\"sender\":\"ann\"}\n",
     "Hi", "",
     "1 - bad_json, 2 to wrong_type, 3 a wrong_type, 4 name unknown_member, "
     "5 to missing"},
};

START_TEST(good_rows_are_kept_and_bad_ones_listed)
{
    char errors[1024];
    struct file *f =
        read_file(files[_i].text, files[_i].template, files[_i].csv);
    ck_assert_ptr_null(f->problem.code);
    list_errors(f, errors);
    ck_assert_str_eq(f->kept, files[_i].kept);
    ck_assert_str_eq(errors, files[_i].errors);
    file_free(f);
}
END_TEST

static const struct {
    const char *text, *code;
} headers[] = {
    {"name,phone\n", "missing_column"},
    {"to,name,name\n", "bad_header"},
    {"to,to\n", "bad_header"},
    {"\xFF\xFEt\n", "bad_utf8"},
};

START_TEST(file_without_usable_header_is_refused_as_a_whole)
{
    struct file *f = read_file(headers[_i].text, "Hi", true);
    ck_assert_str_eq(f->problem.code, "invalid");
    ck_assert_str_eq(f->problem.error[0].code, headers[_i].code);
    ck_assert_uint_eq(f->problem.error[0].line, 1);
    file_free(f);
}
END_TEST

START_TEST(errors_are_capped_and_counted)
{
    struct emit text = {0};
    emit_text(&text, "to\n");
    for (unsigned i = 0; i < ROWS_ERRORS_MAX + 10; i++)
        emit_text(&text, "x\n");
    emit_raw(&text, "", 1);
    struct file *f = read_file(text.p, "Hi", true);
    ck_assert_uint_eq(f->rows.rejected, ROWS_ERRORS_MAX + 10);
    ck_assert_uint_eq(f->rows.errors_listed, ROWS_ERRORS_MAX);
    file_free(f);
    emit_fini(&text);
}
END_TEST

START_TEST(many_rows_fill_many_chunks_and_none_is_lost)
{
    struct emit text = {0};
    emit_text(&text, "to,name\n");
    for (unsigned i = 0; i < 20000; i++)
        emit_format(&text, "+1212%07u,name of %u\n", i, i);
    emit_raw(&text, "", 1);
    struct file *f = read_file(text.p, "{{name}}", true);
    ck_assert_uint_eq(f->rows.accepted, 20000);
    ck_assert_uint_eq(f->unpacked, 20000);
    ck_assert_uint_ge(f->chunks, 5);
    file_free(f);
    emit_fini(&text);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("rows");
    tcase_add_loop_test(t, good_rows_are_kept_and_bad_ones_listed, 0,
                        sizeof files / sizeof files[0]);
    tcase_add_loop_test(t, file_without_usable_header_is_refused_as_a_whole, 0,
                        sizeof headers / sizeof headers[0]);
    tcase_add_test(t, errors_are_capped_and_counted);
    tcase_add_test(t, many_rows_fill_many_chunks_and_none_is_lost);
    return run_suite("door_rows", t);
}
