/*
 * tls.c - OpenSSL behind six calls.
 *
 * Promise: as in tls.h. Buffers are released while idle (14 KB a connection
 * rather than 47), and the error queue is cleared before each call, since a
 * stale entry turns a good answer into a bad one.
 */
#include "engine/core/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct tls_context {
    SSL_CTX *ssl;
    bool server;
    bool verify;
    _Atomic unsigned holders;
};

struct tls_stream {
    SSL *ssl;
    struct tls_context *ctx;
    bool said_bye;
    char name[256];
    char error[TLS_ERROR_BYTES];
};

/* The oldest error of OpenSSL's queue, in its words. */
static const char *
first_error(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text ? text : "unknown error";
}

static bool
load_identity(SSL_CTX *ssl, const struct tls_settings *s, char *error)
{
    const char *key = s->key ? s->key : s->cert;
    if (SSL_CTX_use_certificate_chain_file(ssl, s->cert) != 1) {
        snprintf(error, TLS_ERROR_BYTES, "cannot use certificate %s: %s",
                 s->cert, first_error());
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ssl) != 1) {
        snprintf(error, TLS_ERROR_BYTES, "cannot use key %s: %s", key,
                 first_error());
        return false;
    }
    return true;
}

static bool
load_trust(SSL_CTX *ssl, const struct tls_settings *s, char *error)
{
    if (!s->ca) {
        if (!s->server)
            SSL_CTX_set_default_verify_paths(ssl);
        return true;
    }
    if (SSL_CTX_load_verify_locations(ssl, s->ca, NULL) != 1) {
        snprintf(error, TLS_ERROR_BYTES, "cannot use authorities in %s: %s",
                 s->ca, first_error());
        return false;
    }
    if (s->server)
        SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(s->ca));
    return true;
}

static void
set_modes(SSL_CTX *ssl, const struct tls_settings *s)
{
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS |
                              SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    int verify = SSL_VERIFY_NONE;
    if (s->verify)
        verify =
            SSL_VERIFY_PEER | (s->server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
    SSL_CTX_set_verify(ssl, verify, NULL);
    /* A certificate in ca that is no authority is trusted as itself. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl),
                                X509_V_FLAG_PARTIAL_CHAIN);
    if (s->server) { /* else a client's resumption fails */
        static const unsigned char id[] = "volley";
        SSL_CTX_set_session_id_context(ssl, id, sizeof id - 1);
    }
}

struct tls_context *
tls_context_create(const struct tls_settings *s, char error[TLS_ERROR_BYTES])
{
    error[0] = 0;
    ERR_clear_error();
    if (s->server && !s->cert) {
        snprintf(error, TLS_ERROR_BYTES, "a server needs cert and key");
        return NULL;
    }
    if (s->server && s->verify && !s->ca) {
        snprintf(error, TLS_ERROR_BYTES, "verifying clients needs their ca");
        return NULL;
    }
    struct tls_context *ctx = calloc(1, sizeof *ctx);
    SSL_CTX *ssl =
        SSL_CTX_new(s->server ? TLS_server_method() : TLS_client_method());
    if (!ctx || !ssl) {
        snprintf(error, TLS_ERROR_BYTES, "out of memory");
        goto fail;
    }
    set_modes(ssl, s);
    if ((s->cert && !load_identity(ssl, s, error)) ||
        !load_trust(ssl, s, error))
        goto fail;
    ctx->ssl = ssl;
    ctx->server = s->server;
    ctx->verify = s->verify;
    atomic_init(&ctx->holders, 1);
    return ctx;
fail:
    SSL_CTX_free(ssl);
    free(ctx);
    return NULL;
}

struct tls_context *
tls_context_hold(struct tls_context *ctx)
{
    if (ctx)
        atomic_fetch_add(&ctx->holders, 1);
    return ctx;
}

void
tls_context_release(struct tls_context *ctx)
{
    if (!ctx || atomic_fetch_sub(&ctx->holders, 1) != 1)
        return;
    SSL_CTX_free(ctx->ssl);
    free(ctx);
}

/* Without this no name is checked at all. */
static bool
expect_name(SSL *ssl, const char *name, bool verify)
{
    unsigned char address[16];
    bool is_address = inet_pton(AF_INET, name, address) == 1 ||
                      inet_pton(AF_INET6, name, address) == 1;
    if (!is_address && SSL_set_tlsext_host_name(ssl, name) != 1)
        return false;
    if (!verify)
        return true;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    return SSL_set1_host(ssl, name) == 1;
}

