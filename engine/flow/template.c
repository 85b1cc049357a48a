/*
 * template.c - compiles a text with fields into a list of steps.
 *
 * Promise: as in template.h. Each step is one literal and, behind it, one
 * field, test or jump; rendering walks them once, copies octets, looks up no
 * name. A test that fails jumps forward only, so rendering always ends.
 */
#include "engine/flow/template.h"

#include "proto/ucs2.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    NESTING_MAX = 16,
    NAME_MAX_BYTES = 128,
    /* More steps than any text of ten parts needs; bounds compile memory. */
    STEPS_MAX = 4096,
};

enum step_kind {
    STEP_LITERAL,  /* the literal alone */
    STEP_FIELD,    /* a field, MISSING when it has no value */
    STEP_FALLBACK, /* a field, or else its fallback */
    STEP_IF,       /* on to `jump` when the field has no value */
    STEP_JUMP,     /* on to `jump` */
};

struct step {
    struct slice literal;
    struct slice fallback;
    enum step_kind kind;
    uint16_t field;
    uint16_t jump;
};

/* Immutable once made. Slices point into `text`. */
struct template
{
    char *text;
    unsigned fields;
    unsigned steps;
    struct slice names[TEMPLATE_FIELDS_MAX];
    struct step *step;
};

/* An {{#if}} that waits for its {{/if}}. */
struct open_if {
    size_t at;     /* where it stands, for the error */
    unsigned step; /* whose jump is to be set: the if, or its else */
    bool has_else;
};

struct compiler {
    struct template *t;
    struct slice text;
    size_t at;      /* next octet to read */
    size_t literal; /* where the literal not yet taken begins */
    size_t steps_cap;
    unsigned depth;
    struct open_if ifs[NESTING_MAX];
    char *why;
};

/* People count characters, not octets, and from 1. */
static unsigned
character_at(struct slice text, size_t at)
{
    unsigned n = 1;
    for (size_t i = 0; i < at && i < text.n; i++)
        n += (text.p[i] & 0xC0) != 0x80;
    return n;
}

__attribute__((format(printf, 3, 4))) static bool
refuse(struct compiler *c, size_t at, const char *format, ...)
{
    int n = snprintf(c->why, TEMPLATE_WHY_BYTES,
                     "character %u: ", character_at(c->text, at));
    va_list args;
    va_start(args, format);
    vsnprintf(c->why + n, TEMPLATE_WHY_BYTES - (size_t)n, format, args);
    va_end(args);
    return false;
}

static bool
stands_at(struct slice text, size_t at, const char *token)
{
    size_t n = strlen(token);
    return at <= text.n && text.n - at >= n &&
           memcmp(text.p + at, token, n) == 0;
}

static struct slice
trimmed(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.n--;
    }
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* Appends a step that carries the literal up to `end`. */
static struct step *
add_step(struct compiler *c, enum step_kind kind, size_t end)
{
    struct template *t = c->t;
    if (t->steps == STEPS_MAX) {
        refuse(c, end, "more than %d fields and conditions", STEPS_MAX);
        return NULL;
    }
    if (t->steps == c->steps_cap) {
        size_t cap = c->steps_cap ? c->steps_cap * 2 : 8;
        struct step *grown = realloc(t->step, cap * sizeof *grown);
        if (!grown) {
            refuse(c, end, "out of memory");
            return NULL;
        }
        t->step = grown;
        c->steps_cap = cap;
    }
    struct step *s = &t->step[t->steps++];
    *s = (struct step){.kind = kind,
                       .literal = {c->text.p + c->literal, end - c->literal}};
    return s;
}

static bool
name_is_legal(struct slice name)
{
    if (name.n == 0 || name.n > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] < ' ' || name.p[i] == 0x7F ||
            strchr("{}|#/\\", name.p[i]))
            return false;
    return !slice_eq(name, slice_str("else"));
}

static bool
find_field(struct compiler *c, size_t at, struct slice name, uint16_t *field)
{
    struct template *t = c->t;
    if (name.n == 0)
        return refuse(c, at, "a field without a name");
    if (!name_is_legal(name))
        return refuse(c, at, "'%.*s' cannot be the name of a field",
                      (int)(name.n < 40 ? name.n : 40), (const char *)name.p);
    unsigned i = 0;
    while (i < t->fields && !slice_eq(t->names[i], name))
        i++;
    if (i == TEMPLATE_FIELDS_MAX)
        return refuse(c, at, "more than %d different fields",
                      TEMPLATE_FIELDS_MAX);
    if (i == t->fields)
        t->names[t->fields++] = name;
    *field = (uint16_t)i;
    return true;
}

static bool
compile_field(struct compiler *c, size_t at, struct slice inside)
{
    const uint8_t *bar = inside.n ? memchr(inside.p, '|', inside.n) : NULL;
    struct slice name = inside;
    if (bar)
        name.n = (size_t)(bar - inside.p);
    uint16_t field;
    if (!find_field(c, at, trimmed(name), &field))
        return false;
    struct step *s = add_step(c, bar ? STEP_FALLBACK : STEP_FIELD, at);
    if (!s)
        return false;
    s->field = field;
    if (bar)
        s->fallback = trimmed((struct slice){bar + 1, inside.n - name.n - 1});
    return true;
}

