/*
 * lines.c - cuts a stream into lines, whatever pieces it comes in.
 *
 * Promise: as in lines.h.
 */
#include "engine/door/lines.h"

static bool
is_blank(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t')
            return false;
    return true;
}

static bool
hand_over(struct lines *l, struct slice text, bool too_long)
{
    l->line++;
    if (text.n && text.p[text.n - 1] == '\r')
        text.n--;
    if (!l->started && text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0)
        text = slice_of(text.p + 3, text.n - 3);
    l->started = true;
    if (!too_long && is_blank(text))
        return true;
    return l->each(l->arg, l->line, text, too_long);
}

/* One line that ends here; its end is not in the octets. */
static bool
finish(struct lines *l, const char *p, size_t n)
{
    bool too_long = l->skipping || l->part.n + n > l->max;
    struct slice text = slice_of(p, n);
    if (!too_long && l->part.n) {
        emit_raw(&l->part, p, n);
        too_long = l->part.failed;
        text = slice_of(l->part.p, l->part.n);
    }
    if (too_long)
        text = (struct slice){0};
    bool on = hand_over(l, text, too_long);
    emit_reset(&l->part);
    l->skipping = false;
    return on;
}

size_t
lines_feed(struct lines *l, const char *p, size_t n)
{
    size_t at = 0;
    while (at < n) {
        const char *end = memchr(p + at, '\n', n - at);
        if (!end) {
            l->skipping |= l->part.n + (n - at) > l->max;
            if (l->skipping)
                emit_reset(&l->part);
            else
                emit_raw(&l->part, p + at, n - at);
            return n;
        }
        size_t length = (size_t)(end - (p + at));
        const char *from = p + at;
        at += length + 1;
        if (!finish(l, from, length))
            return at;
    }
    return n;
}

void
lines_end(struct lines *l)
{
    if (l->part.n || l->skipping)
        finish(l, NULL, 0);
}

void
lines_fini(struct lines *l)
{
    emit_fini(&l->part);
}
