/*
 * term.h - what standard output is: a terminal or a file, how wide, colours.
 *
 * Plain is the default: colours, redrawing and box characters appear only
 * on a terminal that is not "dumb", colours only without NO_COLOR.
 */
#ifndef ENGINE_CLI_TERM_H
#define ENGINE_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum paint {
    PAINT_NONE,
    PAINT_BOLD,
    PAINT_DIM,
    PAINT_GOOD,
    PAINT_WARN,
    PAINT_BAD,
    PAINT_LINK, /* our side of a conversation */
};

struct term {
    bool live;   /* may redraw: a terminal */
    bool colour; /* live, and nobody said no */
    bool utf8;   /* the locale can show more than ASCII */
};

/* Looks at standard output once; no_colour is the command line's word. */
void term_init(bool no_colour, bool plain);

const struct term *term_get(void);

/* Columns now: the window's, else $COLUMNS, else SIZE_MAX for a file. */
size_t term_columns(void);

/* Escape sequences that begin and end a colour; "" when colours are off. */
const char *term_paint(enum paint paint);
const char *term_plain(void);

/* The colour of a message, bind, carrier, campaign or thread state. */
enum paint term_state_paint(const char *state);

/*
 * Waits. Returns false when SIGINT came, now or before: a watch then says
 * goodbye in its own words. A second SIGINT kills the program.
 */
bool term_wait_ms(long ms);
bool term_interrupted(void);
void term_catch_interrupt(void);

#endif
