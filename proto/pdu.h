/*
 * pdu.h - one SMPP PDU as a struct: decode, encode, check (SMPP 3.3, 3.4, 5.0).
 *
 * Promise: each command's mandatory fields stand in one table (pdu.def); one
 * walker reads it both ways. The decoder is tolerant when asked, never reads
 * past the PDU and reports the first fault; what stood before it is kept.
 * The encoder is strict: it refuses what the version does not know.
 *
 * Threads: plain values, no globals that change. Allocates nothing.
 * Slices in a decoded pdu borrow from the octets given to pdu_decode().
 */
#ifndef PROTO_PDU_H
#define PROTO_PDU_H

#include "proto/bytes.h"
#include "proto/smpp.h"

enum {
    PDU_HEADER_BYTES = 16,
    PDU_DEFAULT_MAX_BYTES = 65536,
    PDU_TLVS_MAX = 48, /* more are decoded, counted and not kept */
};

/* A TLV as it stood on the wire (SMPP 3.4, 5.3). */
struct tlv {
    uint16_t tag;
    bool odd_length; /* the length does not fit the type of a known tag */
    struct slice value;
};

/* A mandatory field: integers in u, strings and octets in s. */
struct pdu_value {
    uint32_t u;
    struct slice s;
};

/*
 * v[] is indexed by enum smpp_field (smpp.h: FIELD_SOURCE_ADDR...), whatever
 * the command. `has` has the bit of each field that is set.
 * List fields (dest_address, unsuccess_sme, message_id list of 3.3) hold the
 * raw octets of the whole list in s and the number of entries in u.
 * Invariant after decoding: has is the set of fields read before any fault.
 */
struct pdu {
    uint32_t length; /* as on the wire, header included */
    uint32_t id;     /* enum smpp_command */
    uint32_t status;
    uint32_t sequence;
    bool bare; /* a response that had, or is to have, no body at all */
    uint64_t has;
    struct pdu_value v[FIELD_N];
    unsigned tlvs;
    unsigned tlvs_dropped;
    struct tlv tlv[PDU_TLVS_MAX];
};

/* How a mandatory field stands on the wire; see pdu.def. */
enum pdu_type {
    PDU_END,
    PDU_BYTE,
    PDU_TEXT,
    PDU_TIME,
    PDU_COUNT,
    PDU_LENGTH,
    PDU_OCTETS,
    PDU_DESTS,
    PDU_FAILURES,
    PDU_IDS,
};

/* One field of a command's body. */
struct pdu_row {
    uint8_t field; /* enum smpp_field */
    uint8_t type;  /* enum pdu_type */
    uint8_t limit; /* most octets of a text, its NUL included */
};

/* The faults of the PDU vectors, in their words (pdu_fault_name()). */
enum pdu_fault {
    PDU_OK = 0,
    PDU_NEED_MORE,
    PDU_BAD_COMMAND_LENGTH,
    PDU_UNKNOWN_COMMAND,
    PDU_TRUNCATED,
    PDU_CSTRING_UNTERMINATED,
    PDU_FIELD_TOO_LONG,
    PDU_SM_LENGTH_OVERRUN,
    PDU_TLV_HEADER_TRUNCATED,
    PDU_TLV_OVERRUN,
    PDU_BAD_DEST_FLAG,
    /* the encoder's own */
    PDU_NO_ROOM,
    PDU_FIELD_MISSING,
    PDU_FIELD_INVALID,
    PDU_NOT_IN_VERSION,
};

/* Where and what. field is FIELD_N when no field is to blame. */
struct pdu_error {
    enum pdu_fault fault;
    enum smpp_field field;
    uint16_t tag;
    size_t offset;   /* from the first octet of the PDU */
    uint32_t status; /* command_status that a strict server answers, 0: none */
    char detail[96]; /* for people, as the vectors word it */
};

