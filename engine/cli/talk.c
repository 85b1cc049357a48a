/*
 * talk.c - messages of a thread as a conversation: theirs, ours, when.
 */
#include "engine/cli/talk.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cli/field.h"
#include "engine/cli/term.h"
#include "engine/cli/when.h"
#include "engine/cli/width.h"

/* Below this the wrapping would leave a word a line. */
enum { WRAP_MIN = 16 };

/* Where the next word of a wrapped text goes. */
struct wrap {
    FILE *out;
    size_t at; /* columns of this line that are taken */
    size_t indent;
    size_t columns;
    bool fresh; /* no word on this line yet */
};

static void
wrap_line(struct wrap *wrap)
{
    fprintf(wrap->out, "\n%*s", (int)wrap->indent, "");
    wrap->at = wrap->indent;
    wrap->fresh = true;
}

static void
wrap_word(struct wrap *wrap, const char *word)
{
    size_t wide = width_of(word) + (wrap->fresh ? 0 : 1);
    if (!wrap->fresh && wrap->at + wide > wrap->columns)
        wrap_line(wrap);
    if (!wrap->fresh)
        fputc(' ', wrap->out);
    wrap->at += width_put(wrap->out, word, WIDTH_ALL) + !wrap->fresh;
    wrap->fresh = false;
}

void
talk_wrap(FILE *out, const char *text, size_t at, size_t indent, size_t columns)
{
    struct wrap wrap = {out, at, indent, columns, true};
    char *copy = strdup(text), *rest = copy, *line, *word;
    if (columns < indent + WRAP_MIN)
        wrap.columns = indent + WRAP_MIN;
    for (bool first = true; (line = strsep(&rest, "\n")) != NULL;
         first = false) {
        if (!first)
            wrap_line(&wrap);
        while ((word = strsep(&line, " ")) != NULL)
            wrap_word(&wrap, word);
    }
    free(copy);
}

/* Why a message came to where it is: "failed: absent subscriber (0x14)". */
static void
print_fate(FILE *out, const json_t *message)
{
    const char *state = field_text(message, "state");
    const char *why = field_text(message, "error.text");
    fprintf(out, "  %s(%s%s", term_paint(term_state_paint(state)), state,
            *why ? ": " : "");
    width_put(out, why, WIDTH_ALL);
    fprintf(out, ")%s", term_plain());
}

/* The rule that brought a reply here, where it was not the usual one. */
static void
print_flags(FILE *out, const json_t *message)
{
    size_t i;
    const json_t *flag;
    json_array_foreach(field_at(message, "correlation.flags"), i, flag)
        fprintf(out, "  %s[%s]%s", term_paint(PAINT_WARN),
                json_string_value(flag), term_plain());
}

void
talk_print(FILE *out, const json_t *message, int64_t now_ms, size_t columns)
{
    char when[WHEN_CAP] = "";
    int64_t ms;
    bool ours = strcmp(field_text(message, "direction"), "out") == 0;
    if (when_parse(field_text(message, "created_at"), &ms))
        when_local(when, ms, now_ms);
    fprintf(out, "%s%-16s%s  %s%s%s  ", term_paint(PAINT_DIM), when,
            term_plain(), term_paint(ours ? PAINT_LINK : PAINT_BOLD),
            ours ? ">" : "<", term_plain());
    talk_wrap(out, field_text(message, "text"), 21, 21, columns);
    if (ours)
        print_fate(out, message);
    print_flags(out, message);
    fputc('\n', out);
}
