/*
 * wire.c - epoll hub and connections; see wire.h.
 *
 * Level-triggered: what is left unread in one turn is offered in the next, so
 * each wire is read once a turn and none starves the others.
 */
#include "bench/smsc/wire.h"

#include "bench/smsc/socket.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    INPUT_BYTES = 192 * 1024, /* three of the longest PDUs */
    OUTPUT_BYTES = 64 * 1024, /* to begin with; doubles when needed */
    WRITE_EARLY = 128 * 1024, /* sent inside the turn, while in the cache */
    EVENTS_PER_TURN = 256,    /* more wait for the next turn */
    ACCEPTS_PER_TURN = 64,    /* a storm of them must not starve the rest */
    TLS_READS_PER_TURN = 8,   /* 16 KiB records: as much as a plain read */
};

enum wire_state { WIRE_CONNECTING, WIRE_HANDSHAKE, WIRE_OPEN };

/* Invariant: in the hub's list from creation until it is freed. head <= tail
 * <= out_cap. why is set once, when the end is decided. */
struct wire {
    int fd;
    enum wire_state state;
    bool is_listener;
    struct hub *hub;
    const struct wire_ops *ops;
    void *owner;
    SSL *ssl;
    const char *why; /* the end is decided */
    bool drain;      /* but what is queued leaves first */
    bool reset;
    bool paused;
    bool blocked; /* the kernel takes no more output now */
    bool dirty;   /* on the flush list */
    bool again;   /* TLS has octets that epoll cannot see */
    uint32_t watched;
    struct wire *next, *prev;
    struct wire *next_dirty;
    uint8_t *in;
    size_t in_used;
    uint8_t *out;
    size_t head, tail, out_cap;
    struct wire_listen listen;
};

struct hub {
    int epoll;
    const char *source; /* of wires that are dialled; NULL: any */
    unsigned again;     /* wires with again set */
    unsigned ending;    /* wires with why set */
    uint64_t wall_us;
    uint64_t mono_us;
    struct wire *wires;
    struct wire *dirty;
};

static void
out_of_memory(void)
{
    fputs("out of memory\n", stderr);
    exit(1);
}

static uint64_t
read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
read_clocks(struct hub *h)
{
    h->wall_us = read_clock(CLOCK_REALTIME);
    h->mono_us = read_clock(CLOCK_MONOTONIC);
}

uint64_t
hub_wall_us(const struct hub *h)
{
    return h->wall_us;
}

uint64_t
hub_mono_us(const struct hub *h)
{
    return h->mono_us;
}

struct hub *
hub_create(void)
{
    struct hub *h = calloc(1, sizeof *h);
    if (!h)
        out_of_memory();
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    read_clocks(h);
    return h;
}

void
hub_leave_from(struct hub *h, const char *source)
{
    h->source = source;
}

