/*
 * args.c - options as rows; see args.h.
 *
 * getopt_long is not used: its table would be a second copy of the names,
 * and its messages do not say what would have been right.
 */
#include "bench/smsc/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VOLLEY_VERSION
#define VOLLEY_VERSION "0.1.0"
#endif

enum { HELP_COLUMN = 30 };

bool
args_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    if (text[0] < '0' || text[0] > '9')
        return false;
    char *end = NULL;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end || v < min || v > max)
        return false;
    *out = v;
    return true;
}

static void
print_row(const struct arg *row)
{
    if (row->kind == ARG_HEADING) {
        printf("\n%s\n", row->help);
        return;
    }
    int width = printf("  --%s%s%s", row->name, row->value ? " " : "",
                       row->value ? row->value : "");
    if (width >= HELP_COLUMN - 1) {
        printf("\n");
        width = 0;
    }
    for (const char *line = row->help; line;) {
        const char *end = strchr(line, '\n');
        int n = end ? (int)(end - line) : (int)strlen(line);
        printf("%*s%.*s\n", HELP_COLUMN - width, "", n, line);
        width = 0;
        line = end ? end + 1 : NULL;
    }
}

void
args_help(const struct args *a)
{
    printf("%s\n", a->about);
    for (size_t i = 0; i < a->count; i++)
        print_row(&a->rows[i]);
    if (a->after)
        printf("\n%s\n", a->after);
}

static const struct arg *
find_row(const struct args *a, const char *name, size_t n)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct arg *row = &a->rows[i];
        if (row->kind != ARG_HEADING && strlen(row->name) == n &&
            memcmp(row->name, name, n) == 0)
            return row;
    }
    return NULL;
}

static enum args_result
refuse(const struct args *a, const char *option, const char *why)
{
    fprintf(stderr, "%s: %s: %s (%s --help lists the options)\n", a->program,
            option, why, a->program);
    return ARGS_BAD;
}

/* Puts the value where the row wants it; why is filled when it does not fit.
 */
static bool
take_value(const struct arg *row, const char *value, char why[ARGS_WHY_BYTES])
{
    switch (row->kind) {
    case ARG_NUMBER:
        if (args_number(value, row->min, row->max, row->to))
            return true;
        snprintf(why, ARGS_WHY_BYTES,
                 "'%.60s' is not a number from %llu to %llu", value,
                 (unsigned long long)row->min, (unsigned long long)row->max);
        return false;
    case ARG_TEXT: *(const char **)row->to = value; return true;
    case ARG_PARSE: return row->parse(row->to, value, why);
    case ARG_FLAG:
    case ARG_HEADING: break;
    }
    return false;
}

enum args_result
args_parse(const struct args *a, int argc, char **argv, int first)
{
    for (int i = first; i < argc; i++) {
        const char *option = argv[i];
        if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
            args_help(a);
            return ARGS_DONE;
        }
        if (strcmp(option, "--version") == 0) {
            printf("%s %s\n", a->program, VOLLEY_VERSION);
            return ARGS_DONE;
        }
        if (strncmp(option, "--", 2) != 0)
            return refuse(a, option, "not an option");
        size_t n = strcspn(option + 2, "=");
        const char *equals = option[2 + n] ? option + 3 + n : NULL;
        const struct arg *row = find_row(a, option + 2, n);
        if (!row)
            return refuse(a, option, "unknown option");
        if (row->kind == ARG_FLAG) {
            if (equals)
                return refuse(a, option, "takes no value");
            *(bool *)row->to = true;
            continue;
        }
        const char *value = equals ? equals : i + 1 < argc ? argv[++i] : NULL;
        char why[ARGS_WHY_BYTES] = "needs a value";
        if (!value || !take_value(row, value, why))
            return refuse(a, option, why);
    }
    return ARGS_RUN;
}
