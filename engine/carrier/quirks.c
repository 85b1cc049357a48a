/*
 * quirks.c - message ids in one normal form.
 *
 * Promise: as in quirks.h. A form other than as-is turns the id into decimal
 * when it is a number of that form; else, and for as-is, it becomes lower
 * case without leading zeros.
 */
#include "engine/carrier/quirks.h"

#include <stdio.h>

/* Blanks and NULs that some centres leave around the id. */
static struct slice
trim(struct slice id)
{
    while (id.n && (id.p[id.n - 1] == ' ' || id.p[id.n - 1] == 0))
        id.n--;
    struct cursor c = cursor_of(id);
    while (cursor_left(&c) && *c.at == ' ')
        cursor_take(&c, 1);
    return cursor_rest(&c);
}

static int
digit_of(uint8_t c, unsigned base)
{
    int v = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : -1;
    return v >= 0 && (unsigned)v < base ? v : -1;
}

/* The number that the id is in this base; false when it is none or does not
 * fit. */
static bool
number_of(struct slice id, unsigned base, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < id.n; i++) {
        int d = digit_of(id.p[i], base);
        uint64_t next;
        if (d < 0 || __builtin_mul_overflow(v, base, &next) ||
            __builtin_add_overflow(next, (uint64_t)d, &next))
            return false;
        v = next;
    }
    *out = v;
    return id.n > 0;
}

static size_t
lower(struct slice id, char out[QUIRKS_KEY_BYTES])
{
    size_t skip = 0;
    while (skip + 1 < id.n && id.p[skip] == '0')
        skip++;
    size_t n = 0;
    for (size_t i = skip; i < id.n && n < QUIRKS_KEY_BYTES - 1; i++) {
        uint8_t c = id.p[i];
        out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    out[n] = 0;
    return n;
}

size_t
quirks_id_key(const struct carrier_settings *settings, struct slice id,
              enum quirks_place place, char out[QUIRKS_KEY_BYTES])
{
    enum carrier_id_form form = place == QUIRKS_IN_RESP
                                    ? settings->receipts.id_in_resp
                                    : settings->receipts.id_in_receipt;
    id = trim(id);
    uint64_t v;
    if (form != CARRIER_ID_AS_IS &&
        number_of(id, form == CARRIER_ID_HEX ? 16 : 10, &v))
        return (size_t)snprintf(out, QUIRKS_KEY_BYTES, "%llu",
                                (unsigned long long)v);
    return lower(id, out);
}
