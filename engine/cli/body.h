/*
 * body.h - builds the JSON body of a request from what was typed.
 *
 * A NULL value adds nothing, so a command lists all its options once.
 * Names are dotted paths: "smpp.system_id" makes the inner object.
 */
#ifndef ENGINE_CLI_BODY_H
#define ENGINE_CLI_BODY_H

#include <jansson.h>
#include <stdbool.h>

void body_text(json_t *body, const char *path, const char *value);

/* Negative adds nothing. */
void body_count(json_t *body, const char *path, long value);

void body_flag(json_t *body, const char *path, bool value);

/* "a,b,c" as a list of strings, blanks trimmed. */
void body_list(json_t *body, const char *path, const char *value);

/* "a=3,b=1" as an object of numbers; what is none goes as it was typed, and
 * the daemon says so. */
void body_counts(json_t *body, const char *path, const char *value);

/*
 * A moment as people type it (see when.h), sent as RFC 3339 UTC. False after
 * saying on stderr what is wrong with --option.
 */
bool body_moment(json_t *body, const char *path, const char *option,
                 const char *value);

#endif
