/*
 * talk.h - messages of a thread as a conversation: theirs, ours, when.
 *
 * Pure but for the stream and the time zone.
 */
#ifndef ENGINE_CLI_TALK_H
#define ENGINE_CLI_TALK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * One message: "14:03:22  <  Yes, at five" or "14:01:10  >  See you at 5?
 * (delivered)"; long texts are wrapped to the columns under their start.
 */
void
talk_print(FILE *out, const json_t *message, int64_t now_ms, size_t columns);

/*
 * Text wrapped at blanks to lines of `columns`, of which the first begins at
 * column `at` and the others behind `indent` blanks; a word longer than a
 * line is not cut. No line end.
 */
void talk_wrap(FILE *out, const char *text, size_t at, size_t indent,
               size_t columns);

#endif
