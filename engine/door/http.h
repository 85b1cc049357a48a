/*
 * http.h - what libmicrohttpd calls.
 *
 * Threads: the intake that has the connection.
 */
#ifndef ENGINE_DOOR_HTTP_H
#define ENGINE_DOOR_HTTP_H

#include <microhttpd.h>

/* The life of a request: called for its headers, for each piece of its body,
 * at its end, and after each wait. */
enum MHD_Result
http_on_request(void *intake, struct MHD_Connection *c, const char *url,
                const char *method, const char *version, const char *data,
                size_t *size, void **request);

/* The request was answered, or its client left. */
void http_on_completed(void *door, struct MHD_Connection *c, void **request,
                       enum MHD_RequestTerminationCode why);

/* Somebody connects: not when the address has too many connections. */
enum MHD_Result
http_on_accept(void *door, const struct sockaddr *peer, socklen_t length);

/* A connection came or went. */
void http_on_connection(void *door, struct MHD_Connection *c, void **watch,
                        enum MHD_ConnectionNotificationCode what);

#endif
