/*
 * watch.c - connections and how long each takes over what it does.
 *
 * Promise: as in watch.h. The socket is open while the watch is in the list:
 * libmicrohttpd reports the close before it closes.
 */
#include "engine/door/watch.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "engine/core/clock.h"
#include "engine/door/inside.h"

/* 10 s: short pauses of a slow link are no reason to cut it off. */
enum { BODY_SPAN_MS = 10000 };

struct watch {
    int fd;
    _Atomic int stage;
    _Atomic uint64_t since_ms; /* when the stage, or the span, began */
    _Atomic uint64_t octets;
    uint64_t octets_then; /* at the begin of the span; the courier's */
    uint64_t span_ms;
    struct watch *next, *prev;
};

static uint64_t
now_ms(void)
{
    return clock_mono().us / 1000;
}

struct watch *
watch_open(struct door *d, int fd)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->fd = fd;
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
    case WATCH_BODY: return body_is_slow(d, w, now);
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
