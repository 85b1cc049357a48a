/*
 * args.h - the options of a program as rows: parsed, checked and explained.
 *
 * Promise: --help and the parser read the same rows. What is unknown, out of
 * range or lacks its value is refused with a sentence that says how to mend
 * it; nothing is started then.
 *
 * Threads: none yet when options are read. Values borrow from argv.
 */
#ifndef BENCH_SMSC_ARGS_H
#define BENCH_SMSC_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum arg_kind {
    ARG_HEADING, /* help is the heading; starts a group in --help */
    ARG_FLAG,    /* to: bool, set to true */
    ARG_NUMBER,  /* to: uint64_t within min and max */
    ARG_TEXT,    /* to: const char * */
    ARG_PARSE,   /* parse(to, value, why); may come more than once */
};

enum { ARGS_WHY_BYTES = 200 };

struct arg {
    enum arg_kind kind;
    const char *name;  /* without the dashes */
    const char *value; /* what --help calls the value, NULL for a flag */
    const char *help;  /* one or more lines, split by \n */
    void *to;
    uint64_t min;
    uint64_t max;
    bool (*parse)(void *to, const char *value, char why[ARGS_WHY_BYTES]);
};

struct args {
    const char *program; /* "volley-smsc", "volley-load smpp" */
    const char *about;   /* stands above the options in --help */
    const char *after;   /* stands below them: examples */
    const struct arg *rows;
    size_t count;
};

enum args_result {
    ARGS_RUN = 0, /* go on */
    ARGS_DONE,    /* --help or --version was answered: exit 0 */
    ARGS_BAD,     /* said on stderr: exit 2 */
};

/* Reads argv[first] onwards. What takes no dashes is refused. */
enum args_result
args_parse(const struct args *a, int argc, char **argv, int first);

void args_help(const struct args *a);

/* A whole decimal number in the range; false for anything else. */
bool args_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

#endif
