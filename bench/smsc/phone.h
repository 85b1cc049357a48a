/*
 * phone.h - the phones behind the simulated carrier, and what they text.
 *
 * Promise: a text goes out in the smallest alphabet, cut into parts with a
 * UDH when it is long; the order of the parts can be given.
 *
 * Threads: one.
 */
#ifndef BENCH_SMSC_PHONE_H
#define BENCH_SMSC_PHONE_H

#include "bench/smsc/bind.h"

/* What a reply answers and how it travels. */
struct phone_reply {
    const struct submit *to; /* the message, NULL: out of the blue */
    struct slice utf8;       /* its text */
    struct party from;       /* the phone */
    struct party number;     /* the number written to */
    const char *text;        /* with {n}, {from}, {to}, {id}, {text} */
    const struct rule *rule; /* order of parts, or NULL */
    bool is_long;            /* three parts at least, out of order */
    struct bind *bind;       /* that brought the message, or NULL */
    uint16_t account;
    uint64_t id;         /* the message's */
    uint64_t delay_ms;   /* until the first part */
    uint32_t answer_seq; /* the answer waits for the first part; 0: none */
};

/* False when nothing could be sent (no room, text that fits no parts). */
bool phone_say(struct smsc *s, const struct phone_reply *r);

/* The text of a message as UTF-8, at most cap - 1 octets and NUL. */
struct slice phone_read(const struct submit *m, char *dst, size_t cap);

#endif
