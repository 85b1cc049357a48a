/*
 * conn_dial.c - from a name to an open connection.
 *
 * Promise: every address of the name is tried in order within connect_ms; a
 * failure is worded with the address it belongs to. Nothing blocks.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/core/conn_inside.h"

void
conn_name_peer(struct conn *c, const struct sockaddr_storage *addr)
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (addr->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)addr;
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
        snprintf(c->peer, sizeof c->peer, "[%s]:%u", text,
                 ntohs(v6->sin6_port));
        return;
    }
    const struct sockaddr_in *v4 = (const void *)addr;
    if (addr->ss_family == AF_INET)
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    snprintf(c->peer, sizeof c->peer, "%s:%u", text,
             addr->ss_family == AF_INET ? ntohs(v4->sin_port) : 0);
}

/* On loopback a connect to a free port of the ephemeral range may meet
 * itself: simultaneous open. That is nobody. */
static bool
met_itself(int fd)
{
    struct sockaddr_storage a = {0}, b = {0};
    socklen_t an = sizeof a, bn = sizeof b;
    return getsockname(fd, (struct sockaddr *)&a, &an) == 0 &&
           getpeername(fd, (struct sockaddr *)&b, &bn) == 0 && an == bn &&
           memcmp(&a, &b, an) == 0;
}

static void
drop_socket(struct conn *c)
{
    event_del(&c->ev_read);
    event_del(&c->ev_write);
    close(c->fd);
    c->fd = -1;
}

/* Begins with the next address; error is what the one before said. */
static void
try_next(struct conn *c, int error)
{
    while (c->dial->address < c->dial->addresses.count) {
        unsigned i = c->dial->address++;
        conn_name_peer(c, &c->dial->addresses.addr[i]);
        int fd = socket(c->dial->addresses.addr[i].ss_family,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            error = errno;
            continue;
        }
        int rc = connect(fd, (struct sockaddr *)&c->dial->addresses.addr[i],
                         c->dial->addresses.length[i]);
        if (rc != 0 && errno != EINPROGRESS) {
            error = errno;
            close(fd);
            continue;
        }
        c->state = CONN_CONNECTING;
        conn_attach(c, fd);
        event_add(&c->ev_write, NULL);
        return;
    }
    char detail[192];
    snprintf(detail, sizeof detail, "%s: %s", c->peer, strerror(error));
    conn_end(c, CLOSE_CONNECT, detail);
}

void
conn_dial_writable(struct conn *c)
{
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    if (error == 0 && met_itself(c->fd))
        error = ECONNREFUSED;
    if (error != 0) {
        drop_socket(c);
        try_next(c, error);
        return;
    }
    if (c->settings.tls)
        conn_handshake_begin(c);
    else
        conn_become_open(c);
}

static void
on_found(void *arg, const struct resolved *out)
{
    struct conn *c = arg;
    c->dial->question = NULL;
    if (out->count == 0) {
        char detail[192];
        snprintf(detail, sizeof detail, "%.120s: %s", c->dial->host,
                 out->error ? out->error : "no address");
        conn_end(c, CLOSE_RESOLVE, detail);
        return;
    }
    c->dial->addresses = *out;
    try_next(c, EADDRNOTAVAIL);
}

void
conn_dial_begin(struct conn *c)
{
    c->state = CONN_RESOLVING;
    if (resolve_numeric(c->dial->host, c->settings.port, &c->dial->addresses)) {
        try_next(c, EADDRNOTAVAIL);
        return;
    }
    struct resolver *r = loop_resolver(c->loop);
    if (r)
        c->dial->question =
            resolver_ask(r, c->dial->host, c->settings.port, on_found, c);
    if (!c->dial->question)
        conn_end(c, CLOSE_RESOLVE, "no thread to look up names");
}

void
conn_handshake_begin(struct conn *c)
{
    c->state = CONN_HANDSHAKE;
    const char *name = c->settings.server_name;
    if (!name[0])
        name = c->settings.host;
    c->tls = tls_stream_create(c->settings.tls, c->fd, name);
    if (!c->tls) {
        conn_end(c, CLOSE_TLS, "the TLS session could not be made");
        return;
    }
    event_add(&c->ev_read, NULL);
    conn_handshake_go_on(c);
}

void
conn_handshake_go_on(struct conn *c)
{
    switch (tls_stream_handshake(c->tls)) {
    case TLS_OK: conn_become_open(c); return;
    case TLS_WANT_WRITE: event_add(&c->ev_write, NULL); return;
    case TLS_WANT_READ: return;
    case TLS_END:
        conn_end(c, CLOSE_TLS, "closed by the peer during the TLS handshake");
        return;
    case TLS_FAILED: break;
    }
    conn_end(c, CLOSE_TLS, tls_stream_error(c->tls));
}
