/*
 * test_carrier.c - tests engine/carrier/carrier.h against an SMSC made of
 * sessions, over loopback, under a fake clock.
 */
#include "engine/carrier/carrier.h"

#include <stdio.h>

#include "engine/carrier/settings.h"
#include "engine/carrier/throttle.h"
#include "engine/core/listen.h"
#include "engine/core/loop.h"
#include "engine/session/session.h"
#include "tests/engine/run_suite.h"

enum { CENTRE_MAX = 64, PARTS_MAX = 4096 };

/* One connection as the centre sees it. */
struct seat {
    struct session *s;
    bool live, bound;
    enum session_mode mode;
    uint8_t version;
    unsigned submits;
    uint32_t unanswered[PARTS_MAX];
    unsigned unanswered_n;
};

/* How the centre behaves. */
static struct {
    struct seat seat[CENTRE_MAX];
    unsigned seats; /* ever */
    unsigned live, live_peak;
    uint32_t bind_status;
    uint8_t refuse_version; /* binds that name it, with bind_status */
    bool mute;              /* submits are not answered */
    bool silent_bind;       /* nor are binds */
    uint32_t status;        /* of answers */
    unsigned limit;         /* accepts so many a second; 0: all */
    struct second accepted;
    uint64_t submits, throttled, delivered;
    uint64_t *at; /* when each submit came, us */
    size_t at_n, at_cap;
} centre;

static struct loop *loop;
static struct listener *listener;
static struct mono fake_now;
static struct carrier_settings settings;
static struct carrier *carrier;

/* What the flow heard. */
static struct {
    unsigned answered, late, lost[3], delivered, changed;
    uint32_t status;
    enum verdict verdict;
    char id[32];
    uint64_t message;
    uint8_t seen[PARTS_MAX]; /* words about each message */
    uint32_t deliver_answer;
    enum carrier_state state;
    uint64_t delivered_session;
} flow;

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

static void
on_accepted(void *arg, int fd)
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

static bool
deliver(struct seat *x)
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

static const struct carrier_ops flow_ops = {flow_answered, flow_lost,
                                            flow_delivered, flow_changed};

/* One turn of an engine: everything handed over is durable at once. */
static uint64_t position;

static void
turn(void)
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

static void
turns(int n)
{
    while (n-- > 0)
        turn();
}

/* The fake clock goes on in steps of a millisecond. */
static void
pass_ms(unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        fake_now.us += 1000;
        turn();
    }
}

/* Far, in few steps, for long waits. */
static void
leap_ms(uint64_t ms)
{
    fake_now.us += ms * 1000;
    turns(10);
}

static unsigned
bound_binds(void)
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

static void
await_bound(unsigned n)
{
    for (int i = 0; i < 2000 && bound_binds() < n; i++)
        pass_ms(1);
    ck_assert_uint_eq(bound_binds(), n);
}

static int
submit(uint64_t message, int hint)
{
    static struct pdu p;
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 0);
    pdu_set_slice(&p, FIELD_SOURCE_ADDR, slice_str("12125550101"));
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_str("12125550199"));
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_str("hello"));
    struct part_ref part = {.message = message, .parts = 1};
    return carrier_submit(carrier, &p, &part, hint, fake_now);
}

/* Fills whatever room there is; the next message number is returned. */
static uint64_t
fill(uint64_t next)
{
    unsigned room = carrier_room(carrier, fake_now);
    for (; room > 0; room--)
        ck_assert_int_ge(submit(next++, -1), 0);
    return next;
}

static void
set_up(void)
{
    char error[128];
    fake_now.us = 5000000;
    clock_fake(fake_mono, fake_wall);
    loop = loop_create();
    listener = listener_open(loop, "127.0.0.1:0", on_accepted, NULL, error,
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

static void
tear_down(void)
{
    carrier_destroy(carrier);
    carrier = NULL;
    for (unsigned i = 0; i < centre.seats; i++)
        if (centre.seat[i].s)
            session_orphan(centre.seat[i].s);
    centre.seats = 0;
    listener_close(listener);
    turns(5);
    loop_destroy(loop);
    free(centre.at);
    clock_fake(NULL, NULL);
}

static void
create(void)
{
    carrier =
        carrier_create(loop, &settings, &flow_ops, NULL, (struct mono){0});
    ck_assert_ptr_nonnull(carrier);
}

/* --- binds --- */

START_TEST(all_binds_come_up_and_the_carrier_is_up)
{
    settings.binds = 3;
    create();
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_DOWN);
    await_bound(3);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
    ck_assert_uint_eq(centre.seats, 3);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 300);
}
END_TEST

