/*
 * args.h - reads a command line into a command's options and its words.
 *
 * `--name value`, `--name=value` and `--` work as everywhere; options and
 * words may be mixed; options may be shortened while they stay unambiguous.
 * Each command also takes the settings options of args_common.
 */
#ifndef ENGINE_CLI_ARGS_H
#define ENGINE_CLI_ARGS_H

#include "engine/cli/command.h"

/* --url, --key, --ca, --cert, --json, --plain, --no-color, --help. */
extern const struct option_row args_common[];

struct args {
    struct settings settings;
    const char **words; /* inside argv, which is re-ordered */
    size_t words_n;
};

/*
 * Takes settings options from the front of argv (before the command's name)
 * and returns how many entries that used, or -1 after printing what is
 * wrong.
 */
int args_take_settings(struct settings *settings, int argc, char **argv);

/*
 * Parses what follows the command's name. False after printing what is
 * wrong and where the help is. `options` has options_bytes octets, zeroed;
 * counts that are not given become -1.
 */
bool args_parse(struct args *args, const struct command *command, int argc,
                char **argv, void *options);

/*
 * The name nearest to what was typed, for "did you mean"; NULL when nothing
 * is near. `names` ends with NULL.
 */
const char *args_nearest(const char *typed, const char *const *names);

#endif
