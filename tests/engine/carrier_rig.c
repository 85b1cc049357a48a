/*
 * carrier_rig.c - the centre, the flow and the turns between them.
 */
#include "tests/engine/carrier_rig.h"

#include <stdio.h>

struct centre centre;
struct heard flow;
struct loop *loop;
struct listener *listener;
struct mono fake_now;
struct carrier_settings settings;
struct carrier *carrier;

static struct mono
fake_mono(void)
{
    return fake_now;
}

static struct wall
fake_wall(void)
{
    return (struct wall){1700000000000 + fake_now.us / 1000};
}

/* --- the centre --- */

static void
seat_opened(void *owner)
{
    struct seat *x = owner;
    x->live = true;
    centre.live++;
    if (centre.live > centre.live_peak)
        centre.live_peak = centre.live;
}

static void
seat_bind(void *owner, enum session_mode mode, const struct pdu *bind)
{
    struct seat *x = owner;
    x->mode = mode;
    x->version = (uint8_t)pdu_u32(bind, FIELD_INTERFACE_VERSION);
    if (centre.silent_bind)
        return;
    uint32_t status = centre.bind_status;
    if (centre.refuse_version && x->version != centre.refuse_version)
        status = 0;
    x->bound = status == 0;
    session_bind_answer(x->s, status, "centre");
}

static void
note_arrival(void)
{
    if (centre.at_n == centre.at_cap) {
        centre.at_cap = centre.at_cap ? centre.at_cap * 2 : 4096;
        centre.at = realloc(centre.at, centre.at_cap * sizeof *centre.at);
    }
    centre.at[centre.at_n++] = fake_now.us;
}

static enum session_take
seat_request(void *owner, const struct pdu *p)
{
    struct seat *x = owner;
    x->submits++;
    centre.submits++;
    note_arrival();
    if (centre.mute) {
        x->unanswered[x->unanswered_n++ % PARTS_MAX] = p->sequence;
        return SESSION_TAKEN;
    }
    uint32_t status = centre.status;
    if (centre.limit &&
        second_count(&centre.accepted, fake_now) >= centre.limit) {
        status = ESME_RTHROTTLED;
        centre.throttled++;
    } else {
        second_add(&centre.accepted, fake_now, 1);
    }
    char id[16];
    snprintf(id, sizeof id, "ID%llu", (unsigned long long)centre.submits);
    return session_answer(x->s, p->id, p->sequence, status, slice_str(id))
               ? SESSION_TAKEN
               : SESSION_LATER;
}

static void
seat_answered(void *owner, const struct session_note *note,
              const struct pdu *answer, bool late)
{
    (void)owner, (void)note, (void)late;
    centre.delivered += answer->status == 0;
}

static void
seat_closed(void *owner, enum close_reason why, const char *detail)
{
    (void)why, (void)detail;
    struct seat *x = owner;
    x->s = NULL;
    x->bound = false;
    centre.live -= x->live;
    x->live = false;
}

static const struct session_ops seat_ops = {
    .opened = seat_opened,
    .bind_asked = seat_bind,
    .request = seat_request,
    .answered = seat_answered,
    .closed = seat_closed,
};

void
rig_accept(void *arg, int fd)
{
    (void)arg;
    ck_assert_uint_lt(centre.seats, CENTRE_MAX);
    struct seat *x = &centre.seat[centre.seats++];
    struct conn_settings how = {.unheld = true};
    struct session_settings s;
    session_settings_default(&s, SESSION_SMSC);
    s.window = 1000;
    x->s = session_accept(loop, fd, &how, &s, &seat_ops, x);
}

bool
rig_deliver(struct seat *x)
{
    static struct pdu p;
    pdu_init(&p, SMPP_DELIVER_SM, 0, 0);
    pdu_set_slice(&p, FIELD_SOURCE_ADDR, slice_str("12125550199"));
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_str("yes"));
    struct session_note n = {{0}};
    return session_request(x->s, &p, &n, NULL) != 0;
}

/* --- the flow --- */

static void
flow_answered(void *arg, struct carrier *c, unsigned bind,
              const struct part_ref *part, uint32_t status,
              enum verdict verdict, struct slice smsc_id, bool late)
{
    (void)arg, (void)c, (void)bind;
    flow.answered++;
    flow.late += late;
    flow.status = status;
    flow.verdict = verdict;
    flow.message = part->message;
    slice_to_str(smsc_id, flow.id, sizeof flow.id);
    if (!late)
        flow.seen[part->message % PARTS_MAX]++;
}

