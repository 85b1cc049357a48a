/*
 * cmd_trace.h - row of volley trace.
 */
#ifndef ENGINE_CLI_CMD_TRACE_H
#define ENGINE_CLI_CMD_TRACE_H

#include "engine/cli/command.h"

extern const struct command cmd_trace;

#endif
