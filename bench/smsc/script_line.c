/*
 * script_line.c - words and values of a script's line; see script_line.h.
 */
#include "bench/smsc/script_line.h"

#include "bench/smsc/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool
line_fail(struct line *l, const char *what, const char *word)
{
    snprintf(l->why, SCRIPT_WHY_BYTES, "%s%s%.60s%s", what, word ? " '" : "",
             word ? word : "", word ? "'" : "");
    return false;
}

/* Copies a quoted text, \" and \\ and \n undone. Past the closing quote. */
static const char *
cut_quoted(const char *from, char **to)
{
    from++;
    while (*from && *from != '"') {
        if (*from == '\\' && from[1]) {
            from++;
            *(*to)++ = *from == 'n' ? '\n' : *from;
            from++;
        } else {
            *(*to)++ = *from++;
        }
    }
    return *from == '"' ? from + 1 : NULL;
}

bool
line_cut(struct line *l, const char *from)
{
    char *to = l->room;
    if (strlen(from) >= LINE_BYTES - LINE_WORDS_MAX)
        return line_fail(l, "the line is too long", NULL);
    for (;;) {
        while (isspace((unsigned char)*from))
            from++;
        if (!*from || *from == '#')
            return true;
        if (l->words == LINE_WORDS_MAX)
            return line_fail(l, "too many words", NULL);
        l->quoted[l->words] = *from == '"';
        l->word[l->words++] = to;
        if (*from == '"') {
            from = cut_quoted(from, &to);
            if (!from)
                return line_fail(l, "the quote is not closed", NULL);
        } else {
            while (*from && !isspace((unsigned char)*from))
                *to++ = *from++;
        }
        *to++ = '\0';
    }
}

/* The next word, or NULL at the end. */
const char *
line_peek(const struct line *l)
{
    return l->at < l->words ? l->word[l->at] : NULL;
}

const char *
line_next(struct line *l)
{
    return l->at < l->words ? l->word[l->at++] : NULL;
}

/* Steps over the word when it stands there, unquoted. */
bool
line_accept(struct line *l, const char *word)
{
    const char *p = line_peek(l);
    if (!p || l->quoted[l->at] || strcmp(p, word) != 0)
        return false;
    l->at++;
    return true;
}

bool
line_expect(struct line *l, const char *word)
{
    if (line_accept(l, word))
        return true;
    snprintf(l->why, SCRIPT_WHY_BYTES, "expected '%s' before '%.60s'", word,
             line_peek(l) ? line_peek(l) : "the end of the line");
    return false;
}

bool
line_duration(struct line *l, uint64_t *ms)
{
    const char *p = line_next(l);
    char *end = NULL;
    errno = 0;
    double v = p && isdigit((unsigned char)*p) ? strtod(p, &end) : -1;
    double unit = !end                     ? 0
                  : strcmp(end, "ms") == 0 ? 1
                  : strcmp(end, "s") == 0  ? 1000
                  : strcmp(end, "m") == 0  ? 60000
                                           : 0;
    if (unit == 0 || errno || v * unit > 86400000.0)
        return line_fail(l, "expected a time like 50ms, 2s or 1m, got",
                         p ? p : "the end of the line");
    *ms = (uint64_t)(v * unit + 0.5);
    return true;
}

bool
line_pattern(struct line *l, char dst[RULE_WORD_MAX], bool stars)
{
    const char *p = line_next(l);
    if (p && *p == '+')
        p++;
    size_t n = p ? strlen(p) : 0;
    bool good = n > 0 && n < RULE_WORD_MAX;
    for (size_t i = 0; good && i < n; i++)
        good = isalnum((unsigned char)p[i]) || (stars && p[i] == '*');
    if (!good)
        return line_fail(l,
                         stars ? "expected a number like 4477009*, got"
                               : "expected a number, got",
                         p ? p : "the end of the line");
    memcpy(dst, p, n + 1);
    return true;
}

bool
line_text(struct line *l, char **dst)
{
    if (!line_peek(l) || !l->quoted[l->at])
        return line_fail(l, "expected a text in double quotes before",
                         line_peek(l) ? line_peek(l) : "the end of the line");
    free(*dst);
    *dst = strdup(line_next(l));
    return *dst != NULL;
}

/* "3,1,2": a permutation of 1 to its length. */
bool
line_parts(struct line *l, uint8_t order[RULE_PARTS_MAX], uint8_t *parts)
{
    const char *p = line_next(l);
    uint32_t seen = 0;
    *parts = 0;
    for (const char *at = p; at && *at;) {
        char *end = NULL;
        unsigned long v = strtoul(at, &end, 10);
        bool good = end != at && v >= 1 && v <= RULE_PARTS_MAX &&
                    !(seen >> v & 1) && *parts < RULE_PARTS_MAX &&
                    (*end == ',' || !*end);
        if (!good)
            break;
        seen |= 1u << v;
        order[(*parts)++] = (uint8_t)v;
        at = *end ? end + 1 : end;
    }
    if (*parts == 0 || seen != (2u << *parts) - 2)
        return line_fail(l, "expected the order of all parts like 3,1,2, got",
                         p ? p : "the end of the line");
    return true;
}

bool
line_count(struct line *l, uint64_t *dst)
{
    const char *p = line_next(l);
    if (!p || !args_number(p, 1, 1000000000, dst))
        return line_fail(l, "expected a count from 1, got",
                         p ? p : "the end of the line");
    return true;
}

bool
line_err(struct line *l, char dst[4])
{
    const char *p = line_next(l);
    if (!p || strlen(p) != 3)
        return line_fail(l, "err wants three characters, got",
                         p ? p : "the end of the line");
    memcpy(dst, p, 4);
    return true;
}
