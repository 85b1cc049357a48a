/*
 * socket.h - TCP sockets opened the way the bench programs want them.
 *
 * Promise: every fd is non-blocking, close-on-exec, without Nagle, and tells
 * when the kernel received what is read from it. Errors come as sentences.
 *
 * Threads: any.
 */
#ifndef BENCH_SMSC_SOCKET_H
#define BENCH_SMSC_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SOCKET_WHY_BYTES = 160 };

/* -1 with a sentence in why; *port 0 becomes the port that was free. */
int socket_listen(const char *host, uint16_t *port, char why[SOCKET_WHY_BYTES]);

/* Begins to connect, from the address source (NULL: any); -1 with a sentence
 * in why. */
int socket_dial(const char *host, uint16_t port, const char *source,
                char why[SOCKET_WHY_BYTES]);

/* -1 when nobody waits. */
int socket_accept(int listener);

/* As recv(); *arrived_us is left alone when the kernel does not tell. The
 * time is that of the last octets read (microseconds since 1970). */
ssize_t socket_read(int fd, void *p, size_t n, uint64_t *arrived_us);

/* The next close sends a reset instead of an end. */
void socket_make_abrupt(int fd);

#endif
