/*
 * cmd_client.h - rows of volley clients, client … and logins ….
 */
#ifndef ENGINE_CLI_CMD_CLIENT_H
#define ENGINE_CLI_CMD_CLIENT_H

#include "engine/cli/command.h"

extern const struct command cmd_clients;
extern const struct command cmd_client_kick;
extern const struct command cmd_client_pause;
extern const struct command cmd_client_resume;
extern const struct command cmd_client_drain;
extern const struct command cmd_logins;
extern const struct command cmd_logins_add;
extern const struct command cmd_logins_change;
extern const struct command cmd_logins_remove;

#endif
