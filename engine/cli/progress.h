/*
 * progress.h - a bar with percent, counts, rate and what is left of the time.
 *
 * Pure: the caller brings the figures and the width; the same line comes
 * out with or without colours, in UTF-8 or in ASCII.
 */
#ifndef ENGINE_CLI_PROGRESS_H
#define ENGINE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct progress {
    long long settled; /* done for good: the dark part of the bar */
    long long begun;   /* settled and under way: the light part's end */
    long long all;
    double per_s;
    double left_s; /* negative: unknown */
};

/*
 * One line of at most `columns`: "[####==    ]  58%  5,800/10,000  1,003/s
 * ETA 4s". The bar takes what the rest leaves, at most 40 columns, and is
 * left out where fewer than 6 remain.
 */
void progress_print(const struct progress *progress, FILE *out, size_t columns,
                    bool utf8);

/* The time left at this rate, in seconds; negative when it never ends. */
double progress_left_s(long long waiting, double per_s);

#endif
