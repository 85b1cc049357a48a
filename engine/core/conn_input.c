/*
 * conn_input.c - one read a turn into one linear buffer, parsed in place.
 *
 * Promise: at most one buffer (256 KB) is read for a connection in a call,
 * so that a busy peer does not starve the others; what TLS has decrypted and
 * not handed over is fetched in the next turn.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "engine/core/conn_inside.h"
#include "engine/core/metrics.h"

enum {
    INPUT_FIRST = 16 * 1024, /* a connection that talks little keeps this */
    INPUT_BUSY = 256 * 1024, /* 16 to 60 messages a read at full load */
    SMALL_READ = 4 * 1024,
    SMALL_READS = 1000, /* in a row: the buffer is too large */
};

static bool
resize(struct conn *c, size_t cap)
{
    uint8_t *in = realloc(c->in, cap);
    if (!in)
        return c->in_cap > c->in_used;
    c->in = in;
    c->in_cap = cap;
    return true;
}

/* Hands the input up and moves the rest to the front. False when no more may
 * be read now. */
static bool
deliver(struct conn *c)
{
    size_t n = c->ops->readable(c->owner, slice_of(c->in, c->in_used));
    if (c->state != CONN_OPEN)
        return false;
    if (n > c->in_used)
        n = c->in_used;
    c->in_used -= n;
    if (n && c->in_used)
        memmove(c->in, c->in + n, c->in_used);
    c->offer = c->paused && c->in_used > 0;
    return !c->paused;
}

/* Makes room for the next read; false when a unit is larger than input_max. */
static bool
make_room(struct conn *c)
{
    if (c->in_cap == 0)
        return resize(c, INPUT_FIRST);
    if (c->in_used < c->in_cap)
        return true;
    return c->in_cap < c->in_max && resize(c, c->in_cap * 2);
}

/* Grows when a read filled everything, shrinks after many small ones. */
static void
fit(struct conn *c, size_t n, bool filled)
{
    if (filled && c->in_cap < INPUT_BUSY)
        resize(c, c->in_cap * 2);
    c->small_reads = n < SMALL_READ ? c->small_reads + 1 : 0;
    if (c->small_reads >= SMALL_READS && c->in_cap > INPUT_FIRST &&
        c->in_used < INPUT_FIRST / 2) {
        resize(c, INPUT_FIRST);
        c->small_reads = 0;
    }
}

/* Octets read, 0 when there is nothing now or the end was marked. */
static size_t
read_plain(struct conn *c, uint8_t *dst, size_t cap)
{
    ssize_t n = recv(c->fd, dst, cap, MSG_DONTWAIT);
    if (n > 0)
        return (size_t)n;
    if (n == 0)
        conn_end(c, CLOSE_PEER, "closed by the peer");
    else if (errno != EAGAIN && errno != EINTR)
        conn_end(c, CLOSE_RESET, strerror(errno));
    return 0;
}

static size_t
read_tls(struct conn *c, uint8_t *dst, size_t cap)
{
    size_t sum = 0;
    while (sum < cap) {
        size_t n;
        enum tls_result r = tls_stream_read(c->tls, dst + sum, cap - sum, &n);
        sum += n;
        if (r == TLS_OK)
            continue;
        if (r == TLS_WANT_WRITE)
            conn_want_write(c);
        /* What came before the end is handed up first: the end is met again
         * by the next read. */
        if (sum > 0)
            break;
        if (r == TLS_END)
            conn_end(c, CLOSE_PEER, "closed by the peer");
        else if (r == TLS_FAILED)
            conn_end(c, CLOSE_RESET, tls_stream_error(c->tls));
        break;
    }
    return sum;
}

void
conn_input_read(struct conn *c)
{
    if (c->paused || (c->offer && !deliver(c)))
        return;
    if (!make_room(c)) {
        conn_end(c, CLOSE_FRAMING, "a unit larger than the input buffer");
        return;
    }
    size_t cap = c->in_cap - c->in_used;
    uint8_t *dst = c->in + c->in_used;
    size_t n = c->tls ? read_tls(c, dst, cap) : read_plain(c, dst, cap);
    if (n == 0)
        return;
    c->in_used += n;
    c->last_in = loop_mono(c->loop);
    metric_add(METRIC_CONN_BYTES_IN, (int64_t)n);
    if (!deliver(c))
        return;
    fit(c, n, n == cap);
    /* A full TLS read may have left records that the socket does not tell. */
    if (c->tls && (n == cap || tls_stream_has_more(c->tls)))
        loop_after_read(c->loop, &c->again_job);
}

void
conn_input_discard(struct conn *c)
{
    uint8_t waste[4096];
    ssize_t n = recv(c->fd, waste, sizeof waste, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        conn_end(c, CLOSE_PEER, "closed by the peer");
}
