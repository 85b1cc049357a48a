/*
 * smpp.c - look-ups between the numbers and names of SMPP.
 *
 * Promise: as in smpp.h. Commands, TLVs and statuses are found by number
 * through dense index tables made from smpp.def at compile time, since the
 * decoder asks for every PDU; names are searched one by one, for people.
 */
#include "proto/smpp.h"

#include <stddef.h>
#include <string.h>

enum { V33 = 1, V34 = 2, V50 = 4, V_ALL = V33 | V34 | V50 };

enum command_row {
#define SMPP_COMMAND(symbol, id, name, versions, shape, section) ROW_##symbol,
#include "proto/smpp.def"
    COMMAND_ROWS
};
_Static_assert(COMMAND_ROWS <= 64, "a TLV's commands are bits of one word");

static const struct {
    uint32_t id;
    uint8_t versions;
    const char *name;
    const char *section;
} commands[COMMAND_ROWS] = {
#define SMPP_COMMAND(symbol, id, name, versions, shape, section)               \
    {id, versions, #name, section},
#include "proto/smpp.def"
};

/* 0x114: one past the highest standard command_id without its bit 31. */
enum { COMMAND_SPAN = 0x114 };
#define COMMAND_SLOT(id) (((id) >> 31) * COMMAND_SPAN + ((id)&0x1FFu))

static const uint8_t command_slots[2 * COMMAND_SPAN] = {
#define SMPP_COMMAND(symbol, id, name, versions, shape, section)               \
    [COMMAND_SLOT(id)] = ROW_##symbol + 1,
#include "proto/smpp.def"
};

int
smpp_command_row(uint32_t id)
{
    if ((id & ~(uint32_t)SMPP_RESPONSE_BIT) >= COMMAND_SPAN)
        return -1;
    return (int)command_slots[COMMAND_SLOT(id)] - 1;
}

static uint8_t
version_bit(uint8_t version)
{
    if (version >= SMPP_V50)
        return V50;
    return version >= SMPP_V34 ? V34 : V33;
}

const char *
smpp_command_name(uint32_t id)
{
    int row = smpp_command_row(id);
    return row < 0 ? NULL : commands[row].name;
}

const char *
smpp_command_section(uint32_t id)
{
    int row = smpp_command_row(id);
    return row < 0 ? NULL : commands[row].section;
}

bool
smpp_command_by_name(const char *name, uint32_t *id)
{
    for (int i = 0; i < COMMAND_ROWS; i++)
        if (strcmp(commands[i].name, name) == 0) {
            *id = commands[i].id;
            return true;
        }
    return false;
}

bool
smpp_command_in(uint32_t id, uint8_t version)
{
    int row = smpp_command_row(id);
    return row >= 0 && (commands[row].versions & version_bit(version));
}

uint32_t
smpp_response_of(uint32_t id)
{
    uint32_t response = id | SMPP_RESPONSE_BIT;
    if (smpp_is_response(id) || smpp_command_row(response) < 0)
        return 0;
    return response;
}

static const char *const field_names[FIELD_N] = {
#define SMPP_FIELD(symbol, name, too_long) [FIELD_##symbol] = #name,
#include "proto/smpp.def"
};

static const uint32_t field_statuses[FIELD_N] = {
#define SMPP_FIELD(symbol, name, too_long) [FIELD_##symbol] = too_long,
#include "proto/smpp.def"
};

const char *
smpp_field_name(enum smpp_field f)
{
    return f < FIELD_N ? field_names[f] : NULL;
}

uint32_t
smpp_field_status(enum smpp_field f)
{
    return f < FIELD_N ? field_statuses[f] : ESME_RINVCMDLEN;
}

/* Statuses end at 0x112; above are the carriers' own. */
enum { STATUS_SPAN = 0x113 };

static const struct {
    const char *name;
    const char *text;
} statuses[STATUS_SPAN] = {
#define SMPP_STATUS(symbol, code, since, text) [code] = {#symbol, text},
#include "proto/smpp.def"
};

const char *
smpp_status_name(uint32_t status)
{
    return status < STATUS_SPAN ? statuses[status].name : NULL;
}

const char *
smpp_status_text(uint32_t status)
{
    if (status < STATUS_SPAN && statuses[status].text)
        return statuses[status].text;
    if (status >= 0x400 && status <= 0x4FF)
        return "the carrier's own status";
    return "unknown status";
}

bool
smpp_status_by_name(const char *name, uint32_t *status)
{
    static const struct {
        const char *name;
        uint32_t status;
    } aliases[] = {
#define SMPP_STATUS_ALIAS(symbol, name) {#name, symbol},
#include "proto/smpp.def"
    };
    for (uint32_t i = 0; i < STATUS_SPAN; i++)
        if (statuses[i].name && strcmp(statuses[i].name, name) == 0) {
            *status = i;
            return true;
        }
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, name) == 0) {
            *status = aliases[i].status;
            return true;
        }
    return false;
}

