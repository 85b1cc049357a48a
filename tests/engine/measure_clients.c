/*
 * measure_clients.c - figures of engine/client over loopback: memory and time
 * of idle binds, binds a second, requests a second, and what hostile peers
 * cost good ones. Not a test: it prints.
 *
 *   measure_clients idle N | binds N | requests CLIENTS WINDOW SECONDS
 *   measure_clients hostile GOOD HOSTILE SECONDS [REQUESTS_PER_S]
 *
 * The server runs in this process, the peers in a child, over real sockets
 * and the real clock.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/client/client.h"
#include "engine/core/log.h"
#include "engine/core/loop.h"

/* ---- the server's side ---- */

static struct clients *server;
static unsigned bound;
static uint64_t pos;

static void
on_bind_asked(void *flow, struct client *c, const struct client_hello *h)
{
    (void)flow;
    static const struct client_grant grant = {.window_in = 100};
    if (strcmp(h->password, "secret") == 0)
        client_accept(c, &grant);
    else
        client_refuse(c, ESME_RINVPASWD, 500);
}

static enum client_take
on_request(void *flow, struct client *c, const struct pdu *p)
{
    (void)flow;
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)++pos);
    client_answer(c, p->id, p->sequence, 0, slice_str(id));
    return CLIENT_TAKEN;
}

static void
on_answered(void *flow, struct client *c, uint64_t note, uint32_t status)
{
    (void)flow, (void)c, (void)note, (void)status;
}

static void
on_lost(void *flow, struct client *c, uint64_t note, enum session_loss loss)
{
    (void)flow, (void)c, (void)note, (void)loss;
}

static void
on_bound(void *flow, struct client *c)
{
    (void)flow, (void)c;
    bound++;
}

static void
on_closed(void *flow, struct client *c, enum close_reason why,
          const char *detail)
{
    (void)flow, (void)why, (void)detail;
    if (client_is_bound(c))
        bound--;
}

static const struct client_ops ops = {on_bind_asked, on_request, on_answered,
                                      on_lost,       on_bound,   on_closed};

static size_t
resident_kib(void)
{
    size_t pages = 0, skip;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%zu %zu", &skip, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static double
cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6 +
           (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6;
}

static double
now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
turn(struct loop *loop)
{
    loop_turn(loop, 100);
    clients_tick(server, loop_mono(loop));
    clients_hold(server, pos);
    clients_release(server, pos);
}

/* ---- the peers' side, in a child ---- */

struct peer {
    int fd;
    bool hostile;
    unsigned open; /* unanswered */
    uint32_t sequence;
    uint8_t in[4096];
    size_t used;
    double sent[128];
};

enum { LATENCIES = 4 * 1000 * 1000 };
static float *latency;
static size_t latencies, answers;

static int
dial(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        perror("connect");
        exit(1);
    }
    return fd;
}

