/*
 * tls.c - TLS settings; see tls.h.
 */
#include "bench/smsc/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static SSL_CTX *
fail(SSL_CTX *ctx, const char *what, char why[160])
{
    const char *reason = ERR_reason_error_string(ERR_get_error());
    snprintf(why, 160, "--tls: %.100s: %.50s", what,
             reason ? reason : "refused");
    SSL_CTX_free(ctx);
    return NULL;
}

SSL_CTX *
tls_server(const char *files, char why[160])
{
    char cert[1024] = "";
    const char *comma = strchr(files, ',');
    if (!comma || (size_t)(comma - files) >= sizeof cert) {
        snprintf(why, 160, "--tls wants CERT,KEY");
        return NULL;
    }
    memcpy(cert, files, (size_t)(comma - files));
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        return fail(ctx, cert, why);
    if (SSL_CTX_use_PrivateKey_file(ctx, comma + 1, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return fail(ctx, comma + 1, why);
    return ctx;
}

SSL_CTX *
tls_client(char why[160])
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    return ctx ? ctx : fail(NULL, "client", why);
}

void
tls_free(SSL_CTX *tls)
{
    SSL_CTX_free(tls);
}
