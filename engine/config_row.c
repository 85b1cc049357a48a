/*
 * config_row.c - the rows of config.def, and the manual made of them.
 *
 * Promise: what `volleyd --settings` prints is what the parser obeys, since
 * both read these rows.
 */
#include "engine/config_inside.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#define STRUCT_ROOT          struct config
#define STRUCT_CARRIER       struct carrier_settings
#define STRUCT_ROUTE         struct config_route
#define STRUCT_NUMBER        struct config_number
#define WIDTH(scope, member) sizeof(((STRUCT_##scope *)0)->member)

const struct config_row config_rows[] = {
#define SETTING(p, t, s, m, f, lo, hi, r, h)                                   \
    {.path = p,                                                                \
     .type = SET_##t,                                                          \
     .scope = SCOPE_##s,                                                       \
     .offset = offsetof(STRUCT_##s, m),                                        \
     .width = WIDTH(s, m),                                                     \
     .fallback = f,                                                            \
     .min = lo,                                                                \
     .max = hi,                                                                \
     .reload = RELOAD_##r,                                                     \
     .help = h},
#define CHOICE(p, c, s, m, f, r, h)                                            \
    {.path = p,                                                                \
     .type = SET_CHOICE,                                                       \
     .scope = SCOPE_##s,                                                       \
     .offset = offsetof(STRUCT_##s, m),                                        \
     .width = WIDTH(s, m),                                                     \
     .fallback = f,                                                            \
     .choices = c,                                                             \
     .reload = RELOAD_##r,                                                     \
     .help = h},
#define LIST(p, t, s, m, f, lo, hi, r, h)                                      \
    {.path = p,                                                                \
     .type = SET_##t,                                                          \
     .scope = SCOPE_##s,                                                       \
     .list = true,                                                             \
     .offset = offsetof(STRUCT_##s, m),                                        \
     .width = sizeof(*((STRUCT_##s *)0)->m),                                   \
     .count_offset = offsetof(STRUCT_##s, m##_n),                              \
     .fallback = f,                                                            \
     .min = lo,                                                                \
     .max = hi,                                                                \
     .reload = RELOAD_##r,                                                     \
     .help = h},
#define OPEN(p, t, s, m, r, h)                                                 \
    {.path = p,                                                                \
     .type = SET_##t,                                                          \
     .scope = SCOPE_##s,                                                       \
     .offset = offsetof(STRUCT_##s, m),                                        \
     .width = sizeof(*((STRUCT_##s *)0)->m),                                   \
     .count_offset = offsetof(STRUCT_##s, m##_n),                              \
     .fallback = "",                                                           \
     .reload = RELOAD_##r,                                                     \
     .help = h},
#include "engine/config.def"
};
const unsigned config_rows_n = sizeof config_rows / sizeof config_rows[0];

const struct config_scope_info config_scopes[SCOPE_N] = {
    [SCOPE_ROOT] = {"", 0, 0, sizeof(struct config)},
    [SCOPE_CARRIER] = {"carriers[]", offsetof(struct config, carriers),
                       offsetof(struct config, carriers_n),
                       sizeof(struct carrier_settings)},
    [SCOPE_ROUTE] = {"routes[]", offsetof(struct config, routes),
                     offsetof(struct config, routes_n),
                     sizeof(struct config_route)},
    [SCOPE_NUMBER] = {"numbers[]", offsetof(struct config, numbers),
                      offsetof(struct config, numbers_n),
                      sizeof(struct config_number)},
};

bool
config_choice_next(const char **at, struct slice *name, unsigned *value)
{
    if (**at == 0)
        return false;
    size_t n = strcspn(*at, "=|");
    *name = slice_of(*at, n);
    *at += n;
    ++*value;
    if (**at == '=') {
        char *end;
        *value = (unsigned)strtoul(*at + 1, &end, 0);
        *at = end;
    }
    if (**at == '|')
        ++*at;
    return true;
}

/* The largest unit that divides the number. */
static char *
duration_text(uint64_t ms, char dst[32])
{
    static const struct unit {
        const char *name;
        uint64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (ms && ms % units[i].ms == 0) {
            snprintf(dst, 32, "%" PRIu64 "%s", ms / units[i].ms, units[i].name);
            return dst;
        }
    snprintf(dst, 32, "%" PRIu64 "ms", ms);
    return dst;
}

static char *
size_text(uint64_t octets, char dst[32])
{
    static const char *const units[] = {"", "KB", "MB", "GB", "TB"};
    unsigned u = 0;
    while (u < 4 && octets && octets % 1024 == 0) {
        octets /= 1024;
        u++;
    }
    snprintf(dst, 32, "%" PRIu64 "%s", octets, units[u]);
    return dst;
}

static char *
choices_text(const struct config_row *row, char *dst)
{
    const char *at = row->choices;
    struct slice name;
    unsigned value = UINT32_MAX;
    struct writer w = writer_of(dst, CONFIG_WHY_BYTES - 1);
    while (config_choice_next(&at, &name, &value)) {
        if (writer_used(&w))
            writer_put(&w, slice_str(", "));
        writer_put(&w, name);
    }
    dst[writer_used(&w)] = 0;
    return dst;
}

char *
config_range(const struct config_row *row, char dst[CONFIG_WHY_BYTES])
{
    char lo[32], hi[32];
    uint64_t min = (uint64_t)row->min, max = (uint64_t)row->max;
    const char *fixed = NULL;
    switch (row->type) {
    case SET_UINT:
        snprintf(dst, CONFIG_WHY_BYTES, "%" PRIu64 "..%" PRIu64, min, max);
        break;
    case SET_MS:
    case SET_S:
        if (row->type == SET_S) {
            min *= 1000;
            max *= 1000;
        }
        snprintf(dst, CONFIG_WHY_BYTES, "%s..%s", duration_text(min, lo),
                 duration_text(max, hi));
        break;
    case SET_SIZE:
        snprintf(dst, CONFIG_WHY_BYTES, "%s..%s", size_text(min, lo),
                 size_text(max, hi));
        break;
    case SET_CHOICE: choices_text(row, dst); break;
    case SET_TEXT:
    case SET_NAME:
    case SET_SECRET:
    case SET_PATH:
    case SET_HOST:
        snprintf(dst, CONFIG_WHY_BYTES, "%" PRIu64 "..%" PRIu64 " characters",
                 min, max);
        break;
    case SET_FILE: fixed = "a file that can be read"; break;
    case SET_BOOL: fixed = "true, false"; break;
    case SET_ADDRESS: fixed = "address:port"; break;
    case SET_PHONE:
        fixed = "+ and 7..15 digits, a short code, or a name";
        break;
    case SET_PATTERN: fixed = "\"+digits*\", \"+digits\" or \"*\""; break;
    case SET_PATTERNS: fixed = "\"+digits*\", several with commas"; break;
    case SET_NETWORK: fixed = "address/bits"; break;
    case SET_TON_NPI: fixed = "0/0..255/255"; break;
    case SET_STATUSES: fixed = "status: retry, slow, fail or stop"; break;
    case SET_TLVS: fixed = "name: 1..0xFFFF"; break;
    case SET_RETRIES: fixed = "status or default: 2s, 10s, 1m"; break;
    }
    if (fixed)
        snprintf(dst, CONFIG_WHY_BYTES, "%s", fixed);
    return dst;
}

static const char *const reload_words[] = {"at once", "binds made anew",
                                           "at the next start"};

static const char *
fallback_word(const struct config_row *row)
{
    if (!row->fallback)
        return "must be given";
    return row->fallback[0] ? row->fallback : "empty";
}

static void
print_markdown(FILE *out)
{
    char range[CONFIG_WHY_BYTES];
    fputs("| setting | accepted | default | a change counts | meaning |\n"
          "|---|---|---|---|---|\n",
          out);
    for (unsigned i = 0; i < config_rows_n; i++) {
        const struct config_row *r = &config_rows[i];
        fprintf(out, "| `%s` | %s | %s | %s | %s |\n", r->path,
                config_range(r, range), fallback_word(r),
                reload_words[r->reload], r->help);
    }
}

static const struct section {
    const char *path, *help;
} sections[] = {
#define SECTION(path, help) {path, help},
#include "engine/config.def"
};

/* The heading in front of a section's first row. */
static void
print_section(FILE *out, const char *path)
{
    static const char *const rule = "\n%s: %s\n";
    size_t n = strcspn(path, ".[");
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        if (strlen(sections[i].path) == n &&
            memcmp(sections[i].path, path, n) == 0)
            fprintf(out, rule, sections[i].path, sections[i].help);
}

void
config_manual(FILE *out, bool markdown)
{
    char range[CONFIG_WHY_BYTES];
    if (markdown) {
        print_markdown(out);
        return;
    }
    const char *before = "";
    for (unsigned i = 0; i < config_rows_n; i++) {
        const struct config_row *r = &config_rows[i];
        size_t n = strcspn(r->path, ".[");
        if (strncmp(before, r->path, n) != 0 || strcspn(before, ".[") != n)
            print_section(out, r->path);
        before = r->path;
        fprintf(out, "  %s\n      %s\n      accepted: %s; default: %s\n",
                r->path, r->help, config_range(r, range), fallback_word(r));
        if (r->type == SET_SECRET)
            fprintf(out, "      or %s_file: a file that holds it\n", r->path);
        fprintf(out, "      a change counts %s\n", reload_words[r->reload]);
    }
    fputs("\nDurations: 250ms, 10s, 1m30s, 12h, 90d. Sizes: 512, 64KB, 1GB.\n"
          "\"${NAME}\" in a value is the environment variable NAME.\n",
          out);
}