static void
send_hex(int fd, const char *hex)
{
    uint8_t bytes[512];
    size_t n = sizeof bytes;
    if (bytes_from_hex(slice_str(hex), bytes, &n) &&
        send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return; /* a hostile peer that was put out */
}

static void
bind_one(int fd, const char *password)
{
    char hex[200];
    snprintf(hex, sizeof hex,
             "00000024 00000009 00000000 00000001 65736d6500 %s00 564d5300 34 "
             "01 01 00",
             password);
    send_hex(fd, hex);
}

static void
await_answer(int fd)
{
    uint8_t answer[28];
    if (recv(fd, answer, sizeof answer, MSG_WAITALL) != sizeof answer)
        fprintf(stderr, "no answer to a bind\n");
}

#define SECRET "736563726574"
#define WRONG  "736563726575"

/* So many may be sent until now, all peers together; 0: any number. */
static double rate, rate_from;
static uint64_t submitted;

static bool
may_submit(double now)
{
    return rate == 0 || (double)submitted < (now - rate_from) * rate;
}

static void
submit(struct peer *p, unsigned window)
{
    static uint8_t pdu[43];
    static bool made;
    if (!made) {
        size_t n = sizeof pdu;
        made = bytes_from_hex(
            slice_str("0000002b 00000004 00000000 00000000 00 00 00 3130303000 "
                      "00 00 3230303000 00 00 00 00 00 01 00 00 00 02 6869"),
            pdu, &n);
    }
    uint8_t out[128 * sizeof pdu];
    size_t used = 0;
    double now = now_s();
    while (p->open < window && used + sizeof pdu <= sizeof out &&
           may_submit(now)) {
        submitted++;
        uint32_t q = ++p->sequence;
        memcpy(out + used, pdu, sizeof pdu);
        out[used + 12] = (uint8_t)(q >> 24);
        out[used + 13] = (uint8_t)(q >> 16);
        out[used + 14] = (uint8_t)(q >> 8);
        out[used + 15] = (uint8_t)q;
        used += sizeof pdu;
        p->sent[q % 128] = now;
        p->open++;
    }
    if (used && send(p->fd, out, used, MSG_NOSIGNAL) != (ssize_t)used)
        exit(1);
}

/* One at a time, so that all have their share of the rate. */
static void
submit_some(struct peer *p, unsigned window)
{
    submit(p, p->open + 1 < window ? p->open + 1 : window);
}

static void
hear(struct peer *p)
{
    ssize_t n =
        recv(p->fd, p->in + p->used, sizeof p->in - p->used, MSG_DONTWAIT);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            fprintf(stderr, "a good peer was put out\n");
            exit(1);
        }
        return;
    }
    p->used += (size_t)n;
    double now = now_s();
    size_t at = 0;
    while (p->used - at >= 16) {
        size_t length = p->in[at + 3];
        if (p->used - at < length)
            break;
        uint32_t q = (uint32_t)p->in[at + 14] << 8 | p->in[at + 15];
        if (latencies < LATENCIES)
            latency[latencies++] = (float)(now - p->sent[q % 128]);
        answers++;
        p->open--;
        at += length;
    }
    memmove(p->in, p->in + at, p->used - at);
    p->used -= at;
}

static int
by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void
report(const char *what, double seconds)
{
    qsort(latency, latencies, sizeof *latency, by_size);
    printf("%s: %.0f requests/s, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms\n",
           what, (double)answers / seconds,
           (double)latency[latencies / 2] * 1e3,
           (double)latency[latencies * 99 / 100] * 1e3,
           (double)latency[latencies * 999 / 1000] * 1e3);
    fflush(stdout);
    latencies = answers = 0;
}

/* One hostile peer does what its number says; reconnects when put out. */
static void
annoy(struct peer *p, unsigned i, uint16_t port)
{
    uint8_t waste[4096];
    if (i % 7 != 5 && recv(p->fd, waste, sizeof waste, MSG_DONTWAIT) == 0) {
        close(p->fd);
        p->fd = dial(port);
        p->used = 0;
    }
    switch (i % 7) {
    case 0: break;                        /* half open */
    case 1: send_hex(p->fd, "00"); break; /* an octet now and then */
    case 2:
        if (p->used++ % 8 == 0) /* a wrong password */
            bind_one(p->fd, WRONG);
        break;
    case 3: send_hex(p->fd, "7fffffff 00000004 00000000 00000001"); break;
    case 4:
        send_hex(p->fd, "00000018 00000009 00000000 00000001 ff"
                        "ffffffffffffff");
        break;
    case 5: /* asks and never reads */
        if (p->used++ == 0)
            bind_one(p->fd, SECRET);
        for (int k = 0; k < 8; k++)
            send_hex(p->fd, "00000010 00000015 00000000 00000001");
        break;
    default: send_hex(p->fd, "00000010 00000004 00000000 00000002"); break;
    }
}

