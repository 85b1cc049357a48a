/*
 * test_query_event.c - tests engine/flow/query_event.c: which facts are
 * told, in which order, to whom, and from where a stream goes on.
 */
#include <stdio.h>

#include "engine/flow/book.h"
#include "engine/flow/suppress.h"
#include "engine/flow/thread.h"
#include "proto/smpp.h"
#include "tests/engine/query_rig.h"

enum { BUDGET = 1000 };

static struct event_view event;
static char told[4096]; /* types since the begin, one a line */

/* Types of all that this key hears, from the oldest on; `event` is the last
 * of them. */
static const char *
hear_all(struct who who)
{
    uint64_t pos = 0, last = 0;
    bool more;
    told[0] = 0;
    while (query_event(query, who, &pos, BUDGET, &event, &more)) {
        last = event.pos;
        strcat(told, event.type);
        strcat(told, "\n");
    }
    ck_assert(!more);
    if (last)
        ck_assert(query_event(query, who, &last, BUDGET, &event, &more));
    return told;
}

static uint64_t
put_delivered(uint64_t message, uint32_t account, uint32_t sender)
{
    uint64_t at = put_single(message, account, sender, "hello");
    at = PUT(sent, .message = message, .at_ms = 3000, .prev = at, .parts = 1,
             .carrier = 1, .account = account, .sender = sender, .number = 1,
             .subscriber = PHONE);
    at = PUT(answer, .message = message, .at_ms = 4000, .prev = at,
             .carrier = 1, .verdict = VERDICT_OK, .state = MSG_SUBMITTED,
             .smsc_id = slice_str("a"));
    return put_receipt_of(message, at, 0, STATE_DELIVERED, MSG_DELIVERED);
}

START_TEST(a_message_is_told_as_it_was_at_each_step)
{
    uint64_t pos = 0;
    bool more;
    put_delivered(5, DEMO, ANA);
    world_commit(2000);
    ck_assert(query_event(query, as_demo, &pos, BUDGET, &event, &more));
    ck_assert_str_eq(event.type, "message.submitted");
    ck_assert_uint_eq(event.at_ms, 4000);
    ck_assert(event.has_message);
    ck_assert_uint_eq(event.message.message, 5);
    ck_assert_int_eq(event.message.state, MSG_SUBMITTED);
    ck_assert_uint_eq(event.message.final_ms, 0);
    ck_assert_uint_eq(event.message.histories, 4);
    ck_assert(query_event(query, as_demo, &pos, BUDGET, &event, &more));
    ck_assert_str_eq(event.type, "message.delivered");
    ck_assert_int_eq(event.message.state, MSG_DELIVERED);
    ck_assert_uint_eq(event.message.final_ms, 5000);
    ck_assert(slice_eq(event.message.text, slice_str("hello")));
    ck_assert(!query_event(query, as_demo, &pos, BUDGET, &event, &more));
    ck_assert(!more);
    ck_assert_uint_eq(pos, query_events_end(query));
}
END_TEST

START_TEST(a_stream_goes_on_behind_the_event_it_ended_with)
{
    uint64_t pos = 0, first, second;
    bool more;
    put_delivered(5, DEMO, ANA);
    world_commit(2000);
    ck_assert(query_event(query, as_demo, &pos, BUDGET, &event, &more));
    first = event.pos;
    ck_assert(query_event(query, as_demo, &pos, BUDGET, &event, &more));
    second = event.pos;
    ck_assert_uint_lt(first, second);
    for (uint64_t from = first + 1; from <= second; from++) {
        pos = from; /* also in the middle of a fact */
        ck_assert(query_event(query, as_demo, &pos, BUDGET, &event, &more));
        ck_assert_uint_eq(event.pos, second);
    }
    pos = second;
    ck_assert(query_event(query, as_demo, &pos, BUDGET, &event, &more));
    ck_assert_uint_eq(event.pos, second); /* at least once */
    put_delivered(6, DEMO, ANA);
    world_commit(2000);
    ck_assert(query_event(query, as_demo, &pos, BUDGET, &event, &more));
    ck_assert_uint_eq(event.message.message, 6);
}
END_TEST

