/*
 * cmd_thread.h - rows of volley inbox and volley thread.
 */
#ifndef ENGINE_CLI_CMD_THREAD_H
#define ENGINE_CLI_CMD_THREAD_H

#include "engine/cli/command.h"

extern const struct command cmd_inbox;
extern const struct command cmd_thread;

#endif
