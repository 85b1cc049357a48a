/*
 * coding.c - which alphabet a text travels in, both ways.
 *
 * Promise: as in coding.h. On the way out the alphabets are tried from the
 * smallest to UCS-2, each into the same room: a failed try is rewound. The
 * first try succeeds for nearly all texts.
 */
#include "proto/coding.h"

#include <errno.h>
#include <iconv.h>

#include "proto/gsm7.h"
#include "proto/translit.h"

const char *
coding_name(enum coding_alphabet a)
{
    static const char *const names[CODING_N] = {
        [CODING_GSM7] = "gsm7",
        [CODING_ASCII] = "ascii",
        [CODING_LATIN1] = "latin1",
        [CODING_UCS2] = "ucs2",
        [CODING_OCTETS] = "octets",
        [CODING_ISO8859_5] = "iso8859-5",
        [CODING_ISO8859_8] = "iso8859-8",
        [CODING_JIS] = "jis",
        [CODING_ISO2022_JP] = "iso2022-jp",
        [CODING_JIS0212] = "jis0212",
        [CODING_KSC5601] = "ksc5601",
    };
    return (unsigned)a < CODING_N ? names[a] : "unknown";
}

/* ---- out ---- */

/* The octet of a code point in Latin-1 or ASCII as carriers mean them: no
 * control but CR and LF. */
static bool
put_octet(enum coding_alphabet charset, uint32_t c, struct writer *out)
{
    bool fits = (c >= 0x20 && c <= 0x7E) || c == '\n' || c == '\r';
    if (charset == CODING_LATIN1 && c >= 0xA0 && c <= 0xFF)
        fits = true;
    if (fits)
        writer_u8(out, (uint8_t)c);
    return fits;
}

static enum text_result
octets_from_utf8(struct slice utf8, enum coding_alphabet charset,
                 struct writer *out, uint32_t *culprit)
{
    struct cursor c = cursor_of(utf8);
    while (cursor_left(&c) > 0) {
        uint32_t code_point = ucs2_next_utf8(&c);
        if (code_point == UCS2_BAD)
            return TEXT_BAD_UTF8;
        if (!put_octet(charset, code_point, out)) {
            *culprit = code_point;
            return TEXT_UNFIT;
        }
    }
    return out->failed ? TEXT_NO_ROOM : TEXT_OK;
}

/* Turns septets into octets of a charset where they lie: an octet never
 * takes more room than its septets. */
static enum text_result
octets_from_septets(struct slice septets, enum coding_alphabet charset,
                    struct writer *out, uint32_t *culprit)
{
    struct cursor c = cursor_of(septets);
    while (cursor_left(&c) > 0) {
        bool escaped = c.at[0] == GSM7_ESCAPE && cursor_left(&c) > 1;
        uint8_t text[8];
        struct writer w = writer_of(text, sizeof text);
        if (gsm7_to_utf8(cursor_take(&c, escaped ? 2 : 1), 0, 0, &w))
            return TEXT_NO_ROOM;
        struct cursor one = cursor_of(writer_slice(&w));
        uint32_t code_point = ucs2_next_utf8(&one);
        if (!put_octet(charset, code_point, out)) {
            *culprit = code_point;
            return TEXT_UNFIT;
        }
    }
    return TEXT_OK;
}

/* One try to write the whole text; on any but TEXT_OK out is rewound. */
struct attempt {
    struct slice utf8;
    const struct coding_wish *wish;
    struct writer *out;
    struct coding_choice *choice;
};

static enum text_result
try_charset_0(const struct attempt *a)
{
    a->choice->alphabet = a->wish->charset_0;
    if (a->wish->charset_0 != CODING_GSM7)
        return octets_from_utf8(a->utf8, a->wish->charset_0, a->out,
                                &a->choice->culprit);
    return gsm7_from_utf8(a->utf8, 0, 0, a->out, &a->choice->culprit);
}

static enum text_result
try_national(const struct attempt *a)
{
    uint8_t lock = gsm7_has_lock(a->wish->lock) ? a->wish->lock : 0;
    uint8_t shift = gsm7_has_shift(a->wish->shift) ? a->wish->shift : 0;
    if (a->wish->charset_0 != CODING_GSM7 || (!lock && !shift))
        return TEXT_UNFIT;
    enum text_result result =
        gsm7_from_utf8(a->utf8, lock, shift, a->out, &a->choice->culprit);
    if (result == TEXT_OK) {
        a->choice->lock = lock;
        a->choice->shift = shift;
    }
    return result;
}

