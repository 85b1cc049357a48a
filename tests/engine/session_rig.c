/*
 * session_rig.c - the two ends, the raw peer and the clock.
 */
#include "tests/engine/session_rig.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/core/listen.h"

struct loop *loop;
static struct listener *listener;
struct side esme, smsc;
struct session_settings smsc_settings, esme_settings;
uint32_t bind_answer; /* what the SMSC says to binds */
bool hold_bind;
int raw = -1; /* the raw peer's socket */
bool raw_wanted;
static struct mono fake_now;

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
on_opened(void *owner)
{
    struct side *x = owner;
    x->opened = true;
    if (x != &esme)
        return;
    struct session_login login = {.system_id = "volley", .password = "secret"};
    session_bind(x->s, x->mode, &login);
}

static void
on_bind_asked(void *owner, enum session_mode mode, const struct pdu *bind)
{
    struct side *x = owner;
    x->asked = true;
    x->mode = mode;
    slice_to_str(pdu_slice(bind, FIELD_SYSTEM_ID), x->system_id,
                 sizeof x->system_id);
    slice_to_str(pdu_slice(bind, FIELD_PASSWORD), x->password,
                 sizeof x->password);
    if (!hold_bind)
        session_bind_answer(x->s, bind_answer, "smsc");
}

static void
on_bound(void *owner, const struct pdu *answer)
{
    struct side *x = owner;
    x->bound = true;
    if (answer)
        slice_to_str(pdu_slice(answer, FIELD_SYSTEM_ID), x->system_id,
                     sizeof x->system_id);
}

static void
on_refused(void *owner, uint32_t status)
{
    struct side *x = owner;
    x->refused = true;
    x->status = status;
}

static enum session_take
on_request(void *owner, const struct pdu *p)
{
    struct side *x = owner;
    if (x->later) {
        x->later--;
        return SESSION_LATER;
    }
    if (x->requests < HEARD) {
        x->request_id[x->requests] = p->id;
        x->request_seq[x->requests] = p->sequence;
    }
    x->requests++;
    if (x->answer_now) {
        char id[16];
        snprintf(id, sizeof id, "m%u", x->requests);
        ck_assert(session_answer(x->s, p->id, p->sequence, x->answer_with,
                                 slice_str(id)));
    }
    return SESSION_TAKEN;
}

static void
on_answered(void *owner, const struct session_note *note,
            const struct pdu *answer, bool late)
{
    struct side *x = owner;
    if (x->answers < HEARD) {
        x->note[x->answers] = note->word[0];
        x->answer_status[x->answers] = answer->status;
        slice_to_str(pdu_slice(answer, FIELD_MESSAGE_ID), x->id[x->answers],
                     20);
    }
    x->answers++;
    x->late += late;
}

static void
on_lost(void *owner, const struct session_note *note, enum session_loss loss)
{
    struct side *x = owner;
    if (x->lost < HEARD) {
        x->lost_note[x->lost] = note->word[0];
        x->loss[x->lost] = loss;
    }
    x->lost++;
}

static void
on_closed(void *owner, enum close_reason why, const char *detail)
{
    struct side *x = owner;
    ck_assert(!x->closed);
    x->closed = true;
    x->why = why;
    snprintf(x->detail, sizeof x->detail, "%s", detail);
    x->s = NULL;
}

static const struct session_ops ops = {
    .opened = on_opened,
    .bind_asked = on_bind_asked,
    .bound = on_bound,
    .refused = on_refused,
    .request = on_request,
    .answered = on_answered,
    .lost = on_lost,
    .closed = on_closed,
};

static void
on_accepted(void *arg, int fd)
{
    (void)arg;
    if (raw_wanted) {
        raw = fd;
        return;
    }
    struct conn_settings how = {.unheld = true};
    smsc.s = session_accept(loop, fd, &how, &smsc_settings, &ops, &smsc);
}

void
rig_turns(int n)
{
    for (int i = 0; i < n; i++) {
        loop_turn(loop, 1);
        if (esme.s)
            session_tick(esme.s, loop_mono(loop));
        if (smsc.s)
            session_tick(smsc.s, loop_mono(loop));
    }
}

