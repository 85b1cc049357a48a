/*
 * courier.c - the thread that brings the engine's answers back.
 *
 * Promise: while nobody waits for a time or for events it sleeps until a
 * mail is ready, and looks at slow connections once a second. Otherwise it
 * looks every 20 ms: an event is at most that late, and an idle stream costs
 * fifty comparisons a second.
 */
#include "engine/door/courier.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "engine/core/clock.h"
#include "engine/door/request.h"
#include "engine/door/watch.h"

enum { LOOK_MS = 20, WATCH_MS = 1000, STOP_AFTER_MS = 5000 };

static uint64_t
now_ms(void)
{
    return clock_mono().us / 1000;
}

static void
deliver(struct door *d)
{
    struct mail *m = mail_take_ready(d->flow);
    /* The lock once for all of them: the workers, woken by the first, would
     * otherwise fight for it at each. */
    pthread_mutex_lock(&d->lock);
    while (m) {
        struct mail *next =
            m->node.next ? MPSC_OF(m->node.next, struct mail, node) : NULL;
        m->done(m);
        m = next;
    }
    pthread_mutex_unlock(&d->lock);
}

/* Wakes whose time or events have come. */
static void
wake_waiting(struct door *d, uint64_t now)
{
    struct query *q = door_query(d);
    uint64_t end = q ? query_events_end(q) : 0;
    bool stop = atomic_load(&d->stopping);
    pthread_mutex_lock(&d->lock);
    for (struct request *r = d->all; r; r = r->next) {
        if (!r->suspended || !r->timed)
            continue; /* its fields are its worker's */
        bool due = r->wake_ms && r->wake_ms <= now;
        bool news = r->wake_event && r->wake_event < end;
        if (due || news || stop)
            request_wake(r);
    }
    pthread_mutex_unlock(&d->lock);
}

static unsigned
count_waiting(struct door *d)
{
    pthread_mutex_lock(&d->lock);
    unsigned waiting = d->waiting;
    pthread_mutex_unlock(&d->lock);
    return waiting;
}

static bool
mails_are_out(struct door *d)
{
    pthread_mutex_lock(&d->lock);
    bool out = d->mails_out > 0;
    pthread_mutex_unlock(&d->lock);
    return out;
}

static void *
courier_run(void *arg)
{
    struct door *d = arg;
    uint64_t watched = now_ms();
    uint64_t stop_at = 0;
    prctl(PR_SET_NAME, "courier");
    struct pollfd fds[2] = {
        {.fd = mail_ready_fd(d->flow), .events = POLLIN},
        {.fd = d->wake_fd, .events = POLLIN},
    };
    for (;;) {
        eventfd_t count;
        poll(fds, 2, count_waiting(d) ? LOOK_MS : WATCH_MS);
        if (fds[1].revents)
            eventfd_read(d->wake_fd, &count);
        deliver(d);
        uint64_t now = now_ms();
        if (count_waiting(d))
            wake_waiting(d, now);
        if (now - watched >= WATCH_MS) {
            watch_look(d, now);
            watched = now;
        }
        if (!atomic_load(&d->courier_ends))
            continue;
        /* Every mail comes back; the limit is for an engine that died. */
        if (stop_at == 0)
            stop_at = now + STOP_AFTER_MS;
        if (!mails_are_out(d) || now >= stop_at)
            return NULL;
    }
}

bool
courier_start(struct door *d)
{
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return d->wake_fd >= 0 &&
           pthread_create(&d->courier, NULL, courier_run, d) == 0;
}

void
courier_nudge(struct door *d)
{
    eventfd_write(d->wake_fd, 1);
}

void
courier_stop(struct door *d)
{
    atomic_store(&d->courier_ends, true);
    courier_nudge(d);
    pthread_join(d->courier, NULL);
}
