/*
 * test_client_traffic.c - tests engine/client/client.h: requests, answers,
 * what is delivered, windows, and what waits for the store. Octets are
 * written by hand from the specification.
 */
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/engine/client_rig.h"

#define ANSWER(sequence) "00000012800000040000000000000" sequence "3700"

/* --- requests --- */

START_TEST(an_answer_leaves_when_the_store_has_passed_it)
{
    rig_durable = false;
    rig_pos = 5;
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, RIG_SUBMIT("00000002"));
    ck_assert_uint_eq(flow.requests, 1);
    ck_assert_uint_eq(flow.request_id[0], SMPP_SUBMIT_SM);
    clients_release(server, 4);
    ck_assert(rig_is_silent(fd));
    /* enquire_link is not held up by it */
    rig_put(fd, "00000010 00000015 00000000 00000003");
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000150000000000000003");
    clients_release(server, 5);
    ck_assert_str_eq(rig_get(fd, 18), ANSWER("002"));
}
END_TEST

START_TEST(an_error_is_answered_without_a_body)
{
    flow.answer_with = ESME_RINVDSTADR;
    int fd = rig_bind(RIG_BIND_TX);
    rig_put(fd, RIG_SUBMIT("7fffffff"));
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000040000000b7fffffff");
    struct client_view v;
    client_look(flow.client, &v);
    ck_assert_uint_eq(v.requests, 1);
    ck_assert_uint_eq(v.answered_bad, 1);
    ck_assert_uint_eq(v.last_status, ESME_RINVDSTADR);
}
END_TEST

/* What the server answers by itself. */
static const struct {
    const char *bind, *ask, *answer;
} own[] = {
    /* a receiver may not submit: 0x04 */
    {RIG_BIND_RX, RIG_SUBMIT("00000002"), "00000010800000040000000400000002"},
    {RIG_BIND_RX, "00000010 00000003 00000000 00000002",
     "00000010800000030000000400000002"},
    /* nobody knows 0x200: generic_nack 0x03 */
    {RIG_BIND_TRX, "00000010 00000200 00000000 00000005",
     "00000010800000000000000300000005"},
    /* broadcast_sm, query_broadcast_sm, cancel_broadcast_sm: 0x03 */
    {RIG_BIND("00000009", "50"),
     "00000022 00000111 00000000 00000006 00 00 00 00 00 00 00 00 00 00 00 "
     "0601 0003 000000",
     "00000010800001110000000300000006"},
    {RIG_BIND("00000009", "50"),
     "00000014 00000112 00000000 00000006 00 00 00 00",
     "00000010800001120000000300000006"},
    {RIG_BIND("00000009", "50"),
     "00000015 00000113 00000000 00000006 00 00 00 00 00",
     "00000010800001130000000300000006"},
    /* deliver_sm is ours to send: 0x03 */
    {RIG_BIND_TRX,
     "00000021 00000005 00000000 00000006 00 00 00 00 00 00 00 00 00 00 00 "
     "00 00 00 00 00 00",
     "00000010800000050000000300000006"},
    /* query_last_msgs of 3.3 */
    {RIG_BIND_TRX, "00000014 00000023 00000000 00000006 00 00 00 00",
     "00000010800000230000000300000006"},
    /* sm_length beyond the end: 0x01 */
    {RIG_BIND_TRX,
     "0000002b 00000004 00000000 00000007 00 00 00 3130303000 00 00 "
     "3230303000 00 00 00 00 00 01 00 00 00 ff 6869",
     "00000010800000040000000100000007"},
    /* a submit_sm of a header alone */
    {RIG_BIND_TRX, "00000010 00000004 00000000 00000008",
     "00000010800000040000000200000008"},
};

START_TEST(what_is_not_for_the_flow_is_refused)
{
    int fd = rig_bind(own[_i].bind);
    rig_put(fd, own[_i].ask);
    ck_assert_str_eq(rig_get(fd, 16), own[_i].answer);
    ck_assert_uint_eq(flow.requests, 0);
    /* and nothing else has happened to it */
    rig_put(fd, "00000010 00000015 00000000 00000009");
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000150000000000000009");
    ck_assert(client_is_bound(flow.client));
}
END_TEST

