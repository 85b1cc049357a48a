/*
 * problem.h - says what went wrong, where, and how to mend it.
 *
 * Pure but for the stream it writes to. The daemon's answers are RFC 9457
 * problem documents; what it leaves out is filled from the status.
 */
#ifndef ENGINE_CLI_PROBLEM_H
#define ENGINE_CLI_PROBLEM_H

#include <jansson.h>
#include <stdio.h>

/* What was asked of whom; all borrowed. */
struct problem_scene {
    const char *url;    /* the daemon's base */
    const char *method; /* "POST" */
    const char *path;   /* "/v1/messages" */
    const char *key;    /* NULL when none was given; never printed */
    long retry_after_s; /* of the answer; 0: it did not say */
};

/* A refused request; the body may be NULL or no problem document at all. */
void problem_print(FILE *out, const struct problem_scene *scene, long status,
                   const json_t *body);

enum problem_reach {
    REACH_REFUSED,    /* nobody listens */
    REACH_NO_HOST,    /* the name is unknown */
    REACH_TLS,        /* its certificate is not trusted, or it speaks none */
    REACH_TIMEOUT,    /* it listens and says nothing */
    REACH_BROKEN,     /* the connection died */
    REACH_NOT_VOLLEY, /* it answers, but not as the daemon does */
    REACH_BAD_URL,
};

/* No answer: why, and how to start the daemon or where to look. */
void problem_print_reach(FILE *out, const struct problem_scene *scene,
                         enum problem_reach reach, const char *detail);

/* The same two as one line of problem+json, for --json. */
void problem_dump(FILE *out, long status, const json_t *body);
void problem_dump_reach(FILE *out, const struct problem_scene *scene,
                        enum problem_reach reach, const char *detail);

#endif