static struct wire *
wire_create(struct hub *h, int fd, SSL_CTX *tls)
{
    struct wire *w = calloc(1, sizeof *w);
    if (!w)
        out_of_memory();
    w->fd = fd;
    w->hub = h;
    w->next = h->wires;
    if (h->wires)
        h->wires->prev = w;
    h->wires = w;
    if (tls) {
        w->ssl = SSL_new(tls);
        if (!w->ssl || !SSL_set_fd(w->ssl, fd))
            out_of_memory();
        SSL_set_mode(w->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    return w;
}

static void
wire_free(struct wire *w)
{
    struct hub *h = w->hub;
    if (w->prev)
        w->prev->next = w->next;
    else
        h->wires = w->next;
    if (w->next)
        w->next->prev = w->prev;
    if (w->again)
        h->again--;
    if (w->why)
        h->ending--;
    SSL_free(w->ssl);
    if (w->reset)
        socket_make_abrupt(w->fd);
    close(w->fd);
    free(w->in);
    free(w->out);
    free(w);
}

void
hub_destroy(struct hub *h)
{
    if (!h)
        return;
    while (h->wires)
        wire_free(h->wires);
    close(h->epoll);
    free(h);
}

/* Keeps what epoll watches in step with the state. */
static void
watch(struct wire *w)
{
    bool connecting = w->state != WIRE_OPEN;
    uint32_t want = 0;
    if (!w->paused && !w->why)
        want |= EPOLLIN;
    if (w->blocked || (connecting && !w->is_listener))
        want |= EPOLLOUT;
    if (w->state == WIRE_HANDSHAKE && !w->blocked)
        want = EPOLLIN;
    if (want == w->watched)
        return;
    struct epoll_event e = {.events = want, .data.ptr = w};
    int op = w->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(w->hub->epoll, op, w->fd, &e) < 0 && errno == ENOENT)
        (void)epoll_ctl(w->hub->epoll, EPOLL_CTL_ADD, w->fd, &e);
    w->watched = want ? want : EPOLLERR; /* never 0 again: it is added */
}

static void
finish(struct wire *w, const char *why, bool drain)
{
    if (w->why)
        return;
    w->why = why;
    w->drain = drain;
    w->hub->ending++;
}

void
wire_close(struct wire *w, const char *why)
{
    finish(w, why, true);
}

void
wire_reset(struct wire *w, const char *why)
{
    if (w->why)
        w->drain = false;
    finish(w, why, false);
    w->reset = true;
}

bool
wire_is_closing(const struct wire *w)
{
    return w->why != NULL;
}

void
wire_own(struct wire *w, const struct wire_ops *ops, void *owner)
{
    w->ops = ops;
    w->owner = owner;
}

void
wire_pause(struct wire *w, bool paused)
{
    if (w->paused == paused)
        return;
    w->paused = paused;
    watch(w);
}

size_t
wire_pending(const struct wire *w)
{
    return w->tail - w->head;
}

/* One write; false when the kernel takes no more for now. */
static bool
write_some(struct wire *w)
{
    size_t n = w->tail - w->head;
    ssize_t sent;
    if (w->ssl) {
        ERR_clear_error();
        int r =
            SSL_write(w->ssl, w->out + w->head, n > 1 << 20 ? 1 << 20 : (int)n);
        int e = r > 0 ? 0 : SSL_get_error(w->ssl, r);
        if (r <= 0 && e != SSL_ERROR_WANT_WRITE && e != SSL_ERROR_WANT_READ)
            finish(w, "TLS failed on write", false);
        sent = r;
    } else {
        sent = send(w->fd, w->out + w->head, n, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            finish(w, "write failed", false);
    }
    if (sent <= 0)
        return false;
    w->head += (size_t)sent;
    if (w->head == w->tail)
        w->head = w->tail = 0;
    return true;
}

static void
flush_wire(struct wire *w)
{
    if (w->state != WIRE_OPEN || (w->why && !w->drain))
        return;
    w->blocked = false;
    while (w->tail > w->head && !w->blocked)
        w->blocked = !write_some(w);
    if (w->why && !w->drain)
        w->blocked = false;
    watch(w);
}

uint8_t *
wire_room(struct wire *w, size_t n)
{
    if (w->out_cap - w->tail >= n)
        return w->out + w->tail;
    size_t used = w->tail - w->head;
    if (w->head > 0) {
        memmove(w->out, w->out + w->head, used);
        w->head = 0;
        w->tail = used;
    }
    size_t cap = w->out_cap ? w->out_cap : OUTPUT_BYTES;
    while (cap - used < n)
        cap *= 2;
    if (cap > w->out_cap) {
        w->out = realloc(w->out, cap);
        w->out_cap = cap;
        if (!w->out)
            out_of_memory();
    }
    return w->out + w->tail;
}

void
wire_used(struct wire *w, size_t n)
{
    w->tail += n;
    if (!w->dirty) {
        w->dirty = true;
        w->next_dirty = w->hub->dirty;
        w->hub->dirty = w;
    }
    if (w->tail - w->head >= WRITE_EARLY && !w->blocked)
        flush_wire(w);
}

void
wire_put(struct wire *w, struct slice octets)
{
    if (octets.n) {
        memcpy(wire_room(w, octets.n), octets.p, octets.n);
        wire_used(w, octets.n);
    }
}

/* Octets read, 0 when there are none now or the wire has ended. */
static size_t
read_plain(struct wire *w, uint64_t *arrived_us)
{
    ssize_t n = socket_read(w->fd, w->in + w->in_used, INPUT_BYTES - w->in_used,
                            arrived_us);
    if (n == 0)
        finish(w, "closed by the other side", false);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        finish(w,
               errno == ECONNRESET ? "reset by the other side" : "read failed",
               false);
    return n > 0 ? (size_t)n : 0;
}

static size_t
read_tls(struct wire *w)
{
    size_t got = 0;
    for (int i = 0; i < TLS_READS_PER_TURN; i++) {
        size_t room = INPUT_BYTES - w->in_used - got;
        if (room == 0)
            break;
        ERR_clear_error();
        int n = SSL_read(w->ssl, w->in + w->in_used + got, (int)room);
        if (n <= 0) {
            int e = SSL_get_error(w->ssl, n);
            if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
                finish(w, "closed by the other side", false);
            break;
        }
        got += (size_t)n;
    }
    bool again = !w->why && SSL_pending(w->ssl) > 0;
    w->hub->again += (unsigned)again - (unsigned)w->again;
    w->again = again;
    return got;
}

static void
serve_input(struct wire *w)
{
    if (!w->in && !(w->in = malloc(INPUT_BYTES)))
        out_of_memory();
    uint64_t arrived_us = w->hub->wall_us;
    size_t n = w->ssl ? read_tls(w) : read_plain(w, &arrived_us);
    if (n == 0)
        return;
    w->in_used += n;
    size_t used =
        w->ops->readable(w->owner, slice_of(w->in, w->in_used), arrived_us);
    w->in_used -= used;
    if (used && w->in_used)
        memmove(w->in, w->in + used, w->in_used);
    if (w->in_used == INPUT_BYTES)
        finish(w, "input longer than the buffer", false);
}

static void
serve_handshake(struct wire *w)
{
    ERR_clear_error();
    int r = SSL_is_server(w->ssl) ? SSL_accept(w->ssl) : SSL_connect(w->ssl);
    int e = r == 1 ? 0 : SSL_get_error(w->ssl, r);
    w->blocked = e == SSL_ERROR_WANT_WRITE;
    if (r != 1 && e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
        finish(w, "TLS handshake failed", false);
        return;
    }
    if (r == 1) {
        w->state = WIRE_OPEN;
        w->ops->opened(w->owner);
    }
    watch(w);
}

static void
serve_connect(struct wire *w)
{
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || error) {
        finish(w, strerror(error), false);
        return;
    }
    w->state = w->ssl ? WIRE_HANDSHAKE : WIRE_OPEN;
    if (w->ssl)
        serve_handshake(w);
    else
        w->ops->opened(w->owner);
    watch(w);
}

static void
serve_listener(struct wire *listener)
{
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = socket_accept(listener->fd);
        if (fd < 0)
            return;
        struct wire *w = wire_create(listener->hub, fd, listener->listen.tls);
        w->state = w->ssl ? WIRE_HANDSHAKE : WIRE_OPEN;
        if (w->ssl)
            SSL_set_accept_state(w->ssl);
        listener->listen.accepted(listener->listen.arg, w);
        watch(w);
        if (!w->ssl && !w->why)
            w->ops->opened(w->owner);
    }
}

