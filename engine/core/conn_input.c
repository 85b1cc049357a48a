/*
 * conn_input.c - one read a turn into the loop's buffer, parsed in place.
 *
 * Promise: at most read_turn octets are read for a connection in a call, so
 * that a busy peer does not starve the others; what TLS has decrypted and not
 * handed over is fetched in the next turn. A connection keeps only what was
 * read and could not be used up yet.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "engine/core/conn_inside.h"
#include "engine/core/metrics.h"

static void
forget(struct conn *c)
{
    free(c->in);
    c->in = NULL;
    c->in_at = c->in_used = c->in_cap = 0;
}

/* What is left of a read, for the next one. */
static void
keep(struct conn *c, struct slice rest)
{
    if (rest.n == 0) {
        forget(c);
        return;
    }
    if (rest.n > c->in_cap || rest.n < c->in_cap / 4) {
        forget(c);
        c->in = malloc(rest.n);
        if (!c->in) {
            conn_end(c, CLOSE_RESET, "out of memory");
            return;
        }
        c->in_cap = rest.n;
    }
    memcpy(c->in, rest.p, rest.n);
    c->in_at = 0;
    c->in_used = rest.n;
}

/* Hands up again what a pause left over. False when no more may be read now. */
static bool
offer_kept(struct conn *c)
{
    size_t n =
        c->ops->readable(c->owner, slice_of(c->in + c->in_at, c->in_used));
    if (c->state != CONN_OPEN)
        return false;
    if (n > c->in_used)
        n = c->in_used;
    c->in_at += n;
    c->in_used -= n;
    if (c->in_used == 0)
        forget(c);
    c->offer = c->paused && c->in_used > 0;
    return !c->paused;
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
    if (c->paused || (c->offer && !offer_kept(c)))
        return;
    if (c->in_used >= c->in_max) {
        conn_end(c, CLOSE_FRAMING, "a unit larger than the input buffer");
        return;
    }
    size_t turn = c->settings.read_turn;
    uint8_t *buf = loop_scratch(c->loop, c->in_used + turn);
    if (!buf) {
        conn_end(c, CLOSE_RESET, "out of memory");
        return;
    }
    size_t before = c->in_used;
    if (before)
        memcpy(buf, c->in + c->in_at, before);
    size_t n = c->tls ? read_tls(c, buf + before, turn)
                      : read_plain(c, buf + before, turn);
    if (n == 0)
        return;
    c->last_in = loop_mono(c->loop);
    metric_add(METRIC_CONN_BYTES_IN, (int64_t)n);
    struct slice all = slice_of(buf, before + n);
    size_t used = c->ops->readable(c->owner, all);
    if (c->state != CONN_OPEN)
        return;
    if (used > all.n)
        used = all.n;
    keep(c, slice_of(buf + used, all.n - used));
    c->offer = c->paused && c->in_used > 0;
    /* A full TLS read may have left records that the socket does not tell. */
    if (c->tls && !c->paused && (n == turn || tls_stream_has_more(c->tls)))
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
