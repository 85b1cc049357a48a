/*
 * raw.h - what a client's submit said beside text and addresses, packed into
 * the ACCEPT fact, and put into the submit_sm that leaves.
 *
 *   submit: flags u8 | esm_class u8 | protocol_id u8 | priority u8 |
 *           replace u8 | data_coding u8 | default message u8 |
 *           source ton, npi u8 | dest ton, npi u8 | group varint |
 *           service_type | source | dest | tlvs    (each with its length)
 *
 * source and dest are empty when they are the number's or the subscriber's
 * digits. tlvs stand as on the wire.
 *
 * Promise: what the client meant is what the carrier gets: octets are not
 * read, written anew or cut, but for a text that came in message_payload,
 * which no phone can take as it is, and for a carrier whose default alphabet
 * is not the client's (recode.h).
 *
 * Threads: pure.
 */
#ifndef ENGINE_FLOW_RAW_H
#define ENGINE_FLOW_RAW_H

#include "proto/bytes.h"
#include "proto/pdu.h"

enum raw_flag {
    RAW_TEXT = 1,    /* the text is UTF-8, to be cut as any other */
    RAW_HEX = 2,     /* ids in hexadecimal: a client of 3.3 */
    RAW_PAYLOAD = 4, /* it came in message_payload */
};

enum {
    RAW_TLVS_MAX = 2048, /* octets of all TLVs that pass through */
    RAW_BYTES_MAX = RAW_TLVS_MAX + 256,
    RAW_OCTETS_MAX = 16384, /* user data, as OUTGOING_TEXT_MAX */
    RAW_SM_MAX = 254,       /* short_message (SMPP 3.4, 5.2.21) */
    RAW_PART_MAX = 140,     /* octets that a phone takes in one part */
};

struct raw {
    uint8_t flags;
    uint8_t esm_class, protocol_id, priority, replace, data_coding, predefined;
    uint8_t source_ton, source_npi, dest_ton, dest_npi;
    uint64_t group; /* the first message of the same submit_multi; 0: own */
    struct slice service_type, source, dest;
    struct slice tlvs;
};

/* From a submit_sm, submit_multi or data_sm. tlvs is room for them; false:
 * they do not fit. Addresses are the caller's to set. */
MUST_CHECK bool
raw_take(const struct pdu *p, struct writer *tlvs, struct raw *out);
void raw_put(struct writer *w, const struct raw *r);
MUST_CHECK bool raw_get(struct slice packed, struct raw *out);

/* Sets the fields of a submit_sm but addresses, receipts and times, and adds
 * the TLVs. False: more TLVs than a PDU has. */
MUST_CHECK bool raw_fill(const struct raw *r, struct pdu *p);

/* One TLV of it; false: it has none with this tag. */
bool raw_tlv(const struct raw *r, uint16_t tag, struct slice *value);

/* Is it one part of a longer message, by UDH or SAR? Its reference then. */
bool raw_is_part(const struct raw *r, struct slice octets, uint32_t *reference);

/* Its text as UTF-8, or as hexadecimal when it is none; 4 octets of room for
 * each octet always suffice. True: text. */
bool raw_to_utf8(const struct raw *r, struct slice octets, struct writer *out);
bool raw_is_ucs2(const struct raw *r);

/* The id that its client knows it by. */
enum { RAW_ID_BYTES = 24 };
char *raw_id(const struct raw *r, uint64_t message, char dst[RAW_ID_BYTES]);
/* The number that a client's text means; 0: none. */
uint64_t raw_id_read(struct slice text, bool hex);

#endif
