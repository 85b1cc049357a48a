/*
 * tls.h - TLS settings of the bench programs.
 *
 * Threads: made before they start.
 */
#ifndef BENCH_SMSC_TLS_H
#define BENCH_SMSC_TLS_H

#include <openssl/types.h>

/* "CERT,KEY", both PEM files. NULL with a sentence in why (160 octets). */
SSL_CTX *tls_server(const char *files, char why[160]);

/* A client that believes any certificate: it measures, it guards nothing. */
SSL_CTX *tls_client(char why[160]);

void tls_free(SSL_CTX *tls); /* NULL is fine */

#endif
