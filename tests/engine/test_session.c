/*
 * test_session.c - tests engine/session/session.h: an ESME and an SMSC over
 * loopback, and a raw peer that writes octets by hand. Time is faked where a
 * deadline matters.
 */
#include "engine/session/session.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/core/listen.h"
#include "engine/core/loop.h"
#include "tests/engine/run_suite.h"

enum { HEARD = 64 };

struct side {
    struct session *s;
    bool opened, bound, refused, closed, asked;
    enum session_mode mode;
    uint32_t status;
    enum close_reason why;
    char detail[200];
    char system_id[32], password[16];
    /* requests */
    unsigned requests, later;
    uint32_t request_id[HEARD], request_seq[HEARD];
    bool answer_now;
    uint32_t answer_with;
    /* answers */
    unsigned answers, late;
    uint64_t note[HEARD];
    uint32_t answer_status[HEARD];
    char id[HEARD][20];
    unsigned lost;
    uint64_t lost_note[HEARD];
    enum session_loss loss[HEARD];
};

static struct loop *loop;
static struct listener *listener;
static struct side esme, smsc;
static struct session_settings smsc_settings, esme_settings;
static uint32_t bind_answer; /* what the SMSC says to binds */
static bool hold_bind;
static int raw = -1; /* the raw peer's socket */
static bool raw_wanted;
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

static void
turns(int n)
{
    for (int i = 0; i < n; i++) {
        loop_turn(loop, 1);
        if (esme.s)
            session_tick(esme.s, loop_mono(loop));
        if (smsc.s)
            session_tick(smsc.s, loop_mono(loop));
    }
}

static bool
until(const bool *flag)
{
    for (int i = 0; i < 1000 && !*flag; i++)
        turns(1);
    return *flag;
}

/* Moves the fake clock on and lets everything happen that is due. */
static void
pass_ms(uint64_t ms)
{
    fake_now.us += ms * 1000;
    turns(8);
}

static void
set_up(void)
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

static void
tear_down(void)
{
    if (esme.s)
        session_orphan(esme.s);
    if (smsc.s)
        session_orphan(smsc.s);
    if (raw >= 0)
        close(raw);
    listener_close(listener);
    esme.s = smsc.s = NULL;
    turns(4);
    loop_destroy(loop);
    clock_fake(NULL, NULL);
}

static void
dial_how(bool unheld)
{
    struct conn_settings where = {
        .host = "127.0.0.1", .port = listener_port(listener), .unheld = unheld};
    esme.s = session_dial(loop, &where, &esme_settings, &ops, &esme);
    ck_assert_ptr_nonnull(esme.s);
}

static void
bind_both(void)
{
    dial_how(true);
    ck_assert(until(&esme.bound));
    ck_assert(until(&smsc.bound));
}

static uint32_t
submit(struct session *s, uint64_t note)
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

static void
raw_put(const char *hex)
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
    turns(4);
}

/* Reads exactly n octets as hex; the sequence number stands in it. */
static const char *
raw_get(size_t n)
{
    static char hex[1024];
    uint8_t bytes[500];
    size_t got = 0;
    for (int i = 0; i < 200 && got < n; i++) {
        ssize_t r = recv(raw, bytes + got, n - got, MSG_DONTWAIT);
        if (r > 0)
            got += (size_t)r;
        else
            turns(1);
    }
    return bytes_to_hex(slice_of(bytes, got), hex);
}

/* True when the session closed the connection. */
static bool
raw_is_at_end(void)
{
    uint8_t b;
    for (int i = 0; i < 200; i++) {
        ssize_t r = recv(raw, &b, 1, MSG_DONTWAIT);
        if (r == 0)
            return true;
        turns(1);
    }
    return false;
}

