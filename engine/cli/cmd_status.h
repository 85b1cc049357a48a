/*
 * cmd_status.h - rows of volley status and volley carrier.
 */
#ifndef ENGINE_CLI_CMD_STATUS_H
#define ENGINE_CLI_CMD_STATUS_H

#include "engine/cli/command.h"

extern const struct command cmd_status;
extern const struct command cmd_carrier_pause;
extern const struct command cmd_carrier_resume;
extern const struct command cmd_carrier_rebind;
extern const struct command cmd_carrier_drain;
extern const struct command cmd_carrier_kick;

#endif