START_TEST(six_commands_are_for_the_flow)
{
    static const struct {
        const char *ask;
        uint32_t id;
    } rows[] = {
        {RIG_SUBMIT("00000002"), SMPP_SUBMIT_SM},
        {"00000014 00000003 00000000 00000002 00 00 00 00", SMPP_QUERY_SM},
        {"00000018 00000008 00000000 00000002 00 00 00 00 00 00 00 00",
         SMPP_CANCEL_SM},
        {"00000019 00000007 00000000 00000002 00 00 00 00 00 00 00 00 00",
         SMPP_REPLACE_SM},
        {"0000001a 00000103 00000000 00000002 00 00 00 00 00 00 00 00 00 00",
         SMPP_DATA_SM},
        {"00000024 00000021 00000000 00000002 00 00 00 00 01 01 00 00 3200 00 "
         "00 00 00 00 00 00 00 00 00",
         SMPP_SUBMIT_MULTI},
    };
    flow.hold_requests = true;
    rig_bind(RIG_BIND_TX);
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, rows[_i].ask);
    ck_assert_uint_eq(flow.requests, 1);
    ck_assert_uint_eq(flow.request_id[0], rows[_i].id);
}
END_TEST

/* n submit_sm at once, past what rig_put() takes; they fit the kernel. */
static void
put_submits(int fd, unsigned n)
{
    uint8_t one[64];
    size_t size = sizeof one;
    ck_assert(bytes_from_hex(slice_str(RIG_SUBMIT("00000002")), one, &size));
    while (n--)
        ck_assert_int_eq(send(fd, one, size, MSG_DONTWAIT), (ssize_t)size);
    for (int i = 0, left = 1; i < 100000 && left > 0; i++) {
        ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &left), 0);
        sched_yield();
    }
}

START_TEST(a_flood_waits_for_the_next_turn_and_others_do_not)
{
    flow.grant.window_in = 5000;
    int flood[2] = {rig_bind(RIG_BIND_TRX), rig_bind(RIG_BIND_TRX)};
    int fd = rig_bind(RIG_BIND_TRX);
    put_submits(flood[0], 1400);
    put_submits(flood[1], 1400);
    put_submits(fd, 1);
    rig_turns(1);
    ck_assert_uint_ge(flow.requests, 2048);
    ck_assert_uint_le(flow.requests, 2049); /* the third's is one of them,
                                               or comes on top */
    ck_assert_str_eq(rig_get(fd, 18), ANSWER("002"));
    rig_turns(4);
    ck_assert_uint_eq(flow.requests, 2801);
}
END_TEST

START_TEST(who_hears_only_errors_is_read_slowly)
{
    flow.answer_with = ESME_RTHROTTLED;
    flow.grant.window_in = 5000;
    int fd = rig_bind(RIG_BIND_TRX);
    put_submits(fd, 1000);
    rig_turns(8);
    ck_assert_uint_eq(flow.requests, 208);
    for (int i = 0; i < 80; i++)
        rig_pass_ms(1);
    ck_assert_uint_le(flow.requests, 208 + 2 * 8);
    ck_assert_uint_gt(flow.requests, 208);
    flow.answer_with = 0; /* one that is accepted, and all is as before */
    for (int i = 0; i < 80; i++)
        rig_pass_ms(1);
    ck_assert_uint_eq(flow.requests, 1000);
}
END_TEST

START_TEST(a_request_put_off_is_offered_again)
{
    flow.later = 2;
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, RIG_SUBMIT("00000002"));
    ck_assert_uint_eq(flow.requests, 0);
    rig_pass_ms(6);
    rig_pass_ms(6); /* twice as long when nothing moves */
    ck_assert_uint_eq(flow.requests, 0);
    rig_pass_ms(5);
    ck_assert_uint_eq(flow.requests, 1);
    ck_assert_str_eq(rig_get(fd, 18), ANSWER("002"));
}
END_TEST

