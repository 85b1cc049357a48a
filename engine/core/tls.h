/*
 * tls.h - TLS for connections: what to trust, and one stream over a socket.
 *
 * Promise: verification is on unless switched off, and fails closed: unknown
 * issuer, wrong name, expired and a missing client certificate all end the
 * handshake with a reason worded for people. At least TLS 1.2. An end of
 * stream without close_notify is a plain close: SMPP's framing shows whether
 * something is missing.
 *
 * Threads: a context may be shared once made; a stream belongs to one thread.
 */
#ifndef ENGINE_CORE_TLS_H
#define ENGINE_CORE_TLS_H

#include "proto/bytes.h"

struct tls_context;
struct tls_stream;

/* Files are PEM. A server needs cert and key. */
struct tls_settings {
    bool server;
    bool verify;      /* client: the server. server: clients, against ca */
    const char *ca;   /* who is trusted, or the one certificate itself
                         (pinned); NULL: the system's authorities */
    const char *cert; /* our certificate and chain; NULL: none */
    const char *key;
};

enum { TLS_ERROR_BYTES = 256 };

/* NULL with the reason in error, naming the file at fault. */
struct tls_context *tls_context_create(const struct tls_settings *settings,
                                       char error[TLS_ERROR_BYTES]);
/* Counted: each stream holds its context. Returns ctx; NULL is fine. */
struct tls_context *tls_context_hold(struct tls_context *ctx);
void tls_context_release(struct tls_context *ctx);

enum tls_result {
    TLS_OK,
    TLS_WANT_READ,
    TLS_WANT_WRITE,
    TLS_END,    /* the peer closed */
    TLS_FAILED, /* tls_stream_error() says why */
};

/* name: to verify and to send as SNI when it is not an address; ignored by a
 * server. The fd stays the caller's. NULL: out of memory. */
struct tls_stream *
tls_stream_create(struct tls_context *ctx, int fd, const char *name);
void tls_stream_destroy(struct tls_stream *t);

enum tls_result tls_stream_handshake(struct tls_stream *t);
/* At most cap octets; *n how many. */
enum tls_result
tls_stream_read(struct tls_stream *t, uint8_t *dst, size_t cap, size_t *n);
/* One record: give up to 16 KB. After TLS_WANT_* the same octets must be
 * given again (at any address, more may follow). */
enum tls_result
tls_stream_write(struct tls_stream *t, struct slice s, size_t *n);
/* Octets decrypted and not yet read: the socket will not say so. */
bool tls_stream_has_more(const struct tls_stream *t);
/* Sends close_notify, once, without waiting for the peer's. */
void tls_stream_bye(struct tls_stream *t);

const char *tls_stream_error(const struct tls_stream *t);
/* The subject of the peer's certificate, "" when it gave none. Returns dst. */
char *tls_stream_subject(const struct tls_stream *t, char *dst, size_t cap);
const char *tls_stream_version(const struct tls_stream *t); /* "TLSv1.3" */

#endif
