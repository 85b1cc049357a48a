/*
 * msgid.c - forms of message ids; see msgid.h.
 *
 * Digits are written by hand: an id is printed five times a message, and
 * snprintf would cost more than all the rest of an exchange.
 */
#include "bench/smsc/msgid.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

bool
msgid_form_by_name(const char *name, enum msgid_form *out)
{
    static const char *const names[] = {"dec", "hex", "uuid", "mixed"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum msgid_form)i;
            return true;
        }
    }
    return false;
}

static const char pairs[] = "00010203040506070809"
                            "10111213141516171819"
                            "20212223242526272829"
                            "30313233343536373839"
                            "40414243444546474849"
                            "50515253545556575859"
                            "60616263646566676869"
                            "70717273747576777879"
                            "80818283848586878889"
                            "90919293949596979899";

/* Eight digits in 32-bit arithmetic: half the price of 64-bit division. */
static void
put_eight(uint32_t v, char *dst)
{
    uint32_t high = v / 10000, low = v % 10000;
    memcpy(dst, pairs + high / 100 * 2, 2);
    memcpy(dst + 2, pairs + high % 100 * 2, 2);
    memcpy(dst + 4, pairs + low / 100 * 2, 2);
    memcpy(dst + 6, pairs + low % 100 * 2, 2);
}

size_t
msgid_put_decimal(uint64_t v, char *dst)
{
    enum { EIGHT_DIGITS = 100000000 };
    if (v >= EIGHT_DIGITS) {
        size_t n = msgid_put_decimal(v / EIGHT_DIGITS, dst);
        put_eight((uint32_t)(v % EIGHT_DIGITS), dst + n);
        return n + 8;
    }
    char room[8];
    unsigned skip = 0;
    put_eight((uint32_t)v, room);
    while (skip < 7 && room[skip] == '0')
        skip++;
    memcpy(dst, room + skip, 8 - skip);
    return 8 - skip;
}

static void
put_hex(uint64_t v, unsigned digits, char *dst)
{
    for (unsigned i = digits; i-- > 0; v >>= 4)
        dst[i] = hex_digits[v & 15];
}

static size_t
put_short_hex(uint64_t v, char *dst)
{
    unsigned digits = 1;
    while (digits < 16 && v >> 4 * digits)
        digits++;
    put_hex(v, digits, dst);
    return digits;
}

/* splitmix64: looks random and never maps two ids to one. */
static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* 8-4-4-4-12, version 4; the last group holds the id's low 48 bits. */
static size_t
put_uuid(uint64_t id, char *dst)
{
    uint64_t m = mix(id);
    put_hex(m >> 32, 8, dst);
    put_hex(m >> 16 & 0xFFFF, 4, dst + 9);
    put_hex(0x4000 | (m & 0xFFF), 4, dst + 14);
    put_hex(0x8000 | (m >> 12 & 0xF), 4, dst + 19);
    put_hex(id & 0xFFFFFFFFFFFF, 12, dst + 24);
    dst[8] = dst[13] = dst[18] = dst[23] = '-';
    return 36;
}

static size_t
put_form(enum msgid_form form, uint8_t version, uint64_t id, char *dst)
{
    size_t n;
    if (version <= 0x33) {
        put_hex(id & 0xFFFFFFFF, 8, dst);
        n = 8;
    } else if (form == MSGID_DEC) {
        n = msgid_put_decimal(id, dst);
    } else if (form == MSGID_UUID) {
        n = put_uuid(id, dst);
    } else {
        n = put_short_hex(id, dst);
    }
    dst[n] = '\0';
    return n;
}

size_t
msgid_in_answer(enum msgid_form form, uint8_t version, uint64_t id,
                char dst[MSGID_BYTES])
{
    return put_form(form, version, id, dst);
}

size_t
msgid_in_receipt(enum msgid_form form, uint8_t version, uint64_t id,
                 char dst[MSGID_BYTES])
{
    if (form == MSGID_MIXED)
        form = MSGID_DEC;
    return put_form(form, version, id, dst);
}
