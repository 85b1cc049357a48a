/*
 * test_query_campaign.c - tests engine/flow/query_campaign.c, query_thread.c,
 * query_parts.c, query_unmatched.c and query_metrics.c.
 */
#include <stdio.h>

#include "engine/carrier/settings.h"
#include "engine/flow/book.h"
#include "proto/smpp.h"
#include "tests/engine/query_rig.h"

static struct message_view m;

static void
check_text(struct slice text, const char *want)
{
    ck_assert_msg(slice_eq(text, slice_str(want)), "%.*s is not %s",
                  (int)text.n, (const char *)text.p, want);
}

/* ---- campaigns ------------------------------------------------------------
 */

static uint64_t
put_row_sent(uint64_t message, uint64_t chunk, uint64_t row)
{
    return PUT(sent, .message = message, .at_ms = 3000, .parts = 1,
               .carrier = 1, .account = DEMO, .sender = row ? BEN : ANA,
               .number = 1, .subscriber = PHONE + row, .campaign = CAMPAIGN,
               .chunk = chunk, .row = row);
}

START_TEST(a_campaign_shows_what_was_asked_for)
{
    struct campaign_doc doc;
    ck_assert(query_campaign(query, as_demo, CAMPAIGN, &doc));
    check_text(doc.name, "spring");
    check_text(doc.from, "+12125550101");
    check_text(doc.text, "Hi {{name|there}}, {{sender.name}} to {{to}}");
    ck_assert_int_eq(doc.class, CLASS_MARKETING);
    ck_assert_uint_eq(doc.rate, 20);
    ck_assert_uint_eq(doc.created_ms, 900);
    ck_assert(doc.dedupe);
    ck_assert(!doc.resend_uncertain);
    ck_assert(query_campaign(query, as_admin, CAMPAIGN, &doc));
    ck_assert(query_campaign(query, as_ana, CAMPAIGN, &doc));
    ck_assert(!query_campaign(query, as_ben, CAMPAIGN, &doc));
    ck_assert(!query_campaign(query, as_other, CAMPAIGN, &doc));
    ck_assert(!query_campaign(query, as_admin, CAMPAIGN + 1, &doc));
    ck_assert(!query_campaign(query, as_admin, 0, &doc));
}
END_TEST

START_TEST(a_rows_text_is_rendered_as_it_was_sent)
{
    uint64_t chunk = put_two_recipients(100);
    uint64_t kim = put_row_sent(100, chunk, 0);
    uint64_t nobody = put_row_sent(101, chunk, 1);
    world_commit(2000);
    ck_assert(query_message(query, as_demo, 101,
                            word_make(MSG_SUBMITTED, 0, nobody), &m));
    check_text(m.text, "Hi there, ben to +447700900124");
    ck_assert(query_message(query, as_demo, 100,
                            word_make(MSG_SUBMITTED, 0, kim), &m));
    check_text(m.text, "Hi Kim, ana to +447700900123");
    ck_assert_uint_eq(m.campaign, CAMPAIGN);
    ck_assert_str_eq(m.class, "marketing");
    ck_assert_uint_eq(m.created_ms, 1500);
    ck_assert_str_eq(m.history[0].state, "accepted");
    ck_assert_uint_eq(m.histories, 2);
    ck_assert(query_message(query, as_ana, 100,
                            word_make(MSG_SUBMITTED, 0, kim), &m));
    ck_assert(!query_message(query, as_ana, 101,
                             word_make(MSG_SUBMITTED, 0, nobody), &m));
}
END_TEST

START_TEST(a_row_that_never_left_says_why)
{
    uint64_t chunk = put_two_recipients(100);
    uint64_t at = PUT(
        state, .message = 101, .at_ms = 3000, .account = DEMO, .sender = BEN,
        .campaign = CAMPAIGN, .chunk = chunk, .row = 1, .state = MSG_REJECTED,
        .reason = REASON_MISSING_FIELD, .detail = slice_str("plate"));
    world_commit(2000);
    ck_assert(
        query_message(query, as_ben, 101, word_make(MSG_REJECTED, 0, at), &m));
    ck_assert_str_eq(m.to, "+447700900124");
    ck_assert_str_eq(m.from, "+12125550101");
    ck_assert_str_eq(m.error_code, "missing_field");
    ck_assert_str_eq(m.error_text,
                     "the recipient has no value for a field: plate");
    ck_assert_uint_eq(m.final_ms, 3000);
    ck_assert_uint_eq(m.part_views, 0);
    ck_assert_ptr_null(m.encoding);
}
END_TEST

