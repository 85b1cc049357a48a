/*
 * session.c - paths of the wire: both ends of a conversation in one loop.
 *
 * A socket pair carries the octets, since what is written there can be read
 * at once: the number of turns is the same in each run.
 */
#include "engine/session/session.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "bench/paths/paths.h"
#include "engine/core/loop.h"

enum { WINDOW = 100, TURNS_MAX = 64, TEXT_BYTES = 140 };

struct end {
    struct session *s;
    bool bound;
    unsigned heard; /* requests, or answers */
};

static struct end esme, smsc;
static struct loop *loop;
static uint64_t now_us = 1000000;

static struct mono
still_mono(void)
{
    return (struct mono){now_us};
}

static struct wall
still_wall(void)
{
    return (struct wall){now_us / 1000};
}

static void
on_opened(void *owner)
{
    struct session_login login = {.system_id = "volley", .password = "secret"};
    if (owner == &esme)
        session_bind(esme.s, SESSION_TRANSCEIVER, &login);
}

static void
on_bind_asked(void *owner, enum session_mode mode, const struct pdu *bind)
{
    struct end *x = owner;
    (void)mode, (void)bind;
    session_bind_answer(x->s, ESME_ROK, "smsc");
}

static void
on_bound(void *owner, const struct pdu *answer)
{
    struct end *x = owner;
    (void)answer;
    x->bound = true;
}

static enum session_take
on_request(void *owner, const struct pdu *p)
{
    struct end *x = owner;
    x->heard++;
    paths_need(session_answer(x->s, p->id, p->sequence, ESME_ROK,
                              slice_str("5f0e9a7c21d84b36")));
    return SESSION_TAKEN;
}

static void
on_answered(void *owner, const struct session_note *note,
            const struct pdu *answer, bool late)
{
    struct end *x = owner;
    paths_need(!late && answer->status == ESME_ROK);
    paths_use(note->word[0]);
    x->heard++;
}

static void
on_closed(void *owner, enum close_reason why, const char *detail)
{
    (void)owner, (void)why, (void)detail;
    paths_need(!"the conversation goes on");
}

static const struct session_ops ops = {
    .opened = on_opened,
    .bind_asked = on_bind_asked,
    .bound = on_bound,
    .request = on_request,
    .answered = on_answered,
    .closed = on_closed,
};

static struct session *
open_end(int fd, enum session_side side, struct end *owner)
{
    /* The ESME holds its output for the store, as the engine does. */
    struct conn_settings how = {.unheld = side == SESSION_SMSC};
    struct session_settings s;
    session_settings_default(&s, side);
    s.window = WINDOW;
    paths_need(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    struct session *made = session_accept(loop, fd, &how, &s, &ops, owner);
    paths_need(made);
    return made;
}

static void
turn(uint64_t pos)
{
    now_us += 1000;
    if (pos) {
        session_hold(esme.s, pos);
        session_release(esme.s, pos);
    }
    loop_turn(loop, 0);
    session_tick(esme.s, loop_mono(loop));
    session_tick(smsc.s, loop_mono(loop));
}

static void
open_both(void)
{
    int fd[2];
    paths_need(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
    clock_fake(still_mono, still_wall);
    loop = loop_create();
    paths_need(loop);
    esme.s = open_end(fd[0], SESSION_ESME, &esme);
    smsc.s = open_end(fd[1], SESSION_SMSC, &smsc);
    for (unsigned i = 0; !esme.bound; i++) {
        paths_need(i < TURNS_MAX);
        turn(0);
    }
}

static void
close_both(void)
{
    session_orphan(esme.s);
    session_orphan(smsc.s);
    loop_turn(loop, 0);
    loop_destroy(loop);
}

static void
submit_one(unsigned i)
{
    static struct pdu p;
    static uint8_t text[TEXT_BYTES];
    struct session_note note = {{i}};
    memset(text, 'a', sizeof text);
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 0);
    pdu_set_u32(&p, FIELD_SOURCE_ADDR_TON, 1);
    pdu_set_u32(&p, FIELD_SOURCE_ADDR_NPI, 1);
    pdu_set_slice(&p, FIELD_SOURCE_ADDR, slice_str("12125550101"));
    pdu_set_u32(&p, FIELD_DEST_ADDR_TON, 1);
    pdu_set_u32(&p, FIELD_DEST_ADDR_NPI, 1);
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_str("14155550123"));
    pdu_set_u32(&p, FIELD_REGISTERED_DELIVERY, 1);
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_of(text, sizeof text));
    paths_need(session_request(esme.s, &p, &note, NULL) != 0);
}

static void
wire(unsigned count)
{
    open_both();
    for (unsigned sent = 0; sent < count;) {
        while (sent < count && session_room(esme.s))
            submit_one(sent++);
        for (unsigned i = 0; esme.heard < sent; i++) {
            paths_need(i < TURNS_MAX);
            turn(sent);
        }
    }
    paths_need(smsc.heard == count);
    close_both();
}

const struct path paths_session[] = {
    {"wire", 5000, wire, "submit and its answer between two sessions"},
    {0},
};
