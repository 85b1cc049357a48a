/*
 * resolve.c - a few detached threads that call getaddrinfo.
 *
 * Promise: as in resolve.h. The threads and the resolver share one counted
 * struct, so that a name server which takes half a minute to fail holds up
 * neither other names nor the end of the process.
 */
#include "engine/core/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "engine/core/loop.h"
#include "engine/core/mpsc.h"

enum { THREADS_MAX = 4 }; /* one dead name server holds one of them */

struct question {
    struct mpsc_link link; /* in the answers */
    struct question *next; /* in the questions */
    char host[256];
    uint16_t port;
    bool cancelled; /* loop's thread only */
    struct resolved out;
    void (*found)(void *arg, const struct resolved *out);
    void *arg;
};

/* Lives until the last thread has let go. */
struct shared {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct question *first, **last; /* waiting, under lock */
    unsigned waiting;               /* in first.. */
    unsigned threads, idle;         /* under lock */
    bool stopping;                  /* under lock */
    unsigned holders;               /* under lock */
    struct mpsc answers;
    int fd; /* eventfd */
};

struct resolver {
    struct shared *shared;
    struct loop_watch *watch;
};

bool
resolve_numeric(const char *host, uint16_t port, struct resolved *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(port)};
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(&out->addr[0], &v4, sizeof v4);
        out->length[0] = sizeof v4;
    } else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(&out->addr[0], &v6, sizeof v6);
        out->length[0] = sizeof v6;
    } else {
        return false;
    }
    out->count = 1;
    return true;
}

static void
look_up(struct question *q)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", q->port);
    int rc = getaddrinfo(q->host, port, &hints, &list);
    if (rc == EAI_NONAME || rc == EAI_FAMILY) {
        /* With loopback alone AI_ADDRCONFIG hides even localhost. */
        hints.ai_flags = 0;
        rc = getaddrinfo(q->host, port, &hints, &list);
    }
    memset(&q->out, 0, sizeof q->out);
    if (rc != 0) {
        q->out.error = gai_strerror(rc);
        return;
    }
    for (struct addrinfo *a = list; a && q->out.count < RESOLVE_MAX;
         a = a->ai_next) {
        memcpy(&q->out.addr[q->out.count], a->ai_addr, a->ai_addrlen);
        q->out.length[q->out.count++] = a->ai_addrlen;
    }
    freeaddrinfo(list);
}

static void
free_answers(struct shared *s)
{
    struct mpsc_link *l = mpsc_take_all(&s->answers);
    while (l) {
        struct mpsc_link *next = l->next;
        free(MPSC_OF(l, struct question, link));
        l = next;
    }
}

/* Called with the lock held; lets go of it. */
static void
let_go(struct shared *s)
{
    bool last = --s->holders == 0;
    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;
    while (s->first) {
        struct question *q = s->first;
        s->first = q->next;
        free(q);
    }
    free_answers(s);
    close(s->fd);
    pthread_cond_destroy(&s->more);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void *
work(void *arg)
{
    struct shared *s = arg;
    prctl(PR_SET_NAME, "resolver");
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->first && !s->stopping) {
            s->idle++;
            pthread_cond_wait(&s->more, &s->lock);
            s->idle--;
        }
        if (s->stopping)
            break;
        struct question *q = s->first;
        s->first = q->next;
        s->waiting--;
        if (!s->first)
            s->last = &s->first;
        pthread_mutex_unlock(&s->lock);
        look_up(q);
        mpsc_push(&s->answers, &q->link);
        uint64_t one = 1;
        ssize_t n = write(s->fd, &one, sizeof one);
        (void)n; /* fails only when the counter is full: readable anyway */
        pthread_mutex_lock(&s->lock);
    }
    let_go(s);
    return NULL;
}

/* Under lock. Signals stay with the loop's thread. */
static bool
add_thread(struct shared *s)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t t;
    bool ok = pthread_create(&t, NULL, work, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok) {
        pthread_detach(t);
        s->threads++;
        s->holders++;
    }
    return ok;
}

static void
on_answers(void *arg)
{
    struct resolver *r = arg;
    uint64_t count;
    if (read(r->shared->fd, &count, sizeof count) < 0)
        return;
    struct mpsc_link *l = mpsc_take_all(&r->shared->answers);
    while (l) {
        struct question *q = MPSC_OF(l, struct question, link);
        l = l->next;
        if (!q->cancelled)
            q->found(q->arg, &q->out);
        free(q);
    }
}

struct resolver *
resolver_create(struct loop *loop)
{
    struct resolver *r = calloc(1, sizeof *r);
    struct shared *s = calloc(1, sizeof *s);
    if (!r || !s)
        goto fail;
    s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->fd < 0)
        goto fail;
    r->watch = loop_watch_open(loop, s->fd, on_answers, r);
    if (!r->watch) {
        close(s->fd);
        goto fail;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    s->last = &s->first;
    s->holders = 1;
    mpsc_init(&s->answers);
    r->shared = s;
    return r;
fail:
    free(r);
    free(s);
    return NULL;
}

void
resolver_destroy(struct resolver *r)
{
    if (!r)
        return;
    struct shared *s = r->shared;
    loop_watch_close(r->watch);
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->more);
    let_go(s);
    free(r);
}

struct question *
resolver_ask(struct resolver *r, const char *host, uint16_t port,
             void (*found)(void *arg, const struct resolved *out), void *arg)
{
    struct question *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    snprintf(q->host, sizeof q->host, "%s", host);
    q->port = port;
    q->found = found;
    q->arg = arg;
    struct shared *s = r->shared;
    pthread_mutex_lock(&s->lock);
    bool ok = s->idle > s->waiting || s->threads == THREADS_MAX ||
              add_thread(s) || s->threads > 0;
    if (ok) {
        *s->last = q;
        s->last = &q->next;
        s->waiting++;
        pthread_cond_signal(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
    if (!ok) {
        free(q);
        return NULL;
    }
    return q;
}

void
resolver_cancel(struct question *q)
{
    q->cancelled = true;
}
