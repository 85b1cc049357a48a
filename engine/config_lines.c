/*
 * config_lines.c - walks a YAML file once, against the tree of keys.
 *
 * Promise: each key and element gets its line; unknown keys, keys given
 * twice, values of another kind, aliases, a second document and text that is
 * no YAML become faults. Depth, path and number of keys are bounded, so no
 * file can make it run away.
 */
#include "engine/config_inside.h"

#include <yaml.h>

enum { DEPTH_MAX = 16, KEYS_MAX = 4000000 };

/* Open addressing; grows at half full. */
struct lines {
    struct arena *arena;
    struct line {
        const char *path;
        unsigned line;
    } * slots;
    size_t cap, used;
};

/* A mapping or list being walked. `shape` is NULL inside what nobody knows. */
struct level {
    struct shape *shape;
    bool is_map;
    bool has_key;        /* a key was read, its value comes next */
    struct shape *value; /* shape of that value */
    unsigned index;      /* of the next element of a list */
    size_t path_n;       /* length of the path of this level */
};

struct walk {
    struct arena *arena;
    struct lines *lines;
    struct faults *faults;
    struct shape *root;
    char path[CONFIG_PATH_BYTES];
    size_t path_n;
    struct level level[DEPTH_MAX];
    unsigned depth;
    bool stop; /* no use in reading on */
};

static size_t
hash_of(const char *path)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *path; path++)
        h = (h ^ (uint8_t)*path) * 1099511628211u;
    return (size_t)(h ^ h >> 29);
}

static struct line *
find_line(const struct lines *l, const char *path)
{
    size_t at = hash_of(path) & (l->cap - 1);
    while (l->slots[at].path && strcmp(l->slots[at].path, path) != 0)
        at = (at + 1) & (l->cap - 1);
    return &l->slots[at];
}

static bool
grow(struct lines *l)
{
    struct lines bigger = *l;
    bigger.cap = l->cap ? l->cap * 2 : 1024;
    bigger.slots = arena_zero(l->arena, bigger.cap * sizeof *l->slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < l->cap; i++)
        if (l->slots[i].path)
            *find_line(&bigger, l->slots[i].path) = l->slots[i];
    *l = bigger;
    return true;
}

unsigned
lines_of(const struct lines *l, const char *path)
{
    char at[CONFIG_PATH_BYTES];
    snprintf(at, sizeof at, "%s", path);
    for (size_t n = strlen(at); n > 0; n--) {
        if (at[n] == 0 || at[n] == '.' || at[n] == '[') {
            at[n] = 0;
            const struct line *found = find_line(l, at);
            if (found->path)
                return found->line;
        }
    }
    return 0;
}

bool
lines_given(const struct lines *l, const char *path)
{
    return find_line(l, path)->path != NULL;
}

/* Remembers the present path. False when it had a line already. */
static bool
note_line(struct walk *w, unsigned line, unsigned *before)
{
    struct lines *l = w->lines;
    struct line *slot = find_line(l, w->path);
    if (slot->path) {
        *before = slot->line;
        return false;
    }
    char *copy = arena_text(w->arena, slice_of(w->path, w->path_n));
    if (!copy || l->used == KEYS_MAX) {
        fault_add(w->faults, line, w->path,
                  copy ? "too many settings" : "out of memory");
        w->stop = true;
        return true;
    }
    *slot = (struct line){copy, line};
    if (++l->used * 2 > l->cap && !grow(l)) {
        fault_add(w->faults, line, w->path, "out of memory");
        w->stop = true;
    }
    return true;
}

static void
set_path(struct walk *w, size_t n)
{
    w->path_n = n;
    w->path[n] = 0;
}

static void
extend_path(struct walk *w, size_t from, const char *format, struct slice key,
            unsigned index)
{
    int n =
        key.p ? snprintf(w->path + from, sizeof w->path - from, format,
                         (int)(key.n < 100 ? key.n : 100), (const char *)key.p)
              : snprintf(w->path + from, sizeof w->path - from, "[%u]", index);
    size_t room = sizeof w->path - from - 1;
    w->path_n = from + ((size_t)n < room ? (size_t)n : room);
}