START_TEST(two_streams_of_one_thread_do_not_disturb_each_other)
{
    uint64_t slow = 0, fast = 0;
    bool more;
    for (uint64_t i = 1; i <= 300; i++) /* more than is read ahead */
        put_delivered(i, DEMO, ANA);
    world_commit(2000);
    for (uint64_t i = 1; i <= 300; i++) {
        for (unsigned k = 0; k < 2; k++) {
            ck_assert(query_event(query, as_ana, &fast, BUDGET, &event, &more));
            ck_assert_uint_eq(event.message.message, i);
        }
        if (i % 2)
            continue;
        ck_assert(query_event(query, as_demo, &slow, BUDGET, &event, &more));
        ck_assert_uint_eq(event.message.message, (i / 2 + 1) / 2);
    }
    ck_assert(!query_event(query, as_ana, &fast, BUDGET, &event, &more));
    put_delivered(301, DEMO, ANA);
    world_commit(2000);
    ck_assert(query_event(query, as_ana, &fast, BUDGET, &event, &more));
    ck_assert_uint_eq(event.message.message, 301);
}
END_TEST

START_TEST(a_budget_ends_a_call_and_the_next_goes_on)
{
    uint64_t pos = 0, before = 0;
    bool more = true;
    unsigned calls = 0;
    for (uint64_t i = 1; i <= 50; i++)
        put_delivered(i, OTHER, EVE);
    put_delivered(60, DEMO, ANA);
    world_commit(2000);
    while (!query_event(query, as_demo, &pos, 20, &event, &more)) {
        ck_assert(more);
        ck_assert_uint_lt(before, pos);
        before = pos;
        calls++;
    }
    ck_assert_uint_ge(calls, 10); /* 200 facts of another account */
    ck_assert_uint_eq(event.message.message, 60);
}
END_TEST

START_TEST(nobody_hears_what_is_anothers)
{
    put_delivered(5, DEMO, ANA);
    put_delivered(6, DEMO, DESK);
    put_delivered(7, OTHER, EVE);
    world_commit(2000);
#define TWO "message.submitted\nmessage.delivered\n"
    ck_assert_str_eq(hear_all(as_admin), TWO TWO TWO);
    ck_assert_str_eq(hear_all(as_demo), TWO TWO);
    ck_assert_str_eq(hear_all(as_other), TWO);
    ck_assert_str_eq(hear_all(as_ana), TWO TWO);
    ck_assert_str_eq(hear_all(as_ben), TWO); /* the queue's */
    ck_assert_str_eq(hear_all(as_eve), TWO);
    ck_assert_str_eq(hear_all((struct who){.kind = WHO_NOBODY}), "");
#undef TWO
}
END_TEST

START_TEST(a_long_message_is_told_once_for_all_parts)
{
    uint64_t at = put_single(5, DEMO, ANA, "long");
    at = put_hand_over(5, at, 0, 3);
    at = put_hand_over(5, at, 1, 3);
    at = put_hand_over(5, at, 2, 3);
    at = put_taken(5, at, 2, "c");
    at = put_taken(5, at, 0, "a");
    at = put_receipt_of(5, at, 0, STATE_DELIVERED, MSG_SUBMITTED);
    uint64_t last = at = put_taken(5, at, 1, "b");
    at = put_receipt_of(5, at, 1, STATE_DELIVERED, MSG_SUBMITTED);
    at = put_receipt_of(5, at, 2, STATE_DELIVERED, MSG_DELIVERED);
    at = put_receipt_of(5, at, 2, STATE_DELIVERED, MSG_DELIVERED);
    world_commit(2000);
    ck_assert_str_eq(hear_all(as_ana),
                     "message.submitted\nmessage.delivered\n");
    uint64_t pos = 0;
    bool more;
    ck_assert(query_event(query, as_ana, &pos, BUDGET, &event, &more));
    ck_assert_uint_eq(event.pos, last);
}
END_TEST

