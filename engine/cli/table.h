/*
 * table.h - rows and columns of text, lined up by what each cell needs.
 *
 * Promise: a printed line never exceeds the columns given, as long as the
 * columns marked as elastic can give way (never below their heading); all
 * others are shown whole. The table owns copies of its cells.
 */
#ifndef ENGINE_CLI_TABLE_H
#define ENGINE_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "engine/cli/term.h"

enum column_kind {
    COLUMN_LEFT,
    COLUMN_RIGHT,   /* numbers */
    COLUMN_ELASTIC, /* texts; cut when the window is narrow */
};

struct column {
    const char *heading; /* borrowed; lives as long as the table */
    enum column_kind kind;
};

struct table;

struct table *table_create(const struct column *columns, size_t n);
void table_destroy(struct table *table);

/* Fills cells from left to right; past the last, a new row begins. */
void table_add(struct table *table, const char *text);
void table_add_painted(struct table *table, const char *text, enum paint);
void table_addf(struct table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

size_t table_rows(const struct table *table);

/* Headings and rows; `columns` is the width of the window. */
void table_print(const struct table *table, FILE *out, size_t columns);

#endif
