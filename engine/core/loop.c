/*
 * loop.c - turns over a libevent base.
 *
 * Promise: as in loop.h. The base keeps precise timers, since coarse ones
 * fire every 4 ms when asked for every one, and no locks, since one thread
 * alone touches it; others come in through the eventfd.
 */
#include "engine/core/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/core/metrics.h"
#include "engine/core/resolve.h"

enum {
    SLEEP_MAX_MS = 1000, /* a lost wake-up costs a second, never a hang */
    SIGNALS_MAX = 8,
    CHORE_REST = 4, /* times what a chore took */
};

struct loop_reaped {
    void *p;
    void (*release)(void *p);
};

struct loop_signal {
    struct event ev;
    void (*fire)(void *arg);
    void *arg;
};

/* The clocks of this turn, read when first asked for after sleeping. */
struct loop_now {
    struct mono mono;
    struct wall wall;
    bool fresh;
};

/* Jobs in the order they were asked for. */
struct loop_jobs {
    struct loop_job *head;
    struct loop_job **tail;
};

struct loop {
    struct event_base *base;
    struct event tick;
    struct event woken;
    int wake_fd;
    _Atomic bool wake_pending;
    bool stopping;
    struct loop_now *now;
    struct mono wake_at; /* 0: nobody asked */
    struct mono rest;    /* 0: nobody asked */
    struct mono flushed; /* end of the last flush phase */
    const struct loop_phase *phases;
    unsigned phase_count;
    void *phase_arg;
    struct loop_jobs after_read, at_flush;
    struct loop_chore *chore, *last_chore;
    struct mono chore_at; /* not before */
    uint8_t *scratch;
    size_t scratch_bytes;
    struct loop_reaped *reaped;
    size_t reaped_count, reaped_cap;
    struct loop_signal signals[SIGNALS_MAX];
    unsigned signal_count;
    struct resolver *resolver;
};

struct loop_watch {
    struct event ev;
    struct loop *loop;
    void (*ready)(void *arg);
    void *arg;
};

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg; /* its only use is to end the sleep */
}

static void
on_woken(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct loop *l = arg;
    uint64_t count;
    /* Cleared before reading: a wake-up in between is written again. */
    atomic_store(&l->wake_pending, false);
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        l->stopping = true; /* our own eventfd is gone: nothing can work */
}

static struct event_base *
make_base(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

struct loop *
loop_create(void)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    l->now = calloc(1, sizeof *l->now);
    l->base = make_base();
    l->after_read.tail = &l->after_read.head;
    l->at_flush.tail = &l->at_flush.head;
    if (l->wake_fd < 0 || !l->base || !l->now)
        goto fail;
    evtimer_assign(&l->tick, l->base, on_tick, l);
    event_assign(&l->woken, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_woken,
                 l);
    if (event_add(&l->woken, NULL) != 0)
        goto fail;
    return l;
fail:
    if (l->base)
        event_base_free(l->base);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    free(l->now);
    free(l);
    return NULL;
}

static void
reap(struct loop *l)
{
    /* By index: releasing one thing may mark another. */
    for (size_t i = 0; i < l->reaped_count; i++)
        l->reaped[i].release(l->reaped[i].p);
    l->reaped_count = 0;
}

void
loop_set_phases(struct loop *l, const struct loop_phase *phases, unsigned count,
                void *arg)
{
    l->phases = phases;
    l->phase_count = count;
    l->phase_arg = arg;
}

static struct loop_now *
now(const struct loop *l)
{
    struct loop_now *n = l->now;
    if (!n->fresh) {
        struct mono m = clock_mono();
        if (m.us > n->mono.us)
            n->mono = m;
        n->wall = clock_wall();
        n->fresh = true;
    }
    return n;
}

struct mono
loop_mono(const struct loop *l)
{
    return now(l)->mono;
}

struct mono
loop_flushed(const struct loop *l)
{
    return l->flushed;
}