START_TEST(beyond_the_window_nothing_is_read)
{
    flow.hold_requests = true;
    flow.grant.window_in = 3;
    int fd = rig_bind(RIG_BIND_TRX);
    for (int i = 2; i < 7; i++) {
        char hex[200];
        snprintf(hex, sizeof hex,
                 "0000002b 00000004 00000000 %08x 00 00 00 3130303000 00 00 "
                 "3230303000 00 00 00 00 00 01 00 00 00 02 6869",
                 (unsigned)i);
        rig_put(fd, hex);
    }
    ck_assert_uint_eq(flow.requests, 3);
    struct client_view v;
    client_look(flow.client, &v);
    ck_assert_uint_eq(v.held_in, 3);
    /* answered, but not durable: it still counts */
    rig_durable = false;
    rig_pos = 9;
    client_answer(flow.client, SMPP_SUBMIT_SM, 2, 0, slice_str("7"));
    rig_turns(4);
    rig_pass_ms(10);
    ck_assert_uint_eq(flow.requests, 3);
    clients_release(server, 9);
    rig_turns(4);
    ck_assert_uint_eq(flow.requests, 4);
    ck_assert_str_eq(rig_get(fd, 18), ANSWER("002"));
}
END_TEST

START_TEST(a_full_store_stops_the_reading_of_all)
{
    int fd = rig_bind(RIG_BIND_TRX);
    clients_pause_reading(server, true);
    rig_put(fd, RIG_SUBMIT("00000002"));
    int late = rig_bind(RIG_BIND_TRX);
    rig_put(late, RIG_SUBMIT("00000002"));
    ck_assert_uint_eq(flow.requests, 0);
    clients_pause_reading(server, false);
    rig_turns(4);
    ck_assert_uint_eq(flow.requests, 2);
}
END_TEST

/* Its window is full of what waits for the store: it is kept alive. */
START_TEST(a_store_that_is_stuck_turns_requests_down_at_once)
{
    flow.grant.window_in = 1;
    flow.hold_requests = true;
    int fd = rig_bind(RIG_BIND_TRX);
    rig_put(fd, RIG_SUBMIT("00000002"));
    rig_put(fd, RIG_SUBMIT("00000003") "00000010 00000015 00000000 00000004");
    ck_assert(rig_is_silent(fd));
    clients_turn_down(server, ESME_RMSGQFUL);
    rig_turns(4);
    ck_assert_str_eq(rig_get(fd, 32), "00000010800000040000001400000003"
                                      "00000010800000150000000000000004");
    ck_assert_uint_eq(flow.requests, 1);
    rig_put(fd, RIG_SUBMIT("00000005"));
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000040000001400000005");
    clients_turn_down(server, 0);
    rig_put(fd, RIG_SUBMIT("00000006"));
    ck_assert(rig_is_silent(fd)); /* the window, as ever */
    ck_assert_uint_eq(flow.requests, 1);
}
END_TEST

START_TEST(a_paused_client_is_throttled_and_kept_alive)
{
    int fd = rig_bind(RIG_BIND_TRX);
    client_pause(flow.client, true);
    ck_assert_uint_eq(client_room(flow.client), 0);
    rig_put(fd, RIG_SUBMIT("00000002"));
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000040000005800000002");
    rig_put(fd, "00000010 00000015 00000000 00000003");
    ck_assert_str_eq(rig_get(fd, 16), "00000010800000150000000000000003");
    client_pause(flow.client, false);
    rig_put(fd, RIG_SUBMIT("00000004"));
    ck_assert_str_eq(rig_get(fd, 18), ANSWER("004"));
}
END_TEST

START_TEST(a_bad_length_ends_that_connection_alone)
{
    int good = rig_bind(RIG_BIND_TRX), bad = rig_bind(RIG_BIND_TRX);
    rig_put(bad, "0000000f 00000004 00000000 00000002");
    ck_assert_str_eq(rig_get(bad, 16), "00000010800000000000000200000000");
    ck_assert(rig_is_at_end(bad));
    rig_put(good, RIG_SUBMIT("00000002"));
    ck_assert_str_eq(rig_get(good, 18), ANSWER("002"));
}
END_TEST

/* --- deliveries --- */

static bool
deliver(uint64_t note, enum pdu_fault *fault, bool tlv)
{
    static const uint8_t id[] = "7";
    struct pdu p;
    pdu_init(&p, SMPP_DELIVER_SM, 0, 0);
    pdu_set_slice(&p, FIELD_SOURCE_ADDR, slice_str("2000"));
    pdu_set_slice(&p, FIELD_DESTINATION_ADDR, slice_str("1000"));
    pdu_set_slice(&p, FIELD_SHORT_MESSAGE, slice_str("yo"));
    if (tlv)
        ck_assert(
            pdu_add_tlv(&p, TLV_RECEIPTED_MESSAGE_ID, slice_of(id, sizeof id)));
    return client_deliver(flow.client, &p, note, fault);
}

