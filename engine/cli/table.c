/*
 * table.c - rows and columns of text, lined up by what each cell needs.
 */
#include "engine/cli/table.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/width.h"

/* Between two columns. */
enum { GAP = 2 };

/* 16: the widest table here has 10 columns. */
enum { COLUMNS_MAX = 16 };

struct cell {
    char *text;
    enum paint paint;
};

struct table {
    struct column columns[COLUMNS_MAX];
    size_t columns_n;
    struct cell *cells; /* row after row */
    size_t cells_n;
    size_t cells_cap;
};

static void *
or_die(void *p)
{
    if (p == NULL) {
        perror("volley");
        exit(EXIT_FAILURE);
    }
    return p;
}

struct table *
table_create(const struct column *columns, size_t n)
{
    struct table *table = or_die(calloc(1, sizeof *table));
    table->columns_n = n < COLUMNS_MAX ? n : COLUMNS_MAX;
    memcpy(table->columns, columns, table->columns_n * sizeof *columns);
    return table;
}

void
table_destroy(struct table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->cells_n; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}

/* The text belongs to the table from here on. */
static void
take_cell(struct table *table, char *text, enum paint paint)
{
    if (table->cells_n == table->cells_cap) {
        table->cells_cap = table->cells_cap ? table->cells_cap * 2 : 64;
        table->cells = or_die(
            reallocarray(table->cells, table->cells_cap, sizeof *table->cells));
    }
    table->cells[table->cells_n++] = (struct cell){text, paint};
}

void
table_add_painted(struct table *table, const char *text, enum paint paint)
{
    take_cell(table, or_die(strdup(text)), paint);
}

void
table_add(struct table *table, const char *text)
{
    table_add_painted(table, text, PAINT_NONE);
}

void
table_addf(struct table *table, const char *format, ...)
{
    va_list values;
    char *text;
    va_start(values, format);
    int n = vasprintf(&text, format, values);
    va_end(values);
    take_cell(table, or_die(n < 0 ? NULL : text), PAINT_NONE);
}

size_t
table_rows(const struct table *table)
{
    return (table->cells_n + table->columns_n - 1) / table->columns_n;
}

/* What each column wants, without a limit. */
static size_t
measure(const struct table *table, size_t wide[COLUMNS_MAX])
{
    size_t total = 0;
    for (size_t i = 0; i < table->columns_n; i++)
        wide[i] = width_of(table->columns[i].heading);
    for (size_t i = 0; i < table->cells_n; i++) {
        size_t column = i % table->columns_n;
        size_t need = width_of(table->cells[i].text);
        if (need > wide[column])
            wide[column] = need;
    }
    for (size_t i = 0; i < table->columns_n; i++)
        total += wide[i] + (i > 0 ? GAP : 0);
    return total;
}

/* Takes one column after another from the widest elastic one. */
static void
shrink(const struct table *table, size_t wide[COLUMNS_MAX], size_t excess)
{
    while (excess > 0) {
        size_t widest = SIZE_MAX;
        for (size_t i = 0; i < table->columns_n; i++) {
            const struct column *column = &table->columns[i];
            if (column->kind != COLUMN_ELASTIC ||
                wide[i] <= width_of(column->heading))
                continue;
            if (widest == SIZE_MAX || wide[i] > wide[widest])
                widest = i;
        }
        if (widest == SIZE_MAX)
            return;
        wide[widest]--;
        excess--;
    }
}

static void
pad(FILE *out, size_t n)
{
    while (n-- > 0)
        fputc(' ', out);
}

static void
print_cell(const struct table *table, FILE *out, size_t column,
           const struct cell *cell, size_t wide)
{
    size_t own = width_of(cell->text);
    size_t blank = own < wide ? wide - own : 0;
    bool last = column + 1 == table->columns_n;
    if (table->columns[column].kind == COLUMN_RIGHT)
        pad(out, blank);
    if (cell->paint != PAINT_NONE)
        fputs(term_paint(cell->paint), out);
    width_put(out, cell->text, wide);
    if (cell->paint != PAINT_NONE)
        fputs(term_plain(), out);
    if (table->columns[column].kind != COLUMN_RIGHT && !last)
        pad(out, blank);
    if (last)
        fputc('\n', out);
    else
        pad(out, GAP);
}

void
table_print(const struct table *table, FILE *out, size_t columns)
{
    size_t wide[COLUMNS_MAX];
    size_t total = measure(table, wide);
    if (total > columns)
        shrink(table, wide, total - columns);
    for (size_t i = 0; i < table->columns_n; i++) {
        struct cell heading = {(char *)table->columns[i].heading, PAINT_DIM};
        print_cell(table, out, i, &heading, wide[i]);
    }
    for (size_t i = 0; i < table->cells_n; i++)
        print_cell(table, out, i % table->columns_n, &table->cells[i],
                   wide[i % table->columns_n]);
}
