/*
 * width.h - how many terminal columns a UTF-8 text takes, and cutting it.
 *
 * Promise: nothing that a phone sent can move the cursor, change colours or
 * reverse the line: control and direction characters come out as spaces.
 * Does not depend on the locale, so tables line up under LANG=C too.
 */
#ifndef ENGINE_CLI_WIDTH_H
#define ENGINE_CLI_WIDTH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* No limit for width_put(). */
#define WIDTH_ALL SIZE_MAX

/* Columns that width_put(out, text, WIDTH_ALL) takes. */
size_t width_of(const char *text);

/*
 * Writes at most `columns` columns of the text; a text that is cut ends in
 * an ellipsis, which is counted. Returns the columns written.
 */
size_t width_put(FILE *out, const char *text, size_t columns);

#endif
