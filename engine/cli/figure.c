/*
 * figure.c - numbers as people read them: 12,345 and 1,003/s and 4.2 MB.
 */
#include "engine/cli/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

char *
figure_count(char buf[FIGURE_CAP], long long n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", n);
    int at = 0;
    for (int i = 0; i < len; i++) {
        int left = len - i;
        if (i > 0 && left % 3 == 0 && digits[i - 1] != '-')
            buf[at++] = ',';
        buf[at++] = digits[i];
    }
    buf[at] = '\0';
    return buf;
}

char *
figure_rate(char buf[FIGURE_CAP], double per_s)
{
    if (!isfinite(per_s) || per_s < 0)
        per_s = 0;
    if (per_s > 0 && per_s < 9.95) {
        snprintf(buf, FIGURE_CAP, "%.1f/s", per_s);
        return buf;
    }
    /* 1e15: past it a double no longer counts in ones. */
    figure_count(buf, llround(fmin(per_s, 1e15)));
    strcat(buf, "/s");
    return buf;
}

char *
figure_bytes(char buf[FIGURE_CAP], double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    snprintf(buf, FIGURE_CAP, unit == 0 ? "%.0f %s" : "%.1f %s", bytes,
             units[unit]);
    return buf;
}

char *
figure_span(char buf[FIGURE_CAP], double seconds)
{
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e12) {
        snprintf(buf, FIGURE_CAP, "-");
        return buf;
    }
    long long s = (long long)seconds;
    if (s < 60)
        snprintf(buf, FIGURE_CAP, "%llds", s);
    else if (s < 3600)
        snprintf(buf, FIGURE_CAP, "%lldm %02llds", s / 60, s % 60);
    else if (s < 86400)
        snprintf(buf, FIGURE_CAP, "%lldh %02lldm", s / 3600, s / 60 % 60);
    else
        snprintf(buf, FIGURE_CAP, "%lldd %02lldh", s / 86400, s / 3600 % 24);
    return buf;
}

unsigned
figure_percent(long long done, long long all)
{
    if (all <= 0 || done <= 0)
        return 0;
    if (done >= all)
        return 100;
    return (unsigned)((double)done * 100.0 / (double)all);
}
