/*
 * frame.h - where a PDU ends in a stream of octets.
 *
 * Promise: the length is judged as soon as its four octets are there, before
 * anything is buffered for it; a length outside the limits is never waited
 * for. Nothing is copied: the PDU found borrows from the input.
 *
 * Threads: pure functions.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include "proto/bytes.h"

enum frame_result {
    FRAME_WHOLE,      /* *pdu is the first PDU; skip pdu->n octets */
    FRAME_NEED_MORE,  /* read on */
    FRAME_BAD_LENGTH, /* the stream cannot be trusted: nack 0x02, close */
};

/* max_bytes: the largest command_length taken, PDU_DEFAULT_MAX_BYTES by
 * default. *pdu is set only with FRAME_WHOLE. */
MUST_CHECK enum frame_result
frame_next(struct slice in, size_t max_bytes, struct slice *pdu);

/* Octets missing until the PDU is whole, to size a read: at least 1 while
 * more are needed, else 0. */
size_t frame_missing(struct slice in, size_t max_bytes);

/* Why there is no PDU: "15 is below 16", "4096 is above the limit",
 * "16 of 63 octets"; empty with FRAME_WHOLE. Returns dst. */
char *frame_detail(struct slice in, size_t max_bytes, char *dst, size_t cap);

#endif
