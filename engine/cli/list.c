/*
 * list.c - shows a list of the API: a table for people, NDJSON for programs.
 */
#include "engine/cli/list.h"

#include <stdio.h>

#include "engine/cli/api.h"
#include "engine/cli/command.h"
#include "engine/cli/field.h"
#include "engine/cli/table.h"
#include "engine/cli/term.h"

/* Rows measured and printed together; a screen is 50. */
enum { STRETCH_ROWS = 500 };

enum { LIST_COLUMNS_MAX = 16 };

struct walk {
    const struct list_view *view;
    struct table *table; /* NULL: JSON */
    size_t rows;
};

void
list_json(const json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    putchar('\n');
    fflush(stdout);
}

static struct table *
new_table(const struct list_view *view)
{
    static const enum column_kind kinds[] = {
        [LIST_TEXT] = COLUMN_LEFT,    [LIST_ELASTIC] = COLUMN_ELASTIC,
        [LIST_NUMBER] = COLUMN_RIGHT, [LIST_MOMENT] = COLUMN_LEFT,
        [LIST_STATE] = COLUMN_LEFT,
    };
    struct column columns[LIST_COLUMNS_MAX];
    size_t n = view->columns_n;
    if (n > LIST_COLUMNS_MAX)
        n = LIST_COLUMNS_MAX;
    for (size_t i = 0; i < n; i++)
        columns[i] = (struct column){view->columns[i].heading,
                                     kinds[view->columns[i].kind]};
    return table_create(columns, n);
}

static void
add_row(struct table *table, const struct list_view *view, const json_t *row)
{
    /* 4096: a text of 10 parts in UTF-8; what is longer is cut. */
    char cell[4096];
    for (size_t i = 0; i < view->columns_n; i++) {
        const struct list_column *column = &view->columns[i];
        if (column->kind == LIST_MOMENT)
            field_moment(row, column->path, cell, sizeof cell);
        else
            field_cell(row, column->path, cell, sizeof cell);
        table_add_painted(table, cell,
                          column->kind == LIST_STATE ? term_state_paint(cell)
                                                     : PAINT_NONE);
    }
}

static bool
take_row(void *arg, json_t *row)
{
    struct walk *walk = arg;
    walk->rows++;
    if (walk->table == NULL) {
        list_json(row);
        return true;
    }
    add_row(walk->table, walk->view, row);
    if (table_rows(walk->table) >= STRETCH_ROWS) {
        table_print(walk->table, stdout, term_columns());
        table_destroy(walk->table);
        walk->table = new_table(walk->view);
    }
    return !term_interrupted();
}

enum outcome
list_show(const struct call *call, const char *path,
          const struct list_view *view, long limit)
{
    struct walk walk = {view, call->settings.json ? NULL : new_table(view), 0};
    enum outcome outcome = api_each(call->api, path, limit, take_row, &walk);
    if (walk.table != NULL && table_rows(walk.table) > 0)
        table_print(walk.table, stdout, term_columns());
    else if (outcome == OUTCOME_OK && walk.rows == 0 && walk.table != NULL)
        fprintf(stderr, "%s\n", view->empty);
    if (walk.table != NULL && outcome == OUTCOME_OK && limit > 0 &&
        walk.rows == (size_t)limit)
        fprintf(stderr, "(the first %ld; --limit 0 shows all)\n", limit);
    table_destroy(walk.table);
    return outcome;
}
