/*
 * width.c - how many terminal columns a UTF-8 text takes, and cutting it.
 *
 * wcwidth() answers by locale and says -1 for emoji in LANG=C; the table here
 * is coarse (whole blocks) but the same everywhere.
 */
#include "engine/cli/width.h"

#include <stdbool.h>
#include <string.h>

struct range {
    uint32_t first;
    uint32_t last;
};

/* Marks that sit on the character before them, and joiners. */
static const struct range zero_wide[] = {
    {0x0300, 0x036f},   {0x0483, 0x0489},   {0x0591, 0x05bd}, {0x0610, 0x061a},
    {0x064b, 0x065f},   {0x0900, 0x0902},   {0x093c, 0x093c}, {0x0941, 0x0948},
    {0x094d, 0x094d},   {0x0e31, 0x0e31},   {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},
    {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff},   {0x200b, 0x200d}, {0x20d0, 0x20ff},
    {0x2060, 0x2064},   {0xfe00, 0xfe0f},   {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
    {0x1f3fb, 0x1f3ff}, {0xe0100, 0xe01ef},
};

/* East Asian wide and full-width blocks, and emoji. */
static const struct range two_wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},
    {0x26a1, 0x26a1},   {0x26bd, 0x26be},   {0x26d4, 0x26d4},
    {0x2705, 0x2705},   {0x270a, 0x270b},   {0x2728, 0x2728},
    {0x274c, 0x274c},   {0x2753, 0x2757},   {0x2795, 0x2797},
    {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
    {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f004, 0x1f004},
    {0x1f18e, 0x1f19a}, {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
    {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

static bool
in_ranges(uint32_t c, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* C0, DEL, C1, line separators, and what turns the direction of writing. */
static bool
is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x061c;
}

static size_t
columns_of(uint32_t c)
{
    if (in_ranges(c, zero_wide, sizeof zero_wide / sizeof *zero_wide))
        return 0;
    if (in_ranges(c, two_wide, sizeof two_wide / sizeof *two_wide))
        return 2;
    return 1;
}

/* One character; *c is 0xfffd and one octet is used when it is malformed. */
static size_t
decode(const char *s, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80   ? 1
               : p[0] < 0xc2 ? 0
               : p[0] < 0xe0 ? 2
               : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4
                             : 0;
    *c = n == 1 ? p[0] : n == 0 ? 0 : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            n = 0;
            break;
        }
        *c = *c << 6 | (p[i] & 0x3f);
    }
    if (n > 0 && *c >= least[n] && *c <= 0x10ffff &&
        (*c < 0xd800 || *c > 0xdfff))
        return n;
    *c = 0xfffd;
    return 1;
}

size_t
width_of(const char *text)
{
    size_t columns = 0;
    while (*text) {
        uint32_t c;
        text += decode(text, &c);
        columns += is_control(c) ? 1 : columns_of(c);
    }
    return columns;
}

size_t
width_put(FILE *out, const char *text, size_t columns)
{
    size_t all = width_of(text);
    bool cut = all > columns;
    size_t room = cut ? columns - (columns > 0) : columns;
    size_t used = 0;
    while (*text) {
        uint32_t c;
        size_t n = decode(text, &c);
        size_t wide = is_control(c) ? 1 : columns_of(c);
        if (cut && used + wide > room)
            break;
        if (is_control(c))
            fputc(' ', out);
        else if (c == 0xfffd)
            fputs("\xef\xbf\xbd", out);
        else
            fwrite(text, 1, n, out);
        used += wide;
        text += n;
    }
    if (cut && columns > 0) {
        fputs("\xe2\x80\xa6", out);
        used++;
    }
    return used;
}
