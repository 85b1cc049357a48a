/*
 * field.h - reads fields of the daemon's JSON answers by dotted path.
 *
 * Pure; results are borrowed from the object. A field that is missing, null
 * or of another type reads as the fallback: the daemon may be newer.
 */
#ifndef ENGINE_CLI_FIELD_H
#define ENGINE_CLI_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* "error.code" of {"error": {"code": …}}; NULL when absent or null. */
json_t *field_at(const json_t *object, const char *path);

/* The string, or "" when there is none. */
__attribute__((returns_nonnull)) const char *
field_text(const json_t *object, const char *path);

/* The first of several that is a non-empty string, or "". Ends with NULL. */
const char *field_first(const json_t *object, const char *const *paths);

long long field_count(const json_t *object, const char *path);
double field_real(const json_t *object, const char *path, double fallback);
bool field_true(const json_t *object, const char *path);

/*
 * Any value as a cell of a table: numbers with commas, lists joined by ", ",
 * yes or no, "" for nothing. Returns buf.
 */
char *field_cell(const json_t *object, const char *path, char *buf, size_t cap);

/* RFC 3339 field in local time, "" when absent. Returns buf. */
char *
field_moment(const json_t *object, const char *path, char *buf, size_t cap);

#endif
