/*
 * cmd_text.h - `volley text`: how a text goes over the wire, without a daemon.
 */
#ifndef ENGINE_CLI_CMD_TEXT_H
#define ENGINE_CLI_CMD_TEXT_H

/*
 * argv[0] is "text". Reads arguments, or lines of stdin when there are none;
 * one line of output an input with --json. Returns the exit status: 0, or 1
 * when an input was bad, or 2 for wrong usage.
 */
int cmd_text(int argc, char **argv);

#endif
