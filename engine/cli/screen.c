/*
 * screen.c - a block of lines that is drawn again in the same place.
 *
 * The whole frame leaves in one write with "clear to end of line" after each
 * line, rather than clearing first: that would flicker.
 */
#include "engine/cli/screen.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cli/term.h"

FILE *
screen_frame(struct screen *screen)
{
    screen->frame = open_memstream(&screen->text, &screen->bytes);
    if (screen->frame == NULL) {
        perror("volley");
        exit(EXIT_FAILURE);
    }
    return screen->frame;
}

void
screen_show(struct screen *screen)
{
    fclose(screen->frame);
    screen->frame = NULL;
    if (!term_get()->live) {
        fputs(screen->text, stdout);
    } else {
        size_t lines = 0;
        if (screen->lines > 0)
            printf("\033[%zuA\r", screen->lines);
        for (char *at = screen->text; *at; lines++) {
            size_t n = strcspn(at, "\n");
            fwrite(at, 1, n, stdout);
            fputs("\033[K\n", stdout);
            at += n + (at[n] == '\n');
        }
        fputs("\033[J", stdout);
        screen->lines = lines;
    }
    fflush(stdout);
    free(screen->text);
    screen->text = NULL;
}

void
screen_leave(struct screen *screen)
{
    screen->lines = 0;
}