START_TEST(a_pair_sends_by_its_transmitter_alone)
{
    settings.bind = CARRIER_BIND_PAIR;
    settings.binds = 2;
    create();
    await_bound(4);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 200);
    for (uint64_t m = 0; m < 50; m++)
        ck_assert_int_eq(submit(m, 1) % 2, 0);
    pass_ms(20);
    ck_assert_uint_eq(flow.answered, 50);
    for (unsigned i = 0; i < centre.seats; i++)
        if (centre.seat[i].mode == SESSION_RECEIVER)
            ck_assert_uint_eq(centre.seat[i].submits, 0);
}
END_TEST

START_TEST(a_wrong_password_is_tried_again_after_five_minutes)
{
    centre.bind_status = ESME_RINVPASWD;
    create();
    pass_ms(200);
    ck_assert_uint_eq(centre.seats, 1);
    struct bind_view v;
    carrier_look_bind(carrier, 0, &v);
    ck_assert_str_eq(v.state, "down");
    ck_assert_msg(strstr(v.last_error, "0x0E ESME_RINVPASWD") != NULL, "%s",
                  v.last_error);
    leap_ms(299000);
    ck_assert_uint_eq(centre.seats, 1);
    leap_ms(32000);
    pass_ms(20);
    ck_assert_uint_eq(centre.seats, 2);
}
END_TEST

START_TEST(already_bound_waits_thirty_seconds_and_doubles)
{
    centre.bind_status = ESME_RALYBND;
    create();
    pass_ms(200);
    ck_assert_uint_eq(centre.seats, 1);
    leap_ms(29500);
    ck_assert_uint_eq(centre.seats, 1);
    leap_ms(4000);
    pass_ms(20);
    ck_assert_uint_eq(centre.seats, 2);
    leap_ms(59000);
    ck_assert_uint_eq(centre.seats, 2);
    leap_ms(8000);
    pass_ms(20);
    ck_assert_uint_eq(centre.seats, 3);
}
END_TEST

START_TEST(after_5_0_is_refused_3_4_is_offered_soon)
{
    settings.version = SMPP_V50;
    centre.bind_status = ESME_RINVSYSID;
    centre.refuse_version = SMPP_V50;
    create();
    for (int i = 0; i < 4000 && bound_binds() < 1; i++)
        pass_ms(1);
    ck_assert_uint_eq(bound_binds(), 1);
    ck_assert_uint_eq(centre.seats, 2);
    ck_assert_uint_eq(centre.seat[1].version, SMPP_V34);
}
END_TEST

START_TEST(one_bind_never_has_two_sockets)
{
    centre.silent_bind = true; /* each try ends by the bind timer */
    settings.binds = 2;
    create();
    for (int i = 0; i < 60; i++) {
        leap_ms(1500);
        pass_ms(5);
    }
    ck_assert_uint_gt(centre.seats, 4);
    ck_assert_uint_le(centre.live_peak, 2);
}
END_TEST

START_TEST(reconnects_are_spread_and_bounded)
{
    uint16_t port = settings.port;
    listener_close(listener); /* nobody listens */
    turns(1);
    create();
    unsigned tries[2] = {0, 0};
    struct bind_view v;
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 3000; i++) {
            fake_now.us += 100000;
            turns(3);
        }
        carrier_look_bind(carrier, 0, &v);
        tries[half] = (unsigned)v.reconnects;
    }
    ck_assert_msg(strstr(v.last_error, "refused") != NULL, "%s", v.last_error);
    /* 300 s at 30 to 60 s each, after doubling from 1 s. */
    unsigned second = tries[1] - tries[0];
    ck_assert_uint_ge(second, 4);
    ck_assert_uint_le(second, 11);
    char where[32], error[64];
    snprintf(where, sizeof where, "127.0.0.1:%u", port);
    listener =
        listener_open(loop, where, on_accepted, NULL, error, sizeof error);
    ck_assert_ptr_nonnull(listener);
    for (int i = 0; i < 700 && bound_binds() < 1; i++) {
        fake_now.us += 100000;
        turns(5);
    }
    ck_assert_uint_eq(bound_binds(), 1);
}
END_TEST

