/*
 * cmd_campaign_send.h - row of volley campaign send.
 */
#ifndef ENGINE_CLI_CMD_CAMPAIGN_SEND_H
#define ENGINE_CLI_CMD_CAMPAIGN_SEND_H

#include "engine/cli/command.h"

extern const struct command cmd_campaign_send;

#endif
