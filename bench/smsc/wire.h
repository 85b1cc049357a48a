/*
 * wire.h - sockets of the bench programs: an epoll hub and its connections.
 *
 * The engine's own connection layer is not used here on purpose: the judge
 * does not borrow code from what it judges, and the ledger wants the time at
 * which the kernel received the octets, not the time at which we got round
 * to them (SO_TIMESTAMPNS).
 *
 * Promise: output leaves at the end of the turn, in large writes. A closed
 * wire calls closed() exactly once, never from inside another call, and is
 * freed at the end of that turn. Out of memory ends the program.
 *
 * Threads: one hub, one thread.
 */
#ifndef BENCH_SMSC_WIRE_H
#define BENCH_SMSC_WIRE_H

#include "proto/bytes.h"

#include <openssl/types.h>

struct hub;
struct wire;

struct wire_ops {
    /* Connected; the TLS handshake is done. */
    void (*opened)(void *owner);
    /* All unread input and when the kernel had it (microseconds since 1970).
     * Returns how many octets were used; the rest comes again. */
    size_t (*readable)(void *owner, struct slice input, uint64_t arrived_us);
    /* The end; why is for people: "closed by the other side". */
    void (*closed)(void *owner, const char *why);
};

struct wire_listen {
    const char *host;
    uint16_t port; /* 0: any free one */
    SSL_CTX *tls;  /* NULL: plain; borrowed */
    /* Takes the wire by wire_own(); opened() follows. */
    void (*accepted)(void *arg, struct wire *w);
    void *arg;
};

enum { WIRE_WHY_BYTES = 160 };

struct hub *hub_create(void);
void hub_destroy(struct hub *h);

/* Listens; returns the port, or 0 with a sentence in why. */
uint16_t hub_listen(struct hub *h, const struct wire_listen *listen,
                    char why[WIRE_WHY_BYTES]);

/* Wires dialled from now on leave from this IPv4 address; NULL: any. Borrowed
 * while there is dialling. */
void hub_leave_from(struct hub *h, const char *source);

/* Waits at most wait_ms for something to happen, serves it. */
void hub_turn(struct hub *h, int wait_ms);
/* Sends what was queued since the last turn. */
void hub_flush(struct hub *h);

/* Of this turn: microseconds since 1970, and monotonic ones. */
uint64_t hub_wall_us(const struct hub *h);
uint64_t hub_mono_us(const struct hub *h);

/* Begins to connect; opened() or closed() follows. NULL: see why. */
struct wire *
wire_dial(struct hub *h, const char *host, uint16_t port, SSL_CTX *tls,
          const struct wire_ops *ops, void *owner, char why[WIRE_WHY_BYTES]);

void wire_own(struct wire *w, const struct wire_ops *ops, void *owner);

/* Room for n octets of output; wire_used() says how many were filled. */
uint8_t *wire_room(struct wire *w, size_t n);
void wire_used(struct wire *w, size_t n);
void wire_put(struct wire *w, struct slice octets);
/* Octets not yet taken by the kernel. */
size_t wire_pending(const struct wire *w);

/* Sends what is queued, then closes. */
void wire_close(struct wire *w, const char *why);
/* Closes by a reset, at once; what is queued is thrown away. */
void wire_reset(struct wire *w, const char *why);
bool wire_is_closing(const struct wire *w);

/* Stops and goes on reading. */
void wire_pause(struct wire *w, bool paused);

#endif
