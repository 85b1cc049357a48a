/*
 * conn.c - the life of a connection.
 *
 * Promise: as in conn.h. Every end is marked by conn_end() and told by
 * run_end(), once, in a read phase.
 */
#include "engine/core/conn.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/core/conn_inside.h"
#include "engine/core/metrics.h"

enum {
    INPUT_MAX = 256 * 1024,
    READ_TURN = 32 * 1024, /* 250 to 500 PDUs: a turn stays short */
    OUTPUT_MAX = 1024 * 1024,
    STALL_MS = 30000,
    REST_MS = 1000,
    CONNECT_MS = 10000,          /* when the settings say 0 */
    ACCEPTED_UNSENT = 64 * 1024, /* octets in the kernel that cannot leave */
};

static const char *const close_names[CLOSE_REASON_N] = {
    [CLOSE_ASKED] = "asked",     [CLOSE_PEER] = "peer",
    [CLOSE_RESET] = "reset",     [CLOSE_RESOLVE] = "resolve",
    [CLOSE_CONNECT] = "connect", [CLOSE_TLS] = "tls",
    [CLOSE_FRAMING] = "framing", [CLOSE_NO_ANSWER] = "no_answer",
    [CLOSE_FULL] = "full",
};

const char *
close_reason_name(enum close_reason why)
{
    return why < CLOSE_REASON_N ? close_names[why] : "?";
}

static void
release_conn(void *p)
{
    struct conn *c = p;
    lane_fini(&c->urgent);
    lane_fini(&c->held);
    free(c->dial);
    tls_context_release(c->settings.tls);
    free(c->in);
    free(c);
}

static void
note_reason(struct conn *c, enum close_reason why, const char *detail)
{
    if (c->detail[0])
        return; /* the first reason is the cause of the others */
    c->why = why;
    snprintf(c->detail, sizeof c->detail, "%s",
             detail && detail[0] ? detail : close_reason_name(why));
}

static void
stop_events(struct conn *c)
{
    event_del(&c->ev_deadline);
    loop_cancel(c->loop, &c->handshake);
    if (!c->events_made)
        return;
    event_del(&c->ev_read);
    event_del(&c->ev_write);
}

void
conn_end(struct conn *c, enum close_reason why, const char *detail)
{
    if (c->state >= CONN_ENDING)
        return;
    note_reason(c, why, detail);
    c->state = CONN_ENDING;
    stop_events(c);
    loop_after_read(c->loop, &c->end_job);
}

static void
run_end(void *arg)
{
    struct conn *c = arg;
    if (c->dial && c->dial->question)
        resolver_cancel(c->dial->question);
    if (c->dial)
        c->dial->question = NULL;
    c->state = CONN_DEAD;
    c->ops->closed(c->owner, c->why, c->detail);
    tls_stream_destroy(c->tls);
    c->tls = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    metric_add(METRIC_CONNS_OPEN, -1);
    loop_reap(c->loop, c, release_conn);
}

void
conn_become_open(struct conn *c)
{
    event_del(&c->ev_deadline);
    event_del(&c->ev_write);
    c->state = CONN_OPEN;
    c->last_in = loop_mono(c->loop);
    if (!c->paused)
        event_add(&c->ev_read, NULL);
    metric_add(METRIC_CONNS_OPENED, 1);
    c->ops->opened(c->owner);
}

static void
run_again(void *arg)
{
    struct conn *c = arg;
    if (c->state == CONN_ACCEPTED) {
        if (c->settings.tls)
            conn_handshake_begin(c);
        else
            conn_become_open(c);
    } else if (c->state == CONN_OPEN) {
        conn_input_read(c);
    }
}

