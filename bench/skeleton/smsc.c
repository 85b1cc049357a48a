/*
 * smsc.c - the simulator thread of the skeleton.
 *
 * Promise: as in smsc.h.
 */
#include "bench/skeleton/smsc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/skeleton/link.h"

enum {
    ID_BYTES = 16,
    EVENTS = 64,
    IDLE_MS = 5,         /* after which what is held back leaves */
    OUT_HIGH = 20 << 20, /* no more is read beyond */
    FLUSH_MAX = 4096,    /* of what is held back, in one turn */
};

static const char SAYS[] =
    " sub:001 dlvrd:001 submit date:2501010000 done date:2501010000 "
    "stat:DELIVRD err:000 text:";

/* Receipts of one bind that wait for their turn. */
struct held {
    char (*ids)[ID_BYTES];
    unsigned n;
};

struct smsc {
    pthread_t thread;
    int listener, epoll;
    unsigned links, open, disorder;
    struct link *link;
    struct held *held;
    uint64_t ids, dice;
    uint32_t sequence;
    double cpu_s;
};

static size_t
text(uint8_t *p, const void *s, size_t n)
{
    memcpy(p, s, n);
    return n;
}

/* A deliver_sm with both TLVs, as volley-smsc sends it. */
static void
put_receipt(struct smsc *s, struct link *l, const char id[ID_BYTES])
{
    uint8_t *head = l->out + l->out_n, *p = head + 16;
    p += text(p,
              "\0\1\001"
              "447700900123\0\1\001"
              "12025550100\0\4\0\0\0\0\0\0\0\0",
              39);
    uint8_t *length = p++;
    p += text(p, "id:", 3);
    p += text(p, id, ID_BYTES);
    p += text(p, SAYS, sizeof SAYS - 1);
    *length = (uint8_t)(p - length - 1);
    p += text(p, "\x00\x1E\x00\x11", 4);
    p += text(p, id, ID_BYTES);
    *p++ = 0;
    p += text(p, "\x04\x27\x00\x01\x02", 5);
    put_head(head, (uint32_t)(p - head), 5, s->sequence++);
    l->out_n += (size_t)(p - head);
}

static uint64_t
roll(struct smsc *s)
{
    s->dice ^= s->dice << 13;
    s->dice ^= s->dice >> 7;
    s->dice ^= s->dice << 17;
    return s->dice;
}

/* A receipt now, or the one whose place it takes. */
static void
receipt(struct smsc *s, struct link *l, const char id[ID_BYTES])
{
    struct held *h = &s->held[l->number];
    if (h->n < s->disorder) {
        memcpy(h->ids[h->n++], id, ID_BYTES);
        return;
    }
    if (s->disorder == 0) {
        put_receipt(s, l, id);
        return;
    }
    unsigned at = (unsigned)(roll(s) % s->disorder);
    put_receipt(s, l, h->ids[at]);
    memcpy(h->ids[at], id, ID_BYTES);
}

static void
answer(struct smsc *s, struct link *l, uint32_t sequence)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t *p = l->out + l->out_n;
    char id[ID_BYTES];
    uint64_t x = ++s->ids * UINT64_C(0x9E3779B97F4A7C15);
    for (unsigned i = 0; i < ID_BYTES; i++, x >>= 4)
        id[i] = hex[x & 15];
    put_head(p, 16 + ID_BYTES + 1, 0x80000004, sequence);
    memcpy(p + 16, id, ID_BYTES);
    p[16 + ID_BYTES] = 0;
    l->out_n += 16 + ID_BYTES + 1;
    receipt(s, l, id);
}

/* False when the other end has closed. */
static bool
serve(struct smsc *s, struct link *l)
{
    size_t at = 0;
    if (l->out_n < OUT_HIGH) {
        if (!link_read(l))
            return false;
        for (const uint8_t *p; (p = link_next(l, &at));)
            if (be32(p + 4) == 4)
                answer(s, l, be32(p + 12));
        link_used(l, at);
    }
    return link_flush(l);
}

static void
release_held(struct smsc *s)
{
    for (unsigned i = 0; i < s->links; i++) {
        struct held *h = &s->held[i];
        for (unsigned k = 0; k < FLUSH_MAX && h->n > 0; k++)
            put_receipt(s, &s->link[i], h->ids[--h->n]);
        if (!link_flush(&s->link[i]))
            return; /* serve() will see that it is closed */
    }
}

static bool
accept_links(struct smsc *s)
{
    for (unsigned i = 0; i < s->links; i++) {
        int fd = accept(s->listener, NULL, NULL);
        s->held[i].ids = calloc(s->disorder + 1, ID_BYTES);
        if (fd < 0 || !s->held[i].ids ||
            !link_init(&s->link[i], fd, s->epoll, i))
            return false;
        s->open++;
    }
    return true;
}

static void *
run(void *arg)
{
    struct smsc *s = arg;
    struct epoll_event events[EVENTS];
    struct timespec t;
    if (!accept_links(s))
        abort(); /* our own sockets, before anything is measured */
    while (s->open > 0) {
        int n = epoll_wait(s->epoll, events, EVENTS, IDLE_MS);
        if (n == 0)
            release_held(s);
        for (int i = 0; i < n; i++) {
            struct link *l = &s->link[events[i].data.u32];
            if (l->fd < 0 || serve(s, l))
                continue;
            close(l->fd);
            l->fd = -1;
            s->open--;
        }
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    s->cpu_s = (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
    return NULL;
}

struct smsc *
smsc_start(int listener, unsigned links, unsigned disorder)
{
    struct smsc *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->listener = listener;
    s->links = links;
    s->disorder = disorder;
    s->dice = 88172645463325252;
    s->sequence = 1;
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->link = calloc(links, sizeof *s->link);
    s->held = calloc(links, sizeof *s->held);
    if (s->epoll >= 0 && s->link && s->held &&
        pthread_create(&s->thread, NULL, run, s) == 0)
        return s;
    free(s->link);
    free(s->held);
    free(s);
    return NULL;
}

double
smsc_stop(struct smsc *s)
{
    pthread_join(s->thread, NULL);
    double cpu_s = s->cpu_s;
    for (unsigned i = 0; i < s->links; i++) {
        link_fini(&s->link[i]);
        free(s->held[i].ids);
    }
    close(s->epoll);
    free(s->link);
    free(s->held);
    free(s);
    return cpu_s;
}
