/*
 * query.c - builds a request path with its parameters, escaped.
 */
#include "engine/cli/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put(struct query *query, const char *text, size_t n)
{
    if (query->n + n + 1 > query->cap) {
        query->cap = (query->n + n + 1) * 2;
        query->text = realloc(query->text, query->cap);
        if (query->text == NULL) {
            perror("volley");
            exit(EXIT_FAILURE);
        }
    }
    memcpy(query->text + query->n, text, n);
    query->n += n;
    query->text[query->n] = '\0';
}

/* RFC 3986, 2.3: all but the unreserved characters. */
static void
put_escaped(struct query *query, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text != '\0'; text++) {
        char hex[4];
        if (strchr(plain, *text) != NULL) {
            put(query, text, 1);
            continue;
        }
        snprintf(hex, sizeof hex, "%%%02X", (unsigned char)*text);
        put(query, hex, 3);
    }
}

void
query_begin(struct query *query, const char *path)
{
    *query = (struct query){0};
    query_literal(query, path);
}

void
query_path(struct query *query, const char *part)
{
    put(query, "/", 1);
    put_escaped(query, part);
}

void
query_literal(struct query *query, const char *text)
{
    put(query, text, strlen(text));
}

void
query_add(struct query *query, const char *name, const char *value)
{
    if (value == NULL)
        return;
    put(query, query->any ? "&" : "?", 1);
    put(query, name, strlen(name));
    put(query, "=", 1);
    put_escaped(query, value);
    query->any = true;
}

void
query_add_count(struct query *query, const char *name, long value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%ld", value);
    query_add(query, name, digits);
}

const char *
query_text(const struct query *query)
{
    return query->text;
}

void
query_end(struct query *query)
{
    free(query->text);
    query->text = NULL;
}
