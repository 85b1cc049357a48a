/*
 * when.c - moments: RFC 3339 from the daemon, local time for people.
 */
#include "engine/cli/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t
when_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* n digits at *at, which is moved past them; -1 when they are not digits. */
static int
digits(const char **at, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static bool
skip(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

/* YYYY-MM-DD at *at. */
static bool
parse_date(const char **at, struct tm *tm)
{
    int year = digits(at, 4);
    if (year < 0 || !skip(at, '-'))
        return false;
    int month = digits(at, 2);
    if (month < 1 || month > 12 || !skip(at, '-'))
        return false;
    int day = digits(at, 2);
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    return day >= 1 && day <= 31;
}

/* HH:MM[:SS[.fraction]] at *at; ms gets the fraction. */
static bool
parse_clock(const char **at, struct tm *tm, int *ms)
{
    *ms = 0;
    tm->tm_sec = 0;
    tm->tm_hour = digits(at, 2);
    if (tm->tm_hour < 0 || tm->tm_hour > 23 || !skip(at, ':'))
        return false;
    tm->tm_min = digits(at, 2);
    if (tm->tm_min < 0 || tm->tm_min > 59)
        return false;
    if (!skip(at, ':'))
        return true;
    tm->tm_sec = digits(at, 2);
    if (tm->tm_sec < 0 || tm->tm_sec > 60)
        return false;
    if (!skip(at, '.'))
        return true;
    int scale = 100;
    bool any = false;
    for (; **at >= '0' && **at <= '9'; ++*at, scale /= 10, any = true)
        *ms += (**at - '0') * scale;
    return any;
}

/* Z or +HH:MM at *at, in minutes east of UTC. */
static bool
parse_zone(const char **at, int *east_min)
{
    *east_min = 0;
    if (skip(at, 'Z') || skip(at, 'z'))
        return true;
    int sign = skip(at, '+') ? 1 : skip(at, '-') ? -1 : 0;
    if (sign == 0)
        return false;
    int hours = digits(at, 2);
    if (hours < 0 || hours > 23 || !skip(at, ':'))
        return false;
    int minutes = digits(at, 2);
    *east_min = sign * (hours * 60 + minutes);
    return minutes >= 0 && minutes <= 59;
}

bool
when_parse(const char *rfc3339, int64_t *ms)
{
    const char *at = rfc3339;
    struct tm tm = {0};
    int fraction_ms, east_min;
    if (!parse_date(&at, &tm))
        return false;
    if (!skip(&at, 'T') && !skip(&at, 't') && !skip(&at, ' '))
        return false;
    if (!parse_clock(&at, &tm, &fraction_ms) || !parse_zone(&at, &east_min) ||
        *at != '\0')
        return false;
    int day = tm.tm_mday; /* timegm() makes 2 March of 30 February */
    *ms = ((int64_t)timegm(&tm) - east_min * 60) * 1000 + fraction_ms;
    return tm.tm_mday == day;
}

char *
when_rfc3339(char buf[WHEN_CAP], int64_t ms)
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&s, &tm);
    size_t n = strftime(buf, WHEN_CAP, "%Y-%m-%dT%H:%M:%S", &tm);
    if (ms % 1000 != 0)
        snprintf(buf + n, WHEN_CAP - n, ".%03dZ", (int)(ms % 1000));
    else
        snprintf(buf + n, WHEN_CAP - n, "Z");
    return buf;
}

char *
when_local(char buf[WHEN_CAP], int64_t ms, int64_t now_ms)
{
    time_t s = (time_t)(ms / 1000), now = (time_t)(now_ms / 1000);
    struct tm tm, today;
    localtime_r(&s, &tm);
    localtime_r(&now, &today);
    bool same_day = tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday;
    strftime(buf, WHEN_CAP, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &tm);
    return buf;
}

bool
when_parse_span(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                 {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    long long n = strtoll(text, &end, 10);
    /* 100,000 of any unit: longer than anything one waits for. */
    if (n > 100000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0) {
            *ms = n * units[i].ms;
            return true;
        }
    return false;
}

/* "09:00": today, or tomorrow when it has passed. */
static bool
next_clock(const char *text, int64_t now_ms, int64_t *ms)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;
    localtime_r(&now, &tm);
    const char *at = text;
    int fraction_ms;
    if (!parse_clock(&at, &tm, &fraction_ms) || *at != '\0')
        return false;
    tm.tm_isdst = -1;
    time_t t = mktime(&tm);
    if (t <= now) {
        tm.tm_mday++;
        tm.tm_isdst = -1;
        t = mktime(&tm);
    }
    *ms = (int64_t)t * 1000;
    return true;
}

bool
when_parse_typed(const char *text, int64_t now_ms, int64_t *ms)
{
    int64_t span;
    if (text[0] == '+' && when_parse_span(text + 1, &span)) {
        *ms = now_ms + span;
        return true;
    }
    if (when_parse(text, ms) || next_clock(text, now_ms, ms))
        return true;
    const char *at = text;
    struct tm tm = {.tm_isdst = -1};
    int fraction_ms;
    if (!parse_date(&at, &tm) || (!skip(&at, ' ') && !skip(&at, 'T')) ||
        !parse_clock(&at, &tm, &fraction_ms) || *at != '\0')
        return false;
    int day = tm.tm_mday;
    *ms = (int64_t)mktime(&tm) * 1000 + fraction_ms;
    return tm.tm_mday == day;
}