static enum text_result
try_translit(const struct attempt *a)
{
    if (!a->wish->transliterate)
        return TEXT_UNFIT;
    struct writer from_here = *a->out;
    uint8_t *start = a->out->at;
    enum text_result result =
        translit_to_gsm7(a->utf8, a->wish->greek, a->out, &a->choice->culprit);
    if (result == TEXT_OK && a->wish->charset_0 != CODING_GSM7) {
        struct slice septets = {start, (size_t)(a->out->at - start)};
        result = octets_from_septets(septets, a->wish->charset_0, &from_here,
                                     &a->choice->culprit);
        *a->out = from_here;
    }
    /* Grown beyond the room: the original in UCS-2 may still fit. */
    if (result == TEXT_NO_ROOM)
        result = TEXT_UNFIT;
    a->choice->transliterated = result == TEXT_OK;
    return result;
}

static enum text_result
try_ucs2(const struct attempt *a)
{
    a->choice->alphabet = CODING_UCS2;
    return ucs2_from_utf8(a->utf8, a->out);
}

enum text_result
coding_from_utf8(struct slice utf8, const struct coding_wish *wish,
                 struct writer *out, struct coding_choice *choice)
{
    static enum text_result (*const tries[])(const struct attempt *) = {
        try_charset_0, try_national, try_translit, try_ucs2};
    memset(choice, 0, sizeof *choice);
    const struct attempt a = {utf8, wish, out, choice};
    const struct writer before = *out;
    enum text_result result = TEXT_UNFIT;
    for (size_t i = 0; i < 4 && result == TEXT_UNFIT; i++) {
        *out = before;
        result = tries[i](&a);
    }
    if (choice->alphabet != CODING_UCS2)
        choice->culprit = 0;
    return result;
}

/* ---- in ---- */

/* data_coding below 0x10 (SMPP 3.4, 5.2.19; 5.0, 4.7.7). Reserved values are
 * read as the default alphabet. */
static enum coding_alphabet
coding_of_low(uint8_t data_coding, enum coding_alphabet charset_0)
{
    switch (data_coding) {
    case 0x01: return CODING_ASCII;
    case 0x02:
    case 0x04: return CODING_OCTETS;
    case 0x03: return CODING_LATIN1;
    case 0x05: return CODING_JIS;
    case 0x06: return CODING_ISO8859_5;
    case 0x07: return CODING_ISO8859_8;
    case 0x08: return CODING_UCS2;
    case 0x09: return CODING_OCTETS; /* pictograms, of no known code */
    case 0x0A: return CODING_ISO2022_JP;
    case 0x0D: return CODING_JIS0212;
    case 0x0E: return CODING_KSC5601;
    default: return charset_0;
    }
}

enum coding_alphabet
coding_of(uint8_t data_coding, enum coding_alphabet charset_0)
{
    static const enum coding_alphabet by_bits_3_2[4] = {
        CODING_GSM7, CODING_OCTETS, CODING_UCS2, CODING_GSM7};
    switch (data_coding & 0xF0) {
    case 0x00: return coding_of_low(data_coding, charset_0);
    case 0x10: return by_bits_3_2[data_coding >> 2 & 3];
    case 0xC0:
    case 0xD0: return CODING_GSM7;
    case 0xE0: return CODING_UCS2;
    case 0xF0: return data_coding & 0x04 ? CODING_OCTETS : CODING_GSM7;
    default: return charset_0;
    }
}

/* Latin-1, with what Windows-1252 puts where Latin-1 has controls: that is
 * what such octets mean when they do come (gsm0338.md, 4). 0: no character. */
