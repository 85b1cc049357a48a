/*
 * script_line.h - one line of a script as words, and what a word can mean.
 *
 * Promise: every line_ function that returns false has put a sentence into
 * why that says what was expected and what stood there.
 *
 * Threads: plain values.
 */
#ifndef BENCH_SMSC_SCRIPT_LINE_H
#define BENCH_SMSC_SCRIPT_LINE_H

#include "bench/smsc/script.h"

enum { LINE_WORDS_MAX = 48, LINE_BYTES = 4096 };

/* Invariant: word[0..words) point into room; at <= words. */
struct line {
    char room[LINE_BYTES];
    const char *word[LINE_WORDS_MAX];
    bool quoted[LINE_WORDS_MAX];
    unsigned words;
    unsigned at; /* the next to be read */
    char *why;   /* SCRIPT_WHY_BYTES */
};

/* Cuts at spaces; "..." is one word; # ends the line. */
bool line_cut(struct line *l, const char *from);

/* Always false: fills why with `what 'word'`. */
bool line_fail(struct line *l, const char *what, const char *word);

/* The next word without and with stepping over it; NULL at the end. */
const char *line_peek(const struct line *l);
const char *line_next(struct line *l);

/* Steps over the word when it stands there unquoted. */
bool line_accept(struct line *l, const char *word);
/* The same, and an error otherwise. */
bool line_expect(struct line *l, const char *word);

bool line_duration(struct line *l, uint64_t *ms); /* 50ms, 2s, 1m */
bool line_pattern(struct line *l, char dst[RULE_WORD_MAX], bool stars);
bool line_text(struct line *l, char **dst); /* replaces *dst, malloc'ed */
bool line_count(struct line *l, uint64_t *dst);
bool line_err(struct line *l, char dst[4]);
/* "3,1,2": a permutation of 1 to its length. */
bool line_parts(struct line *l, uint8_t order[RULE_PARTS_MAX], uint8_t *parts);

#endif