/* 3.4, 4.6.1 */
#define DELIVER                                                                \
    "0000002b0000000500000000000000010000003230303000000031303030000000000000" \
    "00000000" /* to sm_default_msg_id */

START_TEST(a_delivery_is_held_sent_and_answered)
{
    int fd = rig_bind(RIG_BIND_RX);
    rig_durable = false;
    rig_pos = 3;
    ck_assert_uint_eq(client_room(flow.client), 10);
    ck_assert(deliver(77, NULL, false));
    ck_assert_uint_eq(client_room(flow.client), 9);
    ck_assert(rig_is_silent(fd));
    clients_release(server, 3);
    ck_assert_str_eq(rig_get(fd, 43), DELIVER "02796f");
    rig_put(fd, "00000011 80000005 00000000 00000001 00");
    ck_assert_uint_eq(flow.answered, 1);
    ck_assert_uint_eq(flow.note[0], 77);
    ck_assert_uint_eq(flow.status[0], 0);
    ck_assert_uint_eq(client_room(flow.client), 10);
}
END_TEST

START_TEST(a_refused_delivery_says_its_status)
{
    int fd = rig_bind(RIG_BIND_TRX);
    ck_assert(deliver(1, NULL, false));
    ck_assert(deliver(2, NULL, false));
    rig_get(fd, 86);
    rig_put(fd, "00000010 80000005 00000064 00000002");
    rig_put(fd, "00000010 80000000 00000000 00000001"); /* generic_nack */
    ck_assert_uint_eq(flow.answered, 2);
    ck_assert_uint_eq(flow.note[0], 2);
    ck_assert_uint_eq(flow.status[0], ESME_RX_T_APPN);
    ck_assert_uint_eq(flow.note[1], 1);
    ck_assert_uint_ne(flow.status[1], 0);
}
END_TEST

START_TEST(a_transmitter_is_delivered_nothing)
{
    rig_bind(RIG_BIND_TX);
    ck_assert_uint_eq(client_room(flow.client), 0);
    ck_assert(!deliver(1, NULL, false));
}
END_TEST

START_TEST(the_window_out_is_never_exceeded)
{
    flow.grant.window_out = 2;
    rig_bind(RIG_BIND_TRX);
    ck_assert(deliver(1, NULL, false));
    ck_assert(deliver(2, NULL, false));
    enum pdu_fault fault;
    ck_assert(!deliver(3, &fault, false));
    ck_assert_int_eq(fault, PDU_OK);
    struct client_grant wider = {.window_out = 3};
    client_regrant(flow.client, &wider);
    ck_assert(deliver(3, NULL, false));
    ck_assert_uint_eq(client_room(flow.client), 0);
}
END_TEST

START_TEST(a_tlv_does_not_reach_who_speaks_3_3)
{
    int fd = rig_bind(RIG_BIND("00000001", "33"));
    enum pdu_fault fault;
    ck_assert(!deliver(1, &fault, true));
    ck_assert_int_eq(fault, PDU_NOT_IN_VERSION);
    ck_assert(rig_is_silent(fd));
    ck_assert_uint_eq(client_room(flow.client), 10);
    ck_assert(deliver(1, NULL, false));
}
END_TEST

START_TEST(what_is_not_answered_is_lost_once)
{
    int fd = rig_bind(RIG_BIND_TRX);
    ck_assert(deliver(5, NULL, false));
    rig_get(fd, 43);
    rig_pass_ms(29990);
    ck_assert_uint_eq(flow.lost, 0);
    rig_pass_ms(20);
    ck_assert_uint_eq(flow.lost, 1);
    ck_assert_uint_eq(flow.lost_note[0], 5);
    ck_assert_int_eq(flow.loss[0], SESSION_TIMED_OUT);
    /* too late to refuse it: it is on its way again by now */
    ck_assert(deliver(6, NULL, false));
    rig_pass_ms(30010);
    ck_assert_uint_eq(flow.lost, 2);
    rig_put(fd, "00000011 80000005 00000064 00000002 00");
    ck_assert_uint_eq(flow.answered, 0);
    /* taken, though late: who is that slow must not get it for ever */
    rig_put(fd, "00000011 80000005 00000000 00000001 00");
    ck_assert_uint_eq(flow.answered, 1);
}
END_TEST

