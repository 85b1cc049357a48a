/*
 * tls.h - TLS of the door, which libmicrohttpd does with GnuTLS.
 *
 * Threads: load at start; checks on intakes.
 */
#ifndef ENGINE_DOOR_TLS_H
#define ENGINE_DOOR_TLS_H

#include "engine/door/request.h"

/* Reads the PEM files of the settings; false with the reason. */
bool tls_load(struct door *d, const struct door_settings *s,
              char why[DOOR_WHY_BYTES]);

/* When a client_ca is set: a problem unless the client showed a certificate
 * of it. */
void tls_check_client(struct request *r);

#endif