bool
rig_until(const bool *flag)
{
    for (int i = 0; i < 1000 && !*flag; i++)
        rig_turns(1);
    return *flag;
}

void
rig_pass_ms(uint64_t ms)
{
    fake_now.us += ms * 1000;
    rig_turns(8);
}

void
rig_set_up(void)
{
    char error[128];
    fake_now.us = 1000000000;
    clock_fake(fake_mono, fake_wall);
    loop = loop_create();
    listener = listener_open(loop, "127.0.0.1:0", on_accepted, NULL, error,
                             sizeof error);
    esme = (struct side){.mode = SESSION_TRANSCEIVER};
    smsc = (struct side){.answer_now = true};
    session_settings_default(&smsc_settings, SESSION_SMSC);
    session_settings_default(&esme_settings, SESSION_ESME);
    bind_answer = 0;
    hold_bind = raw_wanted = false;
    raw = -1;
}

void
rig_tear_down(void)
{
    if (esme.s)
        session_orphan(esme.s);
    if (smsc.s)
        session_orphan(smsc.s);
    if (raw >= 0)
        close(raw);
    listener_close(listener);
    esme.s = smsc.s = NULL;
    rig_turns(4);
    loop_destroy(loop);
    clock_fake(NULL, NULL);
}

void
rig_dial_how(bool unheld)
{
    struct conn_settings where = {
        .host = "127.0.0.1", .port = listener_port(listener), .unheld = unheld};
    esme.s = session_dial(loop, &where, &esme_settings, &ops, &esme);
    ck_assert_ptr_nonnull(esme.s);
}

void
rig_bind_both(void)
{
    rig_dial_how(true);
    ck_assert(rig_until(&esme.bound));
    ck_assert(rig_until(&smsc.bound));
}

uint32_t
rig_submit(struct session *s, uint64_t note)
{
    static struct pdu p;
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 0);
    pdu_set_slice(&p, FIELD_SOURCE_ADDR, slice_str("12125550101"));
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_str("12125550199"));
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_str("hello"));
    struct session_note n = {{note}};
    return session_request(s, &p, &n, NULL);
}

/* --- a raw peer --- */

void
rig_raw_put(const char *hex)
{
    uint8_t bytes[512];
    size_t n = sizeof bytes;
    ck_assert(bytes_from_hex(slice_str(hex), bytes, &n));
    ck_assert_int_eq(send(raw, bytes, n, 0), (ssize_t)n);
    /* Until the other end of the kernel has it. */
    for (int i = 0, left = 1; i < 100000 && left > 0; i++) {
        ck_assert_int_eq(ioctl(raw, SIOCOUTQ, &left), 0);
        sched_yield();
    }
    rig_turns(4);
}

const char *
rig_raw_get(size_t n)
{
    static char hex[1024];
    uint8_t bytes[500];
    size_t got = 0;
    for (int i = 0; i < 200 && got < n; i++) {
        ssize_t r = recv(raw, bytes + got, n - got, MSG_DONTWAIT);
        if (r > 0)
            got += (size_t)r;
        else
            rig_turns(1);
    }
    return bytes_to_hex(slice_of(bytes, got), hex);
}

bool
rig_raw_is_at_end(void)
{
    uint8_t b;
    for (int i = 0; i < 200; i++) {
        ssize_t r = recv(raw, &b, 1, MSG_DONTWAIT);
        if (r == 0)
            return true;
        rig_turns(1);
    }
    return false;
}

void
rig_bind_to_raw(void)
{
    raw_wanted = true;
    rig_dial_how(true);
    ck_assert(rig_until(&esme.opened));
    for (int i = 0; i < 100 && raw < 0; i++)
        rig_turns(1);
    /* SMPP 3.4, 4.1.5: system_id, password, system_type, version, TON, NPI,
     * address_range. */
    ck_assert_str_eq(rig_raw_get(35),
                     "00000023000000090000000000000001766f6c6c657900"
                     "736563726574000034000000");
    rig_raw_put("00000011 80000009 00000000 00000001 00");
    ck_assert(esme.bound);
}

void
rig_connect_raw_to_smsc(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(listener_port(listener)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    raw = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(raw, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert(rig_until(&smsc.opened));
}
