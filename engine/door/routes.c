/*
 * routes.c - which function answers a request: one table, routes.def.
 *
 * Promise: as in routes.h. Sixty rows are looked at one after the other: a
 * microsecond, which is less than the answer's headers take.
 */
#include "engine/door/routes.h"

#include <microhttpd.h>
#include <stdio.h>
#include <strings.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"

const struct route routes[] = {
#define ROUTE(method, path, keys, body, run, summary)                          \
    {#method, path, keys, body, run, summary},
#include "engine/door/routes.def"
};
const unsigned route_count = sizeof routes / sizeof routes[0];

bool
type_is(const char *type, const char *wanted)
{
    size_t n = strlen(wanted);
    return strncasecmp(type, wanted, n) == 0 &&
           (type[n] == 0 || type[n] == ';' || type[n] == ' ');
}

bool
type_is_lines(const char *type)
{
    return type_is(type, "application/x-ndjson") ||
           type_is(type, "application/ndjson") ||
           type_is(type, "application/jsonl") ||
           type_is(type, "application/x-jsonlines");
}

/* Is this content type read by such a route? What curl -d says by itself is
 * taken as JSON, and what curl -T leaves out as CSV. */
static bool
body_fits(enum route_body body, const char *type)
{
    bool lines = type_is_lines(type);
    switch (body) {
    case BODY_LINES: return lines;
    case BODY_ROWS: return lines || !type[0] || type_is(type, "text/csv");
    case BODY_JSON:
        return !type[0] || type_is(type, "application/json") ||
               type_is(type, "text/plain") || type_is(type, "text/json") ||
               type_is(type, "application/x-www-form-urlencoded");
    default: return true;
    }
}

/* Does the path fit? Calls each for the segments that {…} stood for. */
static bool
fits(const char *pattern, const char *path, size_t *at, size_t *length)
{
    unsigned found = 0;
    const char *p = path;
    while (*pattern && *p) {
        if (*pattern != '{') {
            if (*pattern++ != *p++)
                return false;
            continue;
        }
        size_t n = strcspn(p, "/");
        if (n == 0 || found == REQUEST_PARAMS_MAX)
            return false;
        at[found] = (size_t)(p - path);
        length[found++] = n;
        p += n;
        pattern += strcspn(pattern, "}") + 1;
    }
    return *pattern == 0 && *p == 0;
}

bool
route_fits(const struct route *route, const char *path)
{
    size_t at[REQUEST_PARAMS_MAX], length[REQUEST_PARAMS_MAX];
    return fits(route->path, path, at, length);
}

enum route_result
route_find(const char *method, char *path, const char *type,
           const struct route **route, struct slice *params)
{
    enum route_result result = ROUTE_NO_PATH;
    const char *as = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (unsigned i = 0; i < route_count; i++) {
        size_t at[REQUEST_PARAMS_MAX], length[REQUEST_PARAMS_MAX] = {0};
        const struct route *row = &routes[i];
        if (!fits(row->path, path, at, length))
            continue;
        if (result == ROUTE_NO_PATH)
            result = ROUTE_NO_METHOD;
        if (strcmp(row->method, as) != 0)
            continue;
        result = ROUTE_NO_TYPE;
        *route = row;
        if (!body_fits(row->body, type))
            continue;
        for (unsigned p = 0; p < REQUEST_PARAMS_MAX && length[p]; p++) {
            params[p] = slice_of(path + at[p], length[p]);
            path[at[p] + length[p]] = 0;
        }
        return ROUTE_FOUND;
    }
    return result;
}

void
route_methods(const char *path, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = 0;
    for (unsigned i = 0; i < route_count; i++) {
        const char *method = routes[i].method;
        if (!route_fits(&routes[i], path) || strstr(out, method))
            continue;
        const char *head = strcmp(method, "GET") == 0 ? ", HEAD" : "";
        n += (size_t)snprintf(out + n, cap - n, "%s%s%s", n ? ", " : "", method,
                              head);
        if (n >= cap)
            return;
    }
}

void
routes_allow(struct request *r)
{
    char allow[64];
    route_methods(r->path, allow, sizeof allow);
    reply_header(r, "Allow", allow);
}
