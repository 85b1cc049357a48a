/*
 * watch.c - connections and how long each takes over what it does.
 *
 * Promise: as in watch.h. The socket is open while the watch is in the list:
 * libmicrohttpd reports the close before it closes.
 */
#include "engine/door/watch.h"

#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "engine/core/clock.h"
#include "engine/door/inside.h"

/* 10 s: short pauses of a slow link are no reason to cut it off. */
enum { BODY_SPAN_MS = 10000 };

struct watch {
    int fd;
    struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
    _Atomic int stage;
    _Atomic uint64_t since_ms; /* when the stage, or the span, began */
    _Atomic uint64_t octets;
    uint64_t octets_then; /* at the begin of the span; watch_look()'s */
    uint64_t span_ms;
    bool ended; /* the last look found the end of the stream */
    struct watch *next, *prev;
};

static uint64_t
now_ms(void)
{
    return clock_mono().us / 1000;
}

/* IPv6 addresses count by their /64: that much one customer gets. */
static struct in6_addr
address_of(const struct sockaddr *peer)
{
    struct in6_addr a = {0};
    if (peer && peer->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)peer;
        a.s6_addr[10] = a.s6_addr[11] = 0xFF;
        memcpy(&a.s6_addr[12], &v4->sin_addr, 4);
    }
    if (peer && peer->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)peer;
        bool whole = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ||
                     IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
        memcpy(&a, &v6->sin6_addr, whole ? sizeof a : 8);
    }
    return a;
}

static bool
is_loopback(const struct in6_addr *a)
{
    return IN6_IS_ADDR_LOOPBACK(a) ||
           (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

bool
watch_may_open(struct door *d, const struct sockaddr *peer)
{
    struct in6_addr address = address_of(peer);
    unsigned same = 0;
    if (is_loopback(&address))
        return true;
    pthread_mutex_lock(&d->watch_lock);
    for (const struct watch *w = d->watches; w; w = w->next)
        same += memcmp(&w->address, &address, sizeof address) == 0;
    pthread_mutex_unlock(&d->watch_lock);
    return same < d->limits.per_address;
}

struct watch *
watch_open(struct door *d, int fd, const struct sockaddr *peer)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->fd = fd;
    w->address = address_of(peer);
    atomic_store(&w->stage, WATCH_HEAD);
    atomic_store(&w->since_ms, now_ms());
    pthread_mutex_lock(&d->watch_lock);
    w->next = d->watches;
    if (w->next)
        w->next->prev = w;
    d->watches = w;
    pthread_mutex_unlock(&d->watch_lock);
    atomic_fetch_add(&d->connections, 1);
    return w;
}

void
watch_close(struct door *d, struct watch *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&d->watch_lock);
    if (w->next)
        w->next->prev = w->prev;
    if (w->prev)
        w->prev->next = w->next;
    else
        d->watches = w->next;
    pthread_mutex_unlock(&d->watch_lock);
    atomic_fetch_sub(&d->connections, 1);
    free(w);
}

void
watch_mark(struct watch *w, enum watch_stage stage)
{
    if (!w || atomic_load(&w->stage) == (int)stage)
        return; /* the time of a stage runs on */
    atomic_store(&w->since_ms, now_ms());
    atomic_store(&w->stage, stage);
}

void
watch_count(struct watch *w, uint64_t octets)
{
    if (w)
        atomic_store_explicit(&w->octets, octets, memory_order_relaxed);
}

/* A body that came slower than the limit over the last span. */
static bool
body_is_slow(struct door *d, struct watch *w, uint64_t now)
{
    uint64_t since = atomic_load(&w->since_ms);
    uint64_t octets = atomic_load(&w->octets);
    if (since > w->span_ms) { /* the stage began anew */
        w->span_ms = since;
        w->octets_then = octets;
    }
    if (now - w->span_ms < BODY_SPAN_MS)
        return false;
    uint64_t least = (uint64_t)d->limits.body_octets_s * (BODY_SPAN_MS / 1000);
    bool slow = octets - w->octets_then < least;
    w->span_ms = now;
    w->octets_then = octets;
    return slow;
}

/*
 * Has the client ended the connection inside its body? libmicrohttpd 0.9.75
 * clears its mark of readiness after a short read, and so misses an end that
 * came with the last octets. Twice in a row, since it may be reading now.
 */
static bool
peer_is_gone(struct watch *w)
{
    char octet;
    bool ended = recv(w->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    bool again = ended && w->ended;
    w->ended = ended;
    return again;
}

static bool
is_slow(struct door *d, struct watch *w, uint64_t now)
{
    uint64_t since = atomic_load(&w->since_ms);
    uint64_t took = now > since ? now - since : 0;
    uint64_t header_ms = (uint64_t)d->limits.header_s * 1000;
    switch (atomic_load(&w->stage)) {
    case WATCH_HEAD: return took > header_ms;
    case WATCH_IDLE:
        return took > header_ms + (uint64_t)d->limits.idle_s * 1000;
    case WATCH_BODY: return body_is_slow(d, w, now) || peer_is_gone(w);
    default: return false;
    }
}

void
watch_look(struct door *d, uint64_t now)
{
    pthread_mutex_lock(&d->watch_lock);
    for (struct watch *w = d->watches; w; w = w->next) {
        if (!is_slow(d, w, now))
            continue;
        atomic_fetch_add(&d->cut_off, 1);
        shutdown(w->fd, SHUT_RDWR);
        watch_mark(w, WATCH_BUSY);
    }
    pthread_mutex_unlock(&d->watch_lock);
}
