/*
 * cmd_route.h - volley route explain.
 */
#ifndef ENGINE_CLI_CMD_ROUTE_H
#define ENGINE_CLI_CMD_ROUTE_H

#include "engine/cli/command.h"

extern const struct command cmd_route_explain;

#endif
