/*
 * word.c - names of message states.
 *
 * Promise: as in word.h.
 */
#include "engine/flow/word.h"

static const char *const names[MSG_KIND_N] = {
    /* A recipient not yet reached waits like any other. */
    [MSG_NONE] = "queued",         [MSG_ACCEPTED] = "accepted",
    [MSG_QUEUED] = "queued",       [MSG_HELD] = "held",
    [MSG_SUBMITTED] = "submitted", [MSG_DELIVERED] = "delivered",
    [MSG_FAILED] = "failed",       [MSG_EXPIRED] = "expired",
    [MSG_REJECTED] = "rejected",   [MSG_UNKNOWN] = "unknown",
    [MSG_CANCELLED] = "cancelled", [MSG_SUPPRESSED] = "suppressed",
    [MSG_UNCERTAIN] = "uncertain", [MSG_RECEIVED] = "received",
};

/* Four bits of a word can hold more than there are states; a word read from
 * a damaged store must not read past the table. */
const char *
state_name(enum message_state_kind state)
{
    return (unsigned)state < MSG_KIND_N ? names[state] : "unknown";
}
