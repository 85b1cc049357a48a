/*
 * proto.h - the face of proto: bytes and meaning of SMPP, without a socket.
 *
 * Start with pdu.h for the wire and with segment.h for texts. Include the
 * single headers where you need them; this one is for programs that want
 * all of libvolley_proto.
 */
#ifndef PROTO_PROTO_H
#define PROTO_PROTO_H

#include "proto/addr.h"
#include "proto/bytes.h"
#include "proto/coding.h"
#include "proto/dump.h"
#include "proto/frame.h"
#include "proto/gsm7.h"
#include "proto/pdu.h"
#include "proto/receipt.h"
#include "proto/segment.h"
#include "proto/smpp.h"
#include "proto/smpptime.h"
#include "proto/translit.h"
#include "proto/ucs2.h"
#include "proto/udh.h"

#endif