/* An ESME session bound to a raw SMSC. */
static void
bind_to_raw(void)
{
    raw_wanted = true;
    dial_how(true);
    ck_assert(until(&esme.opened));
    for (int i = 0; i < 100 && raw < 0; i++)
        turns(1);
    /* SMPP 3.4, 4.1.5: system_id, password, system_type, version, TON, NPI,
     * address_range. */
    ck_assert_str_eq(raw_get(35),
                     "00000023000000090000000000000001766f6c6c657900"
                     "736563726574000034000000");
    raw_put("00000011 80000009 00000000 00000001 00");
    ck_assert(esme.bound);
}

static void
connect_raw_to_smsc(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(listener_port(listener)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    raw = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(raw, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert(until(&smsc.opened));
}

#define BIND_TRX                                                               \
    "00000023 00000009 00000000 00000001 766f6c6c657900 73656372657400"        \
    " 00 34 00 00 00 "

/* --- binding --- */

START_TEST(a_bind_is_asked_and_accepted)
{
    bind_both();
    ck_assert_str_eq(smsc.system_id, "volley");
    ck_assert_str_eq(smsc.password, "secret");
    ck_assert_str_eq(esme.system_id, "smsc");
    ck_assert_int_eq(smsc.mode, SESSION_TRANSCEIVER);
    ck_assert_uint_eq(session_version(esme.s), SMPP_V34);
    ck_assert_uint_eq(session_version(smsc.s), SMPP_V34);
}
END_TEST

START_TEST(the_lower_version_is_agreed_on)
{
    static const struct {
        uint8_t esme, smsc, agreed;
    } rows[] = {{0x50, 0x50, 0x50},
                {0x50, 0x34, 0x34},
                {0x34, 0x50, 0x34},
                {0x33, 0x50, 0x33}};
    esme_settings.version = rows[_i].esme;
    smsc_settings.version = rows[_i].smsc;
    esme.mode = SESSION_TRANSMITTER; /* 3.3 has no transceiver */
    bind_both();
    ck_assert_uint_eq(session_version(esme.s), rows[_i].agreed);
    ck_assert_uint_eq(session_version(smsc.s), rows[_i].agreed);
}
END_TEST

START_TEST(a_refused_bind_is_told_with_its_status)
{
    bind_answer = ESME_RINVPASWD;
    dial_how(true);
    ck_assert(until(&esme.refused));
    ck_assert_uint_eq(esme.status, ESME_RINVPASWD);
    ck_assert(until(&esme.closed));
    ck_assert(!esme.bound);
}
END_TEST

START_TEST(a_nack_refuses_a_bind_too)
{
    raw_wanted = true;
    dial_how(true);
    ck_assert(until(&esme.opened));
    raw_get(35);
    raw_put("00000010 80000000 00000004 00000001");
    ck_assert(until(&esme.refused));
    ck_assert_uint_eq(esme.status, ESME_RINVBNDSTS);
    ck_assert(until(&esme.closed));
}
END_TEST

START_TEST(a_bind_answer_without_a_body_binds)
{
    raw_wanted = true;
    dial_how(true);
    ck_assert(until(&esme.opened));
    raw_get(35);
    raw_put("00000010 80000009 00000000 00000001");
    ck_assert(until(&esme.bound));
}
END_TEST

START_TEST(a_bind_without_an_answer_times_out)
{
    hold_bind = true;
    smsc_settings.bind_ms = 0;
    dial_how(true);
    ck_assert(until(&smsc.asked));
    pass_ms(9999);
    ck_assert(!esme.closed);
    pass_ms(2);
    ck_assert(until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_NO_ANSWER);
}
END_TEST

START_TEST(nobody_who_binds_not_in_time_stays)
{
    connect_raw_to_smsc();
    pass_ms(4990);
    ck_assert(!smsc.closed);
    pass_ms(20);
    ck_assert(until(&smsc.closed));
    ck_assert_int_eq(smsc.why, CLOSE_NO_ANSWER);
}
END_TEST

START_TEST(after_a_refusal_another_bind_may_be_tried)
{
    connect_raw_to_smsc();
    bind_answer = ESME_RINVPASWD;
    raw_put(BIND_TRX);
    ck_assert_str_eq(raw_get(16), "00000010800000090000000e00000001");
    bind_answer = 0;
    raw_put(BIND_TRX);
    ck_assert(smsc.bound);
}
END_TEST

START_TEST(a_second_bind_is_refused_and_changes_nothing)
{
    connect_raw_to_smsc();
    raw_put(BIND_TRX);
    /* system_id "smsc", sc_interface_version 5.0 */
    ck_assert_str_eq(raw_get(26),
                     "0000001a800000090000000000000001736d73630002100001"
                     "50");
    raw_put("00000023 00000009 00000000 00000002 766f6c6c657900"
            "73656372657400 00 34 00 00 00 ");
    ck_assert_str_eq(raw_get(16), "00000010800000090000000500000002");
    ck_assert(session_is_bound(smsc.s));
}
END_TEST

START_TEST(traffic_before_the_bind_is_refused)
{
    connect_raw_to_smsc();
    raw_put("00000010 00000015 00000000 00000007"); /* enquire_link: answered */
    ck_assert_str_eq(raw_get(16), "00000010800000150000000000000007");
    raw_put("00000010 00000004 00000000 00000008");
    ck_assert_str_eq(raw_get(16), "00000010800000040000000400000008");
    ck_assert_uint_eq(smsc.requests, 0);
}
END_TEST

START_TEST(a_receiver_may_not_submit)
{
    esme.mode = SESSION_RECEIVER;
    bind_both();
    ck_assert_uint_ne(submit(esme.s, 5), 0);
    for (int i = 0; i < 100 && !esme.answers; i++)
        turns(1);
    ck_assert_uint_eq(esme.answer_status[0], ESME_RINVBNDSTS);
    ck_assert_uint_eq(smsc.requests, 0);
}
END_TEST

/* --- requests and answers --- */

START_TEST(answers_come_back_with_their_notes)
{
    bind_both();
    for (uint64_t i = 0; i < 10; i++)
        ck_assert_uint_ne(submit(esme.s, 100 + i), 0);
    ck_assert_uint_eq(session_in_flight(esme.s), 10);
    ck_assert_uint_eq(session_room(esme.s), 0);
    ck_assert_uint_eq(submit(esme.s, 999), 0); /* the window is full */
    for (int i = 0; i < 200 && esme.answers < 10; i++)
        turns(1);
    ck_assert_uint_eq(esme.answers, 10);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(esme.note[i], 100 + i);
    ck_assert_str_eq(esme.id[3], "m4");
    ck_assert_uint_eq(session_in_flight(esme.s), 0);
}
END_TEST

START_TEST(answers_out_of_order_pair_by_number)
{
    bind_to_raw();
    submit(esme.s, 1); /* sequence 2 */
    submit(esme.s, 2);
    submit(esme.s, 3);
    turns(4);
    raw_put("00000012 80000004 00000000 00000004 6300");
    raw_put("00000012 80000004 00000000 00000002 6100");
    raw_put("00000012 80000004 00000000 00000003 6200");
    ck_assert_uint_eq(esme.answers, 3);
    ck_assert_uint_eq(esme.note[0], 3);
    ck_assert_str_eq(esme.id[0], "c");
    ck_assert_uint_eq(esme.note[1], 1);
    ck_assert_str_eq(esme.id[1], "a");
}
END_TEST

START_TEST(an_answer_of_another_kind_leaves_the_request_waiting)
{
    bind_to_raw();
    submit(esme.s, 1);
    turns(4);
    raw_put("00000010 80000003 00000000 00000002"); /* query_sm_resp */
    raw_put("00000010 80000004 00000000 00000063"); /* nobody's number */
    ck_assert_uint_eq(esme.answers, 0);
    ck_assert_uint_eq(session_counts(esme.s)->unpaired, 2);
    raw_put("00000010 80000004 00000000 00000002");
    ck_assert_uint_eq(esme.answers, 1);
    raw_put("00000010 80000004 00000000 00000002"); /* twice */
    ck_assert_uint_eq(esme.answers, 1);
}
END_TEST

START_TEST(a_nack_answers_by_number_alone)
{
    bind_to_raw();
    submit(esme.s, 1);
    turns(4);
    raw_put("00000010 80000000 00000003 00000002");
    ck_assert_uint_eq(esme.answers, 1);
    ck_assert_uint_eq(esme.answer_status[0], ESME_RINVCMDID);
}
END_TEST

START_TEST(an_answer_with_a_broken_body_still_pairs)
{
    bind_to_raw();
    submit(esme.s, 1);
    turns(4);
    /* A TLV that runs past the PDU, and an id without NUL before it. */
    raw_put("00000016 80000004 00000000 00000002 616263 64 0401");
    ck_assert_uint_eq(esme.answers, 1);
    ck_assert_uint_eq(esme.answer_status[0], 0);
    ck_assert(!esme.closed);
}
END_TEST

START_TEST(a_request_not_answered_in_time_is_lost_and_may_come_late)
{
    bind_to_raw();
    submit(esme.s, 77);
    turns(4);
    raw_get(60);
    pass_ms(29000); /* traffic keeps the link alive */
    raw_put("00000010 00000015 00000000 00000001");
    pass_ms(29000);
    raw_put("00000010 00000015 00000000 00000002");
    pass_ms(1990);
    ck_assert_uint_eq(esme.lost, 0);
    pass_ms(20);
    ck_assert_uint_eq(esme.lost, 1);
    ck_assert_int_eq(esme.loss[0], SESSION_TIMED_OUT);
    ck_assert_uint_eq(esme.lost_note[0], 77);
    ck_assert_uint_eq(session_in_flight(esme.s), 0);
    raw_put("00000012 80000004 00000000 00000002 6100");
    ck_assert_uint_eq(esme.late, 1);
    ck_assert_uint_eq(esme.note[0], 77);
    raw_put("00000012 80000004 00000000 00000002 6100");
    ck_assert_uint_eq(esme.answers, 1);
}
END_TEST

START_TEST(a_death_tells_the_sent_from_the_unsent)
{
    raw_wanted = true;
    dial_how(false); /* held */
    ck_assert(until(&esme.opened));
    raw_get(35);
    raw_put("00000011 80000009 00000000 00000001 00");
    submit(esme.s, 1);
    session_hold(esme.s, 10);
    submit(esme.s, 2);
    session_hold(esme.s, 11);
    submit(esme.s, 3);
    session_release(esme.s, 10);
    turns(4);
    close(raw);
    raw = -1;
    ck_assert(until(&esme.closed));
    ck_assert_uint_eq(esme.lost, 3);
    ck_assert_uint_eq(esme.lost_note[0], 1);
    ck_assert_int_eq(esme.loss[0], SESSION_UNKNOWN);
    ck_assert_int_eq(esme.loss[1], SESSION_NOT_SENT);
    ck_assert_int_eq(esme.loss[2], SESSION_NOT_SENT);
}
END_TEST

START_TEST(a_pdu_that_breaks_a_rule_is_refused_and_takes_no_slot)
{
    bind_both();
    static struct pdu p;
    pdu_init(&p, SMPP_SUBMIT_SM, 0, 0);
    char far[80];
    memset(far, '1', sizeof far);
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_of(far, sizeof far));
    struct session_note n = {{0}};
    enum pdu_fault fault;
    ck_assert_uint_eq(session_request(esme.s, &p, &n, &fault), 0);
    ck_assert_int_eq(fault, PDU_FIELD_TOO_LONG);
    ck_assert_uint_eq(session_in_flight(esme.s), 0);
    ck_assert_uint_ne(submit(esme.s, 1), 0);
}
END_TEST

START_TEST(requests_of_the_peer_are_answered_by_the_owner)
{
    bind_to_raw();
    esme.answer_now = false;
    /* deliver_sm with nothing in it, 3.4, 4.6.1 */
    raw_put("00000021 00000005 00000000 00000009"
            "00 0000 00 0000 00 000000 00 00 00 00 00 00 00");
    ck_assert_uint_eq(esme.requests, 1);
    ck_assert_uint_eq(esme.request_id[0], SMPP_DELIVER_SM);
    ck_assert(session_answer(esme.s, SMPP_DELIVER_SM, 9, 0, slice_of(NULL, 0)));
    ck_assert_str_eq(raw_get(17), "0000001180000005000000000000000900");
    ck_assert(session_answer(esme.s, SMPP_DELIVER_SM, 0xFFFFFFFF,
                             ESME_RX_T_APPN, slice_of(NULL, 0)));
    ck_assert_str_eq(raw_get(16), "000000108000000500000064ffffffff");
}
END_TEST

START_TEST(a_request_put_off_is_offered_again_and_nothing_is_lost)
{
    bind_both();
    smsc.later = 3;
    for (uint64_t i = 0; i < 10; i++)
        submit(esme.s, i);
    for (int i = 0; i < 20; i++)
        pass_ms(5);
    ck_assert_uint_eq(smsc.requests, 10);
    ck_assert_uint_eq(esme.answers, 10);
    ck_assert_uint_eq(smsc.request_seq[0] + 9, smsc.request_seq[9]);
}
END_TEST

START_TEST(a_paused_session_hears_nothing_until_it_goes_on)
{
    bind_both();
    session_pause(smsc.s, true);
    submit(esme.s, 1);
    turns(10);
    ck_assert_uint_eq(smsc.requests, 0);
    session_pause(smsc.s, false);
    for (int i = 0; i < 100 && !esme.answers; i++)
        turns(1);
    ck_assert_uint_eq(smsc.requests, 1);
}
END_TEST

/* --- rules of the stream --- */

START_TEST(an_unknown_command_gets_a_nack_and_the_stream_goes_on)
{
    bind_to_raw();
    raw_put("00000014 00000777 00000000 00000005 01020304");
    ck_assert_str_eq(raw_get(16), "00000010800000000000000300000005");
    raw_put("00000014 80000777 00000000 00000006 01020304"); /* no answer */
    raw_put("00000010 00000015 00000000 00000007");
    ck_assert_str_eq(raw_get(16), "00000010800000150000000000000007");
}
END_TEST

static const char *const bad_lengths[] = {
    "0000000f 00000015 00000000 00000001",
    "00000000 00000015 00000000 00000001",
    "7fffffff 00000015 00000000 00000001",
    "00010001 00000015 00000000 00000001",
};

START_TEST(a_bad_length_is_nacked_and_ends_the_connection)
{
    bind_to_raw();
    raw_put(bad_lengths[_i]);
    ck_assert_str_eq(raw_get(16), "00000010800000000000000200000000");
    ck_assert(raw_is_at_end());
    close(raw);
    raw = -1;
    ck_assert(until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_FRAMING);
}
END_TEST

START_TEST(tls_at_a_plain_port_is_named)
{
    connect_raw_to_smsc();
    raw_put("160301020001");
    close(raw);
    raw = -1;
    ck_assert(until(&smsc.closed));
    ck_assert_ptr_nonnull(strstr(smsc.detail, "TLS"));
}
END_TEST

START_TEST(half_a_pdu_is_not_waited_for_for_ever)
{
    bind_to_raw();
    raw_put("00000020 00000005 0000");
    pass_ms(9990);
    ck_assert(!esme.closed);
    pass_ms(20);
    close(raw);
    raw = -1;
    ck_assert(until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_FRAMING);
}
END_TEST

START_TEST(a_pdu_cut_at_every_octet_is_heard_once)
{
    bind_to_raw();
    static const char pdu[] = "00000021000000050000000000000009"
                              "0000000000000000000000000000000000";
    for (size_t i = 0; i < 33; i++) {
        char one[3] = {pdu[i * 2], pdu[i * 2 + 1], 0};
        raw_put(one);
    }
    ck_assert_uint_eq(esme.requests, 1);
}
END_TEST

START_TEST(a_malformed_request_costs_that_request_alone)
{
    bind_to_raw();
    /* deliver_sm whose sm_length overruns */
    raw_put("00000021 00000005 00000000 00000009"
            "00 0000 00 0000 00 000000 00 00 00 00 00 00 7f");
    ck_assert_str_eq(raw_get(16), "00000010800000050000000100000009");
    ck_assert_uint_eq(esme.requests, 0);
    ck_assert(session_is_bound(esme.s));
}
END_TEST

START_TEST(a_nack_of_our_framing_ends_the_session)
{
    bind_to_raw();
    raw_put("00000010 80000000 00000002 00000000");
    close(raw);
    raw = -1;
    ck_assert(until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_FRAMING);
}
END_TEST

/* --- keeping alive --- */

START_TEST(silence_brings_enquire_link_and_then_the_end)
{
    bind_to_raw();
    pass_ms(29999);
    pass_ms(2);
    ck_assert_str_eq(raw_get(16), "00000010000000150000000000000002");
    pass_ms(9990);
    ck_assert(!esme.closed);
    pass_ms(20);
    ck_assert(until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_NO_ANSWER);
}
END_TEST

START_TEST(any_pdu_is_a_sign_of_life)
{
    bind_to_raw();
    for (int i = 0; i < 5; i++) {
        pass_ms(30001);
        raw_get(16);
        raw_put("00000010 80000000 00000003 00000002"); /* a nack will do */
    }
    ck_assert(!esme.closed);
}
END_TEST

START_TEST(a_peer_that_need_not_answer_is_asked_all_the_same)
{
    esme_settings.enquire_unanswered = true;
    bind_to_raw();
    for (int i = 0; i < 6; i++)
        pass_ms(30001);
    ck_assert(!esme.closed);
    ck_assert_str_eq(raw_get(16), "00000010000000150000000000000002");
    ck_assert_str_eq(raw_get(16), "00000010000000150000000000000003");
}
END_TEST

START_TEST(two_sessions_keep_each_other_alive)
{
    bind_both();
    for (int i = 0; i < 100; i++)
        pass_ms(5000);
    ck_assert(!esme.closed);
    ck_assert(!smsc.closed);
}
END_TEST

/* --- the end --- */

START_TEST(unbind_waits_for_answers_then_closes_both_ends)
{
    bind_both();
    smsc.answer_now = false;
    submit(esme.s, 1);
    turns(5);
    session_unbind(esme.s, 5000);
    ck_assert_uint_eq(submit(esme.s, 2), 0);
    turns(10);
    ck_assert(!esme.closed);
    ck_assert_int_eq(session_get_state(esme.s), SESSION_DRAINING);
    ck_assert(session_answer(smsc.s, SMPP_SUBMIT_SM, smsc.request_seq[0], 0,
                             slice_str("x")));
    pass_ms(2);
    pass_ms(2);
    ck_assert(until(&esme.closed));
    ck_assert(until(&smsc.closed));
    ck_assert_uint_eq(esme.answers, 1);
    ck_assert_uint_eq(esme.lost, 0);
    ck_assert_int_eq(esme.why, CLOSE_ASKED);
    ck_assert_str_eq(smsc.detail, "unbound by the peer");
}
END_TEST

START_TEST(unbind_does_not_wait_for_ever)
{
    bind_to_raw();
    submit(esme.s, 1);
    session_unbind(esme.s, 2000);
    pass_ms(2001);
    pass_ms(1);
    ck_assert_int_eq(session_get_state(esme.s), SESSION_UNBINDING);
    pass_ms(5001);
    close(raw);
    raw = -1;
    ck_assert(until(&esme.closed));
    ck_assert_uint_eq(esme.lost, 1);
    ck_assert_int_eq(esme.loss[0], SESSION_UNKNOWN);
}
END_TEST

START_TEST(the_peers_unbind_is_answered_before_the_close)
{
    bind_to_raw();
    raw_put("00000010 00000006 00000000 0000000a");
    ck_assert_str_eq(raw_get(16), "0000001080000006000000000000000a");
    ck_assert(raw_is_at_end());
    close(raw);
    raw = -1;
    ck_assert(until(&esme.closed));
    ck_assert_int_eq(esme.why, CLOSE_PEER);
}
END_TEST

START_TEST(unbinds_that_cross_end_well)
{
    bind_to_raw();
    session_unbind(esme.s, 0);
    pass_ms(2);
    ck_assert_str_eq(raw_get(16), "00000010000000060000000000000002");
    raw_put("00000010 00000006 00000000 0000000a");
    ck_assert_str_eq(raw_get(16), "0000001080000006000000000000000a");
    ck_assert(raw_is_at_end());
}
END_TEST

START_TEST(an_orphan_tells_nobody)
{
    bind_both();
    submit(esme.s, 1);
    session_orphan(esme.s);
    esme.s = NULL;
    turns(10);
    ck_assert(!esme.closed);
    ck_assert_uint_eq(esme.lost, 0);
    ck_assert(until(&smsc.closed));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("session");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, a_bind_is_asked_and_accepted);
    tcase_add_loop_test(t, the_lower_version_is_agreed_on, 0, 4);
    tcase_add_test(t, a_refused_bind_is_told_with_its_status);
    tcase_add_test(t, a_nack_refuses_a_bind_too);
    tcase_add_test(t, a_bind_answer_without_a_body_binds);
    tcase_add_test(t, a_bind_without_an_answer_times_out);
    tcase_add_test(t, nobody_who_binds_not_in_time_stays);
    tcase_add_test(t, after_a_refusal_another_bind_may_be_tried);
    tcase_add_test(t, a_second_bind_is_refused_and_changes_nothing);
    tcase_add_test(t, traffic_before_the_bind_is_refused);
    tcase_add_test(t, a_receiver_may_not_submit);
    tcase_add_test(t, answers_come_back_with_their_notes);
    tcase_add_test(t, answers_out_of_order_pair_by_number);
    tcase_add_test(t, an_answer_of_another_kind_leaves_the_request_waiting);
    tcase_add_test(t, a_nack_answers_by_number_alone);
    tcase_add_test(t, an_answer_with_a_broken_body_still_pairs);
    tcase_add_test(t, a_request_not_answered_in_time_is_lost_and_may_come_late);
    tcase_add_test(t, a_death_tells_the_sent_from_the_unsent);
    tcase_add_test(t, a_pdu_that_breaks_a_rule_is_refused_and_takes_no_slot);
    tcase_add_test(t, requests_of_the_peer_are_answered_by_the_owner);
    tcase_add_test(t, a_request_put_off_is_offered_again_and_nothing_is_lost);
    tcase_add_test(t, a_paused_session_hears_nothing_until_it_goes_on);
    tcase_add_test(t, an_unknown_command_gets_a_nack_and_the_stream_goes_on);
    tcase_add_loop_test(t, a_bad_length_is_nacked_and_ends_the_connection, 0,
                        4);
    tcase_add_test(t, tls_at_a_plain_port_is_named);
    tcase_add_test(t, half_a_pdu_is_not_waited_for_for_ever);
    tcase_add_test(t, a_pdu_cut_at_every_octet_is_heard_once);
    tcase_add_test(t, a_malformed_request_costs_that_request_alone);
    tcase_add_test(t, a_nack_of_our_framing_ends_the_session);
    tcase_add_test(t, silence_brings_enquire_link_and_then_the_end);
    tcase_add_test(t, any_pdu_is_a_sign_of_life);
    tcase_add_test(t, a_peer_that_need_not_answer_is_asked_all_the_same);
    tcase_add_test(t, two_sessions_keep_each_other_alive);
    tcase_add_test(t, unbind_waits_for_answers_then_closes_both_ends);
    tcase_add_test(t, unbind_does_not_wait_for_ever);
    tcase_add_test(t, the_peers_unbind_is_answered_before_the_close);
    tcase_add_test(t, unbinds_that_cross_end_well);
    tcase_add_test(t, an_orphan_tells_nobody);
    return run_suite("session", t);
}
