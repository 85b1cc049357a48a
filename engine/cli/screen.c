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
#include "engine/cli/width.h"

/* Rows that a line of n octets takes on the terminal, colours left out. */
static size_t
rows_of(const char *line, size_t n, size_t columns)
{
    char plain[1024]; /* past it a line is wider than any window anyway */
    size_t used = 0;
    for (size_t i = 0; i < n && used + 1 < sizeof plain; i++) {
        if (line[i] == '\033')
            i += strcspn(line + i, "m");
        else
            plain[used++] = line[i];
    }
    plain[used] = '\0';
    size_t wide = width_of(plain);
    return wide > columns ? (wide + columns - 1) / columns : 1;
}

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
        size_t rows = 0, columns = term_columns();
        if (screen->rows > 0)
            printf("\033[%zuA\r", screen->rows);
        for (char *at = screen->text; *at;) {
            size_t n = strcspn(at, "\n");
            fwrite(at, 1, n, stdout);
            fputs("\033[K\n", stdout);
            rows += rows_of(at, n, columns);
            at += n + (at[n] == '\n');
        }
        fputs("\033[J", stdout);
        screen->rows = rows;
    }
    fflush(stdout);
    free(screen->text);
    screen->text = NULL;
}

void
screen_leave(struct screen *screen)
{
    screen->rows = 0;
}
