/*
 * resolve.h - host names to addresses without blocking the engine thread.
 *
 * A numeric address is answered by resolve_numeric() at once. A name goes to
 * a thread of its own that may block in getaddrinfo; the answer comes back in a
 * later turn's read phase.
 *
 * Promise: found() is called exactly once for each question that was not
 * cancelled, on the loop's thread, never from inside.
 *
 * Threads: the loop's thread only; up to 4 threads of its own.
 */
#ifndef ENGINE_CORE_RESOLVE_H
#define ENGINE_CORE_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct loop;
struct resolver;
struct question;

enum { RESOLVE_MAX = 8 }; /* addresses kept of one name */

struct resolved {
    unsigned count;
    struct sockaddr_storage addr[RESOLVE_MAX];
    socklen_t length[RESOLVE_MAX];
    const char *error; /* why there is none, for people; static */
};

struct resolver *resolver_create(struct loop *loop);
void resolver_destroy(struct resolver *r);

/* True when host is an IPv4 or IPv6 address in digits. */
bool resolve_numeric(const char *host, uint16_t port, struct resolved *out);

/* NULL: out of memory or threads; found() does not come then. out is borrowed
 * for the call. */
struct question *
resolver_ask(struct resolver *r, const char *host, uint16_t port,
             void (*found)(void *arg, const struct resolved *out), void *arg);

/* found() will not be called. Only before it was. */
void resolver_cancel(struct question *q);

#endif
