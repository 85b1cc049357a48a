/*
 * gsm7.c - the GSM 7-bit alphabet: text to septets and back, packing.
 *
 * Promise: as in gsm7.h. The default alphabet has a flat table from code
 * point to septet (8 KB, of which a Latin text touches a few cache lines);
 * a pair of national tables is turned round on the stack for each text, some
 * 300 ns, since 13 languages twice would be far more constant data than the
 * routes that use them deserve.
 */
#include "proto/gsm7.h"

/* From code point: code + 1, or 0x80 + code after an escape; 0: none. No
 * clash: code + 1 is at most 0x80, and the extension has no code 0. */
static const uint8_t code_of[0x20AC + 1] = {
#define GSM7(code, unicode)     [unicode] = (code) + 1,
#define GSM7_EXT(code, unicode) [unicode] = 0x80 | (code),
#include "proto/gsm7.def"
#undef GSM7
#undef GSM7_EXT
};

/* From code; row 0 is the default. 0: no character. */
static const uint16_t lock_table[GSM7_LANGUAGE_MAX + 1][128] = {
#define GSM7(code, unicode) [0][code] = unicode,
#define GSM7_EXT(code, unicode)
#include "proto/gsm7.def"
#undef GSM7
#undef GSM7_EXT
#define GSM7_LOCK(id, ...) [id] = {__VA_ARGS__},
#define GSM7_SHIFT(id, ...)
#include "proto/gsm7_national.def"
#undef GSM7_LOCK
#undef GSM7_SHIFT
};

static const uint16_t shift_table[GSM7_LANGUAGE_MAX + 1][128] = {
#define GSM7(code, unicode)
#define GSM7_EXT(code, unicode) [0][code] = unicode,
#include "proto/gsm7.def"
#undef GSM7
#undef GSM7_EXT
#define GSM7_LOCK(id, ...)
#define GSM7_SHIFT(id, ...) [id] = {__VA_ARGS__},
#include "proto/gsm7_national.def"
#undef GSM7_LOCK
#undef GSM7_SHIFT
};

/* A national pair turned round: pages of 256 code points. */
enum {
    MAP_PAGES = 12,      /* two languages need at most 8 */
    MAP_HIGH_MAX = 0x23, /* the highest character is U+221E */
    MAP_SHIFTED = 0x100,
};

struct map {
    unsigned pages;
    uint8_t page_of[MAP_HIGH_MAX]; /* page + 1, 0: none */
    uint16_t code[MAP_PAGES][256]; /* code + 1, with MAP_SHIFTED; 0: none */
};

bool
gsm7_has_lock(uint8_t language)
{
    return language >= 1 && language <= GSM7_LANGUAGE_MAX &&
           lock_table[language][' '] != 0;
}

bool
gsm7_has_shift(uint8_t language)
{
    return language >= 1 && language <= GSM7_LANGUAGE_MAX;
}

static const uint16_t *
lock_of(uint8_t language)
{
    return lock_table[gsm7_has_lock(language) ? language : 0];
}

static const uint16_t *
shift_of(uint8_t language)
{
    return shift_table[gsm7_has_shift(language) ? language : 0];
}

/* Enters a table; what is there already (a lower code, the locking table)
 * stays. */
static void
map_enter(struct map *m, const uint16_t *table, uint16_t flag)
{
    for (uint16_t code = 0; code < 128; code++) {
        unsigned high = table[code] >> 8;
        if (table[code] == 0 || high >= MAP_HIGH_MAX)
            continue;
        if (m->page_of[high] == 0) {
            if (m->pages == MAP_PAGES)
                continue;
            memset(m->code[m->pages], 0, sizeof m->code[0]);
            m->page_of[high] = (uint8_t)++m->pages;
        }
        uint16_t *slot = &m->code[m->page_of[high] - 1][table[code] & 0xFF];
        if (*slot == 0)
            *slot = (uint16_t)((code + 1) | flag);
    }
}

static void
map_init(struct map *m, uint8_t lock, uint8_t shift)
{
    m->pages = 0;
    memset(m->page_of, 0, sizeof m->page_of);
    map_enter(m, lock_of(lock), 0);
    map_enter(m, shift_of(shift), MAP_SHIFTED);
}

static uint16_t
map_find(const struct map *m, uint32_t code_point)
{
    uint32_t high = code_point >> 8;
    if (high >= MAP_HIGH_MAX || m->page_of[high] == 0)
        return 0;
    return m->code[m->page_of[high] - 1][code_point & 0xFF];
}

static void
put_escaped(struct writer *out, uint8_t code)
{
    writer_be16(out, (uint16_t)(GSM7_ESCAPE << 8 | code));
}

bool
gsm7_put(struct writer *out, uint32_t code_point)
{
    uint8_t found = code_point < sizeof code_of ? code_of[code_point] : 0;
    if (found == 0)
        return false;
    if (found <= 0x80)
        writer_u8(out, (uint8_t)(found - 1));
    else
        put_escaped(out, found & 0x7F);
    return !out->failed;
}

/* The common case: as many octets as are ASCII with a septet of their own,
 * four at a time while four are. Returns their number. */
