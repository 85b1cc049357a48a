/*
 * body.c - builds the JSON body of a request from what was typed.
 */
#include "engine/cli/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/when.h"

/* The value is taken; objects on the way are made. */
static void
put(json_t *body, const char *path, json_t *value)
{
    const char *dot;
    while ((dot = strchr(path, '.')) != NULL) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
        if (json_object_get(body, name) == NULL)
            json_object_set_new(body, name, json_object());
        body = json_object_get(body, name);
        path = dot + 1;
    }
    json_object_set_new(body, path, value);
}

void
body_text(json_t *body, const char *path, const char *value)
{
    if (value == NULL)
        return;
    json_t *text = json_string(value);
    /* Not UTF-8: taken as Latin-1, octet by octet, and the daemon judges. */
    if (text == NULL) {
        char utf8[4096];
        size_t n = 0;
        for (; *value != '\0' && n + 2 < sizeof utf8; value++) {
            unsigned char c = (unsigned char)*value;
            if (c >= 0x80)
                utf8[n++] = (char)(0xc0 | c >> 6);
            utf8[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
        }
        text = json_stringn(utf8, n);
    }
    put(body, path, text);
}

void
body_count(json_t *body, const char *path, long value)
{
    if (value >= 0)
        put(body, path, json_integer(value));
}

void
body_flag(json_t *body, const char *path, bool value)
{
    put(body, path, json_boolean(value));
}

void
body_list(json_t *body, const char *path, const char *value)
{
    if (value == NULL)
        return;
    json_t *list = json_array();
    while (*value != '\0') {
        value += strspn(value, " ,");
        size_t n = strcspn(value, ",");
        size_t trimmed = n;
        while (trimmed > 0 && value[trimmed - 1] == ' ')
            trimmed--;
        if (trimmed > 0)
            json_array_append_new(list, json_stringn(value, trimmed));
        value += n;
    }
    put(body, path, list);
}

void
body_counts(json_t *body, const char *path, const char *value)
{
    if (value == NULL)
        return;
    json_t *object = json_object();
    while (*value != '\0') {
        char word[128], *end;
        value += strspn(value, " ,");
        size_t n = strcspn(value, ",");
        snprintf(word, sizeof word, "%.*s", (int)n, value);
        char *equals = strchr(word, '=');
        if (equals != NULL)
            *equals = '\0';
        long count = equals ? strtol(equals + 1, &end, 10) : 0;
        bool whole = equals && end != equals + 1 && *end == '\0';
        if (word[0] != '\0')
            json_object_set_new(object, word,
                                whole ? json_integer(count)
                                      : json_string(equals ? equals + 1 : ""));
        value += n;
    }
    put(body, path, object);
}

bool
body_moment(json_t *body, const char *path, const char *option,
            const char *value)
{
    char text[WHEN_CAP];
    int64_t ms;
    if (value == NULL)
        return true;
    if (!when_parse_typed(value, when_now_ms(), &ms)) {
        fprintf(stderr,
                "volley: --%s: \"%s\" is no time; write 09:30, "
                "\"2025-12-01 09:30\" (both local), 2025-12-01T09:30:00Z or "
                "+2h\n",
                option, value);
        return false;
    }
    body_text(body, path, when_rfc3339(text, ms));
    return true;
}