START_TEST(a_row_that_stands_twice_is_rejected_with_its_file)
{
    uint8_t gap = 1;
    put_two_recipients(100);
    uint64_t at =
        PUT(skip, .campaign = CAMPAIGN, .rows = 1, .gaps = slice_of(&gap, 1));
    world_commit(2000);
    ck_assert(
        query_message(query, as_demo, 101, word_make(MSG_REJECTED, 0, at), &m));
    ck_assert_str_eq(m.error_code, "duplicate");
    ck_assert_uint_eq(m.final_ms, 2000);
    ck_assert_uint_eq(m.histories, 1);
    ck_assert_str_eq(m.history[0].state, "rejected");
    ck_assert(!query_message(query, as_other, 101,
                             word_make(MSG_REJECTED, 0, at), &m));
}
END_TEST

START_TEST(outcomes_tell_states_without_texts)
{
    uint64_t chunk = put_two_recipients(100);
    uint64_t kim = put_row_sent(100, chunk, 0);
    world_commit(2000);
    ck_assert(query_outcome(query, 100, word_make(MSG_SUBMITTED, 0, kim), &m));
    ck_assert_str_eq(m.to, "+447700900123");
    ck_assert_uint_eq(m.submitted_ms, 3000);
    ck_assert_uint_eq(m.text.n, 0);
    ck_assert(query_outcome(query, 101, word_make(MSG_QUEUED, 0, 0), &m));
    ck_assert_int_eq(m.state, MSG_QUEUED);
    ck_assert_uint_eq(m.histories, 0);
    ck_assert(!query_outcome(query, 101, word_make(MSG_SUBMITTED, 0, kim), &m));
}
END_TEST

/* As many rows as a chunk takes, looked at in no order. */
START_TEST(any_row_of_a_full_chunk_is_found)
{
    static uint8_t octets[RECIPIENTS_CHUNK_MAX];
    const struct slice name = slice_str("name");
    struct recipients_packer p;
    struct slice chunk;
    char text[32];
    ck_assert(recipients_begin(&p, octets, &name, 1));
    for (unsigned i = 0; i < RECIPIENTS_ROWS_MAX; i++) {
        snprintf(text, sizeof text, "n%u", i);
        struct slice value = slice_str(text);
        ck_assert_int_eq(recipients_add(&p, PHONE + i, 0, &value),
                         RECIPIENTS_OK);
    }
    uint64_t at =
        PUT(recipients, .campaign = CAMPAIGN, .message = 100,
            .rows = RECIPIENTS_ROWS_MAX, .chunk = slice_of(octets, p.used));
    static const unsigned rows[] = {RECIPIENTS_ROWS_MAX - 1, 0, 2048, 1};
    uint64_t sent[4];
    for (unsigned i = 0; i < 4; i++)
        sent[i] = put_row_sent(100 + rows[i], at, rows[i]);
    uint64_t beyond = put_row_sent(9999, at, RECIPIENTS_ROWS_MAX);
    world_commit(2000);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert(query_message(query, as_demo, 100 + rows[i],
                                word_make(MSG_SUBMITTED, 0, sent[i]), &m));
        snprintf(text, sizeof text, "Hi n%u, ", rows[i]);
        ck_assert(m.text.n > strlen(text));
        ck_assert(memcmp(m.text.p, text, strlen(text)) == 0);
    }
    ck_assert(query_message(query, as_demo, 9999,
                            word_make(MSG_SUBMITTED, 0, beyond), &m));
    ck_assert_uint_eq(m.text.n, 0);
    ck_assert(query_chunk(query, at, &chunk));
    ck_assert(slice_eq(chunk, slice_of(octets, p.used)));
    ck_assert(!query_chunk(query, sent[0], &chunk));
}
END_TEST

/* ---- threads --------------------------------------------------------------
 */

static uint64_t
put_answer_in(uint64_t message, uint64_t before, uint64_t thread,
              uint32_t sender)
{
    return PUT(accept, .message = message, .at_ms = 2000, .before = before,
               .account = DEMO, .sender = sender, .number = 1,
               .subscriber = PHONE, .thread = thread, .parts = 1,
               .text = slice_str("x"));
}

