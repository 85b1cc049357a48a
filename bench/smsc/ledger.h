/*
 * ledger.h - every event of the simulated carrier, one line each, made to be
 * counted from outside.
 *
 * A line is TSV:
 *   time_us kind bind id source dest ref total part hash status [text]
 * time_us is microseconds since 1970; an empty field is "-"; hash is 8
 * hexadecimal digits that tell texts apart; text (--ledger-text only) is
 * UTF-8 with tab, newline and backslash escaped. Lines that begin with #
 * are remarks.
 *
 * Promise: lines are whole, in the order of the events of one bind, and on
 * file at most 100 ms after the event, and at exit. A ledger that cannot be
 * written ends the program: a short ledger would accuse the innocent.
 *
 * Threads: the owner's only; a thread of its own writes to the file.
 * Allocates nothing after opening.
 */
#ifndef BENCH_SMSC_LEDGER_H
#define BENCH_SMSC_LEDGER_H

#include "proto/bytes.h"

enum ledger_kind {
#define LEDGER_KIND(symbol, help) LEDGER_##symbol,
#include "bench/smsc/ledger.def"
    LEDGER_KIND_N
};

/* One event. Empty slices and zero numbers are written as "-". */
struct ledger_line {
    enum ledger_kind kind;
    uint32_t bind;
    uint64_t time_us;
    struct slice id;
    struct slice source;
    struct slice dest;
    uint16_t ref;
    uint8_t total; /* 0: no part, no hash */
    uint8_t part;
    uint32_t hash;
    uint32_t status;   /* written as 0x%08x unless there is a word */
    const char *word;  /* "DELIVRD" */
    struct slice text; /* UTF-8, written only with --ledger-text */
};

struct ledger;

/* Appends to the file. NULL with a sentence in why. */
struct ledger *ledger_open(const char *path, bool with_text, char why[160]);
void ledger_close(struct ledger *l);

/* l may be NULL: nothing is written then. */
void ledger_write(struct ledger *l, const struct ledger_line *line);
bool ledger_wants_text(const struct ledger *l);

/* Writes out what has waited long enough. */
void ledger_tick(struct ledger *l, uint64_t mono_us);

const char *ledger_kind_name(enum ledger_kind k);
const char *ledger_kind_help(enum ledger_kind k);

#endif
