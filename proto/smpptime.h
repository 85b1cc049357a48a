/*
 * smpptime.h - SMPP times, "YYMMDDhhmmsstnnp", to and from unix time.
 *
 * Promise: what is read is checked field by field (SMPP 3.4, 7.1.1); what is
 * written is read back to the same instant. The caller brings the present:
 * no clock in here. Years are 2000 to 2099, as two digits allow.
 *
 * Threads: pure functions. Times are unix milliseconds, UTC.
 */
#ifndef PROTO_SMPPTIME_H
#define PROTO_SMPPTIME_H

#include "proto/bytes.h"

enum { SMPPTIME_CHARS = 16, SMPPTIME_SIZE = 17 };

enum smpptime_kind {
    SMPPTIME_EMPTY,    /* now, or the centre's default */
    SMPPTIME_ABSOLUTE, /* ends in + or - */
    SMPPTIME_RELATIVE, /* ends in R: counted from now_ms */
    SMPPTIME_BAD,      /* answer 0x61 or 0x62 */
};

/* *unix_ms is set for ABSOLUTE and RELATIVE. Years and months of a relative
 * time are added by calendar, then days and the rest. */
MUST_CHECK enum smpptime_kind
smpptime_read(struct slice text, int64_t now_ms, int64_t *unix_ms);

/* Absolute form in UTC, tenths kept; false outside 2000 to 2099. */
bool smpptime_write_absolute(int64_t unix_ms, char dst[SMPPTIME_SIZE]);

/* Relative form in days, hours, minutes, seconds; false below 1 s or from
 * 32 days on, since months differ in length: send those as absolute. */
bool smpptime_write_relative(int64_t seconds, char dst[SMPPTIME_SIZE]);

/* A date and time of day, UTC. month and day count from 1. */
struct smpptime_civil {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
};

/* Seconds since 1970. Months beyond 12 carry over into years. */
int64_t smpptime_from_civil(const struct smpptime_civil *c);

void smpptime_to_civil(int64_t unix_s, struct smpptime_civil *out);

/* Whether such a day and time of day exist; second 60 does not. */
bool smpptime_civil_exists(const struct smpptime_civil *c);

#endif
