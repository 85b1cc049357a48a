/*
 * cmd_tools.h - rows of volley pdu, text and receipt, which need no daemon.
 */
#ifndef ENGINE_CLI_CMD_TOOLS_H
#define ENGINE_CLI_CMD_TOOLS_H

#include "engine/cli/command.h"

extern const struct command cmd_tool_pdu;
extern const struct command cmd_tool_text;
extern const struct command cmd_tool_receipt;

#endif
