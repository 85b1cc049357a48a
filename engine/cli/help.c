/*
 * help.c - the manual of the command line, made from the rows of commands.
 */
#include "engine/cli/help.h"

#include <string.h>

#include "engine/cli/args.h"
#include "engine/cli/term.h"
#include "engine/cli/width.h"

/* Commands there may be; 64 is twice what there are. */
enum { NAMES_MAX = 64 };

static void
print_heading(FILE *out, const char *heading)
{
    fprintf(out, "\n%s%s%s\n", term_paint(PAINT_BOLD), heading, term_plain());
}

void
help_overview(FILE *out)
{
    fputs("volley - the command line of Volley, an SMPP engine\n\n"
          "usage: volley COMMAND [arguments] [--help]\n",
          out);
    print_heading(out, "Commands");
    for (size_t i = 0; commands[i] != NULL; i++)
        fprintf(out, "  %-19s %s\n", commands[i]->name, commands[i]->summary);
    print_heading(out, "Everywhere");
    for (const struct option_row *row = args_common; row->name; row++)
        fprintf(out, "  --%-10s %-6s %s\n", row->name,
                row->value ? row->value : "", row->help);
    fputs("\nExit status: 0 done, 1 refused by the daemon, 2 wrong usage, "
          "3 no daemon reached.\n"
          "First steps: volley status; volley help send; "
          "volley help campaign send\n",
          out);
}

static void
print_option(FILE *out, const struct option_row *row)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", row->name, row->value ? " " : "",
             row->value ? row->value : "");
    fprintf(out, "  %-24s %s\n", left, row->help);
}

/* A tool's --help is its manual. */
static void
ask_tool(const struct command *command)
{
    char name[32], option[] = "--help";
    char *argv[] = {name, option, NULL};
    snprintf(name, sizeof name, "%s", command->name);
    (void)command->tool(2, argv);
}

void
help_command(FILE *out, const struct command *command)
{
    if (command->tool != NULL) {
        ask_tool(command);
        return;
    }
    fprintf(out, "volley %s - %s\n\nusage: volley %s %s\n\n%s", command->name,
            command->summary, command->name, command->usage, command->help);
    if (command->options != NULL) {
        print_heading(out, "Options");
        for (const struct option_row *row = command->options; row->name; row++)
            print_option(out, row);
    }
    print_heading(out, "Everywhere");
    for (const struct option_row *row = args_common; row->name; row++)
        print_option(out, row);
}

/* Rows "campaign …" for the word "campaign"; how many there are. */
static size_t
print_group(FILE *out, const char *group)
{
    size_t n = 0, len = strlen(group);
    for (size_t i = 0; commands[i] != NULL; i++) {
        const struct command *command = commands[i];
        if (strncmp(command->name, group, len) != 0 ||
            (command->name[len] != ' ' && command->name[len] != '\0'))
            continue;
        fprintf(out, "  volley %-19s %s\n", command->name, command->summary);
        n++;
    }
    return n;
}

enum outcome
help_unknown(const char *word)
{
    const char *names[NAMES_MAX + 1];
    size_t n = 0;
    if (print_group(stderr, word) > 0) {
        fprintf(stderr, "volley: %s needs one of these\n", word);
        return OUTCOME_USAGE;
    }
    for (; commands[n] != NULL && n < NAMES_MAX; n++)
        names[n] = commands[n]->name;
    names[n] = NULL;
    const char *near = args_nearest(word, names);
    fprintf(stderr, "volley: unknown command %s", word);
    if (near != NULL)
        fprintf(stderr, "; did you mean %s?", near);
    fputs("\nvolley help lists them all\n", stderr);
    return OUTCOME_USAGE;
}

static enum outcome
run_help(const struct call *call)
{
    size_t used;
    if (call->words_n == 0) {
        help_overview(stdout);
        return OUTCOME_OK;
    }
    const struct command *command =
        command_find(call->words, call->words_n, &used);
    if (command != NULL) {
        help_command(stdout, command);
        return OUTCOME_OK;
    }
    if (print_group(stdout, call->words[0]) > 0)
        return OUTCOME_OK;
    return help_unknown(call->words[0]);
}

static enum outcome
run_version(const struct call *call)
{
    if (call->settings.json)
        printf("{\"version\":\"%s\"}\n", VOLLEY_VERSION);
    else
        printf("volley %s\n", VOLLEY_VERSION);
    return OUTCOME_OK;
}

const struct command cmd_help = {
    .name = "help",
    .summary = "this overview, or the manual of one command",
    .usage = "[COMMAND]",
    .help = "Examples:\n"
            "  volley help\n"
            "  volley help campaign\n"
            "  volley help campaign send\n",
    .words_max = 2,
    .offline = true,
    .run = run_help,
};

const struct command cmd_version = {
    .name = "version",
    .summary = "the version of this program",
    .usage = "",
    .help = "Example:\n  volley version --json\n",
    .offline = true,
    .run = run_version,
};
