/*
 * intake.c - a thread of the door: connections, their requests, their mails.
 *
 * A turn: mails that are back go to their requests, libmicrohttpd reads,
 * calls and writes, and the engine is told once of all that was posted. So a
 * burst of requests is one wake-up there and one commit, its answers are one
 * wake-up here, and no third thread stands between.
 *
 * Promise: while nobody waits for a time or for events it sleeps until a
 * connection or a mail needs it, and at most a second. Otherwise it looks
 * every 20 ms: an event is at most that late, and an idle stream costs fifty
 * comparisons a second.
 */
#include "engine/door/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/door/http.h"
#include "engine/door/request.h"
#include "engine/door/watch.h"

enum {
    /* Headers (24 KB at most), then body pieces. libmicrohttpd zeroes all of
     * it for each request. */
    MEMORY_PER_CONNECTION = 32 * 1024,
    MEMORY_STEP = 16 * 1024,
    LOOK_MS = 20,
    WATCH_MS = 1000,
    STOP_AFTER_MS = 5000, /* every mail comes back, unless the engine died */
};

static uint64_t
now_ms(void)
{
    return clock_mono().us / 1000;
}

/* ---- libmicrohttpd --------------------------------------------------------
 */

static unsigned
tls_options(const struct door *d, struct MHD_OptionItem tls[4])
{
    unsigned n = 0;
    if (d->cert) {
        tls[n++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, d->cert};
        tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, d->key};
    }
    if (d->client_ca)
        tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
                                           d->client_ca};
    tls[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return d->cert ? MHD_USE_TLS : 0;
}

/* It has no thread of its own: MHD_run() in ours. Takes fd. */
static struct MHD_Daemon *
mhd_start(struct intake *in, int fd)
{
    struct door *d = in->door;
    const struct door_settings *l = &d->limits;
    struct MHD_OptionItem tls[4];
    unsigned flags =
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | tls_options(d, tls);
    unsigned share = (l->connections + l->workers - 1) / l->workers;
    struct MHD_Daemon *mhd = MHD_start_daemon(
        flags, 0, http_on_accept, d, http_on_request, in,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, share,
        MHD_OPTION_CONNECTION_TIMEOUT, l->idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_PER_CONNECTION,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)MEMORY_STEP,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
        http_on_completed, d, MHD_OPTION_NOTIFY_CONNECTION, http_on_connection,
        d, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (!mhd)
        close(fd);
    return mhd;
}

/* No new connections; those that live go on. */
static void
mhd_quiesce(struct intake *in, bool *quiet)
{
    MHD_socket listener = MHD_quiesce_daemon(in->mhd);
    if (listener != MHD_INVALID_SOCKET)
        close(listener);
    *quiet = true;
}

/* ---- turns ----------------------------------------------------------------
 */

static void
deliver(struct intake *in)
{
    struct mail *m = mail_box_take(in->box);
    while (m) {
        struct mail *next =
            m->node.next ? MPSC_OF(m->node.next, struct mail, node) : NULL;
        m->done(m);
        m = next;
    }
}

/* Wakes whose time or events have come. */
static void
wake_waiting(struct intake *in, uint64_t now)
{
    struct query *q = door_query(in->door);
    uint64_t end = q ? query_events_end(q) : 0;
    bool stop = atomic_load(&in->door->stopping);
    for (struct request *r = in->all; r; r = r->next) {
        if (!r->suspended || !r->timed)
            continue;
        bool due = r->wake_ms && r->wake_ms <= now;
        bool news = r->wake_event && r->wake_event < end;
        if (due || news || stop)
            request_wake(r);
    }
}

/* Nobody may wait any more: whoever still does is resumed, and closed. */
static void
close_all(struct intake *in)
{
    for (struct request *r = in->all; r; r = r->next)
        request_wake(r);
    MHD_stop_daemon(in->mhd);
    in->mhd = NULL;
}

/* The watches are the door's; one intake looks at them for all. */
static void
look(struct intake *in, uint64_t now)
{
    if (in->waiting)
        wake_waiting(in, now);
    if (in != in->door->intakes || now - in->looked_ms < WATCH_MS)
        return;
    in->looked_ms = now;
    watch_look(in->door, now);
}

/* Until a connection, a mail or a time needs it. */
static void
rest(struct intake *in)
{
    MHD_UNSIGNED_LONG_LONG ms;
    eventfd_t count;
    int limit = in->waiting ? LOOK_MS : WATCH_MS;
    struct pollfd fds[2] = {{.fd = mail_box_fd(in->box), .events = POLLIN},
                            {.fd = -1, .events = POLLIN}};
    if (in->mhd) {
        fds[1].fd =
            MHD_get_daemon_info(in->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        if (MHD_get_timeout(in->mhd, &ms) == MHD_YES && ms < (unsigned)limit)
            limit = (int)ms;
    }
    /* Connections have more to do; mails come in between. MHD_get_timeout()
     * knows nothing of those that were resumed meanwhile. */
    if (limit == 0 || in->resumed)
        return;
    poll(fds, 2, limit);
    if (fds[0].revents)
        eventfd_read(fds[0].fd, &count);
}

static void *
intake_run(void *arg)
{
    struct intake *in = arg;
    struct door *d = in->door;
    uint64_t stop_at = 0;
    bool quiet = false;
    prctl(PR_SET_NAME, "intake");
    for (;;) {
        deliver(in);
        look(in, now_ms());
        in->resumed = false;
        if (in->mhd)
            MHD_run(in->mhd);
        mail_box_tell(in->box);
        if (atomic_load(&d->stopping) && !quiet)
            mhd_quiesce(in, &quiet);
        if (atomic_load(&d->closing)) {
            if (in->mhd)
                close_all(in);
            if (stop_at == 0)
                stop_at = now_ms() + STOP_AFTER_MS;
            if (in->mails_out == 0 || now_ms() >= stop_at)
                return NULL;
        }
        rest(in);
    }
}

/* ---- all of them ----------------------------------------------------------
 */

static bool
intake_start(struct door *d, struct intake *in, int fd)
{
    in->door = d;
    in->box = mail_box_open(d->flow);
    int own = in->box ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    in->mhd = own >= 0 ? mhd_start(in, own) : NULL;
    if (!in->mhd)
        return false;
    int error = pthread_create(&in->thread, NULL, intake_run, in);
    in->runs = error == 0;
    errno = error;
    return in->runs;
}

bool
intakes_start(struct door *d, int fd)
{
    bool good = true;
    d->intakes = calloc(d->limits.workers, sizeof *d->intakes);
    for (unsigned i = 0; d->intakes && good && i < d->limits.workers; i++)
        good = intake_start(d, &d->intakes[i], fd);
    int error = errno;
    close(fd);
    errno = error;
    return d->intakes && good;
}

unsigned
intakes_alive(struct door *d)
{
    unsigned alive = 0;
    for (unsigned i = 0; i < d->limits.workers; i++)
        alive += atomic_load(&d->intakes[i].alive);
    return alive;
}

void
intakes_nudge(struct door *d)
{
    for (unsigned i = 0; i < d->limits.workers; i++)
        if (d->intakes[i].runs)
            mail_box_wake(d->intakes[i].box);
}

void
intakes_stop(struct door *d)
{
    if (!d->intakes)
        return;
    intakes_nudge(d);
    for (unsigned i = 0; i < d->limits.workers; i++) {
        struct intake *in = &d->intakes[i];
        if (in->runs)
            pthread_join(in->thread, NULL);
        else if (in->mhd)
            MHD_stop_daemon(in->mhd);
    }
    free(d->intakes);
    d->intakes = NULL;
}
