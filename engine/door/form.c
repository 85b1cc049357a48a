/*
 * form.c - reads a JSON body member by member and says what is wrong with it.
 *
 * Promise: as in form.h.
 */
#include "engine/door/form.h"

#include <stdio.h>

#include "engine/core/clock.h"

/* False when brackets outside strings nest deeper than the limit: jansson's
 * own limit is 2,048, and it recurses. */
static bool
depth_is_fine(struct slice text)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (in_string) {
            if (c == '\\')
                i++;
            in_string = c != '"';
            continue;
        }
        if (c == '"')
            in_string = true;
        if ((c == '{' || c == '[') && ++depth > FORM_DEPTH_MAX)
            return false;
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return true;
}

json_t *
form_parse(struct slice text, struct problem *p)
{
    json_error_t error;
    if (text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0)
        text = slice_of(text.p + 3, text.n - 3);
    if (text.n == 0) {
        problem_set(p, "bad_json", "The body is empty; a JSON object is read.");
        return NULL;
    }
    if (!depth_is_fine(text)) {
        problem_set(p, "bad_json", "Nested deeper than %d.", FORM_DEPTH_MAX);
        return NULL;
    }
    json_t *object = json_loadb((const char *)text.p, text.n,
                                JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        /* error.text may quote the body, which is the client's own. */
        problem_set(p, "bad_json", "Line %d, column %d: %s", error.line,
                    error.column, error.text);
        return NULL;
    }
    if (!json_is_object(object)) {
        problem_set(p, "bad_json", "A JSON object is read here.");
        json_decref(object);
        return NULL;
    }
    return object;
}

void
form_begin(struct form *f, json_t *object, const char *base, struct problem *p)
{
    *f = (struct form){.object = object, .problem = p, .base = base};
}

/* "/a~1b" of base and "a/b" (RFC 6901, 3). */
static void
pointer_of(const struct form *f, const char *name, char out[96])
{
    size_t n = (size_t)snprintf(out, 96, "%s/", f->base);
    for (const char *c = name; *c && n < 92; c++) {
        if (*c == '~' || *c == '/') {
            out[n++] = '~';
            out[n++] = *c == '~' ? '0' : '1';
            continue;
        }
        out[n++] = *c;
    }
    out[n] = 0;
}

static void
wrong(struct form *f, const char *name, const char *code, const char *detail)
{
    char pointer[96];
    pointer_of(f, name, pointer);
    problem_add(f->problem, pointer, code, "%s", detail);
}

static json_t *
member(struct form *f, const char *name)
{
    if (f->known < FORM_MEMBERS_MAX)
        f->names[f->known++] = name;
    json_t *v = json_object_get(f->object, name);
    return json_is_null(v) ? NULL : v;
}

static bool
is_known(const struct form *f, const char *name)
{
    for (unsigned i = 0; i < f->known; i++)
        if (strcmp(f->names[i], name) == 0)
            return true;
    return false;
}

bool
form_end(struct form *f)
{
    const char *name;
    json_t *v;
    json_object_foreach(f->object, name, v)
    {
        if (!is_known(f, name))
            wrong(f, name, "unknown_member",
                  "There is no such member here; is it spelt right?");
    }
    return f->problem->code == NULL;
}

struct slice
form_text(struct form *f, const char *name, size_t max)
{
    char detail[80];
    json_t *v = member(f, name);
    if (!v)
        return (struct slice){0};
    if (!json_is_string(v)) {
        wrong(f, name, "wrong_type", "A string is read here.");
        return (struct slice){0};
    }
    size_t n = json_string_length(v);
    if (n > max || n > FORM_TEXT_MAX) {
        snprintf(detail, sizeof detail, "At most %zu octets.",
                 max < FORM_TEXT_MAX ? max : (size_t)FORM_TEXT_MAX);
        wrong(f, name, "too_long", detail);
        return (struct slice){0};
    }
    return slice_of(json_string_value(v), n);
}

struct slice
form_need_text(struct form *f, const char *name, size_t max)
{
    unsigned before = f->problem->errors;
    struct slice s = form_text(f, name, max);
    if (s.n == 0 && f->problem->errors == before)
        wrong(f, name, "missing", "This is needed.");
    return s;
}

bool
form_bool(struct form *f, const char *name, bool absent)
{
    json_t *v = member(f, name);
    if (!v)
        return absent;
    if (!json_is_boolean(v)) {
        wrong(f, name, "wrong_type", "true or false is read here.");
        return absent;
    }
    return json_is_true(v);
}

