/*
 * optword.h - is this text an opt-out, opt-in or help word?
 *
 * The words and the confirmations are rows of optword.def, a dated rule
 * pack. Texts are compared whole: trimmed, folded to lower case, runs of
 * spaces made one, punctuation at both ends dropped. "Please stop by at 4"
 * is no opt-out.
 *
 * Threads: pure.
 */
#ifndef ENGINE_FLOW_OPTWORD_H
#define ENGINE_FLOW_OPTWORD_H

#include "proto/bytes.h"

enum opt_kind { OPT_NONE, OPT_OUT, OPT_IN, OPT_HELP, OPT_KIND_N };

/* What a text asks for. Strings are static, the keyword is borrowed from the
 * text. */
struct optword {
    enum opt_kind kind;
    bool all;             /* every programme of the account */
    struct slice keyword; /* "NEWS" of "Stop NEWS!", as written; else empty.
                             One that names no programme of the number: take
                             the safe side, an opt-out of all of it */
    const char *word;     /* the row that fired, "stop" */
    const char *language; /* of that row, "en" */
};

/* kind is OPT_NONE when the text is no such word, or not UTF-8. */
struct optword optword_read(struct slice text);

/* The confirmation in this language, else in English; NULL for OPT_NONE. */
const char *optword_text(enum opt_kind kind, const char *language);

/* Name and date of the rule pack: "optwords 2025-04-11". */
const char *optword_pack(void);

#endif
