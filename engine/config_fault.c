/*
 * config_fault.c - gathers faults of a settings file; and its memory.
 *
 * Promise: faults come out in the order of the file, at most FAULTS_MAX of
 * them; a file of the wrong kind cannot flood a terminal.
 */
#include "engine/config_inside.h"

#include <stdarg.h>
#include <stdlib.h>

enum { FAULTS_MAX = 50, FAULT_BYTES = 512 };

struct fault {
    unsigned line;
    unsigned order;
    char path[CONFIG_PATH_BYTES];
    char text[FAULT_BYTES];
};

void
fault_add(struct faults *f, unsigned line, const char *path, const char *format,
          ...)
{
    if (f->count == FAULTS_MAX) {
        f->left_out++;
        return;
    }
    if (f->count == f->cap) {
        unsigned cap = f->cap ? f->cap * 2 : 8;
        struct fault *grown = realloc(f->fault, cap * sizeof *grown);
        if (!grown) {
            f->left_out++;
            return;
        }
        f->fault = grown;
        f->cap = cap;
    }
    struct fault *new = &f->fault[f->count];
    new->line = line;
    new->order = f->count++;
    snprintf(new->path, sizeof new->path, "%s", path ? path : "");
    va_list args;
    va_start(args, format);
    vsnprintf(new->text, sizeof new->text, format, args);
    va_end(args);
}

static int
by_line(const void *a, const void *b)
{
    const struct fault *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

void
faults_print(struct faults *f, const char *file, FILE *out)
{
    if (f->count)
        qsort(f->fault, f->count, sizeof *f->fault, by_line);
    for (unsigned i = 0; i < f->count; i++) {
        const struct fault *x = &f->fault[i];
        fputs(file, out);
        if (x->line)
            fprintf(out, ":%u", x->line);
        fprintf(out, ": %s%s%s\n", x->path, x->path[0] ? ": " : "", x->text);
    }
    if (f->left_out)
        fprintf(out, "%s: %u more faults\n", file, f->left_out);
}

void
faults_free(struct faults *f)
{
    free(f->fault);
    *f = (struct faults){0};
}

/* Memory in pieces, newest first; each piece is given out once. */
struct piece {
    struct piece *next;
    max_align_t octets[];
};
struct arena {
    struct piece *first;
};

struct arena *
arena_create(void)
{
    return calloc(1, sizeof(struct arena));
}

void
arena_destroy(struct arena *a)
{
    if (!a)
        return;
    for (struct piece *p = a->first, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    free(a);
}

void *
arena_zero(struct arena *a, size_t n)
{
    struct piece *p = calloc(1, sizeof *p + n);
    if (!p)
        return NULL;
    p->next = a->first;
    a->first = p;
    return p->octets;
}

char *
arena_text(struct arena *a, struct slice text)
{
    char *s = arena_zero(a, text.n + 1);
    if (s && text.n)
        memcpy(s, text.p, text.n);
    return s;
}
