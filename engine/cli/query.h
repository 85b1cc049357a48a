/*
 * query.h - builds a request path with its parameters, escaped.
 *
 *   struct query q;
 *   query_begin(&q, "/v1/messages");
 *   query_add(&q, "state", state);     (nothing when NULL)
 *   ... query_text(&q) ...
 *   query_end(&q);
 */
#ifndef ENGINE_CLI_QUERY_H
#define ENGINE_CLI_QUERY_H

#include <stdbool.h>
#include <stddef.h>

struct query {
    char *text;
    size_t n;
    size_t cap;
    bool any; /* a parameter was added: the next begins with & */
};

void query_begin(struct query *query, const char *path);

/* Another part of the path, escaped: an id or a number with its plus. */
void query_path(struct query *query, const char *part);

/* Literal text, as the rest of a path. */
void query_literal(struct query *query, const char *text);

void query_add(struct query *query, const char *name, const char *value);
void query_add_count(struct query *query, const char *name, long value);

/* Borrowed until the query changes. */
const char *query_text(const struct query *query);

void query_end(struct query *query);

#endif
