/*
 * socket.c - TCP sockets; see socket.h.
 */
#include "bench/smsc/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 1024 };

static int
open_socket(const char *host, uint16_t port, int flags,
            struct sockaddr_storage *addr, socklen_t *n,
            char why[SOCKET_WHY_BYTES])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    char text[8];
    snprintf(text, sizeof text, "%u", port);
    int e = getaddrinfo(host, text, &hints, &found);
    if (e) {
        snprintf(why, SOCKET_WHY_BYTES, "%.80s: %s", host, gai_strerror(e));
        return -1;
    }
    int fd =
        socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memcpy(addr, found->ai_addr, found->ai_addrlen);
    *n = found->ai_addrlen;
    freeaddrinfo(found);
    if (fd < 0)
        snprintf(why, SOCKET_WHY_BYTES, "socket: %s", strerror(errno));
    return fd;
}

static int
give_up(int fd, const char *host, uint16_t port, char why[SOCKET_WHY_BYTES])
{
    snprintf(why, SOCKET_WHY_BYTES, "%.80s:%u: %s", host, port,
             strerror(errno));
    close(fd);
    return -1;
}

static void
set_options(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

int
socket_listen(const char *host, uint16_t *port, char why[SOCKET_WHY_BYTES])
{
    struct sockaddr_storage addr;
    socklen_t n = 0;
    int on = 1;
    int fd = open_socket(host, *port, AI_PASSIVE, &addr, &n, why);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&addr, n) < 0 ||
        listen(fd, LISTEN_BACKLOG) < 0)
        return give_up(fd, host, *port, why);
    n = sizeof addr;
    (void)getsockname(fd, (struct sockaddr *)&addr, &n);
    /* The port stands at the same place in both families. */
    *port = ntohs(((struct sockaddr_in *)&addr)->sin_port);
    return fd;
}

/* Many sockets may leave from one address and one port when they go to
 * different places: the port is chosen when they connect. */
static bool
leave_from(int fd, const char *source)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    int on = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return inet_pton(AF_INET, source, &addr.sin_addr) == 1 &&
           bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
}

int
socket_dial(const char *host, uint16_t port, const char *source,
            char why[SOCKET_WHY_BYTES])
{
    struct sockaddr_storage addr;
    socklen_t n = 0;
    int fd = open_socket(host, port, 0, &addr, &n, why);
    if (fd < 0)
        return -1;
    set_options(fd);
    if (source && !leave_from(fd, source))
        return give_up(fd, source, 0, why);
    if (connect(fd, (struct sockaddr *)&addr, n) < 0 && errno != EINPROGRESS)
        return give_up(fd, host, port, why);
    return fd;
}

int
socket_accept(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        set_options(fd);
    return fd;
}

ssize_t
socket_read(int fd, void *p, size_t n, uint64_t *arrived_us)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct timespec)) + 64];
    } control;
    struct iovec v = {p, n};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control.room,
                       .msg_controllen = sizeof control.room};
    ssize_t got = recvmsg(fd, &m, 0);
    if (got <= 0)
        return got;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS)
            continue;
        struct timespec t;
        memcpy(&t, CMSG_DATA(c), sizeof t);
        *arrived_us = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
    }
    return got;
}

void
socket_make_abrupt(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}