uint64_t
form_number(struct form *f, const char *name, uint64_t least, uint64_t most,
            uint64_t absent)
{
    char detail[80];
    json_t *v = member(f, name);
    if (!v)
        return absent;
    if (!json_is_integer(v)) {
        wrong(f, name, "wrong_type", "A whole number is read here.");
        return absent;
    }
    json_int_t n = json_integer_value(v);
    if (n < 0 || (uint64_t)n < least || (uint64_t)n > most) {
        snprintf(detail, sizeof detail, "From %llu to %llu.",
                 (unsigned long long)least, (unsigned long long)most);
        wrong(f, name, "out_of_range", detail);
        return absent;
    }
    return (uint64_t)n;
}

uint64_t
form_time(struct form *f, const char *name)
{
    struct wall t;
    struct slice s = form_text(f, name, 64);
    if (!s.p)
        return 0;
    if (!wall_from_rfc3339((const char *)s.p, &t) || t.ms == 0) {
        wrong(f, name, "bad_time",
              "A time is read here, as in 2026-01-31T09:00:00Z.");
        return 0;
    }
    return t.ms;
}

/* Seconds of one unit; 0: no such unit. */
static uint64_t
unit_seconds(uint8_t unit)
{
    switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    case 'w': return 604800;
    default: return 0;
    }
}

bool
span_from_text(struct slice text, uint64_t *seconds)
{
    uint64_t sum = 0;
    size_t i = 0;
    if (text.n == 0 || text.n > 20)
        return false;
    while (i < text.n) {
        uint64_t n = 0;
        size_t digits = 0;
        for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
            n = n * 10 + (text.p[i] - '0');
            if (++digits > 9)
                return false;
        }
        /* A bare number is seconds, when nothing stands before it. */
        bool bare = i == text.n && digits == i;
        uint64_t unit = bare ? 1 : i < text.n ? unit_seconds(text.p[i]) : 0;
        if (digits == 0 || unit == 0)
            return false;
        sum += n * unit;
        i += bare ? 0 : 1;
    }
    *seconds = sum;
    return true;
}

uint32_t
form_span(struct form *f, const char *name, uint32_t most_s)
{
    uint64_t seconds = 0;
    json_t *v = json_object_get(f->object, name);
    if (json_is_integer(v))
        return (uint32_t)form_number(f, name, 1, most_s, 0);
    struct slice s = form_text(f, name, 32);
    if (!s.p)
        return 0;
    if (!span_from_text(s, &seconds) || seconds == 0 || seconds > most_s) {
        char detail[96];
        snprintf(detail, sizeof detail,
                 "Seconds, or a span as in 15m, 36h, 7d; at most %u s.",
                 most_s);
        wrong(f, name, "bad_span", detail);
        return 0;
    }
    return (uint32_t)seconds;
}

int
form_word(struct form *f, const char *name, const char *const *words)
{
    char detail[160] = "One of:";
    size_t n = strlen(detail);
    unsigned before = f->problem->errors;
    struct slice s = form_text(f, name, 64);
    if (!s.p) {
        return f->problem->errors == before ? -1 : 0;
    }
    for (int i = 0; words[i]; i++) {
        if (slice_eq(s, slice_str(words[i])))
            return i;
        n += (size_t)snprintf(detail + n, sizeof detail - n, " %s", words[i]);
        n = n < sizeof detail ? n : sizeof detail - 1;
    }
    wrong(f, name, "bad_value", detail);
    return 0;
}

json_t *
form_object(struct form *f, const char *name)
{
    json_t *v = member(f, name);
    if (v && !json_is_object(v)) {
        wrong(f, name, "wrong_type", "An object is read here.");
        return NULL;
    }
    return v;
}

json_t *
form_array(struct form *f, const char *name, size_t most)
{
    char detail[80];
    json_t *v = member(f, name);
    if (v && !json_is_array(v)) {
        wrong(f, name, "wrong_type", "A list is read here.");
        return NULL;
    }
    if (v && json_array_size(v) > most) {
        snprintf(detail, sizeof detail, "At most %zu of them.", most);
        wrong(f, name, "too_long", detail);
        return NULL;
    }
    return v;
}

void
form_refuse(struct form *f, const char *name, const char *why)
{
    if (member(f, name))
        wrong(f, name, "not_supported", why);
}
