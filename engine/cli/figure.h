/*
 * figure.h - numbers as people read them: 12,345 and 1,003/s and 4.2 MB.
 *
 * Pure: each writes into the caller's buffer of FIGURE_CAP and returns it,
 * so a call fits inside a printf argument.
 */
#ifndef ENGINE_CLI_FIGURE_H
#define ENGINE_CLI_FIGURE_H

#include <stdbool.h>

/* The longest is a 64-bit count with its commas: 27 octets. */
#define FIGURE_CAP 32

char *figure_count(char buf[FIGURE_CAP], long long n);

/* One decimal below 10 a second, whole numbers above. */
char *figure_rate(char buf[FIGURE_CAP], double per_s);

/* Decimal units: 999 B, 4.2 MB, 1.0 GB. */
char *figure_bytes(char buf[FIGURE_CAP], double bytes);

/* 3s, 4m 12s, 1h 03m, 2d 04h; a dash when negative (unknown). */
char *figure_span(char buf[FIGURE_CAP], double seconds);

/* Whole per cent, rounded down: 100 only when all is done. 0 of 0 is 0. */
unsigned figure_percent(long long done, long long all);

#endif
