/*
 * lines.h - the lines of standard input, one at a time, for the tools that
 * answer each (`volley text`, `volley receipt`).
 *
 * Promise: memory grows with the longest line, not with their number; each
 * answer is out before the next line is awaited.
 */
#ifndef ENGINE_CLI_LINES_H
#define ENGINE_CLI_LINES_H

#include <jansson.h>

#include "proto/bytes.h"

/* Answers one line, given without its end; false when it was a bad one. */
typedef bool line_answer(void *arg, struct slice line);

/* Feeds every line of standard input. Returns whether all were good. */
bool lines_each(line_answer *answer, void *arg);

/* The object on a line, the caller's; NULL when it is not one, and then why
 * holds a sentence. */
json_t *lines_json(struct slice line, char *why, size_t cap);

/* Prints a JSON value on one line and lets go of it. */
void lines_print(json_t *answer);

#endif
