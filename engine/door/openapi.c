/*
 * openapi.c - the API described by itself: made of the rows of routes.def.
 *
 * Small but true: paths, methods, keys, body types and the shape of an
 * error. Fields of bodies stand in the manual.
 */
#include <ctype.h>
#include <stdio.h>

#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/routes.h"

static void
content_type(struct emit *e, const char *type, const char *schema)
{
    emit_key(e, type);
    emit_open(e, '{');
    emit_key(e, "schema");
    emit_json(e, slice_str(schema));
    emit_close(e, '}');
}

/* The body types of all rows with this path and method. */
static void
body_emit(struct emit *e, const struct route *route)
{
    if (route->body == BODY_NONE)
        return;
    emit_key(e, "requestBody");
    emit_open(e, '{');
    emit_key(e, "content");
    emit_open(e, '{');
    for (unsigned i = 0; i < route_count; i++) {
        const struct route *row = &routes[i];
        if (strcmp(row->path, route->path) ||
            strcmp(row->method, route->method))
            continue;
        if (row->body == BODY_JSON)
            content_type(e, TYPE_JSON, "{\"type\":\"object\"}");
        if (row->body == BODY_ROWS)
            content_type(e, "text/csv", "{\"type\":\"string\"}");
        if (row->body == BODY_ROWS || row->body == BODY_LINES)
            content_type(e, TYPE_LINES, "{\"type\":\"string\"}");
    }
    emit_close(e, '}');
    emit_close(e, '}');
}

static void
parameters_emit(struct emit *e, const char *path)
{
    emit_key(e, "parameters");
    emit_open(e, '[');
    for (const char *p = strchr(path, '{'); p; p = strchr(p + 1, '{')) {
        emit_open(e, '{');
        emit_key(e, "name");
        emit_string(e, slice_of(p + 1, strcspn(p + 1, "}")));
        emit_member_word(e, "in", "path");
        emit_member_bool(e, "required", true);
        emit_key(e, "schema");
        emit_json(e, slice_str("{\"type\":\"string\"}"));
        emit_close(e, '}');
    }
    emit_close(e, ']');
}

/* "admin, account, sender" as the description of who may. */
static void
keys_emit(struct emit *e, enum route_keys keys)
{
    static const char *const names[] = {"admin", "account", "sender"};
    emit_key(e, "security");
    emit_open(e, '[');
    if (keys != KEYS_OPEN)
        emit_json(e, slice_str("{\"key\":[]}"));
    emit_close(e, ']');
    emit_key(e, "x-keys");
    emit_open(e, '[');
    for (unsigned i = 0; i < 3; i++)
        if (keys >> (i + 1) & 1)
            emit_word(e, names[i]);
    emit_close(e, ']');
}

static void
operation_emit(struct emit *e, const struct route *route)
{
    char method[8] = "";
    for (unsigned i = 0; i < 7 && route->method[i]; i++)
        method[i] = (char)tolower(route->method[i]);
    emit_key(e, method);
    emit_open(e, '{');
    emit_member_word(e, "summary", route->summary);
    parameters_emit(e, route->path);
    keys_emit(e, route->keys);
    body_emit(e, route);
    emit_key(e, "responses");
    emit_json(e, slice_str("{\"2XX\":{\"description\":\"done\"},\"default\":"
                           "{\"$ref\":\"#/components/responses/Problem\"}}"));
    emit_close(e, '}');
}

/* Is there an earlier row with this path (and method, when not NULL)? */
static bool
stood_before(unsigned at, const char *method)
{
    for (unsigned i = 0; i < at; i++)
        if (strcmp(routes[i].path, routes[at].path) == 0 &&
            (!method || strcmp(routes[i].method, method) == 0))
            return true;
    return false;
}

static void
paths_emit(struct emit *e)
{
    emit_key(e, "paths");
    emit_open(e, '{');
    for (unsigned i = 0; i < route_count; i++) {
        if (stood_before(i, NULL))
            continue;
        emit_key(e, routes[i].path);
        emit_open(e, '{');
        for (unsigned j = i; j < route_count; j++)
            if (strcmp(routes[j].path, routes[i].path) == 0 &&
                !stood_before(j, routes[j].method))
                operation_emit(e, &routes[j]);
        emit_close(e, '}');
    }
    emit_close(e, '}');
}

static const char components[] =
    "{\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
    "\"responses\":{\"Problem\":{\"description\":\"RFC 9457\",\"content\":{"
    "\"application/problem+json\":{\"schema\":{"
    "\"$ref\":\"#/components/schemas/Problem\"}}}}},"
    "\"schemas\":{\"Problem\":{\"type\":\"object\",\"required\":[\"type\","
    "\"title\",\"status\",\"detail\",\"code\",\"errors\"],\"properties\":{"
    "\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
    "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
    "\"code\":{\"type\":\"string\"},\"errors\":{\"type\":\"array\",\"items\":{"
    "\"type\":\"object\",\"properties\":{\"pointer\":{\"type\":\"string\"},"
    "\"line\":{\"type\":\"integer\"},\"code\":{\"type\":\"string\"},"
    "\"detail\":{\"type\":\"string\"}}}}}}}}";

void
openapi_get(struct request *r)
{
    struct emit e = {0};
    emit_open(&e, '{');
    emit_member_word(&e, "openapi", "3.1.0");
    emit_key(&e, "info");
    emit_open(&e, '{');
    emit_member_word(&e, "title", "Volley");
    emit_member_word(&e, "version", "1");
    emit_close(&e, '}');
    paths_emit(&e);
    emit_key(&e, "components");
    emit_json(&e, slice_str(components));
    emit_close(&e, '}');
    reply_json(r, 200, &e);
}
