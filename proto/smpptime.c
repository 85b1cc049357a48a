/*
 * smpptime.c - SMPP times to and from unix time.
 *
 * Promise: as in smpptime.h. The calendar is counted here, in whole numbers,
 * since libc's reads a time zone.
 */
#include "proto/smpptime.h"

enum { DAY_S = 86400, QUARTER_S = 900, QUARTERS_MAX = 48 };

static bool
is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int64_t year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01. Years begin in March here, so that the leap day is
 * the last of its year and a month's start is a linear formula. */
static int64_t
days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int64_t
smpptime_from_civil(const struct smpptime_civil *c)
{
    int64_t year = c->year + (c->month - 1) / 12;
    int month = (c->month - 1) % 12 + 1;
    return days_from_civil(year, month, c->day) * DAY_S +
           (int64_t)c->hour * 3600 + (int64_t)c->minute * 60 + c->second;
}

void
smpptime_to_civil(int64_t unix_s, struct smpptime_civil *out)
{
    int64_t days = unix_s / DAY_S - (unix_s % DAY_S < 0);
    int rest = (int)(unix_s - days * DAY_S);
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    out->year = (int)(yoe + era * 400 + (out->month <= 2));
    out->hour = rest / 3600;
    out->minute = rest / 60 % 60;
    out->second = rest % 60;
}

bool
smpptime_civil_exists(const struct smpptime_civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= month_days(c->year, c->month) && c->hour >= 0 &&
           c->hour <= 23 && c->minute >= 0 && c->minute <= 59 &&
           c->second >= 0 && c->second <= 59;
}

/* n decimal digits from the front; -1 when one is no digit. */
static int
take_digits(struct cursor *c, int n)
{
    int v = 0;
    while (n-- > 0) {
        uint8_t ch = cursor_u8(c);
        if (ch < '0' || ch > '9')
            return -1;
        v = v * 10 + (ch - '0');
    }
    return v;
}

/* A relative time: by calendar for years and months; a day that the month
 * lacks (31 January and a month) becomes the month's last. */
static int64_t
add_relative(int64_t now_ms, const struct smpptime_civil *add)
{
    int64_t now_s = now_ms / 1000 - (now_ms % 1000 < 0);
    int64_t part_ms = now_ms - now_s * 1000;
    struct smpptime_civil at;
    smpptime_to_civil(now_s, &at);
    int months = at.month - 1 + add->month + add->year * 12;
    at.year += months / 12;
    at.month = months % 12 + 1;
    int last = month_days(at.year, at.month);
    if (at.day > last)
        at.day = last;
    int64_t s = smpptime_from_civil(&at) + (int64_t)add->day * DAY_S +
                add->hour * 3600 + add->minute * 60 + add->second;
    return s * 1000 + part_ms;
}

enum smpptime_kind
smpptime_read(struct slice text, int64_t now_ms, int64_t *unix_ms)
{
    if (text.n == 0)
        return SMPPTIME_EMPTY;
    if (text.n != SMPPTIME_CHARS)
        return SMPPTIME_BAD;
    struct cursor in = cursor_of(text);
    struct smpptime_civil c;
    c.year = take_digits(&in, 2);
    c.month = take_digits(&in, 2);
    c.day = take_digits(&in, 2);
    c.hour = take_digits(&in, 2);
    c.minute = take_digits(&in, 2);
    c.second = take_digits(&in, 2);
    int tenths = take_digits(&in, 1);
    int quarters = take_digits(&in, 2);
    char sign = (char)cursor_u8(&in);
    if (c.year < 0 || c.month < 0 || c.day < 0 || c.hour < 0 || c.minute < 0 ||
        c.second < 0 || tenths < 0 || quarters < 0)
        return SMPPTIME_BAD;
    if (sign == 'R') {
        *unix_ms = add_relative(now_ms, &c);
        return SMPPTIME_RELATIVE;
    }
    c.year += 2000;
    if ((sign != '+' && sign != '-') || quarters > QUARTERS_MAX ||
        !smpptime_civil_exists(&c))
        return SMPPTIME_BAD;
    int64_t ahead_s = (sign == '+' ? 1 : -1) * (int64_t)quarters * QUARTER_S;
    *unix_ms = (smpptime_from_civil(&c) - ahead_s) * 1000 + tenths * 100;
    return SMPPTIME_ABSOLUTE;
}

/* v in two digits. */
static char *
put_two(char *at, int v)
{
    *at++ = (char)('0' + v / 10 % 10);
    *at++ = (char)('0' + v % 10);
    return at;
}

static void
put_time(char dst[SMPPTIME_SIZE], const struct smpptime_civil *c, int tenths,
         char sign)
{
    char *at = put_two(dst, c->year);
    at = put_two(at, c->month);
    at = put_two(at, c->day);
    at = put_two(at, c->hour);
    at = put_two(at, c->minute);
    at = put_two(at, c->second);
    *at++ = (char)('0' + tenths);
    at = put_two(at, 0);
    *at++ = sign;
    *at = 0;
}

bool
smpptime_write_absolute(int64_t unix_ms, char dst[SMPPTIME_SIZE])
{
    if (unix_ms < 0)
        return false;
    struct smpptime_civil c;
    smpptime_to_civil(unix_ms / 1000, &c);
    if (c.year < 2000 || c.year > 2099)
        return false;
    put_time(dst, &c, (int)(unix_ms % 1000 / 100), '+');
    return true;
}

bool
smpptime_write_relative(int64_t seconds, char dst[SMPPTIME_SIZE])
{
    if (seconds < 1 || seconds >= (int64_t)32 * DAY_S)
        return false;
    struct smpptime_civil c = {
        .day = (int)(seconds / DAY_S),
        .hour = (int)(seconds / 3600 % 24),
        .minute = (int)(seconds / 60 % 60),
        .second = (int)(seconds % 60),
    };
    put_time(dst, &c, 0, 'R');
    return true;
}
