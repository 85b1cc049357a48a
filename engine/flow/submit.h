/*
 * submit.h - a message that is leaving: prepared once, handed over part by
 * part.
 *
 * Promise: gates are asked again just before (suppression, expiry). Each
 * hand-over is a SENT fact, and its PDU is held until that fact is durable:
 * a reply or a crash finds what it needs.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_SUBMIT_H
#define ENGINE_FLOW_SUBMIT_H

#include "engine/flow/flow.h"
#include "engine/flow/raw.h"
#include "proto/segment.h"

enum {
    OUTGOING_TEXT_MAX = 16384,           /* UTF-8 */
    OUTGOING_CODED_MAX = 2 * 16384 + 64, /* as segment_plan() asks */
};

/* Invariant: text and plan borrow from the buffers behind it. */
struct outgoing {
    uint64_t message, subscriber;
    struct campaign *campaign; /* NULL: single */
    uint64_t chunk;            /* position, for a campaign's row */
    uint32_t row;
    uint32_t account, sender;
    struct number *number; /* NULL until chosen */
    struct carrier_entry *carrier;
    uint32_t reply_window_s;
    uint64_t expires_at_ms; /* the earlier of validity and expires_at */
    bool exempt;            /* a confirmation: not gated */
    bool fresh; /* it was never handed over: whoever does so first sends it */
    uint8_t next_part;
    uint64_t prepared_us;
    int bind_hint;
    uint16_t reference;
    struct slice text;
    struct slice tlvs;   /* as in the ACCEPT fact */
    struct login *login; /* of a client's message, else NULL */
    unsigned registered;
    bool is_raw;    /* text is user data, to go as it is */
    struct raw raw; /* what its client said, when login */
    struct segment_plan plan;
    uint8_t
        tlvs_room[SEND_TLVS_MAX * (SEND_TLV_NAME_MAX + SEND_TLV_VALUE_MAX + 4)];
    uint8_t text_room[OUTGOING_TEXT_MAX];
    uint8_t raw_room[RAW_BYTES_MAX];
    uint8_t coded_room[OUTGOING_CODED_MAX];
};

enum prepared {
    PREPARED,       /* ready for submit_part() */
    PREPARED_DONE,  /* the message came to its end here: a fact says why */
    PREPARED_ASIDE, /* it must leave by another carrier: o->carrier */
    PREPARED_WAIT,  /* its pair is busy: later */
    PREPARED_GONE,  /* nothing to do: it no longer waits */
};

/* From the ACCEPT fact of a single message. */
/* at: the carrier with room. */
enum prepared
submit_prepare_single(struct flow *f, uint64_t pos, struct carrier_entry *at,
                      struct outgoing *o);

/* From a row; `at` is the carrier with room: a pool rather uses a number of
 * its. number: chosen before, or NULL. */
enum prepared
submit_prepare_row(struct flow *f, struct campaign *c, uint64_t chunk,
                   uint32_t row, const struct recipient *r,
                   const struct slice *values, struct carrier_entry *at,
                   struct number *number, struct outgoing *o);

/* Again, from what the log tells: number, reference and text are as they
 * were. GONE when the part was handed over since. */
enum prepared
submit_prepare_again(struct flow *f, uint64_t message, struct again a,
                     struct carrier_entry *at, struct outgoing *o);

/* Asked again when it has waited since it was prepared: still wanted, not
 * opted out, not expired? A fact says so when not. */
bool submit_still_wanted(struct flow *f, struct outgoing *o);

/* When the number and the campaign allow the next part; now or later. */
struct mono submit_next(struct flow *f, const struct outgoing *o);

enum submitted {
    SUBMITTED,
    SUBMITTED_NOT,   /* no room after all, nothing happened */
    SUBMITTED_NEVER, /* this carrier cannot be sent it: the message failed */
};

/* Hands one part over. */
enum submitted submit_part(struct flow *f, struct outgoing *o, unsigned part,
                           unsigned attempt, unsigned tries);

/* Maps template fields to the columns of a chunk: -1 absent, -2 sender.name,
 * -3 to. */
void submit_columns(const struct template *t, const struct recipients_reader *r,
                    int16_t *column_of);
/* Values in the order of the template's fields. e164 needs 24 octets. */
void submit_values(struct flow *f, const struct campaign *c,
                   const struct recipient *r, const int16_t *column_of,
                   char e164[24], struct slice *values);

/* The tag that a carrier's settings give this name, or that it is itself in
 * hexadecimal; 0: neither. */
uint16_t submit_tlv_tag(const struct carrier_settings *s, struct slice name);

/* Options of segment_plan() for a carrier. */
void submit_segment_options(const struct carrier_settings *s,
                            struct segment_options *out);

#endif