START_TEST(a_lost_bind_degrades_the_carrier_and_comes_back)
{
    settings.binds = 2;
    create();
    await_bound(2);
    session_close(centre.seat[0].s, CLOSE_ASKED, NULL, false);
    pass_ms(20);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_DEGRADED);
    ck_assert_int_eq(flow.state, CARRIER_DEGRADED);
    await_bound(2);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
}
END_TEST

START_TEST(a_drain_waits_for_answers_then_unbinds)
{
    create();
    await_bound(1);
    centre.mute = true;
    submit(1, -1);
    pass_ms(10);
    carrier_close(carrier, true);
    pass_ms(50);
    ck_assert(!carrier_is_closed(carrier));
    ck_assert(session_answer(centre.seat[0].s, SMPP_SUBMIT_SM,
                             centre.seat[0].unanswered[0], 0, slice_str("a")));
    pass_ms(50);
    ck_assert(carrier_is_closed(carrier));
    ck_assert_uint_eq(flow.answered, 1);
    ck_assert_uint_eq(flow.lost[LOSS_UNKNOWN], 0);
}
END_TEST

/* --- parts --- */

START_TEST(a_part_is_answered_with_its_id_and_verdict)
{
    create();
    await_bound(1);
    ck_assert_int_eq(submit(42, -1), 0);
    pass_ms(10);
    ck_assert_uint_eq(flow.answered, 1);
    ck_assert_uint_eq(flow.message, 42);
    ck_assert_str_eq(flow.id, "ID1");
    ck_assert_int_eq(flow.verdict, VERDICT_OK);
    centre.status = 0x0B;
    submit(43, -1);
    pass_ms(10);
    ck_assert_int_eq(flow.verdict, VERDICT_FAIL);
    ck_assert_uint_eq(flow.status, 0x0B);
}
END_TEST

START_TEST(in_flight_never_exceeds_the_window)
{
    settings.window = 7;
    settings.binds = 2;
    create();
    await_bound(2);
    centre.mute = true;
    uint64_t m = fill(0);
    ck_assert_uint_eq(m, 14);
    ck_assert_int_eq(submit(99, -1), -1);
    pass_ms(10);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 0);
    ck_assert_uint_eq(carrier_room_at(carrier, fake_now).us, UINT64_MAX);
    ck_assert_uint_eq(centre.seat[0].submits, 7);
    ck_assert_uint_eq(centre.seat[1].submits, 7);
}
END_TEST

START_TEST(the_parts_of_a_message_keep_to_one_bind)
{
    settings.binds = 4;
    create();
    await_bound(4);
    int bind = submit(1, -1);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(submit(1, bind), bind);
    int other = submit(2, -1);
    ck_assert_int_ne(other, bind);
}
END_TEST

START_TEST(nothing_leaves_before_its_position_is_durable)
{
    create();
    await_bound(1);
    submit(1, -1);
    carrier_hold(carrier, ++position);
    for (int i = 0; i < 20; i++) { /* turns of an engine whose store stalls */
        fake_now.us += 1000;
        loop_turn(loop, 0);
        carrier_tick(carrier, fake_now);
        carrier_release(carrier, position - 1);
    }
    ck_assert_uint_eq(centre.submits, 0);
    carrier_release(carrier, position);
    pass_ms(5);
    ck_assert_uint_eq(centre.submits, 1);
}
END_TEST

START_TEST(a_part_that_cannot_be_encoded_is_told_apart)
{
    create();
    await_bound(1);
    static struct pdu p;
    char far[80];
    memset(far, '1', sizeof far);
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 0);
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_of(far, sizeof far));
    struct part_ref part = {.message = 1};
    ck_assert_int_eq(carrier_submit(carrier, &p, &part, -1, fake_now),
                     CARRIER_CANNOT_ENCODE);
    ck_assert_int_eq(submit(2, -1), 0);
}
END_TEST