START_TEST(the_end_of_a_bind_tells_what_did_not_leave)
{
    int fd = rig_bind(RIG_BIND_TRX);
    ck_assert(deliver(1, NULL, false));
    rig_get(fd, 43);
    rig_durable = false;
    rig_pos = 8;
    ck_assert(deliver(2, NULL, false));
    rig_turns(2);
    shutdown(fd, SHUT_RDWR);
    rig_turns(8);
    ck_assert_uint_eq(flow.closed, 1);
    ck_assert_uint_eq(flow.lost, 2);
    ck_assert_int_eq(flow.loss[0], SESSION_UNKNOWN);
    ck_assert_int_eq(flow.loss[1], SESSION_NOT_SENT);
}
END_TEST

/* --- the tap --- */

struct heard {
    unsigned in, out;
    uint32_t last_in, last_out;
};

static void
on_pdu(void *arg, bool out, struct slice pdu)
{
    struct heard *h = arg;
    struct cursor c = cursor_of(pdu);
    ck_assert_uint_eq(cursor_be32(&c), pdu.n);
    uint32_t id = cursor_be32(&c);
    if (out)
        h->out++, h->last_out = id;
    else
        h->in++, h->last_in = id;
}

START_TEST(a_tap_hears_each_pdu_both_ways)
{
    struct heard h = {0};
    int fd = rig_bind(RIG_BIND_TRX);
    session_set_tap(client_session(flow.client), on_pdu, &h);
    rig_put(fd, RIG_SUBMIT("00000002"));
    rig_put(fd, "00000010 00000015 00000000 00000003");
    ck_assert_uint_eq(h.in, 2);
    ck_assert_uint_eq(h.out, 2);
    ck_assert_uint_eq(h.last_in, SMPP_ENQUIRE_LINK);
    ck_assert_uint_eq(h.last_out, SMPP_ENQUIRE_LINK_RESP);
    ck_assert(deliver(1, NULL, false));
    ck_assert_uint_eq(h.last_out, SMPP_DELIVER_SM);
    flow.later = 2; /* offered three times, heard once */
    rig_put(fd, RIG_SUBMIT("00000004"));
    rig_pass_ms(20);
    rig_pass_ms(20);
    ck_assert_uint_eq(flow.requests, 2);
    ck_assert_uint_eq(h.in, 3);
    session_set_tap(client_session(flow.client), NULL, NULL);
    rig_put(fd, "00000010 00000015 00000000 00000003");
    ck_assert_uint_eq(h.in, 3);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("traffic");
    tcase_add_checked_fixture(t, rig_set_up, rig_tear_down);
    tcase_add_test(t, an_answer_leaves_when_the_store_has_passed_it);
    tcase_add_test(t, an_error_is_answered_without_a_body);
    tcase_add_loop_test(t, what_is_not_for_the_flow_is_refused, 0,
                        sizeof own / sizeof *own);
    tcase_add_loop_test(t, six_commands_are_for_the_flow, 0, 6);
    tcase_add_test(t, a_flood_waits_for_the_next_turn_and_others_do_not);
    tcase_add_test(t, who_hears_only_errors_is_read_slowly);
    tcase_add_test(t, a_request_put_off_is_offered_again);
    tcase_add_test(t, beyond_the_window_nothing_is_read);
    tcase_add_test(t, a_full_store_stops_the_reading_of_all);
    tcase_add_test(t, a_store_that_is_stuck_turns_requests_down_at_once);
    tcase_add_test(t, a_paused_client_is_throttled_and_kept_alive);
    tcase_add_test(t, a_bad_length_ends_that_connection_alone);
    tcase_add_test(t, a_delivery_is_held_sent_and_answered);
    tcase_add_test(t, a_refused_delivery_says_its_status);
    tcase_add_test(t, a_transmitter_is_delivered_nothing);
    tcase_add_test(t, the_window_out_is_never_exceeded);
    tcase_add_test(t, a_tlv_does_not_reach_who_speaks_3_3);
    tcase_add_test(t, what_is_not_answered_is_lost_once);
    tcase_add_test(t, the_end_of_a_bind_tells_what_did_not_leave);
    tcase_add_test(t, a_tap_hears_each_pdu_both_ways);
    return run_suite("client_traffic", t);
}
