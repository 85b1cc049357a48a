/*
 * test_query.c - tests engine/flow/query*.c: keys, messages, campaigns,
 * threads. Events are tested in test_query_event.c.
 */
#include <stdio.h>

#include "engine/carrier/settings.h"
#include "engine/flow/book.h"
#include "engine/flow/id.h"
#include "engine/flow/reply.h"
#include "engine/flow/suppress.h"
#include "proto/smpp.h"
#include "tests/engine/query_rig.h"

static struct message_view m;

static bool
look(struct who who, uint64_t message, enum message_state_kind state,
     uint64_t pos)
{
    return query_message(query, who, message, word_make(state, 0, pos), &m);
}

static void
check_history(unsigned i, uint64_t at_ms, const char *state, const char *reason)
{
    ck_assert_uint_lt(i, m.histories);
    ck_assert_uint_eq(m.history[i].at_ms, at_ms);
    ck_assert_str_eq(m.history[i].state, state);
    ck_assert_str_eq(m.history[i].reason, reason);
}

static void
check_text(struct slice text, const char *want)
{
    ck_assert_msg(slice_eq(text, slice_str(want)), "%.*s is not %s",
                  (int)text.n, (const char *)text.p, want);
}

/* ---- keys and names -------------------------------------------------------
 */

START_TEST(keys_are_known_by_their_digest)
{
    struct who w = query_key(query, slice_str("acc_demo"));
    ck_assert_int_eq(w.kind, WHO_ACCOUNT);
    ck_assert_uint_eq(w.account, DEMO);
    w = query_key(query, slice_str("snd_ana"));
    ck_assert_int_eq(w.kind, WHO_SENDER);
    ck_assert_uint_eq(w.sender, ANA);
    ck_assert_int_eq(query_key(query, slice_str("acc_demO")).kind, WHO_NOBODY);
    ck_assert_int_eq(query_key(query, (struct slice){0}).kind, WHO_NOBODY);
}
END_TEST

START_TEST(senders_are_found_by_id_name_and_external_id)
{
    char id[ID_BYTES];
    id_to_text(ID_SENDER, BEN, id);
    ck_assert_uint_eq(query_sender(query, DEMO, slice_str(id)), BEN);
    ck_assert_uint_eq(query_sender(query, DEMO, slice_str("ben")), BEN);
    ck_assert_uint_eq(query_sender(query, DEMO, slice_str("crm-1")), ANA);
    ck_assert_uint_eq(query_sender(query, OTHER, slice_str("crm-1")), EVE);
    ck_assert_uint_eq(query_sender(query, OTHER, slice_str(id)), 0);
    ck_assert_uint_eq(query_sender(query, OTHER, slice_str("ben")), 0);
    ck_assert_uint_eq(query_sender(query, 0, slice_str("ben")), 0);
    ck_assert_uint_eq(query_sender(query, DEMO, (struct slice){0}), 0);
}
END_TEST

START_TEST(a_sender_made_a_moment_ago_is_found_at_once)
{
    ck_assert_uint_eq(query_sender(query, DEMO, slice_str("cy")), 0);
    world_put_sender(5, DEMO, "gone", "", false, true);
    world_put_sender(6, DEMO, "cy", "", false, false);
    world_commit(2000);
    ck_assert_uint_eq(query_sender(query, DEMO, slice_str("cy")), 6);
    ck_assert_uint_eq(query_sender(query, DEMO, slice_str("gone")), 0);
}
END_TEST

START_TEST(names_are_told_and_unknown_ids_are_not)
{
    struct slice name;
    ck_assert(query_sender_name(query, ANA, &name));
    check_text(name, "ana");
    ck_assert(!query_sender_name(query, 99, &name));
    ck_assert_str_eq(query_account_name(query, OTHER), "other");
    ck_assert_str_eq(query_account_name(query, 99), "");
}
END_TEST

static void
put_opt_out(enum suppress_scope scope, uint32_t owner, uint64_t subscriber)
{
    uint8_t key[SUPPRESS_KEY_BYTES];
    world_put(TABLE_SUPPRESSION, suppress_key(scope, owner, subscriber, key),
              slice_str(""));
}

