/*
 * settings.h - one carrier's settings, as the settings file gives them.
 *
 * Promise: carrier_settings_default() fills every key with its documented
 * default, so a reader of the file only overwrites what it finds. Strings and
 * lists are borrowed from whoever read the file; nothing here allocates.
 *
 * Threads: plain values.
 */
#ifndef ENGINE_CARRIER_SETTINGS_H
#define ENGINE_CARRIER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/carrier/carrier.h"

/* What one bind of a carrier may do. */
enum carrier_bind_kind {
    CARRIER_BIND_TRANSCEIVER,
    CARRIER_BIND_PAIR, /* a transmitter and a receiver for each of `binds` */
};

/* How a message id is written in the response or in the receipt. */
enum carrier_id_form { CARRIER_ID_AS_IS, CARRIER_ID_HEX, CARRIER_ID_DEC };

enum carrier_segmentation {
    CARRIER_SEGMENT_UDH8,
    CARRIER_SEGMENT_UDH16,
    CARRIER_SEGMENT_SAR,
    CARRIER_SEGMENT_PAYLOAD,
};

/* The alphabet that data_coding 0 means on this link. */
enum carrier_charset {
    CARRIER_CHARSET_GSM7,
    CARRIER_CHARSET_LATIN1,
    CARRIER_CHARSET_ASCII,
};

enum carrier_plus { CARRIER_PLUS_STRIP, CARRIER_PLUS_KEEP, CARRIER_PLUS_ADD };

struct carrier_tls {
    bool enabled;
    bool verify;      /* true */
    const char *ca;   /* file; NULL: the system's authorities */
    const char *cert; /* our certificate and key, files; NULL: none */
    const char *key;
    const char *server_name; /* to verify; NULL: host */
};

/* Milliseconds. */
struct carrier_timers {
    unsigned connect_ms;
    unsigned bind_ms;
    unsigned response_ms;
    unsigned enquire_ms;        /* silence before enquire_link */
    unsigned enquire_answer_ms; /* then the link is dead */
    unsigned idle_ms;           /* nothing at all heard: dead */
    unsigned reconnect_min_ms;
    unsigned reconnect_max_ms;
    unsigned bound_floor_ms; /* after "already bound", doubling to 300 s */
    unsigned stall_ms;       /* backlog, bound, nothing moving: recycle */
    unsigned unbind_ms;
};

struct carrier_encoding {
    uint8_t data_coding_gsm7;          /* 0, 1, 3 or 0xF1: sent with GSM text */
    bool packed;                       /* 7-bit packed user data */
    enum carrier_charset charset_0;    /* data_coding 0, sent */
    enum carrier_charset charset_0_in; /* data_coding 0, received */
    bool transliterate;        /* rather GSM with a near letter than UCS-2 */
    uint8_t national_language; /* 0: none (3GPP TS 23.038) */
};

struct carrier_receipts {
    enum carrier_id_form id_in_resp;
    enum carrier_id_form id_in_receipt;
    bool by_text;       /* a text with id and stat is a receipt: true */
    bool acceptd_final; /* ACCEPTD ends the message: false */
    bool one_for_all;   /* one receipt counts for all parts: false */
    uint8_t registered_delivery; /* 1 */
};

struct carrier_ton_npi {
    uint8_t ton, npi;
};

/* By kind of address; source and destination apart. */
struct carrier_addresses {
    struct carrier_ton_npi source_full, source_short, source_alpha;
    struct carrier_ton_npi dest_full, dest_short;
    unsigned short_digits; /* at most this many digits: a short code */
    enum carrier_plus plus;
    uint8_t bind_ton, bind_npi;
    const char *address_range;
};

struct carrier_segments {
    enum carrier_segmentation way;
    unsigned gsm7_part; /* septets of a part; 0: as the way allows */
    unsigned ucs2_part; /* UTF-16 units of a part; 0: as the way allows */
    unsigned max_parts; /* 10 */
};

/* A status with a verdict other than verdict.def's. */
struct carrier_status {
    uint32_t status;
    enum verdict verdict;
};

/* A vendor TLV by the name that messages use for it. */
struct carrier_tlv {
    const char *name;
    uint16_t tag;
};

struct carrier_settings {
    const char *name;
    const char *host;
    uint16_t port;
    const char *system_id;
    const char *password;
    const char *system_type;
    const char *service_type;
    uint8_t version; /* 0x33, 0x34, 0x50 */
    enum carrier_bind_kind bind;
    unsigned binds;          /* 1-64 */
    unsigned window;         /* per bind, 1-16,384 */
    unsigned rate;           /* parts per second, 0: unlimited */
    unsigned burst;          /* 0: a tenth of the rate, at least 1 */
    bool lenient;            /* tolerant decoder */
    bool enquire_unanswered; /* the peer never answers enquire_link */
    struct carrier_tls tls;
    struct carrier_timers timers;
    struct carrier_encoding encoding;
    struct carrier_receipts receipts;
    struct carrier_segments segments;
    struct carrier_addresses addresses;
    const struct carrier_status *statuses;
    unsigned statuses_n;
    const struct carrier_tlv *tlvs;
    unsigned tlvs_n;
};

void carrier_settings_default(struct carrier_settings *out);

/* True when going from a to b can keep the open binds. */
bool carrier_settings_keep_binds(const struct carrier_settings *a,
                                 const struct carrier_settings *b);

#endif
