/*
 * cmd_directory.h - rows of volley accounts, senders, numbers, pools and
 * suppressions: list, add, remove.
 */
#ifndef ENGINE_CLI_CMD_DIRECTORY_H
#define ENGINE_CLI_CMD_DIRECTORY_H

#include "engine/cli/command.h"

extern const struct command cmd_accounts;
extern const struct command cmd_accounts_add;
extern const struct command cmd_accounts_remove;
extern const struct command cmd_senders;
extern const struct command cmd_senders_add;
extern const struct command cmd_numbers;
extern const struct command cmd_numbers_add;
extern const struct command cmd_pools;
extern const struct command cmd_pools_add;
extern const struct command cmd_suppressions;
extern const struct command cmd_suppressions_add;
extern const struct command cmd_suppressions_remove;

#endif
