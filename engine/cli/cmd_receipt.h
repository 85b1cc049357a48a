/*
 * cmd_receipt.h - `volley receipt`: what the text of a delivery receipt says,
 * without a daemon.
 */
#ifndef ENGINE_CLI_CMD_RECEIPT_H
#define ENGINE_CLI_CMD_RECEIPT_H

/*
 * argv[0] is "receipt". Reads arguments, or lines of stdin when there are
 * none; one line of output an input with --json. Returns the exit status: 0,
 * or 1 when an input was bad, or 2 for wrong usage.
 */
int cmd_receipt(int argc, char **argv);

#endif
