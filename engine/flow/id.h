/*
 * id.h - ids as people see them: a prefix and 13 characters.
 *
 * A u64 in Crockford's base 32, lower case, fixed width, so that ids of one
 * kind sort by number, which is by time: "msg_000000001zq4x".
 *
 * Threads: pure.
 */
#ifndef ENGINE_FLOW_ID_H
#define ENGINE_FLOW_ID_H

#include "proto/bytes.h"

enum { ID_BYTES = 20 }; /* "msg_" + 13 + NUL, and some */

enum id_kind {
    ID_MESSAGE,  /* msg_ */
    ID_CAMPAIGN, /* cmp_ */
    ID_THREAD,   /* thr_ */
    ID_EVENT,    /* evt_ : a position of the log */
    ID_ACCOUNT,  /* act_ : keys begin with acc_ */
    ID_SENDER,   /* sdr_ : keys begin with snd_ */
    ID_POOL,     /* pol_ */
    ID_UPLOAD,   /* upl_ */
    ID_LOGIN,    /* lgn_ */
    ID_KIND_N,
};

/* dst needs ID_BYTES. Returns dst. */
char *id_to_text(enum id_kind kind, uint64_t number, char dst[ID_BYTES]);

/* False when the prefix, the length or a character is not of this kind. */
MUST_CHECK bool
id_from_text(enum id_kind kind, struct slice text, uint64_t *number);

#endif