enum tlv_row {
#define SMPP_TLV(symbol, tag, name, type, min, max, rep, since, on34, on50,    \
                 section)                                                      \
    TLV_ROW_##symbol,
#include "proto/smpp.def"
    TLV_ROWS
};

#define TLV_SINCE_V34 SMPP_V34
#define TLV_SINCE_V50 SMPP_V50

static const struct smpp_tlv_row tlvs[TLV_ROWS] = {
#define SMPP_TLV(symbol, tag, name, type, min, max, rep, since, on34, on50,    \
                 section)                                                      \
    {tag, min, max, TLV_TYPE_##type, TLV_SINCE_##since, rep, #name, section},
#include "proto/smpp.def"
};

/* Standard tags lie in 0x00xx-0x06xx and 0x12xx-0x13xx: nine pages. */
enum { TLV_PAGES = 9 };
#define TLV_PAGE(tag) ((tag) >> 8 < 7 ? (tag) >> 8 : ((tag) >> 8) - 0x12 + 7)

static const uint8_t tlv_slots[TLV_PAGES][256] = {
#define SMPP_TLV(symbol, tag, name, type, min, max, rep, since, on34, on50,    \
                 section)                                                      \
    [TLV_PAGE(tag)][(tag)&0xFF] = TLV_ROW_##symbol + 1,
#include "proto/smpp.def"
};

static int
tlv_row(uint16_t tag)
{
    unsigned high = tag >> 8;
    if (high >= 0x14 || (high >= 7 && high < 0x12))
        return -1;
    return (int)tlv_slots[TLV_PAGE(tag)][tag & 0xFF] - 1;
}

const struct smpp_tlv_row *
smpp_tlv_by_tag(uint16_t tag)
{
    int row = tlv_row(tag);
    return row < 0 ? NULL : &tlvs[row];
}

const struct smpp_tlv_row *
smpp_tlv_by_name(const char *name)
{
    static const struct {
        const char *name;
        enum tlv_row row;
    } aliases[] = {
#define SMPP_TLV_ALIAS(symbol, name) {#name, TLV_ROW_##symbol},
#include "proto/smpp.def"
    };
    for (int i = 0; i < TLV_ROWS; i++)
        if (strcmp(tlvs[i].name, name) == 0)
            return &tlvs[i];
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, name) == 0)
            return &tlvs[aliases[i].row];
    return NULL;
}

#define ON(symbol) ((uint64_t)1 << ROW_##symbol)
#define ON_SEND    (ON(SUBMIT_SM) | ON(SUBMIT_MULTI) | ON(DATA_SM))
#define ON_TEXT    (ON_SEND | ON(DELIVER_SM))
#define ON_BIND_RESP                                                           \
    (ON(BIND_RECEIVER_RESP) | ON(BIND_TRANSMITTER_RESP) |                      \
     ON(BIND_TRANSCEIVER_RESP))
#define ON_ANSWERS                                                             \
    (ON_BIND_RESP | ON(QUERY_SM_RESP) | ON(SUBMIT_SM_RESP) |                   \
     ON(DELIVER_SM_RESP) | ON(UNBIND_RESP) | ON(REPLACE_SM_RESP) |             \
     ON(CANCEL_SM_RESP) | ON(ENQUIRE_LINK_RESP) | ON(SUBMIT_MULTI_RESP) |      \
     ON(DATA_SM_RESP) | ON(BROADCAST_SM_RESP) | ON(QUERY_BROADCAST_SM_RESP) |  \
     ON(CANCEL_BROADCAST_SM_RESP))

static const struct {
    uint64_t on34;
    uint64_t on50;
} tlv_commands[TLV_ROWS] = {
#define SMPP_TLV(symbol, tag, name, type, min, max, rep, since, on34, on50,    \
                 section)                                                      \
    {on34, on50},
#include "proto/smpp.def"
};

bool
smpp_tlv_listed(uint16_t tag, uint32_t command, uint8_t version)
{
    int row = tlv_row(tag);
    int on = smpp_command_row(command);
    if (row < 0 || on < 0 || version < SMPP_V34)
        return false;
    uint64_t set =
        version >= SMPP_V50 ? tlv_commands[row].on50 : tlv_commands[row].on34;
    return set >> on & 1;
}

const char *
smpp_state_name(uint32_t state)
{
    static const char *const names[STATE_N] = {
#define SMPP_STATE(symbol, value) [value] = #symbol,
#include "proto/smpp.def"
    };
    return state < STATE_N ? names[state] : NULL;
}

const char *
smpp_version_name(uint8_t version)
{
    switch (version) {
    case SMPP_V33: return "3.3";
    case SMPP_V34: return "3.4";
    case SMPP_V50: return "5.0";
    default: return NULL;
    }
}
