/*
 * addr.h - addresses: TON, NPI and characters to and from one plain form.
 *
 * Promise: the same phone has the same text here, whatever way a carrier or
 * a person writes it: a full number is E.164 with `+`, a short code is bare
 * digits, a sender's name is as it came. What cannot be completed (a
 * national number without a country code) is kept and marked, not guessed.
 *
 * Threads: pure functions. Allocates nothing.
 */
#ifndef PROTO_ADDR_H
#define PROTO_ADDR_H

#include "proto/bytes.h"

/* SMPP 3.4, 5.2.5 and 5.2.6. */
enum {
    TON_UNKNOWN = 0,
    TON_INTERNATIONAL = 1,
    TON_NATIONAL = 2,
    TON_NETWORK = 3,
    TON_SUBSCRIBER = 4,
    TON_ALPHANUMERIC = 5,
    TON_ABBREVIATED = 6,
    NPI_UNKNOWN = 0,
    NPI_ISDN = 1,
};

enum {
    ADDR_CHARS_MAX = 64,   /* data_sm and alert_notification (3.4, 4.7.1) */
    ADDR_E164_DIGITS = 15, /* ITU-T E.164, 6 */
    ADDR_E164_SIZE = 17,   /* `+`, digits, NUL */
    ADDR_NAME_MAX = 11,    /* GSM 03.40, 9.1.2.5: 11 septets */
};

enum addr_kind {
    ADDR_NONE,     /* empty */
    ADDR_NUMBER,   /* E.164: text is `+` and 7 to 15 digits */
    ADDR_SHORT,    /* a short code: 3 digits to rules.short_max */
    ADDR_NAME,     /* alphanumeric */
    ADDR_NATIONAL, /* digits whose country is not known */
    ADDR_BAD,      /* none of these; text as it came, cut at the limit */
};

struct addr {
    enum addr_kind kind;
    char text[ADDR_CHARS_MAX + 1];
};

/*
 * How digits are completed. All empty or 0: nothing is guessed except that a
 * long number without TON is a full one, which is what carriers send.
 */
struct addr_rules {
    char country[4];          /* "1", "49": default country code */
    char trunk[3];            /* "0": dropped before the country code */
    char international[4];    /* "00", "011": stands for `+` */
    unsigned national_digits; /* 10 in North America: that many digits, and
                                 no TON, are a national number */
    unsigned short_max;       /* longest short code; 0: 6 */
};

/* The address of a PDU. rules may be NULL. Returns out->kind. */
enum addr_kind addr_from_wire(uint8_t ton, uint8_t npi, struct slice digits,
                              const struct addr_rules *rules, struct addr *out);

/* What a person or a file wrote: "+1 (212) 555-0101", "00491711234567",
 * "12345", "VOLLEY". Spaces, dots, dashes, slashes and brackets between
 * digits are dropped. rules may be NULL. Returns out->kind. */
enum addr_kind addr_from_text(struct slice text, const struct addr_rules *rules,
                              struct addr *out);

/* TON, NPI and characters for a PDU; digits borrows from a. A number is 1/1
 * without `+`, a name 5/0, a short code 0/0, a national number 2/1. */
void addr_to_wire(const struct addr *a, uint8_t *ton, uint8_t *npi,
                  struct slice *digits);

/* Names are compared without case: carriers fold them as they like. */
bool addr_eq(const struct addr *a, const struct addr *b);

/* E.164 text, with or without `+`, as its digits in a word; false with none,
 * more than 15, a leading 0 or another character. */
MUST_CHECK bool addr_to_u64(struct slice text, uint64_t *out);

/* `+`, the digits and a NUL; returns characters without the NUL. v is one
 * that addr_to_u64() gave. */
size_t u64_to_e164(uint64_t v, char dst[ADDR_E164_SIZE]);

#endif
