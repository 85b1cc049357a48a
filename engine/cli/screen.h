/*
 * screen.h - a block of lines that is drawn again in the same place.
 *
 * Write a frame into screen_frame(), then screen_show(). On a terminal the
 * new frame overwrites the old one, also where its lines wrap; elsewhere frames
 * simply follow each other. Nothing is hidden or switched, so a killed program
 * leaves a sane terminal.
 */
#ifndef ENGINE_CLI_SCREEN_H
#define ENGINE_CLI_SCREEN_H

#include <stddef.h>
#include <stdio.h>

struct screen {
    FILE *frame; /* open between screen_frame() and screen_show() */
    char *text;  /* what was written into it; freed by screen_show() */
    size_t bytes;
    size_t rows; /* of the frame that stands on the terminal */
};

/* Where the next frame is written. */
FILE *screen_frame(struct screen *screen);

/* Puts it on standard output. */
void screen_show(struct screen *screen);

/* What is printed next comes below the frame, which stays. */
void screen_leave(struct screen *screen);

#endif
