/*
 * field.c - reads fields of the daemon's JSON answers by dotted path.
 */
#include "engine/cli/field.h"

#include <stdio.h>
#include <string.h>

#include "engine/cli/figure.h"
#include "engine/cli/when.h"

/* 64: the longest field name of the API has 20 letters. */
enum { NAME_MAX_OCTETS = 64 };

json_t *
field_at(const json_t *object, const char *path)
{
    const json_t *at = object;
    while (at != NULL && *path != '\0') {
        char name[NAME_MAX_OCTETS];
        size_t n = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, path);
        at = json_object_get(at, name);
        path += n + (path[n] == '.');
    }
    return json_is_null(at) ? NULL : (json_t *)at;
}

const char *
field_text(const json_t *object, const char *path)
{
    const char *text = json_string_value(field_at(object, path));
    return text != NULL ? text : "";
}

const char *
field_first(const json_t *object, const char *const *paths)
{
    for (; *paths != NULL; paths++) {
        const char *text = field_text(object, *paths);
        if (*text != '\0')
            return text;
    }
    return "";
}

long long
field_count(const json_t *object, const char *path)
{
    return json_integer_value(field_at(object, path));
}

double
field_real(const json_t *object, const char *path, double fallback)
{
    json_t *value = field_at(object, path);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

bool
field_true(const json_t *object, const char *path)
{
    return json_is_true(field_at(object, path));
}

static void
scalar_cell(const json_t *value, char *buf, size_t cap)
{
    char figure[FIGURE_CAP];
    if (json_is_string(value))
        snprintf(buf, cap, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(buf, cap, "%s",
                 figure_count(figure, json_integer_value(value)));
    else if (json_is_real(value))
        snprintf(buf, cap, "%g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(buf, cap, "%s", json_is_true(value) ? "yes" : "no");
    else
        buf[0] = '\0';
}

/* a=3, b=1: as many as fit. */
static void
object_cell(const json_t *value, char *buf, size_t cap)
{
    size_t used = 0;
    buf[0] = '\0';
    void *at = json_object_iter((json_t *)value);
    for (; at; at = json_object_iter_next((json_t *)value, at)) {
        char cell[64];
        scalar_cell(json_object_iter_value(at), cell, sizeof cell);
        int n = snprintf(buf + used, cap - used, "%s%s=%s", used ? ", " : "",
                         json_object_iter_key(at), cell);
        if (n < 0 || (size_t)n >= cap - used)
            return;
        used += (size_t)n;
    }
}

char *
field_cell(const json_t *object, const char *path, char *buf, size_t cap)
{
    const json_t *value = field_at(object, path);
    if (json_is_object(value)) {
        object_cell(value, buf, cap);
        return buf;
    }
    if (!json_is_array(value)) {
        scalar_cell(value, buf, cap);
        return buf;
    }
    size_t used = 0, i;
    const json_t *item;
    buf[0] = '\0';
    json_array_foreach(value, i, item)
    {
        if (i > 0 && used + 3 < cap)
            used += (size_t)snprintf(buf + used, cap - used, ", ");
        scalar_cell(item, buf + used, cap - used);
        used += strlen(buf + used);
    }
    return buf;
}

char *
field_moment(const json_t *object, const char *path, char *buf, size_t cap)
{
    const char *text = field_text(object, path);
    char local[WHEN_CAP];
    int64_t ms;
    if (when_parse(text, &ms))
        text = when_local(local, ms, when_now_ms());
    snprintf(buf, cap, "%s", text);
    return buf;
}
