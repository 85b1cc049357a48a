/*
 * cmd_send.h - row of volley send.
 */
#ifndef ENGINE_CLI_CMD_SEND_H
#define ENGINE_CLI_CMD_SEND_H

#include "engine/cli/command.h"

extern const struct command cmd_send;

#endif