START_TEST(opt_outs_hold_in_their_scope_only)
{
    struct slice shared = slice_str("+1 (212) 555-0199");
    put_opt_out(SUPPRESS_ACCOUNT, DEMO, PHONE);
    put_opt_out(SUPPRESS_ALL, 0, PHONE + 1);
    put_opt_out(SUPPRESS_NUMBER, 2, PHONE + 2);
    world_commit(2000);
    ck_assert(query_suppressed(query, DEMO, PHONE));
    ck_assert(!query_suppressed(query, OTHER, PHONE));
    ck_assert(query_suppressed(query, OTHER, PHONE + 1));
    ck_assert(!query_suppressed(query, DEMO, PHONE + 2));
    ck_assert(query_suppressed_from(query, DEMO, shared, PHONE + 2));
    ck_assert(!query_suppressed_from(query, DEMO, slice_str("+12125550101"),
                                     PHONE + 2));
}
END_TEST

/* ---- messages -------------------------------------------------------------
 */

START_TEST(a_delivered_message_tells_its_whole_story)
{
    uint64_t at =
        PUT(accept, .message = 5, .at_ms = 2000, .account = DEMO, .sender = ANA,
            .class = CLASS_CRITICAL, .number = 1, .subscriber = PHONE,
            .thread = 9, .parts = 1, .text = slice_str("your code is 42"),
            .external_id = slice_str("order-1"));
    at = put_hand_over(5, at, 0, 1);
    at = put_taken(5, at, 0, "1a2b");
    at = put_receipt_of(5, at, 0, STATE_DELIVERED, MSG_DELIVERED);
    world_commit(2000);
    ck_assert(look(as_demo, 5, MSG_DELIVERED, at));
    ck_assert_uint_eq(m.message, 5);
    ck_assert(!m.inbound);
    ck_assert_int_eq(m.state, MSG_DELIVERED);
    ck_assert_uint_eq(m.account, DEMO);
    ck_assert_uint_eq(m.sender, ANA);
    ck_assert_uint_eq(m.thread, 9);
    ck_assert_str_eq(m.from, "+12125550101");
    ck_assert_str_eq(m.to, "+447700900123");
    check_text(m.text, "your code is 42");
    check_text(m.external_id, "order-1");
    ck_assert_str_eq(m.class, "critical");
    ck_assert_str_eq(m.encoding, "gsm7");
    ck_assert_ptr_null(m.error_code);
    ck_assert_uint_eq(m.created_ms, 2000);
    ck_assert_uint_eq(m.submitted_ms, 4000);
    ck_assert_uint_eq(m.final_ms, 5000);
    ck_assert_uint_eq(m.parts, 1);
    ck_assert_uint_eq(m.part_views, 1);
    ck_assert_str_eq(m.part[0].carrier, "acme");
    ck_assert_uint_eq(m.part[0].bind, 2);
    ck_assert_str_eq(m.part[0].smsc_id, "1a2b");
    ck_assert_str_eq(m.part[0].state, "delivered");
    ck_assert_str_eq(m.part[0].error_text, "");
    ck_assert_uint_eq(m.part[0].submitted_ms, 3000);
    ck_assert_uint_eq(m.part[0].answered_ms, 4000);
    ck_assert_uint_eq(m.part[0].receipt_ms, 5000);
    ck_assert_uint_eq(m.histories, 5);
    check_history(0, 2000, "accepted", "");
    check_history(1, 2000, "queued", "");
    check_history(2, 3000, "submitted", "handed to acme");
    check_history(3, 4000, "submitted", "taken as 1a2b");
    check_history(4, 5000, "delivered", "receipt DELIVERED");
}
END_TEST

START_TEST(a_message_not_handed_over_has_no_parts_yet)
{
    uint64_t at =
        PUT(accept, .message = 5, .at_ms = 2000, .account = DEMO, .sender = ANA,
            .number = 1, .subscriber = PHONE, .parts = 2, .ucs2 = 1,
            .send_at_ms = 86400000, .text = slice_str("later"));
    world_commit(2000);
    ck_assert(look(as_demo, 5, MSG_ACCEPTED, at));
    ck_assert_uint_eq(m.parts, 2);
    ck_assert_uint_eq(m.part_views, 0);
    ck_assert_str_eq(m.encoding, "ucs2");
    ck_assert_uint_eq(m.submitted_ms, 0);
    ck_assert_uint_eq(m.final_ms, 0);
    ck_assert_uint_eq(m.histories, 1);
    check_history(0, 2000, "accepted", "until 1970-01-02T00:00:00.000Z");
}
END_TEST

