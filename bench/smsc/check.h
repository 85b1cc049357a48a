/*
 * check.h - counts a ledger: what was accepted, doubled, acknowledged, and
 * the highest rate of any second.
 *
 * Promise: reads the file once, line by line; a broken line is named by its
 * number and nothing is counted (exit 1), but for a last one cut short.
 *
 * Threads: one.
 */
#ifndef BENCH_SMSC_CHECK_H
#define BENCH_SMSC_CHECK_H

#include "bench/smsc/ledger.h"

/* Parts that came within a span of time from one source, or from all. A
 * window is [t, t + 1 s); throttled and refused parts count: they came. */
struct check_rate {
    char source[24];
    uint64_t parts;
    uint64_t most_in_1s;
    double mean_per_s; /* (parts - 1) / (last - first) */
    double busy_s;     /* last - first */
};

struct check_result {
    uint64_t lines[LEDGER_KIND_N];
    uint64_t distinct_parts; /* source, dest, text, part all the same: one */
    uint64_t distinct_messages;
    uint64_t doubled;                  /* submits beyond the first of a part */
    uint64_t receipts, receipts_acked; /* distinct ids */
    uint64_t replies, reply_parts_acked;
    uint64_t answers_lost;
    struct check_rate total;
    struct check_rate *sources; /* owned, by name */
    size_t sources_n;
};

bool check_read(struct check_result *out, const char *path, char why[160]);
void check_fini(struct check_result *r);
void check_print(const struct check_result *r, bool json);

#endif