START_TEST(each_part_gets_exactly_one_word_back)
{
    settings.binds = 3;
    create();
    await_bound(3);
    uint64_t m = 0;
    for (int round = 0; round < 40; round++) {
        centre.mute = round % 3 == 0;
        m = fill(m);
        pass_ms(3);
        for (unsigned i = 0; i < centre.seats && round % 7 == 6; i++)
            if (centre.seat[i].s) /* all die at once */
                session_close(centre.seat[i].s, CLOSE_ASKED, NULL, false);
        for (int i = 0; i < 200 && bound_binds() < 3; i++)
            pass_ms(10);
    }
    carrier_close(carrier, false);
    for (int i = 0; i < 200 && !carrier_is_closed(carrier); i++)
        pass_ms(1);
    ck_assert(carrier_is_closed(carrier));
    ck_assert_uint_gt(m, 1000);
    ck_assert_uint_lt(m, PARTS_MAX);
    for (uint64_t i = 0; i < m; i++)
        ck_assert_msg(flow.seen[i] == 1, "message %llu: %u words",
                      (unsigned long long)i, flow.seen[i]);
    ck_assert_uint_gt(flow.lost[LOSS_UNKNOWN], 0);
}
END_TEST

START_TEST(a_timed_out_part_frees_its_slot_and_may_be_answered_late)
{
    settings.window = 1;
    settings.timers.stall_ms = 0;
    create();
    await_bound(1);
    centre.mute = true;
    submit(7, -1);
    pass_ms(5);
    leap_ms(59000);
    ck_assert_uint_eq(flow.lost[LOSS_TIMED_OUT], 0);
    leap_ms(1100);
    ck_assert_uint_eq(flow.lost[LOSS_TIMED_OUT], 1);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 1);
    ck_assert(session_answer(centre.seat[0].s, SMPP_SUBMIT_SM,
                             centre.seat[0].unanswered[0], 0,
                             slice_str("late")));
    pass_ms(10);
    ck_assert_uint_eq(flow.late, 1);
    ck_assert_str_eq(flow.id, "late");
    ck_assert_uint_eq(flow.message, 7);
}
END_TEST

START_TEST(a_status_that_stops_the_bind_closes_and_reopens_it)
{
    create();
    await_bound(1);
    centre.status = ESME_RINVBNDSTS;
    submit(1, -1);
    pass_ms(50);
    ck_assert_int_eq(flow.verdict, VERDICT_STOP_BIND);
    ck_assert_uint_eq(bound_binds(), 0);
    centre.status = 0;
    await_bound(1);
    ck_assert_uint_eq(centre.seats, 2);
}
END_TEST

START_TEST(a_stalled_bind_is_recycled)
{
    create();
    await_bound(1);
    centre.mute = true;
    submit(1, -1);
    carrier_set_backlog(carrier, 1000);
    for (int i = 0; i < 88; i++)
        leap_ms(1000); /* enquire_link is answered all the while */
    ck_assert_uint_eq(centre.seats, 1);
    leap_ms(2000);
    pass_ms(50);
    struct bind_view v;
    carrier_look_bind(carrier, 0, &v);
    ck_assert_msg(strstr(v.last_error, "stalled") != NULL, "%s", v.last_error);
    await_bound(1);
    ck_assert_uint_eq(centre.seats, 2);
}
END_TEST

START_TEST(an_idle_bind_is_not_called_stalled)
{
    create();
    await_bound(1);
    carrier_set_backlog(carrier, 1000); /* waiting for a number's rate, say */
    for (int i = 0; i < 200; i++)
        leap_ms(1000);
    ck_assert_uint_eq(centre.seats, 1);
}
END_TEST

START_TEST(a_paused_carrier_sends_nothing_and_still_listens)
{
    create();
    await_bound(1);
    carrier_pause(carrier, true);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 0);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_PAUSED);
    ck_assert(deliver(&centre.seat[0]));
    pass_ms(10);
    ck_assert_uint_eq(flow.delivered, 1);
    carrier_pause(carrier, false);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
    ck_assert_uint_gt(carrier_room(carrier, fake_now), 0);
}
END_TEST

/* --- deliveries --- */

START_TEST(a_delivery_is_answered_only_when_durable)
{
    create();
    await_bound(1);
    ck_assert(deliver(&centre.seat[0]));
    for (int i = 0; i < 50 && !flow.delivered; i++) {
        loop_turn(loop, 0);
        carrier_tick(carrier, fake_now);
    }
    ck_assert_uint_eq(flow.delivered, 1);
    carrier_hold(carrier, ++position);
    for (int i = 0; i < 10; i++)
        loop_turn(loop, 0);
    ck_assert_uint_eq(centre.delivered, 0);
    carrier_release(carrier, position);
    pass_ms(5);
    ck_assert_uint_eq(centre.delivered, 1);
}
END_TEST

