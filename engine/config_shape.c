/*
 * config_shape.c - the tree of keys that the rows of config.def make.
 *
 * Promise: each row is one leaf; a path's pieces are its ancestors. A secret
 * has a sibling of its name and "_file".
 */
#include "engine/config_inside.h"

struct shape *
shape_child(const struct shape *s, struct slice key)
{
    for (struct shape *c = s->child; c; c = c->next)
        if (slice_eq(slice_str(c->key), key))
            return c;
    return NULL;
}

struct shape *
shape_add(struct arena *a, struct shape *s, struct slice key,
          enum shape_kind kind)
{
    struct shape *c = arena_zero(a, sizeof *c);
    if (!c)
        return NULL;
    c->key = arena_text(a, key);
    if (!c->key)
        return NULL;
    c->kind = kind;
    c->parent = s;
    c->slot = s->children++;
    if (s->last)
        s->last->next = c;
    else
        s->child = c;
    s->last = c;
    return c;
}

static enum shape_kind
leaf_kind(const struct config_row *row)
{
    if (row->list)
        return SHAPE_LIST;
    switch (row->type) {
    case SET_STATUSES:
    case SET_TLVS:
    case SET_RETRIES: return SHAPE_OPEN;
    default: return SHAPE_SCALAR;
    }
}

static bool
add_file_sibling(struct arena *a, struct shape *leaf)
{
    char key[CONFIG_PATH_BYTES];
    snprintf(key, sizeof key, "%s_file", leaf->key);
    leaf->file = shape_add(a, leaf->parent, slice_str(key), SHAPE_SCALAR);
    return leaf->file != NULL;
}

/* Makes the way down to a row's leaf. */
static struct shape *
add_row(struct arena *a, struct shape *root, const struct config_row *row)
{
    struct shape *at = root;
    const char *path = row->path;
    for (;;) {
        size_t n = strcspn(path, ".[");
        struct slice key = slice_of(path, n);
        bool list = path[n] == '[';
        path += n + (list ? 2 : 0);
        bool leaf = *path == 0;
        struct shape *next = shape_child(at, key);
        if (!next)
            next = shape_add(a, at, key,
                             leaf   ? leaf_kind(row)
                             : list ? SHAPE_MAPS
                                    : SHAPE_MAP);
        if (!next)
            return NULL;
        at = next;
        if (leaf)
            break;
        path++; /* the dot */
    }
    at->row = row;
    if (row->type == SET_SECRET && !add_file_sibling(a, at))
        return NULL;
    return at;
}

struct shape *
shape_build(struct arena *a, struct shape **rows)
{
    struct shape *root = arena_zero(a, sizeof *root);
    if (!root)
        return NULL;
    root->key = "";
    root->kind = SHAPE_MAP;
    for (unsigned i = 0; i < config_rows_n; i++) {
        rows[i] = add_row(a, root, &config_rows[i]);
        if (!rows[i])
            return NULL;
    }
    return root;
}