static void
flow_lost(void *arg, struct carrier *c, unsigned bind,
          const struct part_ref *part, enum part_loss loss)
{
    (void)arg, (void)c, (void)bind;
    flow.lost[loss]++;
    flow.message = part->message;
    flow.seen[part->message % PARTS_MAX]++;
}

static uint32_t
flow_delivered(void *arg, struct carrier *c, unsigned bind, uint64_t session,
               const struct pdu *pdu)
{
    (void)arg, (void)c, (void)bind, (void)pdu;
    flow.delivered++;
    flow.delivered_session = session;
    return flow.deliver_answer;
}

static void
flow_changed(void *arg, struct carrier *c, unsigned bind,
             enum carrier_state before, enum carrier_state now)
{
    (void)arg, (void)c, (void)bind, (void)before;
    flow.changed++;
    flow.state = now;
}

const struct carrier_ops flow_ops = {flow_answered, flow_lost, flow_delivered,
                                     flow_changed};

uint64_t position;

void
rig_turn(void)
{
    loop_turn(loop, 0);
    for (unsigned i = 0; i < centre.seats; i++)
        if (centre.seat[i].s)
            session_tick(centre.seat[i].s, fake_now);
    if (!carrier)
        return;
    carrier_tick(carrier, fake_now);
    carrier_hold(carrier, ++position);
    carrier_release(carrier, position);
}

void
rig_turns(int n)
{
    while (n-- > 0)
        rig_turn();
}

void
rig_pass_ms(unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        fake_now.us += 1000;
        rig_turn();
    }
}

void
rig_leap_ms(uint64_t ms)
{
    fake_now.us += ms * 1000;
    rig_turns(10);
}

unsigned
rig_bound_binds(void)
{
    struct bind_view v;
    struct carrier_view w;
    carrier_look(carrier, &w);
    unsigned n = 0;
    for (unsigned i = 0; i < w.binds; i++) {
        carrier_look_bind(carrier, i, &v);
        n += strcmp(v.state, "bound") == 0;
    }
    return n;
}

void
rig_await_bound(unsigned n)
{
    for (int i = 0; i < 2000 && rig_bound_binds() < n; i++)
        rig_pass_ms(1);
    ck_assert_uint_eq(rig_bound_binds(), n);
}

int
rig_submit(uint64_t message, int hint)
{
    static struct pdu p;
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 0);
    pdu_set_slice(&p, FIELD_SOURCE_ADDR, slice_str("12125550101"));
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_str("12125550199"));
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_str("hello"));
    struct part_ref part = {.message = message, .parts = 1};
    return carrier_submit(carrier, &p, &part, hint, fake_now);
}

uint64_t
rig_fill(uint64_t next)
{
    unsigned room = carrier_room(carrier, fake_now);
    for (; room > 0; room--)
        ck_assert_int_ge(rig_submit(next++, -1), 0);
    return next;
}

void
rig_set_up(void)
{
    char error[128];
    fake_now.us = 5000000;
    clock_fake(fake_mono, fake_wall);
    loop = loop_create();
    listener = listener_open(loop, "127.0.0.1:0", rig_accept, NULL, error,
                             sizeof error);
    memset(&centre, 0, sizeof centre);
    memset(&flow, 0, sizeof flow);
    carrier_settings_default(&settings);
    settings.name = "acme";
    settings.host = "127.0.0.1";
    settings.port = listener_port(listener);
    settings.system_id = "volley";
    settings.password = "secret";
    settings.window = 100;
    carrier = NULL;
    position = 0;
}

void
rig_tear_down(void)
{
    carrier_destroy(carrier);
    carrier = NULL;
    for (unsigned i = 0; i < centre.seats; i++)
        if (centre.seat[i].s)
            session_orphan(centre.seat[i].s);
    centre.seats = 0;
    listener_close(listener);
    rig_turns(5);
    loop_destroy(loop);
    free(centre.at);
    clock_fake(NULL, NULL);
}

void
rig_create(void)
{
    carrier =
        carrier_create(loop, &settings, &flow_ops, NULL, (struct mono){0});
    ck_assert_ptr_nonnull(carrier);
}
