/*
 * cmd_tools.c - rows of volley pdu, text and receipt, which need no daemon.
 *
 * They read their own arguments, and their --help is their manual.
 */
#include "engine/cli/cmd_tools.h"

#include "engine/cli/cmd_pdu.h"
#include "engine/cli/cmd_receipt.h"
#include "engine/cli/cmd_text.h"

const struct command cmd_tool_pdu = {
    .name = "pdu",
    .summary = "SMPP octets to words and back: decode, encode",
    .usage = "decode|encode [--json] [INPUT…]",
    .help = "volley pdu --help",
    .offline = true,
    .tool = cmd_pdu,
};

const struct command cmd_tool_text = {
    .name = "text",
    .summary = "how a text goes over the wire: alphabet, parts, octets",
    .usage = "[--json] [TEXT…]",
    .help = "volley text --help",
    .offline = true,
    .tool = cmd_text,
};

const struct command cmd_tool_receipt = {
    .name = "receipt",
    .summary = "what a carrier's delivery receipt says",
    .usage = "[--json] [TEXT…]",
    .help = "volley receipt --help",
    .offline = true,
    .tool = cmd_receipt,
};