START_TEST(parts_are_told_apart_and_a_refusal_names_its_status)
{
    uint64_t at = put_single(5, DEMO, ANA, "long");
    at = put_hand_over(5, at, 0, 3);
    at = put_hand_over(5, at, 1, 3);
    at = put_taken(5, at, 0, "a");
    at = PUT(answer, .message = 5, .at_ms = 4100, .prev = at, .part = 1,
             .carrier = 1, .account = DEMO, .status = ESME_RINVDSTADR,
             .verdict = VERDICT_FAIL, .state = MSG_FAILED);
    world_commit(2000);
    ck_assert(look(as_demo, 5, MSG_FAILED, at));
    ck_assert_uint_eq(m.parts, 3);
    ck_assert_uint_eq(m.part_views, 3);
    ck_assert_str_eq(m.part[0].state, "submitted");
    ck_assert_str_eq(m.part[1].state, "failed");
    ck_assert_uint_eq(m.part[1].error, ESME_RINVDSTADR);
    ck_assert_str_eq(m.part[1].error_text, "ESME_RINVDSTADR");
    ck_assert_str_eq(m.part[2].state, "queued");
    ck_assert_ptr_null(m.part[2].carrier);
    ck_assert_str_eq(m.error_code, "0x0000000b");
    ck_assert_ptr_nonnull(strstr(m.error_text, "ESME_RINVDSTADR: "));
    check_history(3, 3001, "submitted", "part 2 of 3 handed to acme");
    check_history(5, 4100, "failed", "part 2 of 3 refused: ESME_RINVDSTADR");
    ck_assert_uint_eq(m.final_ms, 4100);
}
END_TEST

START_TEST(a_retry_says_when_and_leaves_no_error_once_delivered)
{
    uint64_t at = put_single(5, DEMO, ANA, "again");
    at = put_hand_over(5, at, 0, 1);
    at = PUT(answer, .message = 5, .at_ms = 3100, .prev = at, .carrier = 1,
             .account = DEMO, .status = ESME_RTHROTTLED,
             .verdict = VERDICT_SLOW, .state = MSG_QUEUED, .retry_ms = 3300);
    uint64_t throttled = at;
    at = PUT(sent, .message = 5, .at_ms = 3300, .prev = at, .parts = 1,
             .attempt = 1, .carrier = 1, .account = DEMO, .sender = ANA,
             .number = 1, .subscriber = PHONE);
    at = put_receipt_of(5, at, 0, STATE_DELIVERED, MSG_DELIVERED);
    world_commit(2000);
    ck_assert(look(as_demo, 5, MSG_QUEUED, throttled));
    ck_assert_str_eq(m.part[0].state, "queued");
    ck_assert_uint_eq(m.part[0].error, ESME_RTHROTTLED);
    check_history(3, 3100, "queued",
                  "throttled: ESME_RTHROTTLED, again at "
                  "1970-01-01T00:00:03.300Z");
    ck_assert(look(as_demo, 5, MSG_DELIVERED, at));
    ck_assert_uint_eq(m.part[0].error, 0);
    ck_assert_ptr_null(m.error_code);
    ck_assert_uint_eq(m.submitted_ms, 3000); /* no answer: first hand-over */
    check_history(4, 3300, "submitted", "handed to acme, attempt 2");
}
END_TEST

START_TEST(a_lost_part_is_uncertain_and_then_unknown)
{
    uint64_t at = put_single(5, DEMO, ANA, "lost");
    at = put_hand_over(5, at, 0, 1);
    uint64_t lost = at =
        PUT(lost, .message = 5, .at_ms = 3100, .prev = at, .carrier = 1,
            .account = DEMO, .loss = LOSS_UNKNOWN, .state = MSG_UNCERTAIN);
    at = PUT(state, .message = 5, .at_ms = 9000, .prev = at, .account = DEMO,
             .sender = ANA, .state = MSG_UNKNOWN, .reason = REASON_NO_RECEIPT);
    world_commit(2000);
    ck_assert(look(as_demo, 5, MSG_UNCERTAIN, lost));
    ck_assert_str_eq(m.part[0].state, "uncertain");
    ck_assert_str_eq(m.error_code, "no_answer");
    ck_assert_uint_eq(m.final_ms, 0);
    check_history(3, 3100, "uncertain",
                  "the connection died before the answer");
    ck_assert(look(as_demo, 5, MSG_UNKNOWN, at));
    ck_assert_str_eq(m.part[0].state, "unknown");
    ck_assert_str_eq(m.error_code, "no_receipt");
    ck_assert_uint_eq(m.final_ms, 9000);
}
END_TEST

START_TEST(a_receipts_error_is_the_messages)
{
    uint64_t at = put_single(5, DEMO, ANA, "no");
    at = put_hand_over(5, at, 0, 1);
    at = put_taken(5, at, 0, "a");
    at = put_receipt_of(5, at, 0, STATE_UNDELIVERABLE, MSG_FAILED);
    world_commit(2000);
    ck_assert(look(as_demo, 5, MSG_FAILED, at));
    ck_assert_str_eq(m.error_code, "077");
    ck_assert_str_eq(m.error_text, "receipt UNDELIVERABLE, error 077");
    ck_assert_str_eq(m.part[0].error_text, "077");
    ck_assert_str_eq(m.part[0].state, "failed");
}
END_TEST

