/*
 * cmd_message.h - rows of volley messages, volley message and volley
 * unmatched.
 */
#ifndef ENGINE_CLI_CMD_MESSAGE_H
#define ENGINE_CLI_CMD_MESSAGE_H

#include "engine/cli/command.h"

extern const struct command cmd_messages;
extern const struct command cmd_message;
extern const struct command cmd_message_cancel;
extern const struct command cmd_unmatched;
extern const struct command cmd_unmatched_assign;

#endif
