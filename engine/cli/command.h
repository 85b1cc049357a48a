/*
 * command.h - what a command of the command line is: one row, one call.
 *
 * Dispatch, `volley help` and the option parser all read the same row, so a
 * command, its options and its manual cannot drift apart. The rows stand in
 * the file of their command; commands.c lists them.
 */
#ifndef ENGINE_CLI_COMMAND_H
#define ENGINE_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/cli/outcome.h"

struct api;

enum option_kind {
    OPTION_FLAG,  /* bool */
    OPTION_TEXT,  /* const char *, borrowed from argv */
    OPTION_COUNT, /* long, 0 or more; -1 when not given */
};

struct option_row {
    const char *name; /* without the dashes; NULL ends the table */
    enum option_kind kind;
    size_t at;         /* offsetof the field in the command's options */
    const char *value; /* what stands for the value in the help; or NULL */
    const char *help;
};

/* What every command understands, from the command line or environment. */
struct settings {
    const char *url;
    const char *key;  /* "@FILE" reads it from a file */
    const char *ca;   /* file of certificates to trust; NULL: the system's */
    const char *cert; /* PEM file with our certificate and its key; or NULL */
    bool json;
    bool no_colour;
    bool plain;
    bool help;
};

struct command;

/* One run of a command. All pointers are borrowed until run() returns. */
struct call {
    const struct command *command;
    struct settings settings;
    const void *options;      /* the command's own struct, zeroed then set */
    const char *const *words; /* arguments that are no options */
    size_t words_n;
    struct api *api; /* NULL for an offline command */
};

struct command {
    const char *name;    /* "send", "campaign send" */
    const char *summary; /* one line for the overview */
    const char *usage;   /* what follows the name */
    const char *help;    /* paragraphs and examples */
    const struct option_row *options;
    size_t options_bytes;
    size_t words_min;
    size_t words_max;
    bool offline; /* needs no daemon */
    enum outcome (*run)(const struct call *);
    /* Instead of run: parses its own arguments; argv[0] is the name. */
    int (*tool)(int argc, char **argv);
};

/* All rows, in the order of the overview; ends with NULL. */
extern const struct command *const commands[];

/*
 * The row that the first words name: "campaign send" before "campaign".
 * *used says how many words that took. NULL when none fits.
 */
const struct command *
command_find(const char *const *words, size_t words_n, size_t *used);

#endif
