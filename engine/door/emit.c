/*
 * emit.c - the text of an answer: a growing buffer and JSON written into it.
 *
 * Promise: as in emit.h. Written by hand, not through a tree of values: a
 * campaign's results are a million rows.
 */
#include "engine/door/emit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/core/clock.h"

void
emit_fini(struct emit *e)
{
    free(e->p);
    *e = (struct emit){0};
}

void
emit_reset(struct emit *e)
{
    e->n = 0;
    e->comma = false;
}

char *
emit_room(struct emit *e, size_t n)
{
    if (e->failed)
        return NULL;
    if (e->cap - e->n < n) {
        size_t cap = e->cap ? e->cap * 2 : 512;
        while (cap - e->n < n)
            cap *= 2;
        char *p = realloc(e->p, cap);
        if (!p) {
            e->failed = true;
            return NULL;
        }
        e->p = p;
        e->cap = cap;
    }
    return e->p + e->n;
}

void
emit_raw(struct emit *e, const void *p, size_t n)
{
    char *to = emit_room(e, n);
    if (!to || n == 0)
        return;
    memcpy(to, p, n);
    e->n += n;
}

void
emit_text(struct emit *e, const char *text)
{
    emit_raw(e, text, strlen(text));
}

void
emit_format(struct emit *e, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n > 0)
        emit_raw(e, line,
                 (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static void
comma(struct emit *e)
{
    if (e->comma)
        emit_raw(e, ",", 1);
    e->comma = true;
}

void
emit_open(struct emit *e, char bracket)
{
    comma(e);
    emit_raw(e, &bracket, 1);
    e->comma = false;
}

void
emit_close(struct emit *e, char bracket)
{
    emit_raw(e, &bracket, 1);
    e->comma = true;
}

void
emit_key(struct emit *e, const char *key)
{
    comma(e);
    emit_raw(e, "\"", 1);
    emit_text(e, key);
    emit_raw(e, "\":", 2);
    e->comma = false;
}

/* Octets of the UTF-8 character at p, 0 when it is none (RFC 3629, 4). */
static size_t
utf8_length(const uint8_t *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t length = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong =
        (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] > 0x9F;
    bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : length;
}

static void
escape(struct emit *e, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    char out[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    size_t n = 2;
    switch (c) {
    case '"': out[1] = '"'; break;
    case '\\': out[1] = '\\'; break;
    case '\n': out[1] = 'n'; break;
    case '\r': out[1] = 'r'; break;
    case '\t': out[1] = 't'; break;
    default: n = 6; break;
    }
    emit_raw(e, out, n);
}

void
emit_string(struct emit *e, struct slice s)
{
    comma(e);
    emit_raw(e, "\"", 1);
    size_t plain = 0; /* begin of what needs no change */
    size_t i = 0;
    while (i < s.n) {
        uint8_t c = s.p[i];
        size_t length = utf8_length(s.p + i, s.n - i);
        if (length && c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) {
            i += length;
            continue;
        }
        emit_raw(e, s.p + plain, i - plain);
        if (length)
            escape(e, c);
        else
            emit_text(e, "\xEF\xBF\xBD");
        plain = ++i;
    }
    if (s.n > plain)
        emit_raw(e, s.p + plain, s.n - plain);
    emit_raw(e, "\"", 1);
}

void
emit_word(struct emit *e, const char *text)
{
    if (!text) {
        emit_null(e);
        return;
    }
    emit_string(e, slice_str(text));
}

void
emit_number(struct emit *e, uint64_t v)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[sizeof digits - ++n] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    comma(e);
    emit_raw(e, digits + sizeof digits - n, n);
}

void
emit_bool(struct emit *e, bool v)
{
    comma(e);
    emit_text(e, v ? "true" : "false");
}

void
emit_null(struct emit *e)
{
    comma(e);
    emit_text(e, "null");
}

void
emit_time(struct emit *e, uint64_t wall_ms)
{
    char text[25];
    if (wall_ms == 0) {
        emit_null(e);
        return;
    }
    emit_word(e, wall_to_rfc3339((struct wall){wall_ms}, text));
}

void
emit_id(struct emit *e, enum id_kind kind, uint64_t id)
{
    char text[ID_BYTES];
    if (id == 0) {
        emit_null(e);
        return;
    }
    emit_word(e, id_to_text(kind, id, text));
}

void
emit_json(struct emit *e, struct slice json)
{
    comma(e);
    emit_raw(e, json.p, json.n);
}

void
emit_member_word(struct emit *e, const char *key, const char *text)
{
    emit_key(e, key);
    emit_word(e, text);
}

void
emit_member_string(struct emit *e, const char *key, struct slice utf8)
{
    emit_key(e, key);
    emit_string(e, utf8);
}

void
emit_member_number(struct emit *e, const char *key, uint64_t v)
{
    emit_key(e, key);
    emit_number(e, v);
}

void
emit_member_bool(struct emit *e, const char *key, bool v)
{
    emit_key(e, key);
    emit_bool(e, v);
}

void
emit_member_time(struct emit *e, const char *key, uint64_t wall_ms)
{
    emit_key(e, key);
    emit_time(e, wall_ms);
}

void
emit_member_id(struct emit *e, const char *key, enum id_kind kind, uint64_t id)
{
    emit_key(e, key);
    emit_id(e, kind, id);
}

void
emit_csv(struct emit *e, struct slice field)
{
    bool quote = false;
    for (size_t i = 0; i < field.n; i++) {
        uint8_t c = field.p[i];
        quote |= c == ',' || c == '"' || c == '\r' || c == '\n';
    }
    if (e->comma)
        emit_raw(e, ",", 1);
    e->comma = true;
    if (!quote) {
        emit_raw(e, field.p, field.n);
        return;
    }
    emit_raw(e, "\"", 1);
    for (size_t i = 0; i < field.n; i++) {
        if (field.p[i] == '"')
            emit_raw(e, "\"", 1);
        emit_raw(e, field.p + i, 1);
    }
    emit_raw(e, "\"", 1);
}
