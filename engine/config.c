/*
 * config.c - reads a settings file into a struct config.
 *
 * In order: the tree of keys, the walk for lines and structure, the texts
 * through libcyaml, each row's value, and what contradicts what. Each step
 * gathers all the faults it can see; a step that cannot build on the one
 * before is left out.
 */
#include "engine/config.h"

#include "engine/config_inside.h"

#include <errno.h>
#include <stdlib.h>

/* 64 MiB: a million numbers with all their keys. */
enum { FILE_MAX = 64 << 20 };

struct loading {
    struct config *config;
    struct arena *arena;
    struct shape *root;
    struct shape **rows; /* one a row */
    struct lines *lines;
    struct raw *raw;
    struct faults faults;
};

/* The path of a row in one element of its scope, without a last "[]". */
static void
row_path(const struct config_row *row, unsigned index,
         char dst[CONFIG_PATH_BYTES])
{
    size_t n = strlen(config_scopes[row->scope].prefix);
    if (n)
        snprintf(dst, CONFIG_PATH_BYTES, "%.*s[%u]%s", (int)n - 2, row->path,
                 index, row->path + n);
    else
        snprintf(dst, CONFIG_PATH_BYTES, "%s", row->path);
    n = strlen(dst);
    if (n > 2 && dst[n - 1] == ']' && dst[n - 2] == '[')
        dst[n - 2] = 0;
}

static void
add_fault(struct loading *l, const char *path, const char *why)
{
    fault_add(&l->faults, lines_of(l->lines, path), path, "%s", why);
}

/* Reads a text as it stands in the file. */
static void
read_given(struct loading *l, const struct config_row *row, const char *path,
           const char *raw, void *at)
{
    char why[CONFIG_WHY_BYTES];
    const char *text =
        value_expand(l->arena, raw, row->type == SET_SECRET, why);
    if (!text || !value_read(l->arena, row, text, raw, at, why))
        add_fault(l, path, why);
}

static void
read_secret_file(struct loading *l, const struct config_row *row,
                 const char *path, const char *raw, void *at)
{
    char why[CONFIG_WHY_BYTES], file_path[CONFIG_PATH_BYTES + 8];
    snprintf(file_path, sizeof file_path, "%s_file", path);
    const char *file = value_expand(l->arena, raw, false, why);
    const char *text = file ? value_read_file(l->arena, file, why) : NULL;
    if (!text || !value_read(l->arena, row, text, raw, at, why))
        add_fault(l, file_path, why);
}

static void
read_fallback(struct loading *l, const struct config_row *row, const char *path,
              const char *text, void *at)
{
    char why[CONFIG_WHY_BYTES];
    if (!value_read(l->arena, row, text, text, at, why))
        add_fault(l, path, why);
}

static void
must_be_given(struct loading *l, const struct config_row *row, const char *path)
{
    char range[CONFIG_WHY_BYTES];
    fault_add(&l->faults, lines_of(l->lines, path), path, "must be given (%s)",
              config_range(row, range));
}

static void
load_scalar(struct loading *l, const struct shape *s, const char *path,
            unsigned index, uint8_t *scope)
{
    const struct config_row *row = s->row;
    void *at = scope + row->offset;
    const char *text = raw_text(l->raw, s, index, 0);
    const char *file = s->file ? raw_text(l->raw, s->file, index, 0) : NULL;
    if (text && file)
        fault_add(&l->faults, lines_of(l->lines, path), path,
                  "given together with %s; one of them must go", s->file->key);
    else if (file)
        read_secret_file(l, row, path, file, at);
    else if (text)
        read_given(l, row, path, text, at);
    else if (row->fallback)
        read_fallback(l, row, path, row->fallback, at);
    else
        must_be_given(l, row, path);
}

/* Room for n elements, which the scope's struct then points to. */
static uint8_t *
make_list(struct loading *l, uint8_t *base, uint32_t offset,
          uint32_t count_offset, size_t width, unsigned n)
{
    uint8_t *list = n ? arena_zero(l->arena, width * n) : NULL;
    if (n && !list) {
        add_fault(l, "", "out of memory");
        return NULL;
    }
    *(void **)(base + offset) = list;
    *(unsigned *)(base + count_offset) = n;
    return list;
}

/* A fallback of at most one element; none has more. */
static void
load_list_fallback(struct loading *l, const struct config_row *row,
                   const char *path, uint8_t *scope)
{
    if (!row->fallback) {
        must_be_given(l, row, path);
        return;
    }
    if (!row->fallback[0])
        return;
    uint8_t *list =
        make_list(l, scope, row->offset, row->count_offset, row->width, 1);
    if (list)
        read_fallback(l, row, path, row->fallback, list);
}

static void
load_list(struct loading *l, const struct shape *s, const char *path,
          unsigned index, uint8_t *scope)
{
    const struct config_row *row = s->row;
    unsigned n = raw_count(l->raw, s, index);
    if (!lines_given(l->lines, path) || (n == 0 && !row->fallback)) {
        load_list_fallback(l, row, path, scope);
        return;
    }
    if (n > CONFIG_LIST_MAX) {
        fault_add(&l->faults, lines_of(l->lines, path), path,
                  "has %u elements (0..%d)", n, CONFIG_LIST_MAX);
        return;
    }
    uint8_t *list =
        make_list(l, scope, row->offset, row->count_offset, row->width, n);
    for (unsigned i = 0; list && i < n; i++) {
        char item[CONFIG_PATH_BYTES + 16];
        const char *text = raw_text(l->raw, s, index, i);
        snprintf(item, sizeof item, "%s[%u]", path, i);
        read_given(l, row, item, text ? text : "", list + i * row->width);
    }
}

