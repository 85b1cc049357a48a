/*
 * tls.c - TLS of the door, which libmicrohttpd does with GnuTLS.
 *
 * Promise: with a client_ca nobody without a certificate of it gets further
 * than an error. libmicrohttpd asks for the certificate and leaves the
 * judgement to us.
 */
#include "engine/door/tls.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

enum { PEM_MAX = 1024 * 1024 };

/* The file as text; NULL with the reason. */
static char *
pem_read(const char *file, char why[DOOR_WHY_BYTES])
{
    FILE *f = fopen(file, "re");
    char *text = malloc(PEM_MAX);
    size_t n = f && text ? fread(text, 1, PEM_MAX - 1, f) : 0;
    if (n == 0)
        snprintf(why, DOOR_WHY_BYTES, "cannot read %.180s: %m", file);
    if (f)
        fclose(f);
    if (n == 0) {
        free(text);
        return NULL;
    }
    text[n] = 0;
    char *fitting = realloc(text, n + 1);
    return fitting ? fitting : text;
}

/* Do the certificate and the key belong together? libmicrohttpd would only
 * fail at the first handshake. */
static bool
pair_is_sound(struct door *d, char why[DOOR_WHY_BYTES])
{
    gnutls_certificate_credentials_t c;
    gnutls_datum_t cert = {(void *)d->cert, (unsigned)strlen(d->cert)};
    gnutls_datum_t key = {(void *)d->key, (unsigned)strlen(d->key)};
    if (gnutls_certificate_allocate_credentials(&c) != 0)
        return false;
    int result = gnutls_certificate_set_x509_key_mem(c, &cert, &key,
                                                     GNUTLS_X509_FMT_PEM);
    if (result >= 0 && d->client_ca) {
        gnutls_datum_t ca = {(void *)d->client_ca,
                             (unsigned)strlen(d->client_ca)};
        result =
            gnutls_certificate_set_x509_trust_mem(c, &ca, GNUTLS_X509_FMT_PEM);
    }
    gnutls_certificate_free_credentials(c);
    if (result < 0)
        snprintf(why, DOOR_WHY_BYTES, "http.tls: %s", gnutls_strerror(result));
    return result >= 0;
}

bool
tls_load(struct door *d, const struct door_settings *s,
         char why[DOOR_WHY_BYTES])
{
    if (!s->tls_cert && !s->tls_key && !s->tls_client_ca)
        return true;
    if (!s->tls_cert || !s->tls_key) {
        snprintf(why, DOOR_WHY_BYTES, "http.tls needs both cert and key");
        return false;
    }
    d->cert = pem_read(s->tls_cert, why);
    d->key = d->cert ? pem_read(s->tls_key, why) : NULL;
    if (!d->key)
        return false;
    if (s->tls_client_ca) {
        d->client_ca = pem_read(s->tls_client_ca, why);
        if (!d->client_ca)
            return false;
        d->asks_certificate = true;
    }
    return pair_is_sound(d, why);
}

void
tls_check_client(struct request *r)
{
    if (!r->door->asks_certificate)
        return;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        r->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    unsigned status = 1;
    if (info && info->tls_session &&
        gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 &&
        status == 0)
        return;
    problem_set(&r->problem, "forbidden",
                "A client certificate of the right authority is needed.");
}