/* How far apart two keys are, counting moved, changed and lost letters in a
 * simple way: enough to guess a slip of the finger. */
static unsigned
distance(const char *a, struct slice b)
{
    unsigned row[64];
    size_t n = strlen(a);
    if (n >= 63 || b.n >= 63)
        return 99;
    for (unsigned i = 0; i <= n; i++)
        row[i] = i;
    for (size_t j = 1; j <= b.n; j++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)j;
        for (size_t i = 1; i <= n; i++) {
            unsigned change = diagonal + (a[i - 1] != (char)b.p[j - 1]);
            diagonal = row[i];
            unsigned least = row[i - 1] < row[i] ? row[i - 1] : row[i];
            row[i] = least + 1 < change ? least + 1 : change;
        }
    }
    return row[n];
}

static void
unknown_key(struct walk *w, const struct shape *s, struct slice key,
            unsigned line)
{
    const struct shape *near = NULL;
    w->faults->unknown++;
    unsigned best = key.n < 4 ? 2 : 3;
    for (const struct shape *c = s->child; c; c = c->next) {
        unsigned d = distance(c->key, key);
        if (d < best) {
            best = d;
            near = c;
        }
    }
    if (near) {
        fault_add(w->faults, line, w->path, "unknown key; did you mean '%s'?",
                  near->key);
        return;
    }
    char known[300] = "";
    size_t n = 0;
    for (const struct shape *c = s->child; c && n < sizeof known; c = c->next)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s",
                              n ? ", " : "", c->key);
    fault_add(w->faults, line, w->path, "unknown key; known here: %s%s", known,
              n >= sizeof known ? "…" : "");
}

static void
read_key(struct walk *w, struct level *at, struct slice key, unsigned line)
{
    unsigned before;
    at->has_key = true;
    at->value = NULL;
    extend_path(w, at->path_n, at->path_n ? ".%.*s" : "%.*s",
                key.n ? key : slice_str("''"), 0);
    if (!note_line(w, line, &before)) {
        fault_add(w->faults, line, w->path, "given twice, first in line %u",
                  before);
        return;
    }
    if (!at->shape)
        return;
    at->value = shape_child(at->shape, key);
    if (!at->value && at->shape->kind == SHAPE_OPEN)
        at->value = shape_add(w->arena, at->shape, key, SHAPE_SCALAR);
    else if (!at->value)
        unknown_key(w, at->shape, key, line);
}

static const char *const kind_words[] = {
    [SHAPE_SCALAR] = "one value",       [SHAPE_MAP] = "a mapping of keys",
    [SHAPE_LIST] = "a list, as [a, b]", [SHAPE_MAPS] = "a list of mappings",
    [SHAPE_OPEN] = "a mapping of keys",
};

/* An empty value means that nothing is set: "carriers:" with all of its
 * lines commented out. */
static bool
is_null(const yaml_event_t *e)
{
    const char *s = (const char *)e->data.scalar.value;
    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (*s == 0 || strcmp(s, "~") == 0 || strcmp(s, "null") == 0);
}

/* The shape that the value now coming should have, and whether it is an
 * element of a list of mappings. Moves the path of a list on. */
static struct shape *
value_shape(struct walk *w, struct level *at, unsigned line, bool *element)
{
    *element = false;
    if (at->is_map) {
        at->has_key = false;
        return at->value;
    }
    unsigned before;
    extend_path(w, at->path_n, NULL, (struct slice){NULL, 0}, at->index++);
    (void)note_line(w, line, &before);
    *element = true;
    return at->shape;
}

static void
read_value(struct walk *w, yaml_event_t *e, unsigned line)
{
    struct level *at = &w->level[w->depth - 1];
    bool element;
    struct shape *s = value_shape(w, at, line, &element);
    if (!s || w->stop)
        return;
    enum shape_kind want = s->kind;
    if (element)
        want = s->kind == SHAPE_LIST ? SHAPE_SCALAR : SHAPE_MAP;
    if (want == SHAPE_SCALAR || (is_null(e) && !element))
        return;
    fault_add(w->faults, line, w->path, "must be %s", kind_words[want]);
}