static size_t
put_plain(const uint8_t *text, size_t n, uint8_t *dst)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        uint32_t four;
        memcpy(&four, text + i, 4);
        if (four & 0x80808080u)
            break;
        uint8_t a = (uint8_t)(code_of[text[i]] - 1);
        uint8_t b = (uint8_t)(code_of[text[i + 1]] - 1);
        uint8_t c = (uint8_t)(code_of[text[i + 2]] - 1);
        uint8_t d = (uint8_t)(code_of[text[i + 3]] - 1);
        if ((a | b | c | d) & 0x80) /* an escape or no septet */
            break;
        dst[i] = a;
        dst[i + 1] = b;
        dst[i + 2] = c;
        dst[i + 3] = d;
    }
    for (; i < n && text[i] < 0x80; i++) {
        uint8_t code = (uint8_t)(code_of[text[i]] - 1);
        if (code & 0x80)
            break;
        dst[i] = code;
    }
    return i;
}

static enum text_result
from_utf8_default(struct slice utf8, struct writer *out, uint32_t *culprit)
{
    struct cursor c = cursor_of(utf8);
    while (cursor_left(&c) > 0) {
        size_t room = (size_t)(out->end - out->at);
        size_t n = cursor_left(&c) < room ? cursor_left(&c) : room;
        n = put_plain(c.at, n, out->at);
        (void)cursor_take(&c, n);
        (void)writer_room(out, n);
        if (cursor_left(&c) == 0)
            break;
        uint32_t code_point = ucs2_next_utf8(&c);
        if (code_point == UCS2_BAD)
            return TEXT_BAD_UTF8;
        if (!gsm7_put(out, code_point)) {
            *culprit = code_point;
            return out->failed ? TEXT_NO_ROOM : TEXT_UNFIT;
        }
    }
    return TEXT_OK;
}

static enum text_result
from_utf8_national(struct slice utf8, const struct map *m, struct writer *out,
                   uint32_t *culprit)
{
    struct cursor c = cursor_of(utf8);
    while (cursor_left(&c) > 0) {
        uint32_t code_point = ucs2_next_utf8(&c);
        if (code_point == UCS2_BAD)
            return TEXT_BAD_UTF8;
        uint16_t found = map_find(m, code_point);
        if (found == 0) {
            *culprit = code_point;
            return TEXT_UNFIT;
        }
        uint8_t code = (uint8_t)((found & 0xFF) - 1);
        if (found & MAP_SHIFTED)
            put_escaped(out, code);
        else
            writer_u8(out, code);
    }
    return out->failed ? TEXT_NO_ROOM : TEXT_OK;
}

enum text_result
gsm7_from_utf8(struct slice utf8, uint8_t lock, uint8_t shift,
               struct writer *out, uint32_t *culprit)
{
    uint32_t ignored;
    if (!culprit)
        culprit = &ignored;
    *culprit = 0;
    if (out->failed)
        return TEXT_NO_ROOM;
    if (!gsm7_has_lock(lock) && !gsm7_has_shift(shift))
        return from_utf8_default(utf8, out, culprit);
    struct map m;
    map_init(&m, lock, shift);
    return from_utf8_national(utf8, &m, out, culprit);
}

/* The character of a code behind an escape (gsm0338.md, 1). */
static uint32_t
escaped_char(const uint16_t *lock, const uint16_t *shift, uint8_t code)
{
    if (shift[code])
        return shift[code];
    if (code == GSM7_ESCAPE)
        return ' '; /* reserved for a further table */
    return lock[code] ? lock[code] : UCS2_REPLACEMENT;
}

enum text_result
gsm7_to_utf8(struct slice septets, uint8_t lock, uint8_t shift,
             struct writer *out)
{
    const uint16_t *locked = lock_of(lock);
    const uint16_t *shifted = shift_of(shift);
    for (size_t i = 0; i < septets.n; i++) {
        uint8_t code = septets.p[i] & 0x7F;
        uint32_t c = locked[code] ? locked[code] : UCS2_REPLACEMENT;
        if (code == GSM7_ESCAPE) {
            i++;
            c = i < septets.n
                    ? escaped_char(locked, shifted, septets.p[i] & 0x7F)
                    : ' ';
        }
        ucs2_put_utf8(out, c);
    }
    return out->failed ? TEXT_NO_ROOM : TEXT_OK;
}

size_t
gsm7_pack(struct slice septets, unsigned fill_bits, uint8_t *dst)
{
    unsigned held = fill_bits; /* bits in store, always below 8 here */
    uint32_t store = 0;
    size_t n = 0;
    for (size_t i = 0; i < septets.n; i++) {
        store |= (uint32_t)(septets.p[i] & 0x7F) << held;
        held += 7;
        if (held >= 8) {
            dst[n++] = (uint8_t)store;
            store >>= 8;
            held -= 8;
        }
    }
    if (held > 0 && septets.n > 0)
        dst[n++] = (uint8_t)store;
    return n;
}

size_t
gsm7_packed_septets(struct slice packed, unsigned fill_bits)
{
    if (packed.n == 0)
        return 0;
    size_t bits = 8 * packed.n - fill_bits;
    size_t n = bits / 7;
    /* The last septet ends with the last octet: it may be padding. */
    if (bits % 7 == 0 && packed.p[packed.n - 1] >> 1 == 0)
        n--;
    return n;
}

void
gsm7_unpack(struct slice packed, unsigned fill_bits, size_t n, uint8_t *dst)
{
    for (size_t i = 0; i < n; i++) {
        size_t bit = 7 * i + fill_bits;
        uint32_t pair = packed.p[bit / 8];
        if (bit / 8 + 1 < packed.n)
            pair |= (uint32_t)packed.p[bit / 8 + 1] << 8;
        dst[i] = pair >> (bit % 8) & 0x7F;
    }
}
