/*
 * cmd_events.h - row of volley events.
 */
#ifndef ENGINE_CLI_CMD_EVENTS_H
#define ENGINE_CLI_CMD_EVENTS_H

#include "engine/cli/command.h"

extern const struct command cmd_events;

#endif