START_TEST(a_part_answered_twice_is_submitted_once)
{
    uint64_t at = put_single(5, DEMO, ANA, "resent");
    at = put_hand_over(5, at, 0, 1);
    at = PUT(lost, .message = 5, .at_ms = 3100, .prev = at, .carrier = 1,
             .account = DEMO, .loss = LOSS_TIMED_OUT, .state = MSG_QUEUED,
             .retry_ms = 3100);
    at = put_hand_over(5, at, 0, 1);
    at = put_taken(5, at, 0, "late");
    put_taken(5, at, 0, "second");
    world_commit(2000);
    ck_assert_str_eq(hear_all(as_ana),
                     "message.uncertain\nmessage.submitted\n");
}
END_TEST

START_TEST(failures_of_all_kinds_are_told_once)
{
    static const struct {
        enum message_state_kind state;
        const char *type;
    } cases[] = {
        {MSG_FAILED, "message.failed\n"},
        {MSG_REJECTED, "message.failed\n"},
        {MSG_SUPPRESSED, "message.failed\n"},
        {MSG_EXPIRED, "message.expired\n"},
        {MSG_UNKNOWN, "message.uncertain\n"},
        {MSG_CANCELLED, ""}, /* who cancelled it knows */
        {MSG_HELD, ""},
        {MSG_QUEUED, ""},
    };
    uint64_t at = put_single(5, DEMO, ANA, "x");
    for (int i = 0; i < 2; i++) /* the second time is no news */
        at = PUT(state, .message = 5, .at_ms = 3000, .prev = at,
                 .account = DEMO, .sender = ANA, .state = cases[_i].state,
                 .reason = REASON_NO_NUMBER);
    world_commit(2000);
    ck_assert_str_eq(hear_all(as_ana), cases[_i].type);
}
END_TEST

START_TEST(refused_lost_and_late_are_told_in_order)
{
    uint64_t at = put_single(5, DEMO, ANA, "x");
    at = put_hand_over(5, at, 0, 1);
    at = PUT(answer, .message = 5, .at_ms = 3100, .prev = at, .carrier = 1,
             .status = ESME_RTHROTTLED, .verdict = VERDICT_SLOW,
             .state = MSG_QUEUED, .retry_ms = 3300);
    at = put_hand_over(5, at, 0, 1);
    at = PUT(lost, .message = 5, .at_ms = 3400, .prev = at, .carrier = 1,
             .account = DEMO, .loss = LOSS_UNKNOWN, .state = MSG_UNCERTAIN);
    at = PUT(state, .message = 5, .at_ms = 9000, .prev = at, .account = DEMO,
             .sender = ANA, .state = MSG_UNKNOWN, .reason = REASON_NO_RECEIPT);
    put_receipt_of(5, at, 0, STATE_EXPIRED, MSG_EXPIRED);
    at = put_single(6, DEMO, ANA, "y");
    at = put_hand_over(6, at, 0, 1);
    PUT(answer, .message = 6, .at_ms = 3100, .prev = at, .carrier = 1,
        .status = ESME_RINVDSTADR, .verdict = VERDICT_FAIL,
        .state = MSG_FAILED);
    world_commit(2000);
    ck_assert_str_eq(hear_all(as_demo), "message.uncertain\nmessage.uncertain\n"
                                        "message.expired\nmessage.failed\n");
    ck_assert_str_eq(event.message.error_code, "0x0000000b");
}
END_TEST

START_TEST(a_receipt_that_matches_nothing_is_no_event)
{
    put_receipt_of(0, 0, 0, STATE_DELIVERED, MSG_NONE);
    world_commit(2000);
    ck_assert_str_eq(hear_all(as_admin), "");
}
END_TEST