START_TEST(a_delivery_that_cannot_be_stored_is_offered_again)
{
    create();
    await_bound(1);
    flow.deliver_answer = CARRIER_NO_ANSWER_NOW;
    ck_assert(deliver(&centre.seat[0]));
    pass_ms(50);
    ck_assert_uint_gt(flow.delivered, 2);
    ck_assert_uint_eq(centre.delivered, 0);
    flow.deliver_answer = 0;
    pass_ms(20);
    ck_assert_uint_eq(centre.delivered, 1);
}
END_TEST

START_TEST(two_connections_have_two_session_numbers)
{
    settings.binds = 2;
    create();
    await_bound(2);
    ck_assert(deliver(&centre.seat[0]));
    pass_ms(10);
    uint64_t first = flow.delivered_session;
    ck_assert(deliver(&centre.seat[1]));
    pass_ms(10);
    ck_assert_uint_ne(flow.delivered_session, first);
}
END_TEST

/* --- rates --- */

/* The most arrivals in any second, stepped by arrivals. */
static size_t
worst_second(size_t from)
{
    size_t a = from, worst = 0;
    for (size_t b = from; b < centre.at_n; b++) {
        while (centre.at[b] - centre.at[a] >= 1000000)
            a++;
        if (b - a + 1 > worst)
            worst = b - a + 1;
    }
    return worst;
}

START_TEST(the_rate_holds_in_every_second_also_over_reconnects)
{
    settings.rate = 200;
    settings.binds = 2;
    create();
    await_bound(2);
    uint64_t m = 0;
    for (int ms = 0; ms < 12000; ms++) {
        m = fill(m);
        pass_ms(1);
        if (ms % 2500 == 2000)
            for (unsigned i = 0; i < centre.seats; i++)
                if (centre.seat[i].s)
                    session_close(centre.seat[i].s, CLOSE_ASKED, NULL, false);
    }
    ck_assert_uint_le(worst_second(0), 200);
    ck_assert_uint_gt(centre.at_n, 1000);
}
END_TEST

START_TEST(the_mean_is_within_one_percent_of_the_rate)
{
    settings.rate = 500;
    create();
    await_bound(1);
    uint64_t m = 0;
    for (int ms = 0; ms < 30000; ms++) {
        m = fill(m);
        pass_ms(1);
    }
    ck_assert_uint_le(worst_second(0), 500);
    ck_assert_uint_gt(centre.at_n, 500 * 30 * 99 / 100);
}
END_TEST

START_TEST(nothing_is_sent_before_the_time_given)
{
    settings.rate = 100;
    carrier = carrier_create(loop, &settings, &flow_ops, NULL,
                             mono_add_ms(fake_now, 3000));
    await_bound(1);
    ck_assert_uint_eq(carrier_room(carrier, fake_now), 0);
    leap_ms(3000);
    ck_assert_uint_gt(carrier_room(carrier, fake_now), 0);
}
END_TEST

START_TEST(throttling_finds_the_carriers_own_limit)
{
    settings.rate = 1000;
    centre.limit = 500;
    create();
    await_bound(1);
    uint64_t m = 0, before = 0, refused_before = 0;
    for (int ms = 0; ms < 40000; ms++) {
        if (ms == 10000) {
            before = centre.submits;
            refused_before = centre.throttled;
        }
        m = fill(m);
        pass_ms(1);
    }
    uint64_t sent = centre.submits - before;
    uint64_t refused = centre.throttled - refused_before;
    uint64_t good = sent - refused;
    ck_assert_msg(good >= 475 * 30 && good <= 500 * 30 + 50, "%llu accepted",
                  (unsigned long long)good);
    ck_assert_msg(centre.throttled * 50 < centre.submits, "%llu of %llu",
                  (unsigned long long)centre.throttled,
                  (unsigned long long)centre.submits);
    centre.limit = 0; /* the carrier recovers */
    for (int ms = 0; ms < 60000; ms++) {
        m = fill(m);
        pass_ms(1);
    }
    struct carrier_view v;
    carrier_look(carrier, &v);
    ck_assert_uint_eq(v.rate_limit, 1000);
}
END_TEST

