/*
 * test_cli_sse.c - Server-Sent Events (HTML standard, 9.2.6), cut anywhere.
 */
#include "engine/cli/sse.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Events as "id|type|data;" one after the other. */
struct seen {
    char text[4096];
    size_t n;
    size_t stop_after; /* 0: never */
    size_t events;
};

static bool
note(void *arg, const struct sse_event *event)
{
    struct seen *seen = arg;
    seen->n +=
        (size_t)snprintf(seen->text + seen->n, sizeof seen->text - seen->n,
                         "%s|%s|%s;", event->id, event->type, event->data);
    seen->events++;
    return seen->events != seen->stop_after;
}

static const char stream[] = ": hello\n"
                             "id: evt_1\n"
                             "event: message.delivered\n"
                             "data: {\"a\":1}\n"
                             "\n"
                             "data:one\r\n"
                             "data: two\r\n"
                             "\r\n"
                             "id: evt_3\r"
                             "event:x\r"
                             "data\r"
                             "\r"
                             "event: no.data\n"
                             "\n"
                             "unknown: field\n"
                             "data: last\n"
                             "\n";

static const char wanted[] = "evt_1|message.delivered|{\"a\":1};"
                             "evt_1|message|one\ntwo;"
                             "evt_3|x|;"
                             "evt_3|message|last;";

START_TEST(events_come_out_whole_however_they_are_cut)
{
    for (size_t step = 1; step < sizeof stream; step++) {
        struct seen seen = {0};
        struct sse *sse = sse_create(note, &seen);
        for (size_t at = 0; at < sizeof stream - 1; at += step) {
            size_t left = sizeof stream - 1 - at;
            ck_assert(sse_feed(sse, stream + at, left < step ? left : step));
        }
        ck_assert_str_eq(seen.text, wanted);
        ck_assert_str_eq(sse_last_id(sse), "evt_3");
        sse_destroy(sse);
    }
}
END_TEST

START_TEST(cut_event_is_not_what_one_resumes_behind)
{
    struct seen seen = {0};
    struct sse *sse = sse_create(note, &seen);
    const char *cut = "id: evt_1\ndata: a\n\nid: evt_2\ndata: b\n";
    ck_assert(sse_feed(sse, cut, strlen(cut)));
    ck_assert_str_eq(sse_last_id(sse), "evt_1");
    sse_restart(sse, sse_last_id(sse));
    const char *again = "id: evt_2\ndata: b\n\n";
    ck_assert(sse_feed(sse, again, strlen(again)));
    ck_assert_str_eq(seen.text, "evt_1|message|a;evt_2|message|b;");
    sse_destroy(sse);
}
END_TEST

START_TEST(taker_may_end_the_stream)
{
    struct seen seen = {.stop_after = 1};
    struct sse *sse = sse_create(note, &seen);
    ck_assert(!sse_feed(sse, stream, sizeof stream - 1));
    ck_assert_uint_eq(seen.events, 1);
    sse_destroy(sse);
}
END_TEST

START_TEST(retry_is_the_wish_of_the_server)
{
    struct seen seen = {0};
    struct sse *sse = sse_create(note, &seen);
    ck_assert_int_eq(sse_retry_ms(sse), 0);
    ck_assert(sse_feed(sse, "retry: 2500\n\n", 13));
    ck_assert_int_eq(sse_retry_ms(sse), 2500);
    ck_assert_uint_eq(seen.events, 0);
    sse_destroy(sse);
}
END_TEST

START_TEST(endless_line_is_dropped_and_the_next_event_comes)
{
    struct seen seen = {0};
    struct sse *sse = sse_create(note, &seen);
    static char filler[65536];
    memset(filler, 'x', sizeof filler);
    ck_assert(sse_feed(sse, "data: ", 6));
    for (size_t n = 0; n < 3u * SSE_EVENT_MAX; n += sizeof filler)
        ck_assert(sse_feed(sse, filler, sizeof filler));
    const char *rest = "\n\nid: evt_9\ndata: fine\n\n";
    ck_assert(sse_feed(sse, rest, strlen(rest)));
    ck_assert_str_eq(seen.text, "evt_9|message|fine;");
    ck_assert_uint_eq(sse_dropped(sse), 1);
    sse_destroy(sse);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cli sse");
    TCase *tests = tcase_create("sse");
    tcase_add_test(tests, events_come_out_whole_however_they_are_cut);
    tcase_add_test(tests, cut_event_is_not_what_one_resumes_behind);
    tcase_add_test(tests, taker_may_end_the_stream);
    tcase_add_test(tests, retry_is_the_wish_of_the_server);
    tcase_add_test(tests, endless_line_is_dropped_and_the_next_event_comes);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
