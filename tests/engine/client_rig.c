/*
 * client_rig.c - the server, the raw peers, the flow and the clock.
 */
#include "tests/engine/client_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct loop *loop;
struct clients *server;
struct clients_settings rig_settings;
struct rig_flow flow;
bool rig_durable;
uint64_t rig_pos;

static struct mono fake_now;
static const char *const where[] = {"127.0.0.1:0"};
enum { PEERS = 128 };
static int peers[PEERS];
static unsigned peer_n;

static struct mono
fake_mono(void)
{
    return fake_now;
}

static struct wall
fake_wall(void)
{
    return (struct wall){fake_now.us / 1000};
}

static void
on_bind_asked(void *f, struct client *c, const struct client_hello *h)
{
    (void)f;
    flow.asked++;
    flow.client = c;
    flow.mode = h->mode;
    flow.version = h->interface_version;
    snprintf(flow.system_id, sizeof flow.system_id, "%s", h->system_id);
    snprintf(flow.password, sizeof flow.password, "%s", h->password);
    snprintf(flow.peer, sizeof flow.peer, "%s", h->peer);
    snprintf(flow.tls, sizeof flow.tls, "%s", h->tls);
    snprintf(flow.certificate, sizeof flow.certificate, "%s", h->certificate);
    if (flow.refuse_with)
        client_refuse(c, flow.refuse_with, flow.refuse_ms);
    else if (!flow.hold_binds)
        client_accept(c, &flow.grant);
}

static enum client_take
on_request(void *f, struct client *c, const struct pdu *p)
{
    (void)f;
    if (flow.later) {
        flow.later--;
        return CLIENT_LATER;
    }
    if (flow.requests < RIG_HEARD) {
        flow.request_id[flow.requests] = p->id;
        flow.request_seq[flow.requests] = p->sequence;
    }
    flow.requests++;
    if (!flow.hold_requests)
        client_answer(c, p->id, p->sequence, flow.answer_with, slice_str("7"));
    return CLIENT_TAKEN;
}

static void
on_answered(void *f, struct client *c, uint64_t note, uint32_t status)
{
    (void)f, (void)c;
    if (flow.answered < RIG_HEARD) {
        flow.note[flow.answered] = note;
        flow.status[flow.answered] = status;
    }
    flow.answered++;
}

static void
on_lost(void *f, struct client *c, uint64_t note, enum session_loss loss)
{
    (void)f, (void)c;
    if (flow.lost < RIG_HEARD) {
        flow.lost_note[flow.lost] = note;
        flow.loss[flow.lost] = loss;
    }
    flow.lost++;
}

static void
on_bound(void *f, struct client *c)
{
    (void)f, (void)c;
    flow.bound++;
}

static void
on_closed(void *f, struct client *c, enum close_reason why, const char *detail)
{
    (void)f, (void)why;
    flow.closed++;
    snprintf(flow.why, sizeof flow.why, "%s", detail);
    if (flow.client == c)
        flow.client = NULL;
}

static const struct client_ops ops = {
    .bind_asked = on_bind_asked,
    .request = on_request,
    .answered = on_answered,
    .lost = on_lost,
    .bound = on_bound,
    .closed = on_closed,
};

void
rig_set_up(void)
{
    fake_now.us = 1000000000;
    clock_fake(fake_mono, fake_wall);
    loop = loop_create();
    clients_settings_default(&rig_settings);
    rig_settings.listen = where;
    rig_settings.listen_n = 1;
    flow = (struct rig_flow){0};
    rig_durable = true;
    rig_pos = 1;
    peer_n = 0;
    server = NULL;
}

void
rig_serve(void)
{
    char error[128];
    if (server)
        return;
    server =
        clients_create(loop, &rig_settings, &ops, NULL, error, sizeof error);
    ck_assert_msg(server != NULL, "%s", error);
}

void
rig_tear_down(void)
{
    for (unsigned i = 0; i < peer_n; i++)
        close(peers[i]);
    clients_destroy(server);
    server = NULL;
    rig_turns(4);
    loop_destroy(loop);
    clock_fake(NULL, NULL);
}

void
rig_turns(int n)
{
    for (int i = 0; i < n; i++) {
        loop_turn(loop, 1);
        if (!server)
            continue;
        clients_tick(server, loop_mono(loop));
        clients_hold(server, rig_pos);
        if (rig_durable)
            clients_release(server, rig_pos);
    }
}

void
rig_pass_ms(uint64_t ms)
{
    fake_now.us += ms * 1000;
    rig_turns(8);
}

int
rig_connect(void)
{
    rig_serve();
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(clients_port(server, false, 0)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_uint_lt(peer_n, PEERS);
    peers[peer_n++] = fd;
    rig_turns(4);
    return fd;
}

void
rig_put(int fd, const char *hex)
{
    uint8_t bytes[2048];
    size_t n = sizeof bytes;
    ck_assert(bytes_from_hex(slice_str(hex), bytes, &n));
    ck_assert_int_eq(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
    /* Until the other end of the kernel has it. */
    for (int i = 0, left = 1; i < 100000 && left > 0; i++) {
        ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &left), 0);
        sched_yield();
    }
    rig_turns(4);
}

const char *
rig_get(int fd, size_t n)
{
    static char hex[4096];
    uint8_t bytes[2000];
    size_t got = 0;
    ck_assert_uint_le(n, sizeof bytes);
    for (int i = 0; i < 200 && got < n; i++) {
        ssize_t r = recv(fd, bytes + got, n - got, MSG_DONTWAIT);
        if (r > 0)
            got += (size_t)r;
        else
            rig_turns(1);
    }
    return bytes_to_hex(slice_of(bytes, got), hex);
}

bool
rig_is_at_end(int fd)
{
    uint8_t b;
    for (int i = 0; i < 200; i++) {
        ssize_t r = recv(fd, &b, 1, MSG_DONTWAIT);
        if (r == 0 || (r < 0 && errno != EAGAIN))
            return true;
        rig_turns(1);
    }
    return false;
}

bool
rig_is_silent(int fd)
{
    uint8_t b;
    rig_turns(8);
    return recv(fd, &b, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
}

int
rig_bind(const char *hex)
{
    int fd = rig_connect();
    unsigned before = flow.bound;
    rig_put(fd, hex);
    ck_assert_uint_eq(flow.bound, before + 1);
    uint8_t head[4];
    ck_assert_int_eq(recv(fd, head, 4, MSG_DONTWAIT | MSG_PEEK), 4);
    rig_get(fd, head[3]);
    return fd;
}
