/*
 * frame.c - where a PDU ends in a stream of octets.
 *
 * Promise: as in frame.h.
 */
#include "proto/frame.h"

#include <stdio.h>

enum { HEADER_BYTES = 16, LENGTH_BYTES = 4 };

static uint32_t
frame_length(struct slice in)
{
    struct cursor c = cursor_of(in);
    return cursor_be32(&c);
}

enum frame_result
frame_next(struct slice in, size_t max_bytes, struct slice *pdu)
{
    if (in.n < LENGTH_BYTES)
        return FRAME_NEED_MORE;
    uint32_t length = frame_length(in);
    if (length < HEADER_BYTES || length > max_bytes)
        return FRAME_BAD_LENGTH;
    if (in.n < length)
        return FRAME_NEED_MORE;
    *pdu = slice_of(in.p, length);
    return FRAME_WHOLE;
}

size_t
frame_missing(struct slice in, size_t max_bytes)
{
    struct slice pdu;
    if (frame_next(in, max_bytes, &pdu) != FRAME_NEED_MORE)
        return 0;
    if (in.n < LENGTH_BYTES)
        return HEADER_BYTES - in.n;
    return frame_length(in) - in.n;
}

char *
frame_detail(struct slice in, size_t max_bytes, char *dst, size_t cap)
{
    struct slice pdu;
    uint32_t length = frame_length(in);
    switch (frame_next(in, max_bytes, &pdu)) {
    case FRAME_WHOLE: snprintf(dst, cap, "%s", ""); break;
    case FRAME_BAD_LENGTH:
        if (length < HEADER_BYTES)
            snprintf(dst, cap, "%u is below 16", length);
        else
            snprintf(dst, cap, "%u is above the limit", length);
        break;
    case FRAME_NEED_MORE:
        if (in.n < LENGTH_BYTES)
            snprintf(dst, cap, "fewer than 4 octets");
        else
            snprintf(dst, cap, "%zu of %u octets", in.n, length);
        break;
    }
    return dst;
}
