/*
 * addr.c - addresses: TON, NPI and characters to and from one plain form.
 *
 * Promise: as in addr.h. TON is believed when it says international or
 * alphanumeric; carriers set the others too carelessly, so the length and
 * the prefixes of the digits decide there.
 */
#include "proto/addr.h"

#include <strings.h>

enum { SHORT_MIN = 3, SHORT_DEFAULT_MAX = 6, NUMBER_MIN = 7 };

static const struct addr_rules no_rules;

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
all_digits(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]))
            return false;
    return s.n > 0;
}

static bool
starts_with(struct slice s, const char *prefix, struct slice *rest)
{
    size_t n = strlen(prefix);
    if (n == 0 || s.n < n || memcmp(s.p, prefix, n) != 0)
        return false;
    struct cursor c = cursor_of(s);
    cursor_take(&c, n);
    *rest = cursor_rest(&c);
    return true;
}

static enum addr_kind
set_text(struct addr *out, enum addr_kind kind, struct slice s)
{
    slice_to_str(s, out->text, sizeof out->text);
    return out->kind = kind;
}

/* `+`, a country code (or none) and digits; as it came when that is no
 * E.164 number. */
static enum addr_kind
set_number(struct addr *out, const char *country, struct slice digits)
{
    struct writer w = writer_of(out->text, sizeof out->text - 1);
    writer_u8(&w, '+');
    writer_put(&w, slice_str(country));
    writer_put(&w, digits);
    size_t n = writer_used(&w) - 1;
    if (w.failed || n < NUMBER_MIN || n > ADDR_E164_DIGITS ||
        out->text[1] == '0')
        return set_text(out, ADDR_BAD, digits);
    out->text[n + 1] = 0;
    return out->kind = ADDR_NUMBER;
}

static enum addr_kind
set_national(struct addr *out, struct slice digits,
             const struct addr_rules *rules)
{
    struct slice rest = digits;
    if (!rules->country[0])
        return set_text(out, ADDR_NATIONAL, digits);
    starts_with(digits, rules->trunk, &rest);
    return set_number(out, rules->country, rest);
}

/* Digits of which nobody says what they are. */
static enum addr_kind
set_unknown(struct addr *out, struct slice digits,
            const struct addr_rules *rules)
{
    struct slice rest;
    size_t short_max = rules->short_max ? rules->short_max : SHORT_DEFAULT_MAX;
    if (starts_with(digits, rules->international, &rest) ||
        starts_with(digits, "00", &rest))
        return set_number(out, "", rest);
    if (digits.n <= short_max)
        return set_text(out, digits.n < SHORT_MIN ? ADDR_BAD : ADDR_SHORT,
                        digits);
    if (digits.n == rules->national_digits && rules->country[0])
        return set_national(out, digits, rules);
    if (digits.p[0] == '0' || starts_with(digits, rules->trunk, &rest))
        return set_national(out, digits, rules);
    return set_number(out, "", digits);
}

static enum addr_kind
set_name(struct addr *out, struct slice s)
{
    bool printable = s.n <= ADDR_CHARS_MAX;
    for (size_t i = 0; i < s.n; i++)
        printable = printable && s.p[i] >= 0x20 && s.p[i] != 0x7F;
    return set_text(out, printable ? ADDR_NAME : ADDR_BAD, s);
}

enum addr_kind
addr_from_wire(uint8_t ton, uint8_t npi, struct slice digits,
               const struct addr_rules *rules, struct addr *out)
{
    (void)npi; /* no carrier was seen to tell numbers apart by it */
    struct slice rest;
    if (!rules)
        rules = &no_rules;
    if (digits.n == 0)
        return set_text(out, ADDR_NONE, digits);
    if (ton == TON_ALPHANUMERIC)
        return set_name(out, digits);
    if (starts_with(digits, "+", &rest) && all_digits(rest))
        return set_number(out, "", rest);
    if (!all_digits(digits))
        return set_name(out, digits);
    if (ton == TON_INTERNATIONAL && digits.n >= NUMBER_MIN) {
        if (starts_with(digits, "00", &rest))
            digits = rest;
        return set_number(out, "", digits);
    }
    if (ton == TON_NATIONAL && digits.n > SHORT_DEFAULT_MAX)
        return set_national(out, digits, rules);
    return set_unknown(out, digits, rules);
}

/* Digits of a number as people write it; 0 when it holds other characters,
 * or too many. A leading `+` is kept. */
static size_t
gather_digits(struct slice text, uint8_t *dst, size_t cap)
{
    struct writer w = writer_of(dst, cap);
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (is_digit(c) || (c == '+' && writer_used(&w) == 0))
            writer_u8(&w, c);
        else if (!memchr(" -./()\t", c, 7))
            return 0;
    }
    return w.failed ? 0 : writer_used(&w);
}

static struct slice
trim(struct slice s)
{
    struct cursor c = cursor_of(s);
    while (cursor_left(&c) && (*c.at == ' ' || *c.at == '\t'))
        cursor_u8(&c);
    s = cursor_rest(&c);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

enum addr_kind
addr_from_text(struct slice text, const struct addr_rules *rules,
               struct addr *out)
{
    uint8_t digits[ADDR_CHARS_MAX];
    text = trim(text);
    if (text.n == 0)
        return set_text(out, ADDR_NONE, text);
    size_t n = gather_digits(text, digits, sizeof digits);
    struct slice number = slice_of(digits, n), rest;
    if (n == 0)
        return text.n > ADDR_NAME_MAX ? set_text(out, ADDR_BAD, text)
                                      : set_name(out, text);
    if (starts_with(number, "+", &rest))
        return set_number(out, "", rest);
    return set_unknown(out, number, rules ? rules : &no_rules);
}

void
addr_to_wire(const struct addr *a, uint8_t *ton, uint8_t *npi,
             struct slice *digits)
{
    *digits = slice_str(a->text);
    *ton = TON_UNKNOWN;
    *npi = NPI_UNKNOWN;
    switch (a->kind) {
    case ADDR_NUMBER:
        *ton = TON_INTERNATIONAL;
        *npi = NPI_ISDN;
        *digits = slice_str(a->text + 1);
        break;
    case ADDR_NAME: *ton = TON_ALPHANUMERIC; break;
    case ADDR_NATIONAL:
        *ton = TON_NATIONAL;
        *npi = NPI_ISDN;
        break;
    default: break;
    }
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == ADDR_NAME)
        return strcasecmp(a->text, b->text) == 0;
    return strcmp(a->text, b->text) == 0;
}

bool
addr_to_u64(struct slice text, uint64_t *out)
{
    struct slice digits = text;
    starts_with(text, "+", &digits);
    if (digits.n > ADDR_E164_DIGITS || !all_digits(digits) ||
        digits.p[0] == '0')
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < digits.n; i++)
        v = v * 10 + (uint64_t)(digits.p[i] - '0');
    *out = v;
    return true;
}

size_t
u64_to_e164(uint64_t v, char dst[ADDR_E164_SIZE])
{
    char reversed[20]; /* 2^64 has 20 digits */
    size_t n = 0;
    do {
        reversed[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v && n < ADDR_E164_DIGITS);
    dst[0] = '+';
    for (size_t i = 0; i < n; i++)
        dst[i + 1] = reversed[n - 1 - i];
    dst[n + 1] = 0;
    return n + 1;
}
