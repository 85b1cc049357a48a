/*
 * fuzz_client.c - whatever a client may send to the server, in whatever
 * pieces, before and after it is bound.
 *
 * The first octet chooses what the flow does and how the rest is cut. A flow
 * that accepts all binds answers each request at once, or never, or puts it
 * off, and delivers whenever there is room.
 *
 * Properties: each request taken counts until answered, never beyond the
 * window; each delivery gets one word back; everything is freed at the end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/client/client_inside.h"
#include "engine/core/log.h"
#include "engine/core/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WINDOW = 4 };

static struct loop *loop;
static struct mono now;
static uint8_t choice;
static unsigned delivered, spoken_for;

/* assert() is compiled out of release builds, which are fuzzed too. */
static void
must(bool holds)
{
    if (!holds)
        abort();
}

static struct mono
fake_mono(void)
{
    return now;
}

static struct wall
fake_wall(void)
{
    return (struct wall){now.us / 1000};
}

static void
on_bind_asked(void *flow, struct client *c, const struct client_hello *h)
{
    (void)flow, (void)h;
    struct client_grant grant = {.window_in = WINDOW, .window_out = WINDOW};
    if (choice & 1)
        client_refuse(c, ESME_RINVPASWD, 0);
    else
        client_accept(c, &grant);
}

static enum client_take
on_request(void *flow, struct client *c, const struct pdu *p)
{
    (void)flow;
    if ((choice & 6) == 2)
        return CLIENT_LATER;
    if ((choice & 6) != 4)
        client_answer(c, p->id, p->sequence, p->sequence % 3,
                      slice_str("12345"));
    return CLIENT_TAKEN;
}

static void
on_answered(void *flow, struct client *c, uint64_t note, uint32_t status)
{
    (void)flow, (void)c, (void)note, (void)status;
    spoken_for++;
}

static void
on_lost(void *flow, struct client *c, uint64_t note, enum session_loss loss)
{
    (void)flow, (void)c, (void)note, (void)loss;
    spoken_for++;
}

static void
on_bound(void *flow, struct client *c)
{
    (void)flow, (void)c;
}

static void
on_closed(void *flow, struct client *c, enum close_reason why,
          const char *detail)
{
    (void)flow, (void)c, (void)why, (void)detail;
}

static const struct client_ops ops = {on_bind_asked, on_request, on_answered,
                                      on_lost,       on_bound,   on_closed};

static void
turn(struct clients *s)
{
    struct pdu p;
    now.us += 1000;
    loop_turn(loop, 0);
    clients_tick(s, loop_mono(loop));
    for (struct client *c = clients_next(s, NULL); c; c = clients_next(s, c)) {
        must(client_held_in(c) <= WINDOW);
        while (client_room(c)) {
            pdu_init(&p, SMPP_DELIVER_SM, 0, 0);
            if (!client_deliver(c, &p, 1, NULL))
                break;
            delivered++;
        }
    }
    clients_hold(s, 1);
    clients_release(s, 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[64];
    int pair[2];
    if (size < 1 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
        return 0;
    log_set_level(LEVEL_ERROR);
    clock_fake(fake_mono, fake_wall);
    now.us += 1000000;
    if (!loop)
        loop = loop_create();
    struct clients_settings settings;
    clients_settings_default(&settings);
    struct clients *s =
        clients_create(loop, &settings, &ops, NULL, error, sizeof error);
    must(loop && s);
    choice = data[0];
    delivered = spoken_for = 0;
    clients_take(s, pair[0], false);
    turn(s);
    size_t step = choice >> 3 ? choice >> 3 : size;
    for (size_t at = 1; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        if (send(pair[1], data + at, n, MSG_NOSIGNAL) < 0)
            break;
        turn(s);
    }
    turn(s);
    close(pair[1]);
    for (int i = 0; i < 8; i++) {
        now.us += 100000; /* what is put off is offered again */
        turn(s);
    }
    /* One that is not read because the flow takes nothing has yet to notice
     * that its peer has gone. */
    bool stuck = (choice & 6) == 2 || (choice & 6) == 4;
    must(clients_count(s) == 0 || stuck);
    must(clients_count(s) > 0 || delivered == spoken_for);
    clients_destroy(s);
    loop_turn(loop, 0);
    return 0;
}