START_TEST(replies_reach_their_sender_and_the_one_they_are_given_to)
{
    uint64_t at = PUT(reply, .message = 8, .at_ms = 6000, .account = DEMO,
                      .sender = ANA, .number = 1, .subscriber = PHONE,
                      .thread = 3, .rule = 4, .text = slice_str("yes"));
    PUT(reassign, .message = 8, .at_ms = 7000, .prev = at, .account = DEMO,
        .sender = BEN, .thread = 4, .reply = at);
    PUT(reply, .message = 9, .at_ms = 6000, .account = DEMO, .number = 1,
        .subscriber = PHONE, .rule = 9, .text = slice_str("who?"));
    world_commit(2000);
    const char *one = "message.received\n";
    ck_assert_str_eq(hear_all(as_ana), one);
    ck_assert_uint_eq(event.message.sender, ANA);
    ck_assert_str_eq(hear_all(as_ben), one);
    ck_assert_uint_eq(event.message.thread, 4);
    ck_assert_str_eq(hear_all(as_demo), "message.received\nmessage.received\n"
                                        "message.received\n");
    ck_assert_str_eq(hear_all(as_eve), "");
}
END_TEST

/* STOP to the shared number; demo and nobody else wrote from it. */
static void
put_stop_on_shared(void)
{
    uint64_t other =
        PUT(sent, .message = 4, .at_ms = 2500, .parts = 1, .carrier = 1,
            .account = OTHER, .sender = EVE, .number = 1, .subscriber = PHONE);
    uint64_t demo = PUT(sent, .message = 5, .at_ms = 2600, .parts = 1,
                        .before = other, .carrier = 1, .account = DEMO,
                        .sender = ANA, .number = 2, .subscriber = PHONE);
    world_commit(3000);
    PUT(reply, .message = 8, .at_ms = 6000, .number = 2, .before = demo,
        .subscriber = PHONE, .rule = 9, .text = slice_str("STOP"));
    PUT(opt, .at_ms = 6000, .out = 1, .scope = SUPPRESS_NUMBER, .number = 2,
        .subscriber = PHONE, .message = 8, .reason = slice_str("STOP"));
    world_commit(6001);
}

START_TEST(an_opt_out_on_a_shared_number_reaches_who_wrote_from_it)
{
    put_stop_on_shared();
    ck_assert_str_eq(hear_all(as_demo), "contact.opted_out\n");
    ck_assert_str_eq(hear_all(as_other), "");
    ck_assert_str_eq(hear_all(as_ana), "");
    ck_assert_str_eq(hear_all(as_admin),
                     "message.received\ncontact.opted_out\n");
    ck_assert_str_eq(event.subscriber, "+447700900123");
    ck_assert_str_eq(event.number, "+12125550199");
    ck_assert(!event.has_message);
}
END_TEST

START_TEST(an_opt_in_of_an_account_is_its_own)
{
    PUT(opt, .at_ms = 6000, .out = 0, .scope = SUPPRESS_ACCOUNT,
        .account = DEMO, .subscriber = PHONE);
    world_commit(6001);
    ck_assert_str_eq(hear_all(as_demo), "contact.opted_in\n");
    ck_assert_str_eq(hear_all(as_other), "");
}
END_TEST

START_TEST(campaigns_threads_and_carriers_are_told)
{
    PUT(campaign, .campaign = CAMPAIGN, .account = DEMO, .at_ms = 100,
        .state = CAMPAIGN_RUNNING);
    PUT(thread, .thread = 3, .at_ms = 110, .act = THREAD_MADE, .account = DEMO,
        .sender = ANA, .subscriber = PHONE, .number = 1);
    PUT(thread, .thread = 3, .at_ms = 120, .act = THREAD_TRANSFER,
        .account = DEMO, .sender = ANA, .other = BEN, .subscriber = PHONE,
        .number = 1);
    PUT(thread, .thread = 4, .at_ms = 130, .act = THREAD_CLAIM, .account = DEMO,
        .sender = DESK, .other = BEN, .subscriber = PHONE, .number = 1);
    PUT(carrier, .at_ms = 140, .carrier = 1, .before = CARRIER_UP,
        .now = CARRIER_DOWN, .name = slice_str("acme"));
    PUT(carrier, .at_ms = 150, .carrier = 1, .before = CARRIER_DOWN,
        .now = CARRIER_UP, .name = slice_str("acme"));
    world_commit(200);
    ck_assert_str_eq(hear_all(as_demo),
                     "campaign.state\nthread.transferred\nthread.assigned\n"
                     "carrier.down\ncarrier.up\n");
    ck_assert_str_eq(event.carrier, "acme");
    ck_assert_str_eq(hear_all(as_other), "carrier.down\ncarrier.up\n");
    ck_assert_str_eq(hear_all(as_ana), "campaign.state\nthread.transferred\n"
                                       "thread.assigned\n");
    ck_assert_uint_eq(event.thread, 4);
    ck_assert_uint_eq(event.sender, BEN);
    ck_assert_str_eq(hear_all(as_ben), "thread.transferred\nthread.assigned\n");
    ck_assert_str_eq(hear_all(as_eve), "");
    uint64_t pos = 0;
    bool more;
    ck_assert(query_event(query, as_ana, &pos, BUDGET, &event, &more));
    ck_assert_uint_eq(event.campaign, CAMPAIGN);
    ck_assert_str_eq(event.campaign_state, "running");
    ck_assert_uint_eq(event.at_ms, 100);
}
END_TEST