static void
open_level(struct walk *w, bool is_map, unsigned line)
{
    bool element = false;
    struct shape *s = w->root;
    if (w->depth > 0)
        s = value_shape(w, &w->level[w->depth - 1], line, &element);
    if (w->depth == DEPTH_MAX) {
        fault_add(w->faults, line, w->path, "nested deeper than %d", DEPTH_MAX);
        w->stop = true;
        return;
    }
    if (s) {
        enum shape_kind want = s->kind;
        if (element)
            want = s->kind == SHAPE_LIST ? SHAPE_SCALAR : SHAPE_MAP;
        bool fits = is_map ? want == SHAPE_MAP || want == SHAPE_OPEN
                           : want == SHAPE_LIST || want == SHAPE_MAPS;
        if (!fits) {
            fault_add(w->faults, line, w->path, "must be %s", kind_words[want]);
            s = NULL;
        }
    }
    w->level[w->depth++] =
        (struct level){.shape = s, .is_map = is_map, .path_n = w->path_n};
}

static void
close_level(struct walk *w)
{
    w->depth--;
    if (w->depth > 0)
        set_path(w, w->level[w->depth - 1].path_n);
}

/* A key of a mapping must be plain text. */
static bool
wants_key(const struct walk *w)
{
    return w->depth > 0 && w->level[w->depth - 1].is_map &&
           !w->level[w->depth - 1].has_key;
}

static void
take_event(struct walk *w, yaml_event_t *e, unsigned *documents)
{
    unsigned line = (unsigned)e->start_mark.line + 1;
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        if (w->depth == 0 && !is_null(e)) {
            fault_add(w->faults, line, "", "must be a mapping of keys");
            w->stop = true;
        } else if (wants_key(w)) {
            read_key(w, &w->level[w->depth - 1],
                     slice_of(e->data.scalar.value, e->data.scalar.length),
                     line);
        } else if (w->depth > 0) {
            read_value(w, e, line);
        }
        break;
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        if (wants_key(w)) {
            fault_add(w->faults, line, w->path, "a key must be plain text");
            w->stop = true;
            break;
        }
        open_level(w, e->type == YAML_MAPPING_START_EVENT, line);
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT: close_level(w); break;
    case YAML_ALIAS_EVENT:
        fault_add(w->faults, line, w->path, "aliases (*name) are not taken");
        w->stop = true;
        break;
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1) {
            fault_add(w->faults, line, "", "a second document begins");
            w->stop = true;
        }
        break;
    default: break;
    }
}

/* libyaml tells an octet where it cannot read characters, else a mark. */
static void
no_yaml(struct walk *w, const yaml_parser_t *p, struct slice text)
{
    if (p->error != YAML_READER_ERROR) {
        fault_add(w->faults, (unsigned)p->problem_mark.line + 1, "",
                  "not YAML: %s", p->problem ? p->problem : "out of memory");
        return;
    }
    unsigned line = 1;
    for (size_t i = 0; i < p->problem_offset && i < text.n; i++)
        line += text.p[i] == '\n';
    fault_add(w->faults, line, "", "not UTF-8 text: %s", p->problem);
}

static void
walk_events(struct walk *w, yaml_parser_t *p, struct slice text)
{
    unsigned documents = 0;
    bool end = false;
    while (!end && !w->stop) {
        yaml_event_t e;
        if (!yaml_parser_parse(p, &e)) {
            no_yaml(w, p, text);
            return;
        }
        take_event(w, &e, &documents);
        end = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
}

struct lines *
lines_read(struct arena *a, struct slice text, struct shape *root,
           struct faults *faults)
{
    struct lines *l = arena_zero(a, sizeof *l);
    yaml_parser_t p;
    if (!l)
        return NULL;
    l->arena = a;
    if (!grow(l) || !yaml_parser_initialize(&p))
        return NULL;
    struct walk w = {.arena = a, .lines = l, .faults = faults, .root = root};
    /* UTF-16 would give other octets to count lines in. */
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, text.p, text.n);
    walk_events(&w, &p, text);
    yaml_parser_delete(&p);
    return l;
}
