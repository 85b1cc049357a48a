/*
 * listen.c - accepts, with a spare descriptor for the day there is none.
 *
 * Promise: as in listen.h.
 */
#include "engine/core/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/resolve.h"

enum {
    ACCEPTS_A_TURN = 16, /* a storm of connects must not stop the traffic */
    REST_MS = 100,
    BACKLOG = 4096,
};

struct listener {
    struct loop *loop;
    int fd;
    int spare; /* /dev/null, given up to refuse a connection politely */
    bool paused;
    uint16_t port;
    struct event ev, ev_rest;
    void (*accepted)(void *arg, int fd);
    void *arg;
};

/* "host:port" to an address; an empty host means all. */
static bool
parse_where(const char *where, struct resolved *out)
{
    char host[64];
    const char *colon = strrchr(where, ':');
    if (!colon || (size_t)(colon - where) >= sizeof host)
        return false;
    size_t n = (size_t)(colon - where);
    memcpy(host, where, n);
    host[n] = 0;
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end || port > 65535)
        return false;
    const char *digits = host;
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = 0;
        digits = host + 1;
    }
    if (strcmp(digits, "localhost") == 0)
        digits = "127.0.0.1";
    if (digits[0] == 0 || strcmp(digits, "*") == 0)
        digits = "0.0.0.0";
    return resolve_numeric(digits, (uint16_t)port, out);
}

/* Out of descriptors: frees the spare to take one connection and end it, so
 * that its client learns at once, then rests. */
static void
refuse_one(struct listener *l)
{
    close(l->spare);
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    log_error(ROOM_CORE, "accept_failed",
              "reason=\"out of file descriptors\" port=%u rest_ms=%d "
              "hint=\"raise LimitNOFILE\"",
              l->port, REST_MS);
    struct timeval tv = {0, REST_MS * 1000};
    event_del(&l->ev);
    evtimer_add(&l->ev_rest, &tv);
}

static void
on_connection(evutil_socket_t listening, short what, void *arg)
{
    (void)what;
    struct listener *l = arg;
    for (int i = 0; i < ACCEPTS_A_TURN && !l->paused; i++) {
        int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            l->accepted(l->arg, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
            errno == ENOMEM)
            refuse_one(l);
        else if (errno == ECONNABORTED || errno == EINTR)
            continue;
        return;
    }
}

static void
on_rested(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct listener *l = arg;
    if (!l->paused)
        event_add(&l->ev, NULL);
}

/* A bound, listening socket; -1 with errno set. */
static int
open_socket(const struct resolved *where)
{
    int fd = socket(where->addr[0].ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)&where->addr[0], where->length[0]) ==
            0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static uint16_t
port_of(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return 0;
    if (a.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)(void *)&a)->sin6_port);
    return ntohs(((struct sockaddr_in *)(void *)&a)->sin_port);
}

struct listener *
listener_open(struct loop *loop, const char *where,
              void (*accepted)(void *arg, int fd), void *arg, char *error,
              size_t error_cap)
{
    struct resolved at;
    if (!parse_where(where, &at)) {
        snprintf(error, error_cap, "%s is not ADDRESS:PORT", where);
        return NULL;
    }
    int fd = open_socket(&at);
    struct listener *l = fd < 0 ? NULL : calloc(1, sizeof *l);
    if (!l) {
        snprintf(error, error_cap, "cannot listen on %s: %s", where,
                 strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    *l = (struct listener){.loop = loop, .fd = fd, .port = port_of(fd)};
    l->accepted = accepted;
    l->arg = arg;
    l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    event_assign(&l->ev, loop_base(loop), fd, EV_READ | EV_PERSIST,
                 on_connection, l);
    evtimer_assign(&l->ev_rest, loop_base(loop), on_rested, l);
    event_add(&l->ev, NULL);
    return l;
}

void
listener_close(struct listener *l)
{
    if (!l)
        return;
    event_del(&l->ev);
    event_del(&l->ev_rest);
    close(l->fd);
    if (l->spare >= 0)
        close(l->spare);
    loop_reap(l->loop, l, free);
}

void
listener_pause(struct listener *l, bool paused)
{
    l->paused = paused;
    if (paused)
        event_del(&l->ev);
    else
        event_add(&l->ev, NULL);
}

uint16_t
listener_port(const struct listener *l)
{
    return l->port;
}