/* --- settings --- */

START_TEST(a_new_rate_keeps_the_binds)
{
    create();
    await_bound(1);
    static struct carrier_settings other;
    other = settings;
    other.rate = 50;
    ck_assert(carrier_reload(carrier, &other));
    pass_ms(20);
    ck_assert_uint_eq(centre.seats, 1);
    ck_assert_uint_le(carrier_room(carrier, fake_now), 50);
}
END_TEST

START_TEST(a_new_password_makes_new_binds)
{
    create();
    await_bound(1);
    static struct carrier_settings other;
    other = settings;
    other.password = "other";
    ck_assert(!carrier_reload(carrier, &other));
    pass_ms(50);
    await_bound(1);
    ck_assert_uint_eq(centre.seats, 2);
}
END_TEST

START_TEST(more_and_fewer_binds_are_opened_and_closed)
{
    settings.binds = 2;
    create();
    await_bound(2);
    static struct carrier_settings more, fewer;
    more = fewer = settings;
    more.binds = 4;
    fewer.binds = 1;
    ck_assert(carrier_reload(carrier, &more));
    await_bound(4);
    ck_assert(carrier_reload(carrier, &fewer));
    for (int i = 0; i < 100; i++)
        pass_ms(1);
    ck_assert_uint_eq(bound_binds(), 1);
    ck_assert_uint_eq(centre.live, 1);
    ck_assert_int_eq(carrier_get_state(carrier), CARRIER_UP);
}
END_TEST

START_TEST(a_rebind_by_a_person_recycles_all)
{
    settings.binds = 2;
    create();
    await_bound(2);
    carrier_rebind(carrier);
    pass_ms(100);
    await_bound(2);
    ck_assert_uint_eq(centre.seats, 4);
    ck_assert_uint_le(centre.live_peak, 2);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("carrier");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, all_binds_come_up_and_the_carrier_is_up);
    tcase_add_test(t, a_pair_sends_by_its_transmitter_alone);
    tcase_add_test(t, a_wrong_password_is_tried_again_after_five_minutes);
    tcase_add_test(t, already_bound_waits_thirty_seconds_and_doubles);
    tcase_add_test(t, after_5_0_is_refused_3_4_is_offered_soon);
    tcase_add_test(t, one_bind_never_has_two_sockets);
    tcase_add_test(t, reconnects_are_spread_and_bounded);
    tcase_add_test(t, a_lost_bind_degrades_the_carrier_and_comes_back);
    tcase_add_test(t, a_drain_waits_for_answers_then_unbinds);
    tcase_add_test(t, a_part_is_answered_with_its_id_and_verdict);
    tcase_add_test(t, in_flight_never_exceeds_the_window);
    tcase_add_test(t, the_parts_of_a_message_keep_to_one_bind);
    tcase_add_test(t, nothing_leaves_before_its_position_is_durable);
    tcase_add_test(t, a_part_that_cannot_be_encoded_is_told_apart);
    tcase_add_test(t, each_part_gets_exactly_one_word_back);
    tcase_add_test(t, a_timed_out_part_frees_its_slot_and_may_be_answered_late);
    tcase_add_test(t, a_status_that_stops_the_bind_closes_and_reopens_it);
    tcase_add_test(t, a_stalled_bind_is_recycled);
    tcase_add_test(t, an_idle_bind_is_not_called_stalled);
    tcase_add_test(t, a_paused_carrier_sends_nothing_and_still_listens);
    tcase_add_test(t, a_delivery_is_answered_only_when_durable);
    tcase_add_test(t, a_delivery_that_cannot_be_stored_is_offered_again);
    tcase_add_test(t, two_connections_have_two_session_numbers);
    tcase_add_test(t, the_rate_holds_in_every_second_also_over_reconnects);
    tcase_add_test(t, the_mean_is_within_one_percent_of_the_rate);
    tcase_add_test(t, nothing_is_sent_before_the_time_given);
    tcase_add_test(t, throttling_finds_the_carriers_own_limit);
    tcase_add_test(t, a_new_rate_keeps_the_binds);
    tcase_add_test(t, a_new_password_makes_new_binds);
    tcase_add_test(t, more_and_fewer_binds_are_opened_and_closed);
    tcase_add_test(t, a_rebind_by_a_person_recycles_all);
    return run_suite("carrier", t);
}
