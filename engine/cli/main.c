/*
 * main.c - the `volley` program: settings, dispatch, exit status.
 *
 * Promise: 0 done, 1 refused by the daemon, 2 wrong usage or local file,
 * 3 no daemon reached (outcome.h). Keys come from --key or VOLLEY_KEY and
 * are never printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/api.h"
#include "engine/cli/args.h"
#include "engine/cli/command.h"
#include "engine/cli/help.h"
#include "engine/cli/term.h"

static const char *
env_or(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : fallback;
}

static enum outcome
run(const struct command *command, const struct settings *settings, int argc,
    char **argv)
{
    struct args args = {.settings = *settings};
    enum outcome outcome = OUTCOME_USAGE;
    void *options = calloc(1, command->options_bytes + 1);
    if (options == NULL || !args_parse(&args, command, argc, argv, options))
        goto out;
    term_init(args.settings.no_colour, args.settings.plain);
    if (args.settings.help) {
        help_command(stdout, command);
        outcome = OUTCOME_OK;
        goto out;
    }
    struct call call = {
        .command = command,
        .settings = args.settings,
        .options = options,
        .words = args.words,
        .words_n = args.words_n,
        .api = command->offline ? NULL : api_open(&args.settings),
    };
    outcome = command->run(&call);
    api_close(call.api);
out:
    free(options);
    return outcome;
}

/*
 * A row that reads its own arguments: pdu, text, receipt. A --json that stood
 * before the name goes to their end: its place in argv is free.
 */
static int
run_tool(const struct command *command, const struct settings *settings,
         int argc, char **argv)
{
    static char json[] = "--json";
    if (settings->json) {
        memmove(argv - 1, argv, (size_t)argc * sizeof *argv);
        argv[argc - 1] = json;
        return command->tool(argc + 1, argv - 1);
    }
    return command->tool(argc, argv);
}

int
main(int argc, char **argv)
{
    struct settings settings = {
        .url = env_or("VOLLEY_URL", "http://127.0.0.1:8080"),
        .key = env_or("VOLLEY_KEY", NULL),
        .ca = env_or("VOLLEY_CA", NULL),
        .cert = env_or("VOLLEY_CERT", NULL),
    };
    size_t used = 0;
    int skipped = args_take_settings(&settings, argc - 1, argv + 1);
    if (skipped < 0)
        return OUTCOME_USAGE;
    argc -= 1 + skipped;
    argv += 1 + skipped;
    if (argc == 0 || strcmp(argv[0], "-h") == 0) {
        term_init(settings.no_colour, settings.plain);
        help_overview(settings.help || argc > 0 ? stdout : stderr);
        return settings.help || argc > 0 ? OUTCOME_OK : OUTCOME_USAGE;
    }
    const struct command *command =
        command_find((const char *const *)argv, (size_t)argc, &used);
    if (command == NULL)
        return help_unknown(argv[0]);
    if (command->tool != NULL)
        return run_tool(command, &settings, argc, argv);
    return (int)run(command, &settings, argc - (int)used, argv + used);
}
