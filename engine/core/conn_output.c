/*
 * conn_output.c - both lanes of a connection onto the wire.
 *
 * Promise: nothing leaves the held lane before its position is durable. One
 * sendmsg a turn carries both lanes; with TLS up to 16 KB a record. EV_WRITE
 * is asked for only when the kernel is full, since each ask costs two
 * epoll_ctl.
 */
#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "engine/core/conn_inside.h"
#include "engine/core/metrics.h"

enum {
    LINGER_MS = 1000,       /* for the peer to read our last words */
    DRAIN_STALL_MS = 5000,  /* a peer that stops reading while we leave */
    RECORD_BYTES = 16384,   /* one TLS record */
    TLS_TURN_BYTES = 262144 /* written in a turn, then others have theirs */
};

/* Goodbye in our direction; the peer's end of stream ends it. Closing at once
 * would reset the connection if the peer is still sending, and our last
 * octets with it. */
static void
begin_linger(struct conn *c)
{
    c->state = CONN_LINGERING;
    if (c->tls)
        tls_stream_bye(c->tls);
    shutdown(c->fd, SHUT_WR);
    struct timeval tv = {LINGER_MS / 1000, 0};
    event_del(&c->ev_write);
    event_add(&c->ev_read, NULL);
    evtimer_add(&c->ev_deadline, &tv);
}

void
conn_want_write(struct conn *c)
{
    if (event_pending(&c->ev_write, EV_WRITE, NULL))
        return;
    unsigned ms =
        c->state == CONN_DRAINING ? DRAIN_STALL_MS : c->settings.stall_ms;
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};
    event_add(&c->ev_write, &tv);
}

/* The lane that must go first: one that left inside a PDU, else urgent. */
static struct lane *
first_lane(struct conn *c)
{
    if (c->tls_again)
        return c->tls_again;
    return lane_is_mid_pdu(&c->held) ? &c->held : &c->urgent;
}

static void
lanes_gone(struct lane *first, struct lane *second, size_t n)
{
    size_t a = lane_next(first).n;
    size_t from_first = n < a ? n : a;
    if (from_first)
        lane_gone(first, from_first);
    if (n > from_first)
        lane_gone(second, n - from_first);
}

static void
write_plain(struct conn *c)
{
    struct lane *first = first_lane(c);
    struct lane *second = first == &c->held ? &c->urgent : &c->held;
    struct slice a = lane_next(first), b = lane_next(second);
    struct iovec iov[2] = {{(void *)(uintptr_t)a.p, a.n},
                           {(void *)(uintptr_t)b.p, b.n}};
    struct msghdr msg = {.msg_iov = a.n ? iov : iov + 1,
                         .msg_iovlen = a.n && b.n ? 2 : 1};
    ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
        if (errno == EAGAIN || errno == EINTR)
            conn_want_write(c);
        else
            conn_end(c, CLOSE_RESET, strerror(errno));
        return;
    }
    metric_add(METRIC_CONN_BYTES_OUT, n);
    lanes_gone(first, second, (size_t)n);
    if ((size_t)n < a.n + b.n)
        conn_want_write(c);
}

/* One record; false when no more may be written now. */
static bool
write_record(struct conn *c)
{
    struct lane *lane = first_lane(c);
    if (lane_next(lane).n == 0)
        lane = lane == &c->held ? &c->urgent : &c->held;
    struct slice s = lane_next(lane);
    if (s.n == 0)
        return false;
    if (s.n > RECORD_BYTES)
        s.n = RECORD_BYTES;
    size_t n;
    enum tls_result r = tls_stream_write(c->tls, s, &n);
    c->tls_again = r == TLS_WANT_READ || r == TLS_WANT_WRITE ? lane : NULL;
    if (r == TLS_OK) {
        metric_add(METRIC_CONN_BYTES_OUT, (int64_t)n);
        lane_gone(lane, n);
        return true;
    }
    if (r == TLS_WANT_WRITE)
        conn_want_write(c);
    else if (r != TLS_WANT_READ)
        conn_end(c, CLOSE_RESET, tls_stream_error(c->tls));
    return false;
}

static void
write_tls(struct conn *c)
{
    size_t before = conn_output_bytes(c);
    while (write_record(c)) {
        if (before - conn_output_bytes(c) >= TLS_TURN_BYTES) {
            loop_at_flush(c->loop, &c->flush_job);
            return;
        }
    }
}

void
conn_flush(struct conn *c)
{
    if (c->state != CONN_OPEN && c->state != CONN_DRAINING)
        return;
    if (conn_stuck_bytes(c) > 0) {
        c->last_out = loop_mono(c->loop);
        if (c->tls)
            write_tls(c);
        else
            write_plain(c);
    }
    if (c->state == CONN_DRAINING && conn_stuck_bytes(c) == 0)
        begin_linger(c);
}

void
conn_output_run(void *arg)
{
    struct conn *c = arg;
    /* With a full kernel buffer the socket itself says when to go on. */
    if (c->state == CONN_OPEN && event_pending(&c->ev_write, EV_WRITE, NULL))
        return;
    conn_flush(c);
}

uint8_t *
conn_room(struct conn *c, size_t n)
{
    if (c->state != CONN_OPEN)
        return NULL;
    return lane_room(&c->held, n, c->settings.output_max);
}

bool
conn_has_room(const struct conn *c, size_t n)
{
    return c->state == CONN_OPEN &&
           lane_bytes(&c->held) + n <= c->settings.output_max;
}

void
conn_used(struct conn *c, size_t n)
{
    lane_used(&c->held, n, c->settings.unheld);
    if (c->settings.unheld)
        loop_at_flush(c->loop, &c->flush_job);
}

void
conn_hold(struct conn *c, uint64_t pos)
{
    lane_hold(&c->held, pos);
}

void
conn_release(struct conn *c, uint64_t durable)
{
    lane_release(&c->held, durable);
    if (lane_next(&c->held).n)
        loop_at_flush(c->loop, &c->flush_job);
}

bool
conn_urgent(struct conn *c, struct slice pdu)
{
    if (c->state != CONN_OPEN)
        return false;
    uint8_t *room = lane_room(&c->urgent, pdu.n, c->settings.output_max);
    if (!room)
        return false;
    memcpy(room, pdu.p, pdu.n);
    lane_used(&c->urgent, pdu.n, true);
    loop_at_flush(c->loop, &c->flush_job);
    return true;
}

size_t
conn_output_bytes(const struct conn *c)
{
    return lane_bytes(&c->urgent) + lane_bytes(&c->held);
}

size_t
conn_stuck_bytes(const struct conn *c)
{
    return lane_next(&c->urgent).n + lane_next(&c->held).n;
}

bool
conn_is_held(const struct conn *c)
{
    return lane_is_held(&c->held);
}