/*
 * STRICT: the limits of the specification, as the vectors expect.
 * LENIENT: longer strings (up to 255 octets; message ids, addresses and
 * passwords included), a last string without NUL, up to three stray octets
 * at the end, a TLV that overruns: kept out, the rest stands.
 */
enum pdu_mode { PDU_STRICT, PDU_LENIENT };

/*
 * Decodes exactly one whole PDU (frame.h finds it). Fills *out as far as it
 * gets and *error when the result is not PDU_OK. A response whose body fails
 * still has its header, so it can be paired.
 */
MUST_CHECK enum pdu_fault pdu_decode(struct slice whole, enum pdu_mode mode,
                                     struct pdu *out, struct pdu_error *error);

/*
 * Appends p in wire form to w; command_length is computed. Unset fields are
 * written as 0 or empty; sm_length follows short_message. error may be NULL.
 * version: 0x33, 0x34 or 0x50. On a fault w->failed may be set and what was
 * written must be thrown away.
 */
MUST_CHECK enum pdu_fault pdu_encode(const struct pdu *p, uint8_t version,
                                     struct writer *w, struct pdu_error *error);

/* "cstring_unterminated" ... */
const char *pdu_fault_name(enum pdu_fault fault);

/* The body of a command up to a row of PDU_END; NULL when unknown. */
const struct pdu_row *pdu_rows(uint32_t id);

/* Header only; false with fewer than 16 octets. */
MUST_CHECK bool pdu_peek(struct slice bytes, struct pdu *out);

/* Clears and sets id, status, sequence. Cheap: v[] is not wiped. */
void pdu_init(struct pdu *p, uint32_t id, uint32_t status, uint32_t sequence);

static inline bool
pdu_has(const struct pdu *p, enum smpp_field f)
{
    return p->has >> f & 1;
}

/* 0 when unset. */
static inline uint32_t
pdu_u32(const struct pdu *p, enum smpp_field f)
{
    return pdu_has(p, f) ? p->v[f].u : 0;
}

/* Empty when unset. */
static inline struct slice
pdu_slice(const struct pdu *p, enum smpp_field f)
{
    return pdu_has(p, f) ? p->v[f].s : (struct slice){0};
}

static inline void
pdu_set_u32(struct pdu *p, enum smpp_field f, uint32_t u)
{
    p->v[f].u = u;
    p->has |= (uint64_t)1 << f;
}

static inline void
pdu_set_slice(struct pdu *p, enum smpp_field f, struct slice s)
{
    p->v[f].s = s;
    p->has |= (uint64_t)1 << f;
}

/* The first TLV with the tag, or NULL. */
const struct tlv *pdu_tlv(const struct pdu *p, uint16_t tag);

/* An integer TLV of 1 to 4 octets; false when absent or another length. */
bool pdu_tlv_u32(const struct pdu *p, uint16_t tag, uint32_t *out);

/* A string TLV without its NUL, if it has one. */
bool pdu_tlv_text(const struct pdu *p, uint16_t tag, struct slice *out);

/* Adds a TLV; value is borrowed until encoded. False when full. */
MUST_CHECK bool pdu_add_tlv(struct pdu *p, uint16_t tag, struct slice value);

/* One entry of a list field; which members count depends on the list. */
struct pdu_entry {
    uint8_t flag; /* DESTS: DEST_FLAG_ADDRESS or DEST_FLAG_LIST */
    uint8_t ton;
    uint8_t npi;
    struct slice text; /* address, name of a list, or message id */
    uint32_t status;   /* FAILURES */
};

/* Takes the next entry of a list field that was decoded without fault;
 * false at the end. list starts as cursor_of(pdu_slice(p, field)). */
bool
pdu_next_entry(struct cursor *list, enum pdu_type type, struct pdu_entry *out);

/* Appends an entry in wire form, to build a list field. */
void
pdu_put_entry(struct writer *w, enum pdu_type type, const struct pdu_entry *e);

/* User data: message_payload when short_message is empty, else that. */
struct slice pdu_user_data(const struct pdu *p);

#endif
