/*
 * segment.h - a text cut into the parts that go over the wire.
 *
 * Promise: parts are filled greedily, which gives the least number; no part
 * cuts an escape or a surrogate pair; the plan is made once a message and a
 * part is taken from it at any time, in any order, always the same.
 * Part sizes follow TS 23.040: 140 octets a part, UDH included.
 *
 * Threads: plain values. Allocates nothing: the caller gives the buffer.
 */
#ifndef PROTO_SEGMENT_H
#define PROTO_SEGMENT_H

#include "proto/coding.h"

enum segment_way {
    SEGMENT_UDH8 = 0, /* parts joined by a UDH with an 8-bit reference */
    SEGMENT_UDH16,
    SEGMENT_SAR,     /* by the three sar_* TLVs */
    SEGMENT_PAYLOAD, /* one message_payload, the centre cuts */
};

enum {
    SEGMENT_DEFAULT_MAX_PARTS = 10,
    SEGMENT_HARD_MAX_PARTS = 255, /* a part's number is one octet */
    SEGMENT_PART_BYTES = 192,     /* 160 septets and a UDH fit */
    /* Buffer for 10 parts of anything: 1530 septets, twice as payload. */
    SEGMENT_BUFFER_BYTES = 4096,
};

/* All zero is what most carriers want. */
struct segment_options {
    enum segment_way way;
    bool packed; /* septets packed, after the UDH */
    bool transliterate;
    bool greek;
    bool octets_as_septets; /* Latin-1 and ASCII: the centre makes septets of
                               them, 160 a message instead of 140 */
    enum coding_alphabet charset_0; /* CODING_GSM7, _LATIN1 or _ASCII */
    uint8_t lock;                   /* national tables allowed, 0: none */
    uint8_t shift;
    uint8_t data_coding_gsm7; /* the value that stands for charset_0 */
    uint16_t reference;       /* udh8 uses its low octet */
    unsigned max_parts;       /* 0: 10; never above 255 */
};

/*
 * Invariant: text (and payload) borrow from the buffer given to
 * segment_plan(); the plan holds while the buffer does.
 */
struct segment_plan {
    enum segment_way way;
    enum coding_alphabet alphabet;
    uint8_t data_coding;
    bool has_udh; /* every part has one: esm_class bit 6 */
    bool packed;
    bool transliterated;
    uint8_t lock;
    uint8_t shift;
    uint16_t reference;
    uint32_t culprit;      /* the first character that forced UCS-2, else 0 */
    unsigned units;        /* septets, octets or 16-bit units of the text */
    unsigned single_limit; /* units in a message of one part */
    unsigned part_limit;   /* units in one of several */
    unsigned parts;        /* PDUs to send */
    unsigned segments;     /* pieces a phone gets: parts, unless payload */
    struct slice text;     /* encoded, not packed, without UDH */
    struct slice payload;  /* whole user data, when it goes as payload */
};

enum segment_result {
    SEGMENT_OK = 0,
    SEGMENT_BAD_UTF8, /* refuse the text */
    SEGMENT_TOO_LONG, /* more than max_parts; the plan tells the counts */
    SEGMENT_NO_ROOM,  /* the buffer cannot hold it: too long as well */
};

/*
 * Plans how the text goes out. buf takes the encoded text; 2 octets per octet
 * of UTF-8 always suffice, 4 and UDH_BUILD_MAX for a message_payload. On
 * SEGMENT_TOO_LONG no part may be taken.
 */
MUST_CHECK enum segment_result
segment_plan(struct slice utf8, const struct segment_options *options,
             uint8_t *buf, size_t cap, struct segment_plan *out);

/*
 * One part, ready for the wire. octets lies in room or in the plan's buffer,
 * so copying this struct does not copy the octets.
 */
struct segment_part {
    struct slice octets; /* UDH and data */
    bool in_payload;     /* they go into message_payload, sm_length 0 */
    uint8_t udh_bytes;   /* 0: no UDH; else set esm_class bit 6 */
    unsigned units;
    bool sar; /* send the three TLVs: */
    uint16_t sar_reference;
    uint8_t sar_total;
    uint8_t sar_number; /* from 1 */
    uint8_t room[SEGMENT_PART_BYTES];
};

/* Takes part 0 to parts - 1. */
void segment_part(const struct segment_plan *plan, unsigned part,
                  struct segment_part *out);

#endif
