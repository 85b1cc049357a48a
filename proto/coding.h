/*
 * coding.h - which alphabet a text travels in: the smallest that fits on the
 * way out, what data_coding says on the way in (smpp.md, 9).
 *
 * Promise: the whole text goes out in one alphabet, or is left as UCS-2; a
 * transliteration is used only when it makes the whole text GSM 7-bit. On the
 * way in nothing is refused: what cannot be read is marked, never dropped.
 *
 * Threads: no state. Allocates nothing, but for the East Asian charsets
 * that libc's iconv reads (JIS, KS C).
 */
#ifndef PROTO_CODING_H
#define PROTO_CODING_H

#include "proto/ucs2.h"
#include "proto/udh.h"

enum coding_alphabet {
    CODING_GSM7 = 0,
    CODING_ASCII,
    CODING_LATIN1,
    CODING_UCS2,
    CODING_OCTETS,    /* 8-bit data: not text */
    CODING_ISO8859_5, /* from here on only read, never sent */
    CODING_ISO8859_8,
    CODING_JIS, /* Shift_JIS, as phones mean "JIS X 0208" */
    CODING_ISO2022_JP,
    CODING_JIS0212, /* EUC-JP */
    CODING_KSC5601, /* EUC-KR */
    CODING_N
};

/* "gsm7", "ucs2", "latin1"... */
const char *coding_name(enum coding_alphabet a);

/* What an alphabet may be chosen from. All zero: GSM 7-bit or UCS-2. */
struct coding_wish {
    /* What the carrier means by its default data_coding: CODING_GSM7,
     * CODING_LATIN1 or CODING_ASCII. */
    enum coding_alphabet charset_0;
    uint8_t lock;  /* national tables that the route allows, 0: none; */
    uint8_t shift; /* taken when the default tables do not suffice */
    bool transliterate;
    bool greek; /* with transliterate: Greek letters as capitals too */
};

struct coding_choice {
    enum coding_alphabet alphabet;
    uint8_t lock; /* as used, 0 when the default tables sufficed */
    uint8_t shift;
    bool transliterated;
    uint32_t culprit; /* the first character that forced UCS-2, else 0 */
};

/*
 * Appends the text in the smallest alphabet that holds all of it: septets,
 * octets or UTF-16BE. 2 octets of room per octet of UTF-8 suffice, but for
 * transliteration, which then gives way to UCS-2. TEXT_OK, TEXT_BAD_UTF8 or
 * TEXT_NO_ROOM.
 */
MUST_CHECK enum text_result
coding_from_utf8(struct slice utf8, const struct coding_wish *wish,
                 struct writer *out, struct coding_choice *choice);

/* The alphabet that a data_coding names; charset_0 is what 0 means. */
enum coding_alphabet
coding_of(uint8_t data_coding, enum coding_alphabet charset_0);

/* How one link writes what we read. All zero: GSM 7-bit, unpacked. */
struct coding_options {
    enum coding_alphabet charset_0;
    bool packed; /* GSM 7-bit comes seven octets per eight septets */
};

enum coding_result {
    CODING_READ = 0,
    CODING_GUESSED, /* read, but not by the letter of data_coding */
    CODING_BINARY,  /* 8-bit data: nothing written */
    CODING_NO_ROOM,
};

/*
 * Appends user data as UTF-8. octets is what follows the UDH; udh may be NULL
 * and else gives the national tables and, when packed, the fill bits.
 * GSM 7-bit with an octet above 0x7F is read as Latin-1 (gsm0338.md, 4), an
 * East Asian text that iconv cannot read as Latin-1 too: both CODING_GUESSED.
 * 3 octets of room per octet always suffice (packed: 4).
 */
MUST_CHECK enum coding_result
coding_to_utf8(uint8_t data_coding, const struct coding_options *options,
               const struct udh *udh, struct slice octets, struct writer *out);

#endif