static uint64_t
put_reply_in(uint64_t message, uint64_t before, uint64_t thread,
             uint32_t sender)
{
    return PUT(reply, .message = message, .at_ms = 2000, .before = before,
               .account = sender || thread ? DEMO : 0, .sender = sender,
               .number = 1, .subscriber = PHONE, .thread = thread,
               .text = slice_str("y"));
}

/* The talk of PHONE, oldest first: desk writes (1), the phone answers (2),
 * ben claims and gets (3), ana's campaign (4, handed over twice), eve (5),
 * ben answers in the desk's thread (6), ben's own thread (7), unmatched (8). */
static uint64_t
put_talk(void)
{
    uint64_t at = put_answer_in(1, 0, 11, DESK);
    at = PUT(sent, .message = 1, .before = at, .parts = 1, .account = DEMO,
             .sender = DESK, .number = 1, .subscriber = PHONE);
    at = put_reply_in(2, at, 11, DESK);
    at = put_reply_in(3, at, 11, BEN);
    for (unsigned i = 0; i < 2; i++)
        at = PUT(sent, .message = 4, .before = at, .parts = 1, .attempt = i,
                 .account = DEMO, .sender = ANA, .number = 1,
                 .subscriber = PHONE, .campaign = CAMPAIGN);
    at = PUT(sent, .message = 5, .before = at, .parts = 1, .account = OTHER,
             .sender = EVE, .number = 2, .subscriber = PHONE, .campaign = 8);
    at = put_answer_in(6, at, 11, BEN);
    at = put_reply_in(7, at, 12, BEN);
    return put_reply_in(8, at, 0, 0);
}

static void
check_numbers(const char *want, const uint64_t *numbers, unsigned n)
{
    char have[64] = "";
    for (unsigned i = 0; i < n; i++)
        snprintf(have + strlen(have), sizeof have - strlen(have), "%llu ",
                 (unsigned long long)numbers[i]);
    ck_assert_str_eq(have, want);
}

static void
check_thread(struct who who, uint64_t thread, uint32_t sender, uint64_t head,
             const char *want)
{
    struct thread_view view = {
        .thread = thread, .sender = sender, .subscriber_key = PHONE};
    uint64_t numbers[16], pos = head;
    unsigned n = query_thread_of(query, who, &view, &pos, numbers, 16);
    ck_assert_uint_eq(pos, 0);
    check_numbers(want, numbers, n);
    pos = head;
    n = query_thread(query, who, sender, PHONE, &pos, numbers, 16);
    ck_assert_uint_eq(pos, 0);
    check_numbers(want, numbers, n);
}

START_TEST(a_thread_has_its_own_messages_newest_first)
{
    uint64_t head = put_talk();
    world_commit(2000);
    check_thread(as_demo, 11, DESK, head, "6 3 2 1 ");
    check_thread(as_admin, 11, DESK, head, "6 3 2 1 ");
    check_thread(as_demo, 12, BEN, head, "7 ");
    check_thread(as_demo, 13, ANA, head, "4 ");
    /* 8 may have been given to ben: query_message() tells. */
    check_thread(as_ben, 12, BEN, head, "8 7 ");
    check_thread(as_other, 11, DESK, head, "");
    check_thread(as_other, 14, EVE, head, "5 ");
}
END_TEST

START_TEST(a_thread_is_paged_and_a_wrong_cursor_finds_nothing)
{
    struct thread_view desk = {
        .thread = 11, .sender = DESK, .subscriber_key = PHONE};
    uint64_t numbers[3], pos = put_talk(), head = pos;
    world_commit(2000);
    unsigned n = query_thread_of(query, as_demo, &desk, &pos, numbers, 3);
    check_numbers("6 3 2 ", numbers, n);
    ck_assert_uint_ne(pos, 0);
    n = query_thread_of(query, as_demo, &desk, &pos, numbers, 3);
    check_numbers("1 ", numbers, n);
    ck_assert_uint_eq(pos, 0);
    for (uint64_t wrong = head + 1; wrong < head + 40; wrong++) {
        pos = wrong;
        ck_assert_uint_eq(
            query_thread_of(query, as_demo, &desk, &pos, numbers, 3), 0);
        ck_assert_uint_eq(pos, 0);
    }
    desk.subscriber_key = PHONE + 1;
    pos = head;
    ck_assert_uint_eq(query_thread_of(query, as_demo, &desk, &pos, numbers, 3),
                      0);
}
END_TEST

/* ---- the rest -------------------------------------------------------------
 */

