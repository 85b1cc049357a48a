/*
 * link.c - one loopback socket with its two buffers.
 *
 * Promise: as in link.h.
 */
#include "bench/skeleton/link.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

bool
link_init(struct link *l, int fd, int epoll, uint32_t number)
{
    int one = 1;
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = number};
    *l = (struct link){.fd = fd, .epoll = epoll, .number = number};
    l->in = malloc(LINK_IN);
    l->out = malloc(LINK_OUT);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return l->in && l->out &&
           fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0 &&
           epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

void
link_fini(struct link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    free(l->in);
    free(l->out);
}

bool
link_read(struct link *l)
{
    ssize_t n = recv(l->fd, l->in + l->in_n, LINK_IN - l->in_n, 0);
    if (n > 0)
        l->in_n += (size_t)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) ||
           l->in_n == LINK_IN;
}

const uint8_t *
link_next(const struct link *l, size_t *at)
{
    const uint8_t *p = l->in + *at;
    if (l->in_n - *at < 16 || l->in_n - *at < be32(p))
        return NULL;
    *at += be32(p);
    return p;
}

void
link_used(struct link *l, size_t at)
{
    l->in_n -= at;
    memmove(l->in, l->in + at, l->in_n);
}

static void
watch_room(struct link *l, bool on)
{
    struct epoll_event e = {.events = EPOLLIN | (on ? EPOLLOUT : 0),
                            .data.u32 = l->number};
    if (on != l->waits && epoll_ctl(l->epoll, EPOLL_CTL_MOD, l->fd, &e) == 0)
        l->waits = on;
}

bool
link_flush(struct link *l)
{
    while (l->out_at < l->out_n) {
        ssize_t n =
            send(l->fd, l->out + l->out_at, l->out_n - l->out_at, MSG_NOSIGNAL);
        if (n < 0) {
            watch_room(l, true);
            return errno == EAGAIN || errno == EINTR;
        }
        l->out_at += (size_t)n;
    }
    l->out_n = l->out_at = 0;
    watch_room(l, false);
    return true;
}
