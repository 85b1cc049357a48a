/*
 * smpp.h - the numbers and names of SMPP: commands, fields, TLVs, statuses.
 *
 * Promise: every number comes from one row of smpp.def; what has a number
 * has a name, and the look-ups by number take constant time or a short
 * binary search. Unknown numbers are answered with NULL, never an error.
 *
 * Threads: constant tables only. Returned strings live for ever.
 */
#ifndef PROTO_SMPP_H
#define PROTO_SMPP_H

#include <stdbool.h>
#include <stdint.h>

/* SMPP_SUBMIT_SM, SMPP_SUBMIT_SM_RESP ... */
enum smpp_command {
#define SMPP_COMMAND(symbol, id, name, versions, shape, section)               \
    SMPP_##symbol = id,
#include "proto/smpp.def"
};

enum {
    SMPP_RESPONSE_BIT = 0x80000000,
    SMPP_SEQUENCE_MAX = 0x7FFFFFFF, /* then 1 again (3.4, 3.2) */
};

/* FIELD_SOURCE_ADDR ...: index of struct pdu's v[], in no wire order. */
enum smpp_field {
#define SMPP_FIELD(symbol, name, too_long) FIELD_##symbol,
#include "proto/smpp.def"
    FIELD_N
};
_Static_assert(FIELD_N <= 64, "struct pdu keeps one bit a field");

/* TLV_MESSAGE_PAYLOAD ... */
enum smpp_tlv_tag {
#define SMPP_TLV(symbol, tag, name, type, min, max, rep, since, on34, on50,    \
                 section)                                                      \
    TLV_##symbol = tag,
#include "proto/smpp.def"
};

/* ESME_ROK, ESME_RTHROTTLED ... */
enum smpp_status {
#define SMPP_STATUS(symbol, code, since, text) symbol = code,
#include "proto/smpp.def"
};

/* STATE_ENROUTE, STATE_DELIVERED ... as in message_state and receipts. */
enum message_state {
#define SMPP_STATE(symbol, value) STATE_##symbol = value,
#include "proto/smpp.def"
    STATE_N
};

enum smpp_version {
    SMPP_V33 = 0x33,
    SMPP_V34 = 0x34,
    SMPP_V50 = 0x50,
};

/* esm_class (3.4, 5.2.12): mode, type and GSM bits. */
enum {
    ESM_MODE_MASK = 0x03,
    ESM_MODE_DEFAULT = 0x00,
    ESM_MODE_DATAGRAM = 0x01,
    ESM_MODE_TRANSACTION = 0x02,
    ESM_MODE_STORE = 0x03,
    ESM_TYPE_MASK = 0x3C,
    ESM_TYPE_DEFAULT = 0x00,
    ESM_TYPE_RECEIPT = 0x04,
    ESM_TYPE_DELIVERY_ACK = 0x08,
    ESM_TYPE_MANUAL_ACK = 0x10,
    ESM_TYPE_ABORT = 0x18,
    ESM_TYPE_INTERMEDIATE = 0x20,
    ESM_UDHI = 0x40,
    ESM_REPLY_PATH = 0x80,
};

/* registered_delivery (3.4, 5.2.17). */
enum {
    REGISTERED_RECEIPT_MASK = 0x03,
    REGISTERED_NONE = 0x00,
    REGISTERED_FINAL = 0x01,
    REGISTERED_FAILURE = 0x02,
    REGISTERED_SUCCESS = 0x03, /* 5.0; reserved in 3.4 */
    REGISTERED_ACK_MASK = 0x0C,
    REGISTERED_ACK_DELIVERY = 0x04,
    REGISTERED_ACK_MANUAL = 0x08,
    REGISTERED_INTERMEDIATE = 0x10,
};

/* dest_flag (3.4, 5.2.25). */
enum { DEST_FLAG_ADDRESS = 1, DEST_FLAG_LIST = 2 };

/* Wire types of TLV values. */
enum smpp_tlv_type {
    TLV_TYPE_U8,
    TLV_TYPE_U16,
    TLV_TYPE_U32,
    TLV_TYPE_U8_OR_U16,
    TLV_TYPE_CSTRING,
    TLV_TYPE_OCTETS,
};

/* A row of smpp.def about one TLV. */
struct smpp_tlv_row {
    uint16_t tag;
    uint16_t min; /* octets of value */
    uint16_t max;
    uint8_t type;  /* enum smpp_tlv_type */
    uint8_t since; /* enum smpp_version */
    bool repeats;
    const char *name;
    const char *section;
};

/* The place of a command in smpp.def, for tables indexed by it; -1: none. */
int smpp_command_row(uint32_t id);

/* "submit_sm", or NULL. */
const char *smpp_command_name(uint32_t id);

/* False when no command has the name. */
bool smpp_command_by_name(const char *name, uint32_t *id);

/* Whether the command exists in the version. */
bool smpp_command_in(uint32_t id, uint8_t version);

/* The section of the specification, "3.4 4.4.1", or NULL. */
const char *smpp_command_section(uint32_t id);

static inline bool
smpp_is_response(uint32_t id)
{
    return (id & SMPP_RESPONSE_BIT) != 0;
}

/* The command_id that answers a request; 0 when nothing does. */
uint32_t smpp_response_of(uint32_t id);

/* "destination_addr"; NULL from FIELD_N on. */
const char *smpp_field_name(enum smpp_field f);

/* The status that answers a field over its limit. */
uint32_t smpp_field_status(enum smpp_field f);

/* "ESME_RTHROTTLED", or NULL. */
const char *smpp_status_name(uint32_t status);

/* "rate limit exceeded"; "unknown status" when it has no row. */
const char *smpp_status_text(uint32_t status);

/* Takes the 3.4 names of five statuses too. False when nothing has it. */
bool smpp_status_by_name(const char *name, uint32_t *status);

/* NULL for a tag of no standard. */
const struct smpp_tlv_row *smpp_tlv_by_tag(uint16_t tag);

/* Aliases too ("dest_port"). NULL when nothing has the name. */
const struct smpp_tlv_row *smpp_tlv_by_name(const char *name);

/* Whether the specification lists the TLV for the command in that version.
 * Vendor tags are listed nowhere. */
bool smpp_tlv_listed(uint16_t tag, uint32_t command, uint8_t version);

/* "DELIVERED", or NULL. */
const char *smpp_state_name(uint32_t state);

/* "3.4"; NULL for another interface_version. */
const char *smpp_version_name(uint8_t version);

#endif
