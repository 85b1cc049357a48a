/*
 * optword.c - folds a text and looks it up in optword.def.
 *
 * Promise: as in optword.h. A text longer than any word of the table is
 * refused before it is folded, so a reply of ten parts costs no more than
 * its first octets.
 */
#include "engine/flow/optword.h"

#include "proto/ucs2.h"

enum {
    FOLDED_MAX = 64, /* longest word and keyword, folded */
    TEXT_MAX = 256,  /* with spaces and punctuation around */
    KEYWORD_MAX = 32,
};

enum more { WHOLE, KEYWORD, ALL };

static const struct row {
    enum opt_kind kind;
    enum more more;
    const char *language;
    const char *word;
} rows[] = {
#define OPT_PACK(name, since)
#define OPT_WORD(kind, more, language, word) {kind, more, language, word},
#define OPT_TEXT(kind, language, text)
#include "engine/flow/optword.def"
#undef OPT_WORD
#undef OPT_TEXT
};

static const struct confirmation {
    enum opt_kind kind;
    const char *language;
    const char *text;
} confirmations[] = {
#define OPT_WORD(kind, more, language, word)
#define OPT_TEXT(kind, language, text) {kind, language, text},
#include "engine/flow/optword.def"
#undef OPT_PACK
#undef OPT_WORD
#undef OPT_TEXT
};

static const char pack[] =
#define OPT_PACK(name, since) name " " since
#define OPT_WORD(kind, more, language, word)
#define OPT_TEXT(kind, language, text)
#include "engine/flow/optword.def"
    ;

/* Lower case of the scripts of the table: Latin, Greek, Cyrillic. */
static uint32_t
fold(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
        (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
        return c + 32;
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    if (c >= 0x100 && c <= 0x137)
        return c | 1;
    if (c == 0x3C2) /* final sigma */
        return 0x3C3;
    return c;
}

static bool
is_space(uint32_t c)
{
    /* 200B, FEFF: invisible, but phones paste them. */
    return c == ' ' || (c >= 9 && c <= 13) || c == 0xA0 || c == 0x3000 ||
           (c >= 0x2000 && c <= 0x200B) || c == 0xFEFF;
}

/* What people put around a word. '#' and '@' are not here: they begin tags
 * and addresses. */
static bool
is_punctuation(uint32_t c)
{
    return (c < 0x80 && c > ' ' && strchr("!\"'()*,-./:;<>?[]_`{}~", (int)c)) ||
           c == 0xA1 || c == 0xAB || c == 0xBB || c == 0xBF ||
           (c >= 0x2010 && c <= 0x2027) || c == 0x3002 || c == 0xFF01;
}

/* Drops spaces and punctuation at both ends. False when not UTF-8. */
static bool
strip(struct slice *text)
{
    struct cursor c = cursor_of(*text);
    const uint8_t *first = NULL, *last = NULL;
    while (cursor_left(&c) > 0) {
        const uint8_t *at = c.at;
        uint32_t code = ucs2_next_utf8(&c);
        if (c.failed)
            return false;
        if (is_space(code) || is_punctuation(code))
            continue;
        if (!first)
            first = at;
        last = c.at;
    }
    if (!first)
        return false;
    *text = (struct slice){first, (size_t)(last - first)};
    return true;
}

/* Lower case, one space for a run of them. False when it does not fit. */
static bool
fold_text(struct slice text, struct writer *out)
{
    struct cursor c = cursor_of(text);
    bool space = false;
    while (cursor_left(&c) > 0) {
        uint32_t code = ucs2_next_utf8(&c);
        if (is_space(code)) {
            space = true;
            continue;
        }
        if (space)
            writer_u8(out, ' ');
        space = false;
        ucs2_put_utf8(out, fold(code));
    }
    return !out->failed;
}

static const struct row *
find(struct slice folded)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_eq(folded, slice_str(rows[i].word)))
            return &rows[i];
    return NULL;
}

static struct optword
fired(const struct row *row, struct slice keyword)
{
    return (struct optword){.kind = row->kind,
                            .all = row->more == ALL,
                            .keyword = keyword,
                            .word = row->word,
                            .language = row->language};
}

/* A word and one keyword: the text up to its first space is the word. */
static struct optword
read_keyword(struct slice text, struct slice folded)
{
    const struct optword none = {OPT_NONE};
    const uint8_t *gap = memchr(folded.p, ' ', folded.n);
    if (!gap || memchr(gap + 1, ' ', folded.n - (size_t)(gap + 1 - folded.p)))
        return none;
    const struct row *row =
        find((struct slice){folded.p, (size_t)(gap - folded.p)});
    if (!row || row->more != KEYWORD)
        return none;
    /* The keyword as written: behind the last space of any kind. */
    struct cursor c = cursor_of(text);
    const uint8_t *from = c.at;
    while (cursor_left(&c) > 0)
        if (is_space(ucs2_next_utf8(&c)))
            from = c.at;
    struct slice keyword = {from, (size_t)(c.end - from)};
    if (!strip(&keyword) || keyword.n > KEYWORD_MAX)
        return none;
    return fired(row, keyword);
}

struct optword
optword_read(struct slice text)
{
    const struct optword none = {OPT_NONE};
    if (text.n > TEXT_MAX || !strip(&text))
        return none;
    uint8_t buffer[FOLDED_MAX];
    struct writer out = writer_of(buffer, sizeof buffer);
    if (!fold_text(text, &out))
        return none;
    struct slice folded = writer_slice(&out);
    const struct row *row = find(folded);
    if (row)
        return fired(row, (struct slice){NULL, 0});
    return read_keyword(text, folded);
}

const char *
optword_text(enum opt_kind kind, const char *language)
{
    const char *english = NULL;
    for (size_t i = 0; i < sizeof confirmations / sizeof confirmations[0];
         i++) {
        const struct confirmation *row = &confirmations[i];
        if (row->kind != kind)
            continue;
        if (language && strcmp(row->language, language) == 0)
            return row->text;
        if (strcmp(row->language, "en") == 0)
            english = row->text;
    }
    return english;
}

const char *
optword_pack(void)
{
    return pack;
}
