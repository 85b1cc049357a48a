/*
 * id.c - ids as people see them.
 *
 * Promise: as in id.h. 13 characters of 5 bits hold 65, so the first one is
 * at most 'f'; each number has exactly one text and the other way round.
 */
#include "engine/flow/id.h"

enum { ID_DIGITS = 13, ID_PREFIX = 4 };

static const char prefixes[ID_KIND_N][ID_PREFIX + 1] = {
    [ID_MESSAGE] = "msg_", [ID_CAMPAIGN] = "cmp_", [ID_THREAD] = "thr_",
    [ID_EVENT] = "evt_",   [ID_ACCOUNT] = "act_",  [ID_SENDER] = "sdr_",
    [ID_POOL] = "pol_",    [ID_UPLOAD] = "upl_",   [ID_LOGIN] = "lgn_",
};

/* Crockford's: no i, l, o, u; in the order of ASCII, so texts sort too. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

char *
id_to_text(enum id_kind kind, uint64_t number, char dst[ID_BYTES])
{
    memcpy(dst, prefixes[kind], ID_PREFIX);
    for (int i = ID_DIGITS - 1; i >= 0; i--) {
        dst[ID_PREFIX + i] = digits[number & 31];
        number >>= 5;
    }
    dst[ID_PREFIX + ID_DIGITS] = 0;
    return dst;
}

bool
id_from_text(enum id_kind kind, struct slice text, uint64_t *number)
{
    if (text.n != ID_PREFIX + ID_DIGITS ||
        memcmp(text.p, prefixes[kind], ID_PREFIX) != 0)
        return false;
    uint64_t v = 0;
    for (size_t i = ID_PREFIX; i < text.n; i++) {
        const char *d = text.p[i] ? strchr(digits, text.p[i]) : NULL;
        if (!d || v >> 59)
            return false;
        v = v << 5 | (uint64_t)(d - digits);
    }
    *number = v;
    return true;
}
