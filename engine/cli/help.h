/*
 * help.h - the manual of the command line, made from the rows of commands.
 */
#ifndef ENGINE_CLI_HELP_H
#define ENGINE_CLI_HELP_H

#include <stdio.h>

#include "engine/cli/command.h"

/* All commands, one line each. */
void help_overview(FILE *out);

/* One command: usage, what it does, its options, examples. */
void help_command(FILE *out, const struct command *command);

/* Says on stderr which commands are near to the word; OUTCOME_USAGE. */
enum outcome help_unknown(const char *word);

extern const struct command cmd_help;
extern const struct command cmd_version;

#endif
