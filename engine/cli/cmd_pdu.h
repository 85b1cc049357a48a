/*
 * cmd_pdu.h - `volley pdu`: SMPP octets to words and back, without a daemon.
 */
#ifndef ENGINE_CLI_CMD_PDU_H
#define ENGINE_CLI_CMD_PDU_H

/*
 * argv[0] is "pdu". Reads arguments, or lines of stdin when there are none;
 * one line of output an input with --json. Returns the exit status: 0, or 1
 * when an input was bad, or 2 for wrong usage. With `decode --json` a bad
 * PDU is an answer like others, so the status is 0.
 */
int cmd_pdu(int argc, char **argv);

#endif