START_TEST(a_stream_from_what_expired_begins_with_the_oldest_kept)
{
    uint64_t pos = 8;
    bool more;
    put_delivered(5, DEMO, ANA);
    world_commit(10000);
    uint64_t kept = put_single(6, DEMO, ANA, "kept");
    PUT(state, .message = 6, .at_ms = 20000, .prev = kept, .account = DEMO,
        .sender = ANA, .state = MSG_EXPIRED, .reason = REASON_EXPIRED);
    world_commit(20000);
    store_expire(rig.s, 15000, UINT64_MAX);
    for (int i = 0; i < 2000 && store_oldest(rig.s) < kept; i++)
        rig_sleep_ms(5);
    ck_assert_uint_eq(query_events_oldest(query), kept);
    ck_assert(query_event(query, as_demo, &pos, BUDGET, &event, &more));
    ck_assert_str_eq(event.type, "message.expired");
    ck_assert_uint_eq(event.message.message, 6);
}
END_TEST

static struct wall
later(void)
{
    return (struct wall){20000 + 5000};
}

START_TEST(the_oldest_event_is_as_old_as_the_settings_keep)
{
    put_delivered(5, DEMO, ANA);
    world_commit(10000);
    uint64_t young = put_single(6, DEMO, ANA, "young");
    world_commit(20000);
    flow_settings.events_s = 5;
    clock_fake(clock_mono, later);
    ck_assert_uint_eq(query_events_oldest(query), young);
    flow_settings.events_s = 3600; /* longer than the clock runs */
    ck_assert_uint_eq(query_events_oldest(query), store_oldest(rig.s));
    clock_fake(NULL, NULL);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, a_message_is_told_as_it_was_at_each_step);
    tcase_add_test(tc, a_stream_goes_on_behind_the_event_it_ended_with);
    tcase_add_test(tc, two_streams_of_one_thread_do_not_disturb_each_other);
    tcase_add_test(tc, a_budget_ends_a_call_and_the_next_goes_on);
    tcase_add_test(tc, nobody_hears_what_is_anothers);
    tcase_add_test(tc, a_long_message_is_told_once_for_all_parts);
    tcase_add_test(tc, a_part_answered_twice_is_submitted_once);
    tcase_add_loop_test(tc, failures_of_all_kinds_are_told_once, 0, 8);
    tcase_add_test(tc, refused_lost_and_late_are_told_in_order);
    tcase_add_test(tc, a_receipt_that_matches_nothing_is_no_event);
    tcase_add_test(tc,
                   replies_reach_their_sender_and_the_one_they_are_given_to);
    tcase_add_test(tc, an_opt_out_on_a_shared_number_reaches_who_wrote_from_it);
    tcase_add_test(tc, an_opt_in_of_an_account_is_its_own);
    tcase_add_test(tc, campaigns_threads_and_carriers_are_told);
    tcase_add_test(tc, a_stream_from_what_expired_begins_with_the_oldest_kept);
    tcase_add_test(tc, the_oldest_event_is_as_old_as_the_settings_keep);
}

static void
set_up(void)
{
    world_open();
}

static void
tear_down(void)
{
    world_close();
}

RIG_MAIN("query_event", add_tests)