/* ---- replies --------------------------------------------------------------
 */

static uint64_t
put_answer_from_phone(uint32_t account, uint32_t sender, uint64_t subscriber,
                      struct slice inbound)
{
    return PUT(reply, .message = 8, .at_ms = 6000, .account = account,
               .sender = sender, .number = sender ? 1 : 0,
               .subscriber = subscriber, .thread = sender ? 3 : 0, .rule = 4,
               .in_reply_to = 5, .flags = REPLY_CROSSED | REPLY_LATE,
               .carrier = 1, .ucs2 = 1, .received_ms = 5900,
               .text = slice_str("yes"), .inbound = inbound);
}

START_TEST(a_reply_tells_whose_it_is_and_why)
{
    uint8_t room[20];
    struct writer w = writer_of(room, sizeof room);
    writer_varint(&w, 8);
    writer_varint(&w, 9);
    uint64_t at = put_answer_from_phone(DEMO, ANA, PHONE, writer_slice(&w));
    world_commit(2000);
    ck_assert(look(as_ana, 8, MSG_RECEIVED, at));
    ck_assert(m.inbound);
    ck_assert_str_eq(m.from, "+447700900123");
    ck_assert_str_eq(m.to, "+12125550101");
    check_text(m.text, "yes");
    ck_assert_uint_eq(m.parts, 2);
    ck_assert_str_eq(m.encoding, "ucs2");
    ck_assert_uint_eq(m.rule, 4);
    ck_assert_uint_eq(m.in_reply_to, 5);
    ck_assert_str_eq(m.flags[0], "late");
    ck_assert_str_eq(m.flags[1], "crossed");
    ck_assert_ptr_null(m.flags[2]);
    ck_assert_uint_eq(m.created_ms, 5900);
    ck_assert_uint_eq(m.thread, 3);
    check_history(0, 6000, "received", "rule 4");
}
END_TEST

START_TEST(a_reply_from_a_name_shows_it_as_it_came)
{
    uint8_t room[10];
    struct writer w = writer_of(room, sizeof room);
    writer_varint(&w,
                  PUT(inbound, .at_ms = 5900, .carrier = 1,
                      .subscriber = UINT64_C(1) << 63 | 77,
                      .source = slice_str("BANK"), .dest = slice_str("12345"),
                      .octets = slice_str("yes")));
    uint64_t at = put_answer_from_phone(DEMO, 0, UINT64_C(1) << 63 | 77,
                                        writer_slice(&w));
    world_commit(2000);
    ck_assert(look(as_demo, 8, MSG_RECEIVED, at));
    ck_assert_str_eq(m.from, "BANK");
    ck_assert_str_eq(m.to, "12345");
    check_history(0, 6000, "received", "unmatched");
    ck_assert(!look(as_ana, 8, MSG_RECEIVED, at));
}
END_TEST

START_TEST(a_reassigned_reply_belongs_to_the_new_sender_alone)
{
    uint64_t at = put_answer_from_phone(DEMO, ANA, PHONE, (struct slice){0});
    uint64_t reply = at;
    at = PUT(reassign, .message = 8, .at_ms = 7000, .prev = at, .account = DEMO,
             .sender = BEN, .thread = 4, .reply = reply);
    world_commit(2000);
    ck_assert(look(as_ben, 8, MSG_RECEIVED, at));
    ck_assert_uint_eq(m.sender, BEN);
    ck_assert_uint_eq(m.thread, 4);
    check_text(m.text, "yes");
    ck_assert_uint_eq(m.histories, 2);
    ck_assert(!look(as_ana, 8, MSG_RECEIVED, at));
    ck_assert(look(as_demo, 8, MSG_RECEIVED, at));
}
END_TEST

/* ---- who sees what --------------------------------------------------------
 */

