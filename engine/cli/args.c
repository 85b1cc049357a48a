/*
 * args.c - reads a command line into a command's options and its words.
 */
#include "engine/cli/args.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_row args_common[] = {
    {"url", OPTION_TEXT, offsetof(struct settings, url), "URL",
     "the daemon's HTTP API [$VOLLEY_URL, http://127.0.0.1:8080]"},
    {"key", OPTION_TEXT, offsetof(struct settings, key), "KEY",
     "adm_…, acc_… or snd_… key, or @FILE that holds it [$VOLLEY_KEY]"},
    {"ca", OPTION_TEXT, offsetof(struct settings, ca), "FILE",
     "certificates to trust for https [$VOLLEY_CA, the system's]"},
    {"cert", OPTION_TEXT, offsetof(struct settings, cert), "FILE",
     "our certificate and its key, where the daemon asks for one"},
    {"json", OPTION_FLAG, offsetof(struct settings, json), NULL,
     "the API's JSON, lists as one object a line; for programs"},
    {"plain", OPTION_FLAG, offsetof(struct settings, plain), NULL,
     "no colours and no redrawing, as when not on a terminal"},
    {"no-color", OPTION_FLAG, offsetof(struct settings, no_colour), NULL,
     "no colours [also NO_COLOR]"},
    {"help", OPTION_FLAG, offsetof(struct settings, help), NULL,
     "what the command does, with examples"},
    {NULL},
};

/* Names in the two tables of a command together. 48: the most has 30. */
enum { NAMES_MAX = 48 };

/* 24: longer than any name we have; the work is 24 * 24 steps a name. */
enum { TYPED_MAX = 24 };

static size_t
least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters to add, drop or change to make one of the other. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[TYPED_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > TYPED_MAX || b_len > TYPED_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1,
                           corner + (a[i - 1] != b[j - 1]));
            corner = above;
        }
    }
    return row[b_len];
}

const char *
args_nearest(const char *typed, const char *const *names)
{
    const char *best = NULL;
    /* A third of the letters may be wrong: "sned", "campain", "--fron". */
    size_t bound = strlen(typed) / 3 + 1;
    for (; *names != NULL; names++) {
        size_t d = distance(typed, *names);
        if (d <= bound) {
            best = *names;
            bound = d - (d > 0);
        }
    }
    return best;
}

/* Exact name, or the only one that begins so. */
static const struct option_row *
find_option(const struct option_row *rows, const char *name, size_t len,
            size_t *matches)
{
    const struct option_row *found = NULL;
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (strncmp(rows->name, name, len) != 0)
            continue;
        if (rows->name[len] == '\0') {
            *matches = 1;
            return rows;
        }
        ++*matches;
        found = rows;
    }
    return found;
}

static void
complain_unknown(const struct command *command, const char *name, size_t len,
                 size_t matches)
{
    const char *names[NAMES_MAX + 1];
    size_t n = 0;
    const struct option_row *tables[] = {command ? command->options : NULL,
                                         args_common};
    for (size_t t = 0; t < 2; t++)
        for (const struct option_row *row = tables[t];
             row != NULL && row->name != NULL && n < NAMES_MAX; row++)
            names[n++] = row->name;
    names[n] = NULL;
    char typed[TYPED_MAX + 1];
    snprintf(typed, sizeof typed, "%.*s", (int)len, name);
    const char *near = args_nearest(typed, names);
    fprintf(stderr, "volley: %s option --%.*s",
            matches > 1 ? "ambiguous" : "unknown", (int)len, name);
    if (near != NULL)
        fprintf(stderr, "; did you mean --%s?", near);
    fputc('\n', stderr);
}

static bool
store_value(const struct option_row *row, const char *value, void *into)
{
    char *field = (char *)into + row->at;
    char *end;
    switch (row->kind) {
    case OPTION_FLAG: *(bool *)field = true; return true;
    case OPTION_TEXT: *(const char **)field = value; return true;
    case OPTION_COUNT:
        errno = 0;
        *(long *)field = strtol(value, &end, 10);
        if (*value >= '0' && *value <= '9' && *end == '\0' && errno == 0)
            return true;
        fprintf(stderr, "volley: --%s wants a whole number, not \"%s\"\n",
                row->name, value);
        return false;
    }
    return false;
}

/*
 * One option at argv[*at], which is moved to its last entry. The command may
 * be NULL: before its name only the settings options are known.
 */
static bool
take_option(struct settings *settings, const struct command *command,
            void *options, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    size_t len = strcspn(name, "=");
    size_t matches = 0, common_matches = 0;
    const struct option_row *row = NULL;
    void *into = options;
    if (command != NULL)
        row = find_option(command->options, name, len, &matches);
    const struct option_row *common =
        find_option(args_common, name, len, &common_matches);
    bool own = row != NULL && row->name[len] == '\0';
    if (common != NULL && !own && (row == NULL || common->name[len] == '\0')) {
        row = common;
        into = settings;
        matches = common_matches;
    } else if (!own) {
        matches += common_matches;
    }
    if (row == NULL || matches > 1 || len == 0) {
        complain_unknown(command, name, len, matches);
        return false;
    }
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    if (row->kind == OPTION_FLAG && value != NULL) {
        fprintf(stderr, "volley: --%s takes no value\n", row->name);
        return false;
    }
    if (row->kind != OPTION_FLAG && value == NULL) {
        if (*at + 1 >= argc) {
            fprintf(stderr, "volley: --%s wants a value: --%s %s\n", row->name,
                    row->name, row->value);
            return false;
        }
        value = argv[++*at];
    }
    return store_value(row, value, into);
}

int
args_take_settings(struct settings *settings, int argc, char **argv)
{
    int at = 0;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++)
        if (!take_option(settings, NULL, NULL, argc, argv, &at))
            return -1;
    return at;
}

static bool
check_words(const struct args *args, const struct command *command)
{
    if (args->words_n < command->words_min) {
        fprintf(stderr, "volley: too few arguments\n");
        return false;
    }
    if (args->words_n > command->words_max) {
        fprintf(stderr, "volley: what is \"%s\" for?%s\n",
                args->words[command->words_max],
                command->words_max > 0
                    ? " (a text of several words needs quotes)"
                    : "");
        return false;
    }
    return true;
}

bool
args_parse(struct args *args, const struct command *command, int argc,
           char **argv, void *options)
{
    bool ok = true, only_words = false;
    for (const struct option_row *row = command->options;
         row != NULL && row->name != NULL; row++)
        if (row->kind == OPTION_COUNT)
            *(long *)((char *)options + row->at) = -1;
    args->words = (const char **)argv;
    args->words_n = 0;
    for (int at = 0; at < argc && ok; at++) {
        if (!only_words && strcmp(argv[at], "--") == 0)
            only_words = true;
        else if (!only_words && strcmp(argv[at], "-h") == 0)
            args->settings.help = true;
        else if (!only_words && strncmp(argv[at], "--", 2) == 0)
            ok =
                take_option(&args->settings, command, options, argc, argv, &at);
        else
            args->words[args->words_n++] = argv[at];
    }
    if (ok && (args->settings.help || check_words(args, command)))
        return true;
    fprintf(stderr, "usage: volley %s %s\n       volley help %s\n",
            command->name, command->usage, command->name);
    return false;
}