static void
traffic(struct peer *good, unsigned n, unsigned window, double seconds,
        struct peer *bad, unsigned bad_n, uint16_t port)
{
    int ep = epoll_create1(0);
    rate_from = now_s();
    submitted = 0;
    for (unsigned i = 0; i < n; i++) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &good[i]};
        epoll_ctl(ep, EPOLL_CTL_ADD, good[i].fd, &e);
        submit(&good[i], window);
    }
    double end = now_s() + seconds, next = 0;
    unsigned turn_of = 0, whose = 0;
    while (now_s() < end) {
        struct epoll_event e[64];
        int k = epoll_wait(ep, e, 64, rate > 0 ? 1 : 5);
        for (int i = 0; i < k; i++) {
            hear(e[i].data.ptr);
            if (rate == 0)
                submit(e[i].data.ptr, window);
        }
        for (unsigned i = 0; i < n && rate > 0; i++)
            submit_some(&good[whose++ % n], window);
        /* A tenth of the hostile ones each 100 ms: once a second each. */
        if (bad_n && now_s() >= next) {
            next = now_s() + 0.01;
            for (unsigned i = turn_of++ % 100; i < bad_n; i += 100)
                annoy(&bad[i], i, port);
        }
    }
    for (unsigned i = 0; i < n; i++)
        while (good[i].open) {
            struct epoll_event e[64];
            int k = epoll_wait(ep, e, 64, 100);
            for (int j = 0; j < k; j++)
                hear(e[j].data.ptr);
        }
    close(ep);
}

static int
peers(uint16_t port, int argc, char **argv)
{
    const char *what = argv[1];
    unsigned n = (unsigned)atoi(argv[2]);
    struct peer *p = calloc(n, sizeof *p);
    latency = malloc(LATENCIES * sizeof *latency);
    double begun = now_s();
    for (unsigned i = 0; p && i < n; i++) {
        p[i].fd = dial(port);
        bind_one(p[i].fd, SECRET);
        await_answer(p[i].fd);
    }
    double took = now_s() - begun;
    printf("%u binds one after another in %.2f s: %.0f/s\n", n, took, n / took);
    fflush(stdout);
    if (strcmp(what, "idle") == 0) {
        sleep(20);
    } else if (strcmp(what, "requests") == 0 && argc == 5) {
        double seconds = atof(argv[4]);
        traffic(p, n, (unsigned)atoi(argv[3]), seconds, NULL, 0, port);
        report("alone", seconds);
    } else if (strcmp(what, "hostile") == 0 && argc >= 5) {
        double seconds = atof(argv[4]);
        rate = argc > 5 ? atof(argv[5]) : 0;
        unsigned bad_n = (unsigned)atoi(argv[3]);
        struct peer *bad = calloc(bad_n, sizeof *bad);
        traffic(p, n, 10, seconds, NULL, 0, port);
        report("without them", seconds);
        for (unsigned i = 0; bad && i < bad_n; i++)
            bad[i].fd = dial(port);
        traffic(p, n, 10, seconds, bad, bad_n, port);
        report("beside them", seconds);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    struct rlimit files = {65536, 65536};
    if (argc < 3 || (setrlimit(RLIMIT_NOFILE, &files) != 0 && errno != EPERM))
        return 2;
    log_set_level(LEVEL_ERROR);
    char error[128];
    const char *const where[] = {"127.0.0.1:0"};
    struct loop *loop = loop_create();
    struct clients_settings settings;
    clients_settings_default(&settings);
    settings.listen = where;
    settings.listen_n = 1;
    settings.per_address = 4096; /* all come from one */
    server = clients_create(loop, &settings, &ops, NULL, error, sizeof error);
    if (!server) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    size_t before = resident_kib();
    pid_t child = fork();
    if (child == 0) {
        int status = peers(clients_port(server, false, 0), argc, argv);
        fflush(stdout);
        _exit(status);
    }
    unsigned n = (unsigned)atoi(argv[2]);
    double cpu = 0, since = 0, peak = 0;
    size_t held = 0;
    int status;
    while (waitpid(child, &status, WNOHANG) == 0) {
        turn(loop);
        double kib = (double)resident_kib();
        peak = kib > peak ? kib : peak;
        if (bound >= n && since == 0 && strcmp(argv[1], "idle") == 0) {
            since = now_s();
            cpu = cpu_s();
            held = resident_kib();
        }
    }
    if (since > 0)
        printf("%u idle binds: %.2f KiB each; %.2f %% of a core\n", bound,
               (double)(held - before) / n,
               (cpu_s() - cpu) / (now_s() - since) * 100);
    printf("resident: %zu KiB before, %.0f KiB at most\n", before, peak);
    clients_destroy(server);
    loop_turn(loop, 0);
    loop_destroy(loop);
    return status != 0;
}
