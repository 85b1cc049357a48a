/*
 * config_diff.c - what changed between two settings, row by row.
 *
 * Promise: carriers and numbers are matched by name, so that their order in
 * the file does not matter; routes are one thing, since their order does.
 */
#include "engine/config_inside.h"

#include <stddef.h>
#include <stdlib.h>

struct diff {
    struct config_change *list;
    unsigned count, cap;
    bool failed;
};

static struct config_change *
add_change(struct diff *d)
{
    if (d->count == d->cap) {
        unsigned cap = d->cap ? d->cap * 2 : 16;
        struct config_change *grown = realloc(d->list, cap * sizeof *grown);
        if (!grown) {
            d->failed = true;
            return NULL;
        }
        d->list = grown;
        d->cap = cap;
    }
    struct config_change *new = &d->list[d->count++];
    *new = (struct config_change){.before = UINT32_MAX, .now = UINT32_MAX};
    return new;
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool
same_value(enum config_type type, size_t width, const void *a, const void *b)
{
    switch (type) {
    case SET_TEXT:
    case SET_NAME:
    case SET_SECRET:
    case SET_PATH:
    case SET_FILE:
    case SET_HOST:
    case SET_PHONE:
        return same_text(*(const char *const *)a, *(const char *const *)b);
    case SET_ADDRESS:
        return same_text(((const struct config_address *)a)->text,
                         ((const struct config_address *)b)->text);
    case SET_PATTERN:
        return same_text(((const struct config_pattern *)a)->text,
                         ((const struct config_pattern *)b)->text);
    case SET_PATTERNS:
        return same_text(((const struct config_patterns *)a)->text,
                         ((const struct config_patterns *)b)->text);
    case SET_RETRIES:
        return ((const struct config_retry *)a)->status ==
                   ((const struct config_retry *)b)->status &&
               same_text(((const struct config_retry *)a)->text,
                         ((const struct config_retry *)b)->text);
    case SET_NETWORK:
        return same_text(((const struct config_network *)a)->text,
                         ((const struct config_network *)b)->text);
    case SET_TLVS:
        return ((const struct carrier_tlv *)a)->tag ==
                   ((const struct carrier_tlv *)b)->tag &&
               same_text(((const struct carrier_tlv *)a)->name,
                         ((const struct carrier_tlv *)b)->name);
    default: return memcmp(a, b, width) == 0;
    }
}

/* Compares one row of two elements of its scope. */
static bool
same_row(const struct config_row *row, const uint8_t *a, const uint8_t *b)
{
    if (!row->count_offset)
        return same_value(row->type, row->width, a + row->offset,
                          b + row->offset);
    unsigned n = *(const unsigned *)(a + row->count_offset);
    if (n != *(const unsigned *)(b + row->count_offset))
        return false;
    const uint8_t *x = *(const uint8_t *const *)(a + row->offset);
    const uint8_t *y = *(const uint8_t *const *)(b + row->offset);
    for (unsigned i = 0; i < n; i++)
        if (!same_value(row->type, row->width, x + i * row->width,
                        y + i * row->width))
            return false;
    return true;
}

/* Appends a row's name to what is told of a change. */
static void
tell(struct config_change *c, const char *name)
{
    size_t n = strlen(c->path);
    snprintf(c->path + n, sizeof c->path - n, "%s%s", n ? ", " : "", name);
}

static void
diff_root(struct diff *d, const struct config *a, const struct config *b)
{
    for (unsigned i = 0; i < config_rows_n; i++) {
        const struct config_row *row = &config_rows[i];
        if (row->scope != SCOPE_ROOT ||
            same_row(row, (const uint8_t *)a, (const uint8_t *)b))
            continue;
        struct config_change *c = add_change(d);
        if (!c)
            return;
        c->scope = SCOPE_ROOT;
        c->what = CHANGE_CHANGED;
        c->reload = row->reload;
        tell(c, row->path);
    }
}

/* All rows of one element; nothing is added when they are the same. */
static void
diff_element(struct diff *d, enum config_scope scope, const char *name,
             const void *a, const void *b, unsigned before, unsigned now)
{
    struct config_change *c = NULL;
    size_t prefix = strlen(config_scopes[scope].prefix);
    for (unsigned i = 0; i < config_rows_n; i++) {
        const struct config_row *row = &config_rows[i];
        if (row->scope != scope || same_row(row, a, b))
            continue;
        if (!c && !(c = add_change(d)))
            return;
        if (!c->path[0])
            snprintf(c->path, sizeof c->path, "%.*s%s]%s", (int)prefix - 1,
                     row->path, name, row->path + prefix);
        else
            tell(c, row->path + prefix);
        c->scope = scope;
        c->what = CHANGE_CHANGED;
        c->before = before;
        c->now = now;
        if (row->reload > c->reload)
            c->reload = row->reload;
    }
}

/* A list of named elements, and an order by name to find them in. */
struct named {
    const uint8_t *base;
    size_t size;
    unsigned count;
    unsigned *index; /* of the list, by name */
};

/* Every element begins with its name: a number, or a carrier's name. */
_Static_assert(offsetof(struct carrier_settings, name) == 0, "name is first");
_Static_assert(offsetof(struct config_number, number) == 0, "name is first");

static const char *
name_at(const struct named *l, unsigned i)
{
    return *(const char *const *)(l->base + i * l->size);
}

static int
by_name(const void *a, const void *b, void *list)
{
    const struct named *l = list;
    return strcmp(name_at(l, *(const unsigned *)a),
                  name_at(l, *(const unsigned *)b));
}

static bool
sort_names(struct named *l, enum config_scope scope, const struct config *c)
{
    const struct config_scope_info *info = &config_scopes[scope];
    l->base = *(const uint8_t *const *)((const uint8_t *)c + info->offset);
    l->count = *(const unsigned *)((const uint8_t *)c + info->count_offset);
    l->size = info->size;
    l->index = calloc(l->count + 1, sizeof *l->index);
    if (!l->index)
        return false;
    for (unsigned i = 0; i < l->count; i++)
        l->index[i] = i;
    qsort_r(l->index, l->count, sizeof *l->index, by_name, l);
    return true;
}

static void
came_or_went(struct diff *d, enum config_scope scope, const struct named *l,
             unsigned index, bool came)
{
    struct config_change *c = add_change(d);
    if (!c)
        return;
    c->scope = scope;
    c->what = came ? CHANGE_ADDED : CHANGE_REMOVED;
    *(came ? &c->now : &c->before) = index;
    snprintf(c->path, sizeof c->path, "%.*s%s]",
             (int)strlen(config_scopes[scope].prefix) - 1,
             config_scopes[scope].prefix, name_at(l, index));
}

static void
diff_named(struct diff *d, enum config_scope scope, const struct config *before,
           const struct config *now)
{
    struct named a = {0}, b = {0};
    if (!sort_names(&a, scope, before) || !sort_names(&b, scope, now))
        d->failed = true;
    for (unsigned i = 0, j = 0; !d->failed && (i < a.count || j < b.count);) {
        int order = i == a.count   ? 1
                    : j == b.count ? -1
                                   : strcmp(name_at(&a, a.index[i]),
                                            name_at(&b, b.index[j]));
        if (order < 0)
            came_or_went(d, scope, &a, a.index[i++], false);
        else if (order > 0)
            came_or_went(d, scope, &b, b.index[j++], true);
        else {
            unsigned x = a.index[i++], y = b.index[j++];
            diff_element(d, scope, name_at(&a, x), a.base + x * a.size,
                         b.base + y * b.size, x, y);
        }
    }
    free(a.index);
    free(b.index);
}

static void
diff_routes(struct diff *d, const struct config *a, const struct config *b)
{
    bool same = a->routes_n == b->routes_n;
    for (unsigned i = 0; same && i < a->routes_n; i++)
        for (unsigned r = 0; same && r < config_rows_n; r++)
            if (config_rows[r].scope == SCOPE_ROUTE)
                same = same_row(&config_rows[r], (const uint8_t *)&a->routes[i],
                                (const uint8_t *)&b->routes[i]);
    struct config_change *c = same ? NULL : add_change(d);
    if (!c)
        return;
    c->scope = SCOPE_ROUTE;
    c->what = CHANGE_CHANGED;
    tell(c, "routes");
}

struct config_change *
config_diff(const struct config *before, const struct config *now,
            unsigned *count)
{
    struct diff d = {0};
    diff_root(&d, before, now);
    diff_named(&d, SCOPE_CARRIER, before, now);
    diff_routes(&d, before, now);
    diff_named(&d, SCOPE_NUMBER, before, now);
    if (d.failed) {
        free(d.list);
        *count = UINT32_MAX;
        return NULL;
    }
    *count = d.count;
    return d.list;
}