static uint32_t
latin1_char(uint8_t octet)
{
    static const uint16_t windows[32] = {
        0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
        0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
        0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
    if (octet < 0x80 || octet > 0x9F)
        return octet;
    return windows[octet - 0x80] ? windows[octet - 0x80] : UCS2_REPLACEMENT;
}

static uint32_t
iso8859_5_char(uint8_t octet)
{
    if (octet <= 0xA0 || octet == 0xAD)
        return octet;
    if (octet == 0xF0)
        return 0x2116;
    return octet == 0xFD ? 0xA7 : 0x0401u + (octet - 0xA1u);
}

static uint32_t
iso8859_8_char(uint8_t octet)
{
    if (octet >= 0xE0 && octet <= 0xFA)
        return 0x05D0u + (octet - 0xE0u);
    switch (octet) {
    case 0xAA: return 0xD7;
    case 0xBA: return 0xF7;
    case 0xDF: return 0x2017;
    case 0xFD: return 0x200E;
    case 0xFE: return 0x200F;
    default: break;
    }
    bool empty = octet == 0xA1 || octet == 0xFF ||
                 (octet >= 0xBF && octet <= 0xDE) || octet >= 0xFB;
    return empty ? UCS2_REPLACEMENT : octet;
}

static enum coding_result
read_octets(struct slice s, uint32_t (*char_of)(uint8_t), struct writer *out)
{
    for (size_t i = 0; i < s.n; i++)
        ucs2_put_utf8(out, char_of(s.p[i]));
    return out->failed ? CODING_NO_ROOM : CODING_READ;
}

static bool
has_bit_7(struct slice s)
{
    uint8_t all = 0;
    for (size_t i = 0; i < s.n; i++)
        all |= s.p[i];
    return (all & 0x80) != 0;
}

/* Octets that are not what data_coding says: Latin-1 reads any octet. */
static enum coding_result
read_as_latin1(struct slice s, struct writer *out)
{
    enum coding_result result = read_octets(s, latin1_char, out);
    return result == CODING_READ ? CODING_GUESSED : result;
}

/* Unpacks and reads in chunks, so that no length needs a buffer. A chunk
 * does not end with an escape. */
static enum coding_result
read_packed(struct slice s, const struct udh *udh, struct writer *out)
{
    unsigned fill = gsm7_fill_bits(udh->length);
    size_t n = gsm7_packed_septets(s, fill);
    uint8_t septets[160];
    for (size_t at = 0; at < n;) {
        size_t chunk = n - at < sizeof septets ? n - at : sizeof septets;
        gsm7_unpack(s, fill + (unsigned)(7 * at), chunk, septets);
        if (at + chunk < n && septets[chunk - 1] == GSM7_ESCAPE)
            chunk--;
        if (gsm7_to_utf8(slice_of(septets, chunk), udh->lock, udh->shift, out))
            return CODING_NO_ROOM;
        at += chunk;
    }
    return CODING_READ;
}

static enum coding_result
read_gsm7(struct slice s, const struct coding_options *options,
          const struct udh *udh, struct writer *out)
{
    if (options->packed)
        return read_packed(s, udh, out);
    if (!udh->lock && !udh->shift && has_bit_7(s))
        return read_as_latin1(s, out);
    return gsm7_to_utf8(s, udh->lock, udh->shift, out) ? CODING_NO_ROOM
                                                       : CODING_READ;
}

/* libc knows the East Asian charsets: rare on a link, so the cost of opening
 * its converter for each text is borne. */
static enum coding_result
read_iconv(struct slice s, enum coding_alphabet alphabet, struct writer *out)
{
    const char *charset = alphabet == CODING_JIS          ? "CP932"
                          : alphabet == CODING_ISO2022_JP ? "ISO-2022-JP"
                          : alphabet == CODING_JIS0212    ? "EUC-JP"
                                                          : "CP949";
    iconv_t converter = iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1)
        return read_as_latin1(s, out);
    const struct writer before = *out;
    char *from = (char *)(uintptr_t)s.p; /* iconv does not write to it */
    char *to = (char *)out->at;
    size_t from_left = s.n;
    size_t to_left = (size_t)(out->end - out->at);
    size_t done = iconv(converter, &from, &from_left, &to, &to_left);
    bool full = done == (size_t)-1 && errno == E2BIG;
    iconv_close(converter);
    if (done != (size_t)-1) {
        out->at = (uint8_t *)to;
        return CODING_READ;
    }
    *out = before;
    return full ? CODING_NO_ROOM : read_as_latin1(s, out);
}

enum coding_result
coding_to_utf8(uint8_t data_coding, const struct coding_options *options,
               const struct udh *udh, struct slice octets, struct writer *out)
{
    static const struct udh none;
    if (!udh)
        udh = &none;
    enum coding_alphabet a = coding_of(data_coding, options->charset_0);
    switch (a) {
    case CODING_GSM7: return read_gsm7(octets, options, udh, out);
    case CODING_ASCII:
        if (has_bit_7(octets))
            return read_as_latin1(octets, out);
        return read_octets(octets, latin1_char, out);
    case CODING_LATIN1: return read_octets(octets, latin1_char, out);
    case CODING_UCS2:
        return ucs2_to_utf8(octets, out) ? CODING_NO_ROOM : CODING_READ;
    case CODING_ISO8859_5: return read_octets(octets, iso8859_5_char, out);
    case CODING_ISO8859_8: return read_octets(octets, iso8859_8_char, out);
    case CODING_JIS:
    case CODING_ISO2022_JP:
    case CODING_JIS0212:
    case CODING_KSC5601: return read_iconv(octets, a, out);
    case CODING_OCTETS:
    case CODING_N: break;
    }
    return CODING_BINARY;
}