struct wall
loop_wall(const struct loop *l)
{
    return now(l)->wall;
}

void
loop_wake_at(struct loop *l, struct mono when)
{
    if (when.us == 0)
        when.us = 1;
    if (l->wake_at.us == 0 || when.us < l->wake_at.us)
        l->wake_at = when;
}

void
loop_rest(struct loop *l, struct mono until)
{
    l->rest = until;
}

void
loop_wake(struct loop *l)
{
    if (atomic_exchange(&l->wake_pending, true))
        return;
    uint64_t one = 1;
    if (write(l->wake_fd, &one, sizeof one) < 0)
        return; /* the counter is full: it is readable, so a turn comes */
}

/* How long this turn may sleep, in microseconds. */
static uint64_t
sleep_us(const struct loop *l, unsigned wait_ms)
{
    uint64_t us = (uint64_t)wait_ms * 1000;
    if (l->after_read.head || l->at_flush.head || l->reaped_count)
        return 0;
    struct mono by = l->wake_at;
    if (l->chore && (by.us == 0 || l->chore_at.us < by.us))
        by.us = l->chore_at.us ? l->chore_at.us : 1;
    if (by.us) {
        uint64_t t = clock_mono().us;
        uint64_t left = by.us > t ? by.us - t : 0;
        us = left < us ? left : us;
    }
    return us;
}

static void
run_chore(struct loop *l)
{
    struct loop_chore *chore = l->chore;
    if (!chore || !mono_reached(loop_mono(l), l->chore_at))
        return;
    loop_cancel(l, chore);
    uint64_t begun = clock_mono().us;
    chore->run(chore->arg);
    uint64_t ended = clock_mono().us;
    l->chore_at.us = ended + CHORE_REST * (ended - begun);
}

static void
run_jobs(struct loop_jobs *jobs)
{
    struct loop_job *job = jobs->head;
    jobs->head = NULL;
    jobs->tail = &jobs->head;
    while (job) {
        struct loop_job *next = job->next;
        job->queued = false; /* before: it may ask again, for next turn */
        job->run(job->arg);
        job = next;
    }
}

void
loop_destroy(struct loop *l)
{
    if (!l)
        return;
    resolver_destroy(l->resolver);
    run_jobs(&l->after_read); /* connections that were ended already */
    reap(l);
    for (unsigned i = 0; i < l->signal_count; i++)
        event_del(&l->signals[i].ev);
    event_del(&l->tick);
    event_del(&l->woken);
    event_base_free(l->base);
    close(l->wake_fd);
    free(l->reaped);
    free(l->scratch);
    free(l->now);
    free(l);
}

/* Sleeps away what sockets may wait, at most us; what is left of us. */
static uint64_t
rest(struct loop *l, uint64_t us)
{
    uint64_t t = clock_mono().us;
    uint64_t left = l->rest.us > t ? l->rest.us - t : 0;
    l->rest.us = 0;
    if (left == 0 || us == 0)
        return us;
    left = left < us ? left : us;
    struct timespec ts = {(time_t)(left / 1000000),
                          (long)(left % 1000000 * 1000)};
    struct pollfd woken = {.fd = l->wake_fd, .events = POLLIN};
    /* Woken, or a signal came: it has waited enough. */
    return ppoll(&woken, 1, &ts, NULL) == 0 ? us - left : 0;
}