struct tls_stream *
tls_stream_create(struct tls_context *ctx, int fd, const char *name)
{
    struct tls_stream *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->ssl = SSL_new(ctx->ssl);
    if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1)
        goto fail;
    if (ctx->server) {
        SSL_set_accept_state(t->ssl);
    } else {
        SSL_set_connect_state(t->ssl);
        snprintf(t->name, sizeof t->name, "%s", name ? name : "");
        if (name && !expect_name(t->ssl, name, ctx->verify))
            goto fail;
    }
    t->ctx = tls_context_hold(ctx);
    return t;
fail:
    SSL_free(t->ssl);
    free(t);
    return NULL;
}

void
tls_stream_destroy(struct tls_stream *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    tls_context_release(t->ctx);
    free(t);
}

static void
word_verify_error(struct tls_stream *t, long code)
{
    const char *what = X509_verify_cert_error_string(code);
    switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        snprintf(
            t->error, sizeof t->error,
            "the certificate is not for %.120s: set tls.server_name to the "
            "name it bears",
            t->name);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        what = "the certificate has expired";
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        what = "the certificate's issuer is not trusted: set tls.ca";
        break;
    default: break;
    }
    snprintf(t->error, sizeof t->error, "%s", what);
}

/* What a failed call means. */
static enum tls_result
result_of(struct tls_stream *t, int rc)
{
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ: return TLS_WANT_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN: return TLS_END;
    case SSL_ERROR_SYSCALL:
        if (ERR_peek_error() == 0) {
            snprintf(t->error, sizeof t->error, "the connection was reset");
            return TLS_END;
        }
        break;
    default: break;
    }
    int reason = ERR_GET_REASON(ERR_peek_error());
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return TLS_END;
    long verify = SSL_get_verify_result(t->ssl);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verify != X509_V_OK)
        word_verify_error(t, verify);
    else if (reason == SSL_R_WRONG_VERSION_NUMBER)
        snprintf(t->error, sizeof t->error,
                 "the other side does not speak TLS on this port");
    else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
        snprintf(t->error, sizeof t->error, "no client certificate was given");
    else
        snprintf(t->error, sizeof t->error, "%s", first_error());
    return TLS_FAILED;
}

enum tls_result
tls_stream_handshake(struct tls_stream *t)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(t->ssl);
    return rc == 1 ? TLS_OK : result_of(t, rc);
}

enum tls_result
tls_stream_read(struct tls_stream *t, uint8_t *dst, size_t cap, size_t *n)
{
    *n = 0;
    ERR_clear_error();
    int rc = SSL_read_ex(t->ssl, dst, cap, n);
    return rc == 1 ? TLS_OK : result_of(t, rc);
}

enum tls_result
tls_stream_write(struct tls_stream *t, struct slice s, size_t *n)
{
    *n = 0;
    ERR_clear_error();
    int rc = SSL_write_ex(t->ssl, s.p, s.n, n);
    return rc == 1 ? TLS_OK : result_of(t, rc);
}

bool
tls_stream_has_more(const struct tls_stream *t)
{
    return SSL_has_pending(t->ssl) != 0;
}

void
tls_stream_bye(struct tls_stream *t)
{
    if (t->said_bye || SSL_in_init(t->ssl))
        return;
    t->said_bye = true;
    ERR_clear_error();
    SSL_shutdown(t->ssl);
}

const char *
tls_stream_error(const struct tls_stream *t)
{
    return t->error;
}

const char *
tls_stream_version(const struct tls_stream *t)
{
    return SSL_get_version(t->ssl);
}

char *
tls_stream_subject(const struct tls_stream *t, char *dst, size_t cap)
{
    dst[0] = 0;
    X509 *peer = SSL_get1_peer_certificate(t->ssl);
    BIO *text = peer ? BIO_new(BIO_s_mem()) : NULL;
    if (text && X509_NAME_print_ex(text, X509_get_subject_name(peer), 0,
                                   XN_FLAG_RFC2253) >= 0) {
        char *at;
        long n = BIO_get_mem_data(text, &at);
        snprintf(dst, cap, "%.*s", n > 0 ? (int)n : 0, n > 0 ? at : "");
    }
    BIO_free(text);
    X509_free(peer);
    return dst;
}
