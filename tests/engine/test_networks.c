/* Which network a phone is on: what is kept, what is asked, what is given up.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/door/asker.h"
#include "engine/flow/networks.h"
#include "tests/engine/run_suite.h"

enum { SECOND = 1000000, PHONE = 440000 };

static struct networks n;
static struct lookup_settings s;
static struct lookup_batch batch;
static uint64_t now;

static void
begin(void)
{
    s = (struct lookup_settings){.on = true,
                                 .batch = 3,
                                 .wait_ms = 20,
                                 .timeout_ms = 500,
                                 .cache_s = 240,
                                 .cache_max = 1000,
                                 .otherwise = "home"};
    now = SECOND;
    n = (struct networks){0};
}

static void
end(void)
{
    networks_fini(&n);
}

/* NULL: not known yet. */
static const char *
find(uint64_t phone)
{
    const char *network = "?";
    return networks_find(&n, &s, phone, now, &network) ? network : NULL;
}

static bool
take(void)
{
    return networks_take(&n, &s, now, &batch);
}

static void
answer(const char *network)
{
    for (unsigned i = 0; i < batch.count; i++)
        snprintf(batch.phone[i].network, sizeof batch.phone[i].network, "%s",
                 network);
    networks_told(&n, &s, &batch, false, now);
}

static void
fail_one(uint64_t phone)
{
    ck_assert_ptr_null(find(phone));
    now += 20000;
    ck_assert(take());
    networks_told(&n, &s, &batch, true, now);
}

START_TEST(a_phone_is_asked_for_once_and_then_known)
{
    ck_assert_ptr_null(find(1));
    ck_assert_ptr_null(find(1));
    ck_assert(!take()); /* others may come */
    now += 20000;
    ck_assert(take());
    ck_assert_uint_eq(batch.count, 1);
    ck_assert_uint_eq(batch.timeout_ms, 500);
    ck_assert_ptr_null(find(1)); /* under way */
    ck_assert(!take());
    answer("310260");
    ck_assert_str_eq(find(1), "310260");
    now += 240ULL * SECOND;
    ck_assert_str_eq(find(1), "310260");
    now += SECOND;
    ck_assert_ptr_null(find(1));
}
END_TEST

START_TEST(a_full_batch_does_not_wait)
{
    for (uint64_t p = 1; p <= 4; p++)
        ck_assert_ptr_null(find(p));
    ck_assert_uint_eq(networks_next(&n, &s, true), now);
    ck_assert(take());
    ck_assert_uint_eq(batch.count, 3);
    ck_assert(!take());
    ck_assert_uint_eq(networks_next(&n, &s, true), now + 20000);
    ck_assert_uint_eq(networks_next(&n, &s, false), now + 500000);
}
END_TEST

START_TEST(nobody_knows_it_for_a_shorter_while)
{
    ck_assert_ptr_null(find(1));
    now += 20000;
    ck_assert(take());
    answer("");
    ck_assert_str_eq(find(1), "home");
    now += 12ULL * SECOND; /* 240 s / 24, and a bit */
    ck_assert_ptr_null(find(1));
}
END_TEST

START_TEST(the_time_limit_gives_the_default_and_a_late_answer_counts)
{
    ck_assert_ptr_null(find(1));
    now += 20000;
    ck_assert(take());
    now += 479999;
    ck_assert_uint_eq(networks_expire(&n, &s, now), 0);
    now += 1;
    ck_assert_uint_eq(networks_expire(&n, &s, now), 1);
    ck_assert_str_eq(find(1), "home");
    answer("26201");
    ck_assert_str_eq(find(1), "26201");
    ck_assert_uint_eq(n.faults, 1); /* but nobody should wait for such */
    ck_assert_uint_eq(networks_next(&n, &s, true), UINT64_MAX);
}
END_TEST

START_TEST(after_failures_nobody_waits_and_one_tries)
{
    for (uint64_t p = 1; p <= NETWORKS_FAULTS_MAX; p++) {
        fail_one(p);
        ck_assert_str_eq(find(p), "home");
    }
    ck_assert_str_eq(find(100), "home"); /* at once */
    now += 20000;
    ck_assert(!take());
    now += SECOND;
    ck_assert_str_eq(find(101), "home"); /* it tries */
    ck_assert_str_eq(find(102), "home"); /* this one does not */
    now += 20000;
    ck_assert(take());
    ck_assert_uint_eq(batch.count, 1);
    networks_told(&n, &s, &batch, true, now);
    now += SECOND; /* the rest has doubled */
    ck_assert_str_eq(find(103), "home");
    now += 20000;
    ck_assert(!take());
    now += SECOND;
    ck_assert_str_eq(find(104), "home");
    now += 20000;
    ck_assert(take());
    answer("26202");
    ck_assert_str_eq(find(104), "26202");
    ck_assert_ptr_null(find(105)); /* all is well: who asks waits */
}
END_TEST