static void
load_open(struct loading *l, const struct shape *s, const char *path,
          unsigned index, uint8_t *scope)
{
    const struct config_row *row = s->row;
    char why[CONFIG_WHY_BYTES], entry[CONFIG_PATH_BYTES * 2];
    unsigned n = 0;
    /* Keys of all carriers share one shape; these are the ones given here. */
    for (const struct shape *c = s->child; c; c = c->next)
        n += raw_text(l->raw, c, index, 0) != NULL;
    uint8_t *list =
        make_list(l, scope, row->offset, row->count_offset, row->width, n);
    unsigned i = 0;
    for (const struct shape *c = s->child; list && c; c = c->next) {
        const char *raw = raw_text(l->raw, c, index, 0);
        if (!raw)
            continue;
        snprintf(entry, sizeof entry, "%s.%s", path, c->key);
        const char *text = value_expand(l->arena, raw, false, why);
        if (!text || !value_read_entry(l->arena, row, c->key, text, raw,
                                       list + i * row->width, why))
            add_fault(l, entry, why);
        i++;
    }
}

static void
load_row(struct loading *l, unsigned row, unsigned index, uint8_t *scope)
{
    const struct shape *s = l->rows[row];
    char path[CONFIG_PATH_BYTES];
    row_path(&config_rows[row], index, path);
    if (s->kind == SHAPE_LIST)
        load_list(l, s, path, index, scope);
    else if (s->kind == SHAPE_OPEN)
        load_open(l, s, path, index, scope);
    else
        load_scalar(l, s, path, index, scope);
}

static void
load_scope(struct loading *l, enum config_scope scope)
{
    const struct config_scope_info *info = &config_scopes[scope];
    uint8_t *base = (uint8_t *)l->config;
    unsigned n = 1;
    if (scope != SCOPE_ROOT) {
        size_t key_n = strlen(info->prefix) - 2;
        const struct shape *s =
            shape_child(l->root, slice_of(info->prefix, key_n));
        n = raw_count(l->raw, s, 0);
        base =
            make_list(l, base, info->offset, info->count_offset, info->size, n);
    }
    for (unsigned i = 0; base && i < n; i++)
        for (unsigned row = 0; row < config_rows_n; row++)
            if (config_rows[row].scope == scope)
                load_row(l, row, i, base + (size_t)i * info->size);
}

/* Only unknown keys, or none: the values can be looked at too. */
static bool
can_go_on(const struct loading *l)
{
    return l->faults.count + l->faults.left_out == l->faults.unknown;
}

static void
load_all(struct loading *l, struct slice text)
{
    l->rows = arena_zero(l->arena, config_rows_n * sizeof *l->rows);
    l->root = l->rows ? shape_build(l->arena, l->rows) : NULL;
    l->lines = l->root ? lines_read(l->arena, text, l->root, &l->faults) : NULL;
    if (!l->lines) {
        fault_add(&l->faults, 0, "", "out of memory");
        return;
    }
    if (!can_go_on(l))
        return;
    l->raw = raw_load(l->arena, text, l->root, &l->faults);
    if (!l->raw)
        fault_add(&l->faults, 0, "", "out of memory");
    if (!l->raw || !can_go_on(l))
        return;
    for (int scope = 0; scope < SCOPE_N; scope++)
        load_scope(l, (enum config_scope)scope);
    raw_free(l->raw);
    if (can_go_on(l))
        config_check(l->config, l->lines, &l->faults);
}

bool
config_load_text(const char *path, struct slice text, struct config **out,
                 FILE *errors)
{
    struct loading l = {.arena = arena_create()};
    if (l.arena)
        l.config = arena_zero(l.arena, sizeof *l.config);
    if (!l.config) {
        fprintf(errors, "%s: out of memory\n", path);
        arena_destroy(l.arena);
        return false;
    }
    l.config->arena = l.arena;
    l.config->path = arena_text(l.arena, slice_str(path));
    load_all(&l, text);
    bool ok = l.faults.count == 0 && l.faults.left_out == 0;
    faults_print(&l.faults, path, errors);
    faults_free(&l.faults);
    if (ok)
        *out = l.config;
    else
        config_free(l.config);
    return ok;
}

bool
config_load(const char *path, struct config **out, FILE *errors)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(errors, "%s: cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    char *text = malloc(FILE_MAX + 1u);
    size_t n = text ? fread(text, 1, FILE_MAX + 1u, f) : 0;
    const char *why = !text          ? "out of memory"
                      : ferror(f)    ? strerror(errno)
                      : n > FILE_MAX ? "is larger than 64 MB"
                                     : NULL;
    fclose(f);
    bool ok = false;
    if (why)
        fprintf(errors, "%s: %s\n", path, why);
    else
        ok = config_load_text(path, slice_of(text, n), out, errors);
    /* It may hold secrets. */
    if (text)
        explicit_bzero(text, n);
    free(text);
    return ok;
}

void
config_free(struct config *c)
{
    if (c)
        arena_destroy(c->arena);
}
