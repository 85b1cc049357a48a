/*
 * receipt.h - delivery receipts, from text or TLVs, in every dialect seen
 * (smpp.md, 17).
 *
 * Promise: label-driven and tolerant: labels in any order and letter case,
 * any of them missing, bad dates and unknown words cost only themselves.
 * Labels inside the quoted text never win. Nothing is ever refused: what
 * was not found is absent.
 *
 * Threads: plain values. Allocates nothing; slices borrow from the input.
 */
#ifndef PROTO_RECEIPT_H
#define PROTO_RECEIPT_H

#include "proto/bytes.h"
#include "proto/smpptime.h"

struct pdu;

/* A date as the centre wrote it: its own zone, which nobody tells. */
struct receipt_date {
    bool known;
    struct smpptime_civil civil;
    int64_t unix_s; /* as if it were UTC */
};

/* A slice with p == NULL was absent; n == 0 with p set: present and empty. */
struct receipt {
    bool looks_like_receipt; /* the text has an id and a stat word */
    bool intermediate;       /* esm_class said: intermediate notification */
    bool final;              /* the state is an end by default rules */
    int message_state;       /* SMPP message_state, -1: not known */
    struct slice id;
    struct slice stat; /* the word as written */
    struct slice err;
    struct slice text;
    int sub; /* -1: absent */
    int dlvrd;
    int network_type;  /* network_error_code TLV: network and code, */
    int network_error; /* -1: absent */
    struct receipt_date submit;
    struct receipt_date done;
};

/* Reads the text form. Always fills *out. */
void receipt_parse(struct slice text, struct receipt *out);

/* message_state of a stat word of any letter case, -1 when unknown; *final
 * (may be NULL) is its default. */
int receipt_state_of_word(struct slice word, bool *final);

/* Whether a message_state is an end; ACCEPTED (6) only when the link says. */
bool receipt_state_is_final(int message_state, bool accepted_is_final);

struct receipt_options {
    bool by_text; /* esm_class 0 with id and known stat word is a receipt */
    bool accepted_is_final;
};

/*
 * Reads a deliver_sm or data_sm. True when it is a receipt: by the type bits
 * of esm_class, by receipted_message_id with message_state, or by its text
 * when the options allow. TLVs win for id and state, the text gives the rest.
 * A receipt by esm_class alone may lack an id: count and keep it.
 * options may be NULL: by_text off.
 */
bool
receipt_from_pdu(const struct pdu *p, const struct receipt_options *options,
                 struct receipt *out);

#endif
