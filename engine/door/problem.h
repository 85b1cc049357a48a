/*
 * problem.h - what went wrong, as RFC 9457 problem+json.
 *
 * Promise: one table gives each code its status and title; the same code
 * always has the same status. What is not found and what belongs to others
 * is the same body, octet for octet.
 *
 * Threads: plain values.
 */
#ifndef ENGINE_DOOR_PROBLEM_H
#define ENGINE_DOOR_PROBLEM_H

#include "engine/door/emit.h"

struct mail;

enum { PROBLEM_ERRORS_MAX = 16 };

struct problem_error {
    char pointer[96]; /* JSON Pointer; "" with a line, a parameter or none */
    uint64_t line;    /* 0: none */
    const char *code; /* static */
    char detail[160];
};

/* Zeroed is no problem. code is static, or stands in kept. Not copied. */
struct problem {
    const char *code;
    char kept[48]; /* a code of the engine that goes with its mail */
    char detail[300];
    unsigned retry_after_s; /* 0: none */
    unsigned errors;        /* of them, kept ones are at most the maximum */
    struct problem_error error[PROBLEM_ERRORS_MAX];
};

/* Sets code and detail; the first one wins. */
void problem_set(struct problem *p, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds an error to the list; the problem becomes "invalid" when it had no
 * code yet. */
void problem_add(struct problem *p, const char *pointer, const char *code,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The one problem of what is not there and of what is another's. */
void problem_not_found(struct problem *p);

/* From the engine's refusal (mail->result is not MAIL_OK). */
void problem_of_mail(struct problem *p, const struct mail *m);

/* From a result with code, pointer and detail, as items of a send have. */
void problem_of_result(struct problem *p, int result, const char *code,
                       const char *pointer, const char *detail);

unsigned problem_status(const struct problem *p);
const char *problem_title(const struct problem *p);

/* The problem as a JSON object. */
void problem_emit(const struct problem *p, struct emit *e);

#endif