static void
run_handshake(void *arg)
{
    struct conn *c = arg;
    if (c->state != CONN_HANDSHAKE)
        return;
    event_add(&c->ev_read, NULL);
    conn_handshake_go_on(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct conn *c = arg;
    switch (c->state) {
    case CONN_HANDSHAKE:
        if (c->dial) {
            conn_handshake_go_on(c);
            return;
        }
        event_del(&c->ev_read);
        loop_at_leisure(c->loop, &c->handshake);
        return;
    case CONN_OPEN:
        conn_input_read(c);
        if (c->tls_again) /* the write waited for something to read */
            loop_at_flush(c->loop, &c->flush_job);
        return;
    case CONN_DRAINING:
    case CONN_LINGERING: conn_input_discard(c); return;
    default: return;
    }
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct conn *c = arg;
    if (c->state == CONN_CONNECTING) {
        conn_dial_writable(c);
    } else if (c->state == CONN_HANDSHAKE) {
        conn_handshake_go_on(c);
    } else if (what & EV_TIMEOUT) {
        conn_end(c, CLOSE_FULL, "the peer reads nothing");
    } else {
        conn_flush(c);
    }
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct conn *c = arg;
    char detail[192];
    switch (c->state) {
    case CONN_HANDSHAKE:
        conn_end(c, CLOSE_TLS, "the TLS handshake took too long");
        return;
    case CONN_LINGERING: conn_end(c, c->why, NULL); return;
    case CONN_RESOLVING:
        snprintf(detail, sizeof detail, "%.120s: no name server answered",
                 c->dial ? c->dial->host : "?");
        conn_end(c, CLOSE_RESOLVE, detail);
        return;
    default:
        snprintf(detail, sizeof detail, "%s: no answer in %u ms", c->peer,
                 c->settings.connect_ms);
        conn_end(c, CLOSE_CONNECT, detail);
    }
}

void
conn_attach(struct conn *c, int fd)
{
    int one = 1;
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    event_assign(&c->ev_read, c->base, fd, EV_READ | EV_PERSIST, on_readable,
                 c);
    event_assign(&c->ev_write, c->base, fd, EV_WRITE, on_writable, c);
    c->events_made = true;
}

static struct conn *
make(struct loop *loop, const struct conn_settings *s,
     const struct conn_ops *ops, void *owner)
{
    struct conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->loop = loop;
    c->base = loop_base(loop);
    c->ops = ops;
    c->owner = owner;
    c->fd = -1;
    c->settings = *s;
    c->settings.host = c->settings.server_name = "";
    c->settings.tls = tls_context_hold(s->tls);
    if (!c->settings.output_max)
        c->settings.output_max = OUTPUT_MAX;
    if (!c->settings.stall_ms)
        c->settings.stall_ms = STALL_MS;
    if (!c->settings.connect_ms)
        c->settings.connect_ms = CONNECT_MS;
    if (!c->settings.read_turn)
        c->settings.read_turn = READ_TURN;
    c->in_max = s->input_max > INPUT_MAX ? s->input_max : INPUT_MAX;
    lane_init(&c->urgent);
    lane_init(&c->held);
    c->end_job = (struct loop_job){.run = run_end, .arg = c};
    c->again_job = (struct loop_job){.run = run_again, .arg = c};
    c->flush_job = (struct loop_job){.run = conn_output_run, .arg = c};
    c->handshake = (struct loop_chore){.run = run_handshake, .arg = c};
    evtimer_assign(&c->ev_deadline, c->base, on_deadline, c);
    struct timeval tv = {c->settings.connect_ms / 1000,
                         c->settings.connect_ms % 1000 * 1000};
    evtimer_add(&c->ev_deadline, &tv);
    metric_add(METRIC_CONNS_OPEN, 1);
    return c;
}

struct conn *
conn_dial(struct loop *loop, const struct conn_settings *settings,
          const struct conn_ops *ops, void *owner)
{
    struct conn_dialling *d = calloc(1, sizeof *d);
    struct conn *c = d ? make(loop, settings, ops, owner) : NULL;
    if (!c) {
        free(d);
        return NULL;
    }
    snprintf(d->host, sizeof d->host, "%s",
             settings->host ? settings->host : "");
    snprintf(d->server_name, sizeof d->server_name, "%s",
             settings->server_name ? settings->server_name : "");
    c->dial = d;
    c->settings.host = d->host;
    c->settings.server_name = d->server_name;
    snprintf(c->peer, sizeof c->peer, "%.60s:%u", d->host, settings->port);
    conn_dial_begin(c);
    return c;
}

struct conn *
conn_accept(struct loop *loop, int fd, const struct conn_settings *settings,
            const struct conn_ops *ops, void *owner)
{
    struct conn *c = make(loop, settings, ops, owner);
    if (!c) {
        close(fd);
        return NULL;
    }
    struct sockaddr_storage addr = {0};
    socklen_t n = sizeof addr;
    if (getpeername(fd, (struct sockaddr *)&addr, &n) == 0)
        conn_name_peer(c, &addr);
    c->state = CONN_ACCEPTED;
    conn_attach(c, fd);
    /* Who connects to us and never reads would else have the kernel keep
     * megabytes; what is under way to a peer that reads is not limited. */
    int unsent = ACCEPTED_UNSENT;
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    loop_after_read(loop, &c->again_job);
    return c;
}

void
conn_close(struct conn *c, enum close_reason why, const char *detail,
           bool drain)
{
    if (c->state >= CONN_ENDING)
        return;
    if (!drain || c->state < CONN_OPEN) {
        conn_end(c, why, detail);
        return;
    }
    note_reason(c, why, detail);
    if (c->state != CONN_OPEN)
        return;
    c->state = CONN_DRAINING;
    c->paused = false;
    event_add(&c->ev_read, NULL); /* to notice the peer's end */
    event_del(&c->ev_write);      /* a shorter patience from here on */
    loop_at_flush(c->loop, &c->flush_job);
}

void
conn_unsent(const struct conn *c, void (*each)(void *arg, struct slice pdu),
            void *arg)
{
    lane_unsent(&c->urgent, each, arg);
    lane_unsent(&c->held, each, arg);
}

void
conn_pause(struct conn *c, bool paused)
{
    if (c->paused == paused || c->state > CONN_OPEN)
        return;
    c->paused = paused;
    if (c->state != CONN_OPEN)
        return;
    if (paused) {
        event_del(&c->ev_read);
        return;
    }
    event_add(&c->ev_read, NULL);
    loop_after_read(c->loop, &c->again_job);
}

uint64_t
conn_idle_ms(const struct conn *c)
{
    return mono_since_ms(c->last_in, loop_mono(c->loop));
}

const char *
conn_peer(const struct conn *c)
{
    return c->peer;
}

void
conn_set_limits(struct conn *c, size_t read_turn, size_t output_max)
{
    if (read_turn)
        c->settings.read_turn = read_turn;
    if (output_max)
        c->settings.output_max = output_max;
}

bool
conn_rest(struct conn *c)
{
    if (mono_since_ms(c->last_out, loop_mono(c->loop)) < REST_MS)
        return false;
    lane_rest(&c->urgent);
    if (c->tls_again != &c->held)
        lane_rest(&c->held);
    return true;
}

char *
conn_certificate(const struct conn *c, char *dst, size_t cap)
{
    if (c->tls)
        return tls_stream_subject(c->tls, dst, cap);
    dst[0] = 0;
    return dst;
}

const char *
conn_tls(const struct conn *c)
{
    return c->tls ? tls_stream_version(c->tls) : "";
}