START_TEST(nobody_sees_what_is_anothers)
{
    uint64_t anas = put_single(5, DEMO, ANA, "a");
    uint64_t eves = put_single(6, OTHER, EVE, "b");
    uint64_t desks = put_single(7, DEMO, DESK, "c");
    uint64_t plain = put_single(8, DEMO, 0, "d");
    world_commit(2000);
    const struct {
        struct who who;
        bool anas, eves, desks, plain;
    } cases[] = {
        {as_admin, true, true, true, true},
        {as_demo, true, false, true, true},
        {as_other, false, true, false, false},
        {as_ana, true, false, true, false},
        {as_ben, false, false, true, false},
        {as_eve, false, true, false, false},
        {{.kind = WHO_NOBODY}, false, false, false, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct who w = cases[i].who;
        ck_assert_int_eq(look(w, 5, MSG_QUEUED, anas), cases[i].anas);
        ck_assert_int_eq(look(w, 6, MSG_QUEUED, eves), cases[i].eves);
        ck_assert_int_eq(look(w, 7, MSG_QUEUED, desks), cases[i].desks);
        ck_assert_int_eq(look(w, 8, MSG_QUEUED, plain), cases[i].plain);
    }
}
END_TEST

START_TEST(a_number_that_is_not_the_facts_is_refused)
{
    uint64_t at = put_single(5, DEMO, ANA, "a");
    world_commit(2000);
    ck_assert(!look(as_admin, 6, MSG_QUEUED, at));
    ck_assert(!look(as_admin, 5, MSG_QUEUED, 0));
    ck_assert(!look(as_admin, 5, MSG_QUEUED, at + 100000));
    ck_assert(look(as_admin, 5, MSG_QUEUED, at));
}
END_TEST

static void
expire_before(uint64_t wall_ms, uint64_t oldest)
{
    store_expire(rig.s, wall_ms, UINT64_MAX);
    for (int i = 0; i < 2000 && store_oldest(rig.s) < oldest; i++)
        rig_sleep_ms(5);
    ck_assert_uint_eq(store_oldest(rig.s), oldest);
}

START_TEST(what_expired_is_left_out_and_the_rest_still_told)
{
    uint64_t at = put_single(5, DEMO, ANA, "old text");
    world_commit(10000);
    uint64_t sent = at = put_hand_over(5, at, 0, 1);
    world_commit(20000);
    uint64_t taken = at = put_taken(5, at, 0, "1a2b");
    world_commit(30000);
    ck_assert(look(as_ana, 5, MSG_SUBMITTED, at));
    struct slice text = m.text;
    ck_assert_uint_eq(m.histories, 4);
    expire_before(15000, sent);
    check_text(text, "old text"); /* held by the query, not by the log */
    ck_assert(look(as_ana, 5, MSG_SUBMITTED, at));
    ck_assert_uint_eq(m.text.n, 0);
    ck_assert_uint_eq(m.histories, 2);
    ck_assert_str_eq(m.to, "+447700900123");
    ck_assert(!look(as_ben, 5, MSG_SUBMITTED, at));
    expire_before(25000, taken);
    ck_assert(!look(as_admin, 5, MSG_SUBMITTED, at));
}
END_TEST

START_TEST(each_call_sees_what_became_durable_before_it)
{
    uint64_t first = put_single(5, DEMO, ANA, "a");
    world_commit(2000);
    ck_assert(look(as_demo, 5, MSG_QUEUED, first));
    uint64_t second = put_single(6, DEMO, ANA, "b");
    ck_assert(!look(as_demo, 6, MSG_QUEUED, second));
    world_commit(2000);
    ck_assert(look(as_demo, 6, MSG_QUEUED, second));
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, keys_are_known_by_their_digest);
    tcase_add_test(tc, senders_are_found_by_id_name_and_external_id);
    tcase_add_test(tc, a_sender_made_a_moment_ago_is_found_at_once);
    tcase_add_test(tc, names_are_told_and_unknown_ids_are_not);
    tcase_add_test(tc, opt_outs_hold_in_their_scope_only);
    tcase_add_test(tc, a_delivered_message_tells_its_whole_story);
    tcase_add_test(tc, a_message_not_handed_over_has_no_parts_yet);
    tcase_add_test(tc, parts_are_told_apart_and_a_refusal_names_its_status);
    tcase_add_test(tc, a_retry_says_when_and_leaves_no_error_once_delivered);
    tcase_add_test(tc, a_lost_part_is_uncertain_and_then_unknown);
    tcase_add_test(tc, a_receipts_error_is_the_messages);
    tcase_add_test(tc, a_reply_tells_whose_it_is_and_why);
    tcase_add_test(tc, a_reply_from_a_name_shows_it_as_it_came);
    tcase_add_test(tc, a_reassigned_reply_belongs_to_the_new_sender_alone);
    tcase_add_test(tc, nobody_sees_what_is_anothers);
    tcase_add_test(tc, a_number_that_is_not_the_facts_is_refused);
    tcase_add_test(tc, what_expired_is_left_out_and_the_rest_still_told);
    tcase_add_test(tc, each_call_sees_what_became_durable_before_it);
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

RIG_MAIN("query", add_tests)