void
loop_turn(struct loop *l, unsigned wait_ms)
{
    uint64_t us = rest(l, sleep_us(l, wait_ms));
    l->wake_at.us = 0;
    l->now->fresh = false;
    if (us == 0) {
        event_base_loop(l->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    } else {
        struct timeval tv = {(time_t)(us / 1000000),
                             (suseconds_t)(us % 1000000)};
        evtimer_add(&l->tick, &tv);
        event_base_loop(l->base, EVLOOP_ONCE);
        evtimer_del(&l->tick);
    }
    run_chore(l);
    run_jobs(&l->after_read);
    for (unsigned i = 0; i < l->phase_count; i++)
        l->phases[i].run(l->phase_arg);
    run_jobs(&l->at_flush);
    l->flushed = clock_mono();
    reap(l);
    metric_add(METRIC_TURNS, 1);
}

void
loop_run(struct loop *l)
{
    l->stopping = false;
    while (!l->stopping)
        loop_turn(l, SLEEP_MAX_MS);
}

void
loop_stop(struct loop *l)
{
    l->stopping = true;
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct loop_watch *w = arg;
    w->ready(w->arg);
}

struct loop_watch *
loop_watch_open(struct loop *l, int fd, void (*ready)(void *arg), void *arg)
{
    struct loop_watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    *w = (struct loop_watch){.loop = l, .ready = ready, .arg = arg};
    event_assign(&w->ev, l->base, fd, EV_READ | EV_PERSIST, on_ready, w);
    if (event_add(&w->ev, NULL) != 0) {
        free(w);
        return NULL;
    }
    return w;
}

void
loop_watch_close(struct loop_watch *w)
{
    if (!w)
        return;
    event_del(&w->ev);
    loop_reap(w->loop, w, free);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)number, (void)what;
    struct loop_signal *s = arg;
    s->fire(s->arg);
}

void
loop_on_signal(struct loop *l, int signal, void (*fire)(void *arg), void *arg)
{
    if (l->signal_count == SIGNALS_MAX)
        return;
    struct loop_signal *s = &l->signals[l->signal_count++];
    s->fire = fire;
    s->arg = arg;
    evsignal_assign(&s->ev, l->base, signal, on_signal, s);
    evsignal_add(&s->ev, NULL);
}

void
loop_reap(struct loop *l, void *p, void (*release)(void *p))
{
    if (l->reaped_count == l->reaped_cap) {
        size_t cap = l->reaped_cap ? l->reaped_cap * 2 : 64;
        struct loop_reaped *more = realloc(l->reaped, cap * sizeof *more);
        if (!more)
            return; /* leaked: safer than freeing what is still in use */
        l->reaped = more;
        l->reaped_cap = cap;
    }
    l->reaped[l->reaped_count++] = (struct loop_reaped){p, release};
}

static void
ask(struct loop_jobs *jobs, struct loop_job *job)
{
    if (job->queued)
        return;
    job->queued = true;
    job->next = NULL;
    *jobs->tail = job;
    jobs->tail = &job->next;
}

void
loop_after_read(struct loop *l, struct loop_job *job)
{
    ask(&l->after_read, job);
}

void
loop_at_flush(struct loop *l, struct loop_job *job)
{
    ask(&l->at_flush, job);
}

void
loop_at_leisure(struct loop *l, struct loop_chore *chore)
{
    if (chore->queued)
        return;
    chore->queued = true;
    chore->next = NULL;
    chore->prev = l->last_chore;
    if (l->last_chore)
        l->last_chore->next = chore;
    else
        l->chore = chore;
    l->last_chore = chore;
}

void
loop_cancel(struct loop *l, struct loop_chore *chore)
{
    if (!chore->queued)
        return;
    chore->queued = false;
    if (chore->prev)
        chore->prev->next = chore->next;
    else
        l->chore = chore->next;
    if (chore->next)
        chore->next->prev = chore->prev;
    else
        l->last_chore = chore->prev;
}

uint8_t *
loop_scratch(struct loop *l, size_t n)
{
    if (n <= l->scratch_bytes)
        return l->scratch;
    free(l->scratch);
    l->scratch = malloc(n);
    l->scratch_bytes = l->scratch ? n : 0;
    return l->scratch;
}

struct event_base *
loop_base(struct loop *l)
{
    return l->base;
}

struct resolver *
loop_resolver(struct loop *l)
{
    if (!l->resolver)
        l->resolver = resolver_create(l);
    return l->resolver;
}