static bool
compile_if(struct compiler *c, size_t at, struct slice name)
{
    uint16_t field;
    if (c->depth == NESTING_MAX)
        return refuse(c, at, "{{#if}} nested deeper than %d", NESTING_MAX);
    if (!find_field(c, at, trimmed(name), &field))
        return false;
    struct step *s = add_step(c, STEP_IF, at);
    if (!s)
        return false;
    s->field = field;
    c->ifs[c->depth++] = (struct open_if){at, c->t->steps - 1, false};
    return true;
}

static bool
compile_else(struct compiler *c, size_t at)
{
    if (c->depth == 0)
        return refuse(c, at, "{{else}} without {{#if}}");
    struct open_if *open = &c->ifs[c->depth - 1];
    if (open->has_else)
        return refuse(c, at, "a second {{else}} for one {{#if}}");
    if (!add_step(c, STEP_JUMP, at))
        return false;
    c->t->step[open->step].jump = (uint16_t)c->t->steps;
    open->step = c->t->steps - 1;
    open->has_else = true;
    return true;
}

static bool
compile_endif(struct compiler *c, size_t at)
{
    if (c->depth == 0)
        return refuse(c, at, "{{/if}} without {{#if}}");
    /* The literal of the branch must end inside it. */
    if (!add_step(c, STEP_LITERAL, at))
        return false;
    c->depth--;
    c->t->step[c->ifs[c->depth].step].jump = (uint16_t)c->t->steps;
    return true;
}

/* What stands between the braces at c->at. */
static bool
compile_braces(struct compiler *c)
{
    size_t at = c->at, from = at + 2, end = from;
    while (end < c->text.n && !stands_at(c->text, end, "}}")) {
        if (stands_at(c->text, end, "{{"))
            return refuse(c, end, "'{{' inside the braces of character %u",
                          character_at(c->text, at));
        end++;
    }
    if (end >= c->text.n)
        return refuse(c, at, "'{{' is not closed by '}}'");
    struct slice inside = {c->text.p + from, end - from};
    struct slice word = trimmed(inside);
    bool ok;
    if (slice_eq(word, slice_str("else")))
        ok = compile_else(c, at);
    else if (slice_eq(word, slice_str("/if")))
        ok = compile_endif(c, at);
    else if (stands_at(word, 0, "#if ") || slice_eq(word, slice_str("#if")))
        ok = compile_if(c, at, (struct slice){word.p + 3, word.n - 3});
    else
        ok = compile_field(c, at, inside);
    c->at = c->literal = end + 2;
    return ok;
}

/* "\{{": the literal ends before the backslash, the next one begins with the
 * braces. */
static bool
compile_escape(struct compiler *c)
{
    if (!add_step(c, STEP_LITERAL, c->at))
        return false;
    c->literal = c->at + 1;
    c->at += 3;
    return true;
}

static bool
compile(struct compiler *c)
{
    while (c->at < c->text.n) {
        bool ok = true;
        if (stands_at(c->text, c->at, "\\{{"))
            ok = compile_escape(c);
        else if (stands_at(c->text, c->at, "{{"))
            ok = compile_braces(c);
        else
            c->at++;
        if (!ok)
            return false;
    }
    if (c->depth > 0)
        return refuse(c, c->ifs[c->depth - 1].at,
                      "{{#if}} is not closed by {{/if}}");
    return add_step(c, STEP_LITERAL, c->text.n) != NULL;
}

struct template *
template_create(struct slice text, char why[TEMPLATE_WHY_BYTES])
{
    struct template *t = calloc(1, sizeof *t);
    char *copy = malloc(text.n + 1);
    if (!t || !copy) {
        snprintf(why, TEMPLATE_WHY_BYTES, "out of memory");
        free(copy);
        free(t);
        return NULL;
    }
    if (text.n)
        memcpy(copy, text.p, text.n);
    t->text = copy;
    struct compiler c = {.t = t, .text = slice_of(copy, text.n), .why = why};
    bool ok = ucs2_is_utf8(c.text);
    if (!ok)
        snprintf(why, TEMPLATE_WHY_BYTES, "the text is not UTF-8");
    else if (!compile(&c))
        ok = false;
    if (ok) {
        why[0] = 0;
        return t;
    }
    template_destroy(t);
    return NULL;
}

void
template_destroy(struct template *t)
{
    if (!t)
        return;
    free(t->step);
    free(t->text);
    free(t);
}

unsigned
template_fields(const struct template *t)
{
    return t->fields;
}

struct slice
template_field(const struct template *t, unsigned field)
{
    return t->names[field];
}

bool
template_is_plain(const struct template *t)
{
    return t->fields == 0;
}

enum template_result
template_render(const struct template *t, const struct slice *values,
                struct writer *out, unsigned *missing)
{
    const struct step *step = t->step;
    unsigned steps = t->steps;
    for (unsigned i = 0; i < steps;) {
        const struct step *s = &step[i++];
        writer_put(out, s->literal);
        switch (s->kind) {
        case STEP_LITERAL: break;
        case STEP_FIELD:
            if (!values[s->field].p || values[s->field].n == 0) {
                *missing = s->field;
                return TEMPLATE_MISSING;
            }
            writer_put(out, values[s->field]);
            break;
        case STEP_FALLBACK:
            if (values[s->field].p && values[s->field].n)
                writer_put(out, values[s->field]);
            else
                writer_put(out, s->fallback);
            break;
        case STEP_IF:
            if (!values[s->field].p || values[s->field].n == 0)
                i = s->jump;
            break;
        case STEP_JUMP: i = s->jump; break;
        }
    }
    return out->failed ? TEMPLATE_TOO_LONG : TEMPLATE_OK;
}