static void
serve(struct wire *w, uint32_t events)
{
    if (w->why && !w->drain)
        return;
    if (w->is_listener) {
        serve_listener(w);
        return;
    }
    if (w->state == WIRE_CONNECTING) {
        serve_connect(w);
        return;
    }
    if (w->state == WIRE_HANDSHAKE) {
        serve_handshake(w);
        return;
    }
    if (events & EPOLLOUT)
        flush_wire(w);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !w->why)
        serve_input(w);
    else if (w->why && events & (EPOLLHUP | EPOLLERR))
        w->drain = false; /* nobody is left to read the rest */
}

void
hub_flush(struct hub *h)
{
    while (h->dirty) {
        struct wire *w = h->dirty;
        h->dirty = w->next_dirty;
        w->dirty = false;
        if (!w->blocked)
            flush_wire(w);
    }
}

/* Tells the owners of ended wires and frees them. */
static void
reap(struct hub *h)
{
    for (struct wire *w = h->wires, *next; w && h->ending; w = next) {
        next = w->next;
        bool drained = !w->drain || w->head == w->tail;
        if (!w->why || !drained || w->dirty)
            continue;
        if (w->ssl && !w->reset && w->state == WIRE_OPEN)
            (void)SSL_shutdown(w->ssl);
        if (w->ops)
            w->ops->closed(w->owner, w->why);
        next = w->next;
        wire_free(w);
    }
}

void
hub_turn(struct hub *h, int wait_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    hub_flush(h);
    reap(h);
    int n =
        epoll_wait(h->epoll, events, EVENTS_PER_TURN, h->again ? 0 : wait_ms);
    read_clocks(h);
    for (int i = 0; i < n; i++)
        serve(events[i].data.ptr, events[i].events);
    if (h->again) {
        for (struct wire *w = h->wires; w; w = w->next)
            if (w->again && !w->why)
                serve_input(w);
    }
}

uint16_t
hub_listen(struct hub *h, const struct wire_listen *l, char why[WIRE_WHY_BYTES])
{
    uint16_t port = l->port;
    int fd = socket_listen(l->host, &port, why);
    if (fd < 0)
        return 0;
    struct wire *w = wire_create(h, fd, NULL);
    w->is_listener = true;
    w->listen = *l;
    watch(w);
    return port;
}

struct wire *
wire_dial(struct hub *h, const char *host, uint16_t port, SSL_CTX *tls,
          const struct wire_ops *ops, void *owner, char why[WIRE_WHY_BYTES])
{
    int fd = socket_dial(host, port, h->source, why);
    if (fd < 0)
        return NULL;
    struct wire *w = wire_create(h, fd, tls);
    if (tls)
        SSL_set_connect_state(w->ssl);
    wire_own(w, ops, owner);
    watch(w);
    return w;
}