START_TEST(memory_is_bounded_and_the_oldest_goes_first)
{
    s.batch = 100;
    for (uint64_t p = 1; p <= 1500; p++) {
        ck_assert_ptr_null(find(p));
        if (p % 100 == 0) {
            ck_assert(take());
            answer(p % 200 ? "a" : "b");
        }
    }
    ck_assert_uint_eq(n.rows, 1000);
    ck_assert_uint_eq(n.known.used, 1000);
    ck_assert_uint_eq(n.names, 2);
    ck_assert_ptr_null(find(500));
    ck_assert_str_eq(find(501), "b");
    ck_assert_str_eq(find(1500), "a");
}
END_TEST

START_TEST(questions_are_bounded_and_those_left_out_are_asked_later)
{
    for (uint64_t p = 1; p <= 20; p++)
        ck_assert_ptr_null(find(p));
    ck_assert(!networks_has_room(&n, &s));
    ck_assert(take());
    ck_assert(take());
    ck_assert(!take()); /* two questions of 3: the rest was not asked */
    ck_assert(networks_has_room(&n, &s));
    ck_assert_ptr_null(find(20));
    now += 20000;
    ck_assert(take());
    ck_assert_uint_eq(batch.phone[0].subscriber, 20);
}
END_TEST

START_TEST(a_server_that_invents_names_fills_no_memory)
{
    char name[32];
    s.batch = 1;
    for (uint64_t p = 1; p <= NETWORKS_NAMES_MAX + 10; p++) {
        ck_assert_ptr_null(find(p));
        ck_assert(take());
        snprintf(name, sizeof name, "net%llu", (unsigned long long)p);
        answer(name);
    }
    ck_assert_uint_eq(n.names, NETWORKS_NAMES_MAX);
    ck_assert_str_eq(find(NETWORKS_NAMES_MAX), "net4096");
    ck_assert_str_eq(find(NETWORKS_NAMES_MAX + 1), "home");
}
END_TEST

START_TEST(a_question_and_its_answer)
{
    static const char said[] =
        "{\"+440001\": {\"network\": \"23415\", \"price\": \"1\"},"
        " \"+440002\": {\"price\": 0.5}, \"+440003\": {\"carrier\": \"o2\"},"
        " \"+440004\": {\"network\": null}, \"+440005\": 7,"
        " \"+440006\": {\"network\": \"longer than any network is named\"}}";
    static const char *const networks[] = {"23415", "0.5", "o2", "",
                                           "",      "",    ""};
    batch.count = 7;
    for (unsigned i = 0; i < 7; i++)
        batch.phone[i].subscriber = PHONE + 1 + i;
    char *text = asker_question(&batch);
    ck_assert_str_eq(text, "{\"numbers\":[\"+440001\",\"+440002\",\"+440003\","
                           "\"+440004\",\"+440005\",\"+440006\",\"+440007\"]}");
    free(text);
    ck_assert(asker_answer(&batch, said, sizeof said - 1));
    for (unsigned i = 0; i < 7; i++)
        ck_assert_str_eq(batch.phone[i].network, networks[i]);
    ck_assert(!asker_answer(&batch, said, sizeof said - 2));
    ck_assert(!asker_answer(&batch, "[1]", 3));
    ck_assert(!asker_answer(&batch, "", 0));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("networks");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, a_phone_is_asked_for_once_and_then_known);
    tcase_add_test(t, a_full_batch_does_not_wait);
    tcase_add_test(t, nobody_knows_it_for_a_shorter_while);
    tcase_add_test(t,
                   the_time_limit_gives_the_default_and_a_late_answer_counts);
    tcase_add_test(t, after_failures_nobody_waits_and_one_tries);
    tcase_add_test(t, memory_is_bounded_and_the_oldest_goes_first);
    tcase_add_test(t, questions_are_bounded_and_those_left_out_are_asked_later);
    tcase_add_test(t, a_server_that_invents_names_fills_no_memory);
    tcase_add_test(t, a_question_and_its_answer);
    return run_suite("networks", t);
}
