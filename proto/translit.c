/*
 * translit.c - best-fit replacement of characters outside GSM 7-bit.
 *
 * Promise: as in translit.h. This is the slow road: it runs only for texts
 * that are not GSM 7-bit and whose sender asked for it, so look-ups are
 * binary or plain searches in constant tables.
 */
#include "proto/translit.h"

#include "proto/gsm7.h"

enum translit_group {
    QUOTE,
    DASH,
    DOTS,
    SPACE,
    INVISIBLE,
    SYMBOL,
    LATIN,
    GREEK,
    FULLWIDTH,
    LIGATURE,
};

/* In the order of from. to is UTF-8, GSM 7-bit all of it. */
static const struct row {
    uint16_t from;
    uint8_t group;
    const char *to;
} rows[] = {
#define TRANSLIT(from, group, to) {from, group, to},
#include "proto/translit.def"
#undef TRANSLIT
};

/* In the order of composed. */
static const struct composition {
    uint16_t base;
    uint16_t mark;
    uint16_t composed;
} compositions[] = {
#define MARKS(first, last, class)
#define SINGLE(from, to)
#define COMPOSE(base, mark, composed) {base, mark, composed},
#include "proto/compose.def"
#undef MARKS
#undef SINGLE
#undef COMPOSE
};

static const struct single {
    uint16_t from;
    uint16_t to;
} singles[] = {
#define MARKS(first, last, class)
#define SINGLE(from, to) {from, to},
#define COMPOSE(base, mark, composed)
#include "proto/compose.def"
#undef MARKS
#undef SINGLE
#undef COMPOSE
};

static const struct mark_range {
    uint16_t first;
    uint16_t last;
    uint8_t class;
} mark_ranges[] = {
#define MARKS(first, last, class) {first, last, class},
#define SINGLE(from, to)
#define COMPOSE(base, mark, composed)
#include "proto/compose.def"
#undef MARKS
#undef SINGLE
#undef COMPOSE
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Canonical combining class; 0 is a character that begins a run. */
static uint8_t
class_of(uint32_t c)
{
    if (c < 0x0300 || c > 0x036F)
        return 0;
    for (size_t i = 0; i < COUNT(mark_ranges); i++) {
        if (c <= mark_ranges[i].last)
            return mark_ranges[i].class;
    }
    return 0;
}

static uint32_t
single_of(uint32_t c)
{
    for (size_t i = 0; i < COUNT(singles); i++) {
        if (singles[i].from == c)
            return singles[i].to;
    }
    return c;
}

static const struct composition *
composition_of(uint32_t composed)
{
    size_t low = 0, high = COUNT(compositions);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compositions[middle].composed < composed)
            low = middle + 1;
        else
            high = middle;
    }
    bool found =
        low < COUNT(compositions) && compositions[low].composed == composed;
    return found ? &compositions[low] : NULL;
}

static uint32_t
composed_of(uint32_t base, uint32_t mark)
{
    for (size_t i = 0; i < COUNT(compositions); i++) {
        if (compositions[i].base == base && compositions[i].mark == mark)
            return compositions[i].composed;
    }
    return 0;
}

/* Adds the full decomposition of c to run; what does not fit is a mark
 * beyond the reach of any composition and is left out. */
static unsigned
decompose(uint32_t c, uint32_t run[], unsigned n)
{
    uint32_t marks[4]; /* no character of the table has more than three */
    unsigned held = 0;
    c = single_of(c);
    const struct composition *k;
    while (held < COUNT(marks) && (k = composition_of(c))) {
        marks[held++] = k->mark;
        c = single_of(k->base);
    }
    if (n < TRANSLIT_RUN_MAX)
        run[n++] = c;
    while (held > 0 && n < TRANSLIT_RUN_MAX)
        run[n++] = marks[--held];
    return n;
}

/* Canonical order: marks by class, equals as they came. */
static void
sort_marks(uint32_t run[], unsigned n)
{
    for (unsigned i = 2; i < n; i++) {
        uint32_t mark = run[i];
        unsigned j = i;
        for (; j > 1 && class_of(run[j - 1]) > class_of(mark); j--)
            run[j] = run[j - 1];
        run[j] = mark;
    }
}

unsigned
translit_compose(uint32_t run[TRANSLIT_RUN_MAX], unsigned n)
{
    uint32_t full[TRANSLIT_RUN_MAX] = {0};
    unsigned length = 0;
    for (unsigned i = 0; i < n; i++)
        length = decompose(run[i], full, length);
    sort_marks(full, length);

    /* Unicode 3.11: a mark joins the base unless one of its own class or
     * above stands between them. */
    unsigned kept = 1;
    uint8_t barrier = 0;
    run[0] = full[0];
    for (unsigned i = 1; i < length; i++) {
        uint8_t class = class_of(full[i]);
        uint32_t joined = class > barrier ? composed_of(run[0], full[i]) : 0;
        if (joined) {
            run[0] = joined;
        } else {
            run[kept++] = full[i];
            barrier = class;
        }
    }
    return kept;
}

static const struct row *
row_of(uint32_t from)
{
    size_t low = 0, high = COUNT(rows);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rows[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < COUNT(rows) && rows[low].from == from ? &rows[low] : NULL;
}

/* One character in NFC: itself, or its replacement. */
static enum text_result
put_best(uint32_t c, bool greek, struct writer *out)
{
    if (gsm7_put(out, c))
        return TEXT_OK;
    const struct row *row = out->failed ? NULL : row_of(c);
    if (out->failed)
        return TEXT_NO_ROOM;
    if (!row || (row->group == GREEK && !greek))
        return TEXT_UNFIT;
    return gsm7_from_utf8(slice_str(row->to), 0, 0, out, NULL);
}

/* The class of the next character, without taking it. */
static uint8_t
peek_class(struct cursor c)
{
    if (cursor_left(&c) == 0)
        return 0;
    uint32_t next = ucs2_next_utf8(&c);
    return next == UCS2_BAD ? 0 : class_of(next);
}

enum text_result
translit_to_gsm7(struct slice utf8, bool greek, struct writer *out,
                 uint32_t *culprit)
{
    *culprit = 0;
    struct cursor c = cursor_of(utf8);
    while (cursor_left(&c) > 0) {
        uint32_t run[TRANSLIT_RUN_MAX];
        unsigned n = 0;
        do {
            uint32_t code_point = ucs2_next_utf8(&c);
            if (code_point == UCS2_BAD)
                return TEXT_BAD_UTF8;
            if (n < TRANSLIT_RUN_MAX)
                run[n++] = code_point;
        } while (peek_class(c) > 0);
        /* Alone, a composed character is its own NFC. */
        if (n > 1)
            (void)translit_compose(run, n);
        else
            run[0] = single_of(run[0]);
        /* run[1] and on are marks left over: dropped, the base is sent. */
        enum text_result result = put_best(run[0], greek, out);
        if (result != TEXT_OK) {
            *culprit = run[0];
            return result;
        }
    }
    return TEXT_OK;
}
