/*
 * form.h - reads a JSON body member by member and says what is wrong with it.
 *
 * Each member is asked for by name and type; what was never asked for is
 * refused by form_end() with its pointer, so a typing error is not silently
 * nothing. null counts as absent.
 *
 * Promise: nesting is at most FORM_DEPTH_MAX, strings at most FORM_TEXT_MAX
 * octets of strict UTF-8, no member stands twice. All errors are listed, not
 * only the first. Texts borrow from the JSON value.
 *
 * Threads: plain values.
 */
#ifndef ENGINE_DOOR_FORM_H
#define ENGINE_DOOR_FORM_H

#include <jansson.h>

#include "engine/door/problem.h"

enum { FORM_DEPTH_MAX = 16, FORM_TEXT_MAX = 65536, FORM_MEMBERS_MAX = 40 };

/* One object being read. Errors go to problem. */
struct form {
    json_t *object; /* borrowed */
    struct problem *problem;
    const char *base; /* pointer of the object: "" or "/smpp" */
    unsigned known;
    const char *names[FORM_MEMBERS_MAX];
};

/* An object from text; NULL and a problem when it is none. The caller frees
 * it with json_decref(). */
json_t *form_parse(struct slice text, struct problem *p);

void
form_begin(struct form *f, json_t *object, const char *base, struct problem *p);
/* Refuses members that nobody asked for. True when nothing was wrong. */
bool form_end(struct form *f);

/* Absent: an empty slice with p == NULL. max in octets; empty is refused
 * where it is needed. */
struct slice form_text(struct form *f, const char *name, size_t max);
struct slice form_need_text(struct form *f, const char *name, size_t max);
bool form_bool(struct form *f, const char *name, bool absent);
uint64_t form_number(struct form *f, const char *name, uint64_t least,
                     uint64_t most, uint64_t absent);
/* RFC 3339 to milliseconds; 0 when absent. */
uint64_t form_time(struct form *f, const char *name);
/* Seconds, or "15m"; 0 when absent. */
uint32_t form_span(struct form *f, const char *name, uint32_t most_s);
/* Which of words (ends with NULL); -1 when absent. */
int form_word(struct form *f, const char *name, const char *const *words);
/* NULL when absent. */
json_t *form_object(struct form *f, const char *name);
json_t *form_array(struct form *f, const char *name, size_t most);
/* Known, but not to be had here: refused when given. */
void form_refuse(struct form *f, const char *name, const char *why);

/* "90", "15m", "1h30m", "2d" to seconds; false when it is none. */
MUST_CHECK bool span_from_text(struct slice text, uint64_t *seconds);

#endif