START_TEST(what_matched_nothing_is_shown_as_kept)
{
    struct unmatched_view u;
    uint64_t receipt =
        PUT(receipt, .at_ms = 5000, .carrier = 1, .kind = STATE_DELIVERED,
            .final = 1, .smsc_id = slice_str("9f"),
            .source = slice_str("447700900123"), .dest = slice_str("12345"));
    uint64_t reply = put_reply_in(8, 0, 0, 0);
    uint64_t single = put_single(9, DEMO, ANA, "x");
    world_commit(2000);
    ck_assert(query_unmatched(query, receipt, &u));
    ck_assert(u.receipt);
    ck_assert_str_eq(u.smsc_id, "9f");
    ck_assert_str_eq(u.state, "DELIVERED");
    ck_assert_str_eq(u.carrier, "acme");
    ck_assert_str_eq(u.from, "447700900123");
    ck_assert_str_eq(u.to, "12345");
    ck_assert(query_unmatched(query, reply, &u));
    ck_assert(!u.receipt);
    ck_assert_uint_eq(u.message, 8);
    ck_assert_str_eq(u.from, "+447700900123");
    check_text(u.text, "y");
    ck_assert(!query_unmatched(query, single, &u));
    ck_assert(!query_unmatched(query, 0, &u));
}
END_TEST

START_TEST(metrics_are_prometheus_text_and_never_overflow)
{
    static char room[65536];
    struct writer w = writer_of(room, sizeof room - 1), small;
    query_metrics(query, &w);
    ck_assert(!w.failed);
    room[writer_used(&w)] = 0;
    ck_assert_ptr_nonnull(strstr(room, "\nvolley_store_commits_total 1\n"));
    ck_assert_ptr_nonnull(strstr(room, "\nvolley_pdus_received_total "));
    ck_assert_ptr_nonnull(
        strstr(room, "volley_store_commit_seconds{quantile=\"0.99\"} "));
    ck_assert_ptr_nonnull(strstr(
        room, "volley_store_commit_duration_seconds_bucket{le=\"+Inf\"} 1\n"));
    ck_assert_ptr_nonnull(
        strstr(room, "volley_store_commit_duration_seconds_count 1\n"));
    small = writer_of(room, 100);
    query_metrics(query, &small);
    ck_assert(small.failed);
}
END_TEST

static unsigned
parts_of(uint32_t account, const char *from, const char *text, bool *ucs2)
{
    unsigned parts;
    return query_parts(query, account, slice_str(from), 0, slice_str(text),
                       &parts, ucs2)
               ? parts
               : 0;
}

START_TEST(parts_are_counted_as_the_numbers_carrier_sends_them)
{
    char text[200];
    bool ucs2;
    memset(text, 'a', 161);
    text[161] = 0;
    ck_assert_uint_eq(parts_of(DEMO, "+12125550101", text, &ucs2), 2);
    ck_assert(!ucs2);
    ck_assert_uint_eq(parts_of(DEMO, "+12125550102", text, &ucs2), 1);
    ck_assert_uint_eq(parts_of(DEMO, "+12125550101", "\u4f60\u597d", &ucs2), 1);
    ck_assert(ucs2);
    ck_assert_uint_eq(parts_of(OTHER, "+12125550101", text, &ucs2), 0);
    ck_assert_uint_eq(parts_of(OTHER, "+12125550199", text, &ucs2), 2);
    ck_assert_uint_eq(parts_of(DEMO, "+12125550109", text, &ucs2), 0);
    ck_assert_uint_eq(parts_of(DEMO, "+12125550101", "\xff", &ucs2), 0);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, a_campaign_shows_what_was_asked_for);
    tcase_add_test(tc, a_rows_text_is_rendered_as_it_was_sent);
    tcase_add_test(tc, a_row_that_never_left_says_why);
    tcase_add_test(tc, a_row_that_stands_twice_is_rejected_with_its_file);
    tcase_add_test(tc, outcomes_tell_states_without_texts);
    tcase_add_test(tc, any_row_of_a_full_chunk_is_found);
    tcase_add_test(tc, a_thread_has_its_own_messages_newest_first);
    tcase_add_test(tc, a_thread_is_paged_and_a_wrong_cursor_finds_nothing);
    tcase_add_test(tc, what_matched_nothing_is_shown_as_kept);
    tcase_add_test(tc, metrics_are_prometheus_text_and_never_overflow);
    tcase_add_test(tc, parts_are_counted_as_the_numbers_carrier_sends_them);
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

RIG_MAIN("query_campaign", add_tests)
