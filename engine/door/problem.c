/*
 * problem.c - what went wrong, as RFC 9457 problem+json.
 *
 * Promise: as in problem.h.
 */
#include "engine/door/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/flow/mail.h"

static const struct row {
    const char *code;
    unsigned status;
    const char *title;
} rows[] = {
#define PROBLEM(code, status, title) {code, status, title},
#include "engine/door/problem.def"
};

/* What a result of the engine is when its code has no row of its own. */
static const char *const result_code[] = {
    [MAIL_NOT_FOUND] = "not_found", [MAIL_INVALID] = "invalid",
    [MAIL_CONFLICT] = "conflict",   [MAIL_FORBIDDEN] = "forbidden",
    [MAIL_QUOTA] = "quota",         [MAIL_FULL] = "unavailable",
};

static const struct row *
row_of(const char *code)
{
    for (size_t i = 0; code && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].code, code) == 0)
            return &rows[i];
    return NULL;
}

void
problem_set(struct problem *p, const char *code, const char *format, ...)
{
    if (p->code)
        return;
    p->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(p->detail, sizeof p->detail, format, args);
    va_end(args);
}

void
problem_add(struct problem *p, const char *pointer, const char *code,
            const char *format, ...)
{
    if (!p->code)
        p->code = "invalid";
    unsigned at = p->errors++;
    if (at >= PROBLEM_ERRORS_MAX)
        return;
    struct problem_error *e = &p->error[at];
    snprintf(e->pointer, sizeof e->pointer, "%s", pointer);
    e->line = 0;
    e->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(e->detail, sizeof e->detail, format, args);
    va_end(args);
}

void
problem_not_found(struct problem *p)
{
    *p = (struct problem){0};
    problem_set(p, "not_found",
                "There is nothing here, or this key may not see it.");
}

void
problem_of_result(struct problem *p, int result, const char *code,
                  const char *pointer, const char *detail)
{
    if (result == MAIL_NOT_FOUND) {
        problem_not_found(p);
        return;
    }
    *p = (struct problem){0};
    const char *kind = result_code[result];
    const struct row *row = row_of(code);
    if (row)
        kind = row->code;
    problem_set(p, kind, "%s", detail ? detail : "");
    if (!pointer && (row || !code))
        return;
    snprintf(p->kept, sizeof p->kept, "%s", code ? code : kind);
    problem_add(p, pointer ? pointer : "", p->kept, "%s", detail ? detail : "");
}

void
problem_of_mail(struct problem *p, const struct mail *m)
{
    problem_of_result(p, m->result, m->code, m->pointer, m->detail);
    p->retry_after_s = m->retry_after_s;
    if (p->retry_after_s == 0 && m->result == MAIL_QUOTA)
        p->retry_after_s = 60;
    if (p->retry_after_s == 0 && m->result == MAIL_FULL)
        p->retry_after_s = 1;
}

unsigned
problem_status(const struct problem *p)
{
    const struct row *row = row_of(p->code);
    return row ? row->status : 500;
}

const char *
problem_title(const struct problem *p)
{
    const struct row *row = row_of(p->code);
    return row ? row->title : "Something is wrong in here";
}

static void
error_emit(const struct problem_error *error, struct emit *e)
{
    emit_open(e, '{');
    if (error->line)
        emit_member_number(e, "line", error->line);
    else
        emit_member_word(e, "pointer", error->pointer);
    emit_member_word(e, "code", error->code);
    emit_member_word(e, "detail", error->detail);
    emit_close(e, '}');
}

/* The most telling code: that of a single error, else the problem's. */
static const char *
telling_code(const struct problem *p)
{
    bool general = false;
    for (unsigned i = 0; i < sizeof result_code / sizeof result_code[0]; i++)
        general |= result_code[i] && strcmp(p->code, result_code[i]) == 0;
    return general && p->errors == 1 ? p->error[0].code : p->code;
}

void
problem_emit(const struct problem *p, struct emit *e)
{
    char type[96];
    const char *code = telling_code(p);
    const char *detail = p->detail;
    if (!detail[0] && p->errors)
        detail = p->error[0].detail;
    snprintf(type, sizeof type, "urn:volley:problem:%s", code);
    emit_open(e, '{');
    emit_member_word(e, "type", type);
    emit_member_word(e, "title", problem_title(p));
    emit_member_number(e, "status", problem_status(p));
    emit_member_word(e, "detail", detail);
    emit_member_word(e, "code", code);
    emit_key(e, "errors");
    emit_open(e, '[');
    unsigned kept =
        p->errors < PROBLEM_ERRORS_MAX ? p->errors : PROBLEM_ERRORS_MAX;
    for (unsigned i = 0; i < kept; i++)
        error_emit(&p->error[i], e);
    emit_close(e, ']');
    emit_close(e, '}');
}
