/*
 * word.c - names of message states.
 *
 * Promise: as in word.h.
 */
#include "engine/flow/word.h"

static const char *const names[STATE_KIND_N] = {
    /* A recipient not yet reached waits like any other. */
    [STATE_NONE] = "queued",         [STATE_ACCEPTED] = "accepted",
    [STATE_QUEUED] = "queued",       [STATE_HELD] = "held",
    [STATE_SUBMITTED] = "submitted", [STATE_DELIVERED] = "delivered",
    [STATE_FAILED] = "failed",       [STATE_EXPIRED] = "expired",
    [STATE_REJECTED] = "rejected",   [STATE_UNKNOWN] = "unknown",
    [STATE_CANCELLED] = "cancelled", [STATE_SUPPRESSED] = "suppressed",
    [STATE_UNCERTAIN] = "uncertain", [STATE_RECEIVED] = "received",
};

/* Four bits of a word can hold more than there are states; a word read from
 * a damaged store must not read past the table. */
const char *
state_name(enum message_state_kind state)
{
    return (unsigned)state < STATE_KIND_N ? names[state] : "unknown";
}
