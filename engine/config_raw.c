/*
 * config_raw.c - loads the texts of all values through libcyaml.
 *
 * The tree of keys becomes a libcyaml schema in which every mapping is a
 * block of cells, one a key: a text, a mapping, or a list with its count.
 * All scalars are texts here; config_value.c reads them, since durations,
 * sizes and secrets are no types of libcyaml.
 *
 * Promise: libcyaml's own log lines never reach the user; what it still finds
 * after config_lines.c becomes a fault with the line it names.
 */
#include "engine/config_inside.h"

#include <cyaml/cyaml.h>
#include <stdlib.h>

/* What a key's value is put into. */
struct cell {
    void *value;    /* char *, cells of a mapping, or elements of a list */
    uint64_t count; /* of a list */
};

struct raw {
    cyaml_config_t config;
    cyaml_schema_value_t schema;
    struct cell *root; /* NULL when the document is empty */
    struct faults *faults;
    char why[300]; /* first line libcyaml logged */
    unsigned line; /* innermost place of its backtrace */
};

static void
keep_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
    struct raw *r = ctx;
    char text[300];
    unsigned line;
    (void)level;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = 0;
    const char *at = strstr(text, "(line: ");
    if (!r->line && at && sscanf(at, "(line: %u", &line) == 1)
        r->line = line;
    if (!r->why[0])
        snprintf(r->why, sizeof r->why, "%s",
                 strncmp(text, "Load: ", 6) == 0 ? text + 6 : text);
}

static const cyaml_schema_value_t text_schema = {
    .type = CYAML_STRING,
    .flags = CYAML_FLAG_POINTER,
    .data_size = sizeof(char),
    .string = {.min = 0, .max = CYAML_UNLIMITED},
};

static bool
fill_mapping(struct arena *a, const struct shape *s, cyaml_schema_value_t *out);

/* Absent and empty are the same for what has keys or elements of its own. */
enum { MAY_BE_NULL = CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL_STR };

static bool
fill_list(struct arena *a, const struct shape *s, cyaml_schema_value_t *out)
{
    cyaml_schema_value_t *entry = arena_zero(a, sizeof *entry);
    if (!entry)
        return false;
    if (s->kind == SHAPE_LIST)
        *entry = text_schema;
    else if (!fill_mapping(a, s, entry))
        return false;
    *out = (cyaml_schema_value_t){
        .type = CYAML_SEQUENCE,
        .flags = (enum cyaml_flag)MAY_BE_NULL,
        .data_size = s->kind == SHAPE_LIST ? sizeof(char *) : entry->data_size,
        .sequence = {.entry = entry, .min = 0, .max = CYAML_UNLIMITED},
    };
    return true;
}

static bool
fill_field(struct arena *a, const struct shape *s, cyaml_schema_field_t *out)
{
    *out = (cyaml_schema_field_t){
        .key = s->key,
        .data_offset = (uint32_t)(s->slot * sizeof(struct cell)),
        .count_offset = (uint32_t)(s->slot * sizeof(struct cell) +
                                   offsetof(struct cell, count)),
        .count_size = sizeof(uint64_t),
    };
    bool ok = true;
    switch (s->kind) {
    case SHAPE_SCALAR: out->value = text_schema; break;
    case SHAPE_MAP:
    case SHAPE_OPEN: ok = fill_mapping(a, s, &out->value); break;
    case SHAPE_LIST:
    case SHAPE_MAPS: ok = fill_list(a, s, &out->value); break;
    }
    /* What must be given is config.c's to tell, all at once. */
    out->value.flags |= CYAML_FLAG_OPTIONAL;
    if (s->kind == SHAPE_MAP || s->kind == SHAPE_OPEN)
        out->value.flags |= (enum cyaml_flag)MAY_BE_NULL;
    return ok;
}

static bool
fill_mapping(struct arena *a, const struct shape *s, cyaml_schema_value_t *out)
{
    cyaml_schema_field_t *fields =
        arena_zero(a, (s->children + 1) * sizeof *fields);
    if (!fields)
        return false;
    unsigned n = 0;
    for (const struct shape *c = s->child; c; c = c->next)
        if (!fill_field(a, c, &fields[n++]))
            return false;
    *out = (cyaml_schema_value_t){
        .type = CYAML_MAPPING,
        .flags = CYAML_FLAG_DEFAULT,
        /* An open mapping without keys still needs a size. */
        .data_size = (uint32_t)((s->children + 1) * sizeof(struct cell)),
        .mapping = {.fields = fields},
    };
    return true;
}

struct raw *
raw_load(struct arena *a, struct slice text, const struct shape *root,
         struct faults *faults)
{
    struct raw *r = arena_zero(a, sizeof *r);
    if (!r || !fill_mapping(a, root, &r->schema))
        return NULL;
    r->schema.flags = (enum cyaml_flag)CYAML_FLAG_POINTER_NULL_STR;
    r->config = (cyaml_config_t){
        .log_fn = keep_log,
        .log_ctx = r,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_ERROR,
        /* Unknown keys were told by config_lines.c, all of them. */
        .flags = CYAML_CFG_NO_ALIAS | CYAML_CFG_IGNORE_UNKNOWN_KEYS,
    };
    cyaml_err_t e = cyaml_load_data(text.p, text.n, &r->config, &r->schema,
                                    (cyaml_data_t **)&r->root, NULL);
    if (e != CYAML_OK && e != CYAML_ERR_BAD_PARAM_NULL_DATA)
        fault_add(faults, r->line, "", "%s",
                  r->why[0] ? r->why : cyaml_strerror(e));
    return r;
}

void
raw_free(struct raw *r)
{
    if (r && r->root)
        cyaml_free(&r->config, &r->schema, r->root, 0);
    if (r)
        r->root = NULL;
}

/* The cells of a mapping; `index` picks the element of the one list of
 * mappings on the way up. */
static const struct cell *
cells_of(const struct raw *r, const struct shape *map, unsigned index)
{
    if (!map->parent)
        return r->root;
    const struct cell *up = cells_of(r, map->parent, index);
    if (!up || !up[map->slot].value)
        return NULL;
    const struct cell *cells = up[map->slot].value;
    if (map->kind == SHAPE_MAPS) {
        if (index >= up[map->slot].count)
            return NULL;
        cells += (size_t)index * (map->children + 1);
    }
    return cells;
}

unsigned
raw_count(const struct raw *r, const struct shape *s, unsigned index)
{
    const struct cell *cells = cells_of(r, s->parent, index);
    return cells && cells[s->slot].value ? (unsigned)cells[s->slot].count : 0;
}

const char *
raw_text(const struct raw *r, const struct shape *s, unsigned index,
         unsigned item)
{
    const struct cell *cells = cells_of(r, s->parent, index);
    if (!cells || !cells[s->slot].value)
        return NULL;
    if (s->kind != SHAPE_LIST)
        return cells[s->slot].value;
    char *const *items = cells[s->slot].value;
    return item < cells[s->slot].count ? items[item] : NULL;
}
