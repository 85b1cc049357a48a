/*
 * list.h - shows a list of the API: a table for people, NDJSON for programs.
 *
 * Any number of rows in constant memory: a table is printed in stretches.
 */
#ifndef ENGINE_CLI_LIST_H
#define ENGINE_CLI_LIST_H

#include <jansson.h>
#include <stddef.h>

#include "engine/cli/outcome.h"

struct call;

enum list_kind {
    LIST_TEXT,
    LIST_ELASTIC, /* a text that may be cut */
    LIST_NUMBER,
    LIST_MOMENT, /* RFC 3339, shown local */
    LIST_STATE,  /* in the colour of its state */
};

struct list_column {
    const char *heading;
    const char *path; /* of the field, dotted */
    enum list_kind kind;
};

/* What is shown and what is said when there is nothing. */
struct list_view {
    const struct list_column *columns;
    size_t columns_n;
    const char *empty; /* one line, with what to do about it */
};

/* Fetches `path` page by page, at most `limit` rows (0: all), and prints. */
enum outcome list_show(const struct call *call, const char *path,
                       const struct list_view *view, long limit);

/* What --limit said, or the fallback where it was not given. */
static inline long
list_limit(long given, long fallback)
{
    return given >= 0 ? given : fallback;
}

/* One answer as one line of JSON on standard output, flushed. */
void list_json(const json_t *object);

#endif
