/*
 * script.h - what the carrier and its phones shall do, line by line.
 *
 *   reply to DEST [saying "word"] [after 50ms] [before answer]
 *         [parts 3,1,2] [times N] "text"
 *   refuse dest DEST STATUS [times N]
 *   receipt dest DEST STATE|none [after 1s] [err 011] [twice]
 *         [before answer] [other bind] [times N]
 *   answer dest DEST never|after 5s [times N]
 *   send from NUMBER to NUMBER "text" at 500ms [parts 3,1,2]
 *   drop all | drop bind N at 2s [politely]
 *   throttle N/s from 1s to 5s
 *   stall from 1s to 5s
 *   clock start|bind
 *
 * DEST is digits with * for any run of them. Times count from the first
 * bind, or from the start with `clock start`. The first rule of its verb
 * that fits a message is the one that acts; # begins a remark.
 *
 * Promise: a bad line is refused with its number and a sentence; nothing is
 * run then.
 *
 * Threads: parsed once, then the owner's only.
 */
#ifndef BENCH_SMSC_SCRIPT_H
#define BENCH_SMSC_SCRIPT_H

#include "bench/smsc/submit.h"

enum rule_verb {
    RULE_REPLY,
    RULE_REFUSE,
    RULE_RECEIPT,
    RULE_ANSWER,
    RULE_SEND,
    RULE_DROP,
    RULE_THROTTLE,
    RULE_STALL,
};

enum { RULE_PARTS_MAX = 16, RULE_WORD_MAX = 24 };

struct rule {
    struct rule *next;
    enum rule_verb verb;
    unsigned line;
    uint64_t times;             /* how often it may still act */
    char dest[RULE_WORD_MAX];   /* pattern; of send the number written to */
    char source[RULE_WORD_MAX]; /* of send */
    char *saying;               /* UTF-8 that the message must hold, or NULL */
    char *text;
    uint64_t after_ms;
    bool has_after;
    uint64_t from_ms; /* `at` too */
    uint64_t to_ms;
    uint64_t count; /* of throttle: a second; of drop: bind, 0: all */
    uint32_t status;
    int state; /* of receipt: message_state, -1: none */
    char stat[10];
    char err[4];
    bool before_answer;
    bool twice;
    bool other_bind;
    bool never;
    bool politely;
    bool done; /* of send and drop */
    uint8_t parts;
    uint8_t part[RULE_PARTS_MAX]; /* order of sending, each from 1 */
};

struct script {
    struct rule *first;
    bool from_start; /* clock start */
};

enum { SCRIPT_WHY_BYTES = 240 };

/* Reads a file. False with "FILE:LINE: ..." in why; *out is empty then. */
bool
script_read(struct script *out, const char *path, char why[SCRIPT_WHY_BYTES]);
/* Adds one line. False with a sentence, without the line's number. */
bool script_add(struct script *s, unsigned line_number, const char *line,
                char why[SCRIPT_WHY_BYTES]);
void script_fini(struct script *s);

/*
 * The first rule of the verb for a message to dest that may still act, and
 * uses it once up; NULL when none fits. utf8 is the message's text.
 */
struct rule *script_match(struct script *s, enum rule_verb verb,
                          struct slice dest, struct slice utf8);

/* Whether any rule of the verb, or any that asks for the text, exists. */
bool script_has(const struct script *s, enum rule_verb verb);
bool script_wants_text(const struct script *s);

/* The rule of the verb in force at this time of the script's clock. */
struct rule *
script_in_force(struct script *s, enum rule_verb verb, uint64_t at_ms);

/* A leading + of either counts for nothing. */
bool script_pattern_fits(const char *pattern, struct slice digits);

#endif
