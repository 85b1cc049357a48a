/*
 * progress.c - a bar with percent, counts, rate and what is left of the time.
 */
#include "engine/cli/progress.h"

#include <stdint.h>
#include <stdlib.h>

#include "engine/cli/figure.h"
#include "engine/cli/width.h"

enum { BAR_MIN = 6, BAR_MAX = 40 };

double
progress_left_s(long long waiting, double per_s)
{
    if (waiting <= 0)
        return 0;
    return per_s > 0 ? (double)waiting / per_s : -1;
}

/* How many of n cells a share of the whole fills; full only when all is. */
static size_t
cells_for(long long part, long long all, size_t n)
{
    if (all <= 0 || part <= 0)
        return 0;
    if (part >= all)
        return n;
    return (size_t)((double)part * (double)n / (double)all);
}

static void
print_bar(const struct progress *p, FILE *out, size_t cells, bool utf8)
{
    static const char *const fine[] = {"█", "▒", "░"};
    static const char *const plain[] = {"#", "=", "."};
    const char *const *glyphs = utf8 ? fine : plain;
    size_t settled = cells_for(p->settled, p->all, cells);
    size_t begun = cells_for(p->begun, p->all, cells);
    fputc('[', out);
    for (size_t i = 0; i < cells; i++)
        fputs(glyphs[i < settled ? 0 : i < begun ? 1 : 2], out);
    fputs("]  ", out);
}

void
progress_print(const struct progress *p, FILE *out, size_t columns, bool utf8)
{
    char done[FIGURE_CAP], all[FIGURE_CAP], rate[FIGURE_CAP];
    char left[FIGURE_CAP], text[200];
    snprintf(text, sizeof text, "%3u%%  %s/%s  %s  ETA %s",
             figure_percent(p->begun, p->all), figure_count(done, p->begun),
             figure_count(all, p->all), figure_rate(rate, p->per_s),
             figure_span(left, p->left_s));
    size_t frame = 4; /* the brackets and two spaces */
    size_t used = width_of(text) + frame;
    size_t room = columns > used ? columns - used : 0;
    if (room >= BAR_MIN)
        print_bar(p, out, room < BAR_MAX ? room : BAR_MAX, utf8);
    width_put(out, text, columns);
}
