/*
 * clock.c - the two clocks, and RFC 3339 both ways.
 *
 * Promise: as in clock.h. No time zone of the machine is ever asked for:
 * dates are counted by hand (the proleptic Gregorian calendar, UTC).
 */
#include "engine/core/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct mono (*fake_mono)(void);
static struct wall (*fake_wall)(void);

struct mono
clock_mono(void)
{
    if (fake_mono)
        return fake_mono();
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct mono){(uint64_t)t.tv_sec * 1000000 +
                         (uint64_t)t.tv_nsec / 1000};
}

struct wall
clock_wall(void)
{
    if (fake_wall)
        return fake_wall();
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct wall){(uint64_t)t.tv_sec * 1000 +
                         (uint64_t)t.tv_nsec / 1000000};
}

void clock_fake(struct mono (*mono)(void), struct wall (*wall)(void))
{
    fake_mono = mono;
    fake_wall = wall;
}

/* Days since 1970-01-01 to a date, years beginning in March so that the leap
 * day comes last. */
static void
date_from_days(int64_t days, int *year, unsigned *month, unsigned *day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097; /* z is positive from year 0 on */
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

static int64_t
days_from_date(int year, unsigned month, unsigned day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned mp = month > 2 ? month - 3 : month + 9;
    unsigned doy = (153 * mp + 2) / 5 + day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

/* v as `digits` decimal digits at dst. */
static char *
put_number(char *dst, unsigned v, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; v /= 10)
        dst[i] = (char)('0' + v % 10);
    return dst + digits;
}

char *
wall_to_rfc3339(struct wall t, char dst[25])
{
    int year;
    unsigned month, day, ms = (unsigned)(t.ms % 86400000);
    date_from_days((int64_t)(t.ms / 86400000), &year, &month, &day);
    char *p = put_number(dst, (unsigned)year % 10000, 4);
    *p++ = '-';
    p = put_number(p, month, 2);
    *p++ = '-';
    p = put_number(p, day, 2);
    *p++ = 'T';
    p = put_number(p, ms / 3600000, 2);
    *p++ = ':';
    p = put_number(p, ms / 60000 % 60, 2);
    *p++ = ':';
    p = put_number(p, ms / 1000 % 60, 2);
    *p++ = '.';
    p = put_number(p, ms % 1000, 3);
    *p++ = 'Z';
    *p = 0;
    return dst;
}

/* `digits` decimal digits at *at; false when they are not there. */
static bool
get_number(const char **at, unsigned digits, unsigned *out)
{
    unsigned v = 0;
    for (unsigned i = 0; i < digits; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (unsigned)(c - '0');
    }
    *at += digits;
    *out = v;
    return true;
}

static bool
get_mark(const char **at, const char *any)
{
    if (**at == 0 || !strchr(any, **at))
        return false;
    (*at)++;
    return true;
}

static bool
get_date(const char **at, int64_t *days)
{
    static const uint8_t length[] = {31, 28, 31, 30, 31, 30,
                                     31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (!get_number(at, 4, &year) || !get_mark(at, "-") ||
        !get_number(at, 2, &month) || !get_mark(at, "-") ||
        !get_number(at, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > (unsigned)length[month - 1] + (month == 2 && leap))
        return false;
    *days = days_from_date((int)year, month, day);
    return true;
}

/* Fraction of any length; milliseconds are kept. */
static bool
get_fraction(const char **at, unsigned *ms)
{
    *ms = 0;
    if (**at != '.')
        return true;
    (*at)++;
    unsigned weight = 100, digits = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, digits++) {
        *ms += weight * (unsigned)(**at - '0');
        weight /= 10;
    }
    return digits > 0;
}

static bool
get_offset(const char **at, int *minutes)
{
    *minutes = 0;
    if (get_mark(at, "Zz"))
        return true;
    int sign = **at == '-' ? -1 : 1;
    unsigned h, m;
    if (!get_mark(at, "+-") || !get_number(at, 2, &h) || !get_mark(at, ":") ||
        !get_number(at, 2, &m) || h > 23 || m > 59)
        return false;
    *minutes = sign * (int)(h * 60 + m);
    return true;
}

bool
wall_from_rfc3339(const char *text, struct wall *out)
{
    int64_t days;
    unsigned h, m, s, ms;
    int offset;
    if (!get_date(&text, &days) || !get_mark(&text, "Tt ") ||
        !get_number(&text, 2, &h) || !get_mark(&text, ":") ||
        !get_number(&text, 2, &m) || !get_mark(&text, ":") ||
        !get_number(&text, 2, &s) || !get_fraction(&text, &ms) ||
        !get_offset(&text, &offset) || *text != 0)
        return false;
    if (h > 23 || m > 59 || s > 60) /* 60: a leap second */
        return false;
    int64_t t = days * 86400 + h * 3600 + m * 60 + s - (int64_t)offset * 60;
    if (t < 0)
        return false;
    out->ms = (uint64_t)t * 1000 + ms;
    return true;
}
