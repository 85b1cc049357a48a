/*
 * config_inside.h - what the files of config share.
 *
 *   config_row.c    the rows of config.def, and the manual
 *   config_shape.c  the tree of keys that the rows make
 *   config_lines.c  walks the file once: unknown keys, wrong kinds, lines
 *   config_raw.c    loads the texts of all values through libcyaml
 *   config_value.c  reads one text as its row says
 *   config_secret.c what stands in the environment or in files
 *   config_check.c  what single rows cannot see
 *   config_fault.c  gathers faults
 *   config.c        puts them together
 *
 * libcyaml keeps no line numbers and stops at the first fault; the walk in
 * config_lines.c, over the same octets, gives each path its line and lets
 * many faults be told at once.
 */
#ifndef ENGINE_CONFIG_INSIDE_H
#define ENGINE_CONFIG_INSIDE_H

#include "engine/config.h"

/* Memory that goes all at once. */
struct arena;
struct arena *arena_create(void);
void arena_destroy(struct arena *a);
void *arena_zero(struct arena *a, size_t n); /* NULL: out of memory */
char *arena_text(struct arena *a, struct slice text);

enum config_type {
    SET_TEXT,
    SET_NAME,   /* letters, digits, . _ - */
    SET_SECRET, /* never printed */
    SET_PATH,
    SET_FILE, /* a path that can be read */
    SET_HOST,
    SET_BOOL,
    SET_UINT, /* decimal or 0x */
    SET_MS,   /* "1m30s", stored in ms */
    SET_S,    /* the same, stored in s */
    SET_SIZE, /* "256MB", stored in octets */
    SET_CHOICE,
    SET_ADDRESS, /* host:port */
    SET_PHONE,
    SET_PATTERN,
    SET_PATTERNS, /* several, with commas between */
    SET_NETWORK,
    SET_TON_NPI,  /* "1/1" */
    SET_STATUSES, /* open mapping: status -> verdict */
    SET_TLVS,     /* open mapping: name -> tag */
    SET_RETRIES,  /* open mapping: status or `default` -> waits */
};

struct config_row {
    const char *path;
    enum config_type type;
    enum config_scope scope;
    bool list;
    uint32_t offset; /* of the member in its scope's struct */
    uint32_t width;  /* of the member; of an element when there is a count */
    uint32_t count_offset; /* of member_n, lists and open mappings */
    const char *fallback;
    int64_t min, max;
    const char *choices;
    enum config_reload reload;
    const char *help;
};
extern const struct config_row config_rows[];
extern const unsigned config_rows_n;

/* Where the elements of a scope live. */
struct config_scope_info {
    const char *prefix; /* "carriers[]", "" for the root */
    uint32_t offset, count_offset, size;
};
extern const struct config_scope_info config_scopes[SCOPE_N];

enum { CONFIG_PATH_BYTES = 256, CONFIG_WHY_BYTES = 256, CONFIG_LIST_MAX = 256 };

/* "1..10000", "100ms..5m", "transceiver, pair": what is accepted. */
char *config_range(const struct config_row *row, char dst[CONFIG_WHY_BYTES]);

/* The next of a row's choices; false at the end. *at begins as row->choices,
 * *value as UINT32_MAX. */
bool config_choice_next(const char **at, struct slice *name, unsigned *value);

/* ---- faults ---- */
struct faults {
    struct fault *fault;
    unsigned count, cap;
    unsigned left_out;
    unsigned unknown; /* unknown keys among them: reading can go on */
};
void fault_add(struct faults *f, unsigned line, const char *path,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Sorted by line, as "file:line: path: text". */
void faults_print(struct faults *f, const char *file, FILE *out);
void faults_free(struct faults *f);

/* ---- the tree of keys ---- */
enum shape_kind {
    SHAPE_SCALAR,
    SHAPE_MAP,
    SHAPE_LIST, /* of scalars */
    SHAPE_MAPS, /* list of mappings */
    SHAPE_OPEN, /* mapping with keys of the user's choice */
};
struct shape {
    const char *key;
    enum shape_kind kind;
    const struct config_row *row; /* NULL for MAP and MAPS */
    struct shape *parent;         /* NULL for the root */
    struct shape *child, *last, *next;
    struct shape *file; /* of a secret: its "_file" sibling */
    unsigned children;
    unsigned slot; /* among its parent's children */
};
/* NULL: out of memory. rows[i] receives the shape of config_rows[i]. */
struct shape *shape_build(struct arena *a, struct shape **rows);
struct shape *shape_child(const struct shape *s, struct slice key);
struct shape *shape_add(struct arena *a, struct shape *s, struct slice key,
                        enum shape_kind kind);

/* ---- lines ---- */
struct lines; /* path -> line */
/* Walks the file; faults of structure are added. NULL: out of memory. */
struct lines *lines_read(struct arena *a, struct slice text, struct shape *root,
                         struct faults *faults);
/* The line of a path, or of its nearest parent. */
unsigned lines_of(const struct lines *l, const char *path);
/* Does the path itself stand in the file? */
bool lines_given(const struct lines *l, const char *path);

/* ---- raw values ---- */
struct raw; /* what libcyaml loaded */
struct raw *raw_load(struct arena *a, struct slice text,
                     const struct shape *root, struct faults *faults);
void raw_free(struct raw *r);
/* How many elements a list has; `index` is that of the scope. */
unsigned raw_count(const struct raw *r, const struct shape *s, unsigned index);
/* The text of a scalar, or of element `item` of a list; NULL: not given. */
const char *raw_text(const struct raw *r, const struct shape *s, unsigned index,
                     unsigned item);

/* ---- values ---- */
/* Reads text into `at` as the row says. `shown` is what a fault may print.
 * False: why says what is wrong, without the path. */
MUST_CHECK bool
value_read(struct arena *a, const struct config_row *row, const char *text,
           const char *shown, void *at, char why[CONFIG_WHY_BYTES]);
/* One entry of an open mapping. */
MUST_CHECK bool
value_read_entry(struct arena *a, const struct config_row *row, const char *key,
                 const char *text, const char *shown, void *at,
                 char why[CONFIG_WHY_BYTES]);
/* Replaces "${NAME}"; the text itself when there is none. NULL: why. */
const char *value_expand(struct arena *a, const char *text, bool secret,
                         char why[CONFIG_WHY_BYTES]);
/* The content of a secret's file without the line's end. NULL: why. */
const char *
value_read_file(struct arena *a, const char *path, char why[CONFIG_WHY_BYTES]);
/* ---- contradictions ---- */
void config_check(const struct config *c, const struct lines *l,
                  struct faults *faults);

#endif
