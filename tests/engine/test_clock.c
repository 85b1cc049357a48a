/*
 * test_clock.c - tests engine/core/clock.h.
 */
#include "engine/core/clock.h"

#include "tests/engine/run_suite.h"

static const struct {
    const char *text;
    uint64_t ms;
} good[] = {
    {"1970-01-01T00:00:00.000Z", 0},
    {"2026-01-31T23:59:59.123Z", 1769903999123},
    {"2024-02-29T12:00:00.000Z", 1709208000000}, /* a leap day */
    {"2000-02-29T00:00:00.000Z", 951782400000},
    {"2100-03-01T00:00:00.000Z", 4107542400000}, /* 2100 has none */
    {"2038-01-19T03:14:08.000Z", 2147483648000},
    {"9999-12-31T23:59:59.999Z", 253402300799999},
};

START_TEST(a_time_is_written_and_read_back)
{
    char text[25];
    struct wall t;
    ck_assert_str_eq(wall_to_rfc3339((struct wall){good[_i].ms}, text),
                     good[_i].text);
    ck_assert(wall_from_rfc3339(good[_i].text, &t));
    ck_assert_uint_eq(t.ms, good[_i].ms);
}
END_TEST

static const struct {
    const char *text;
    uint64_t ms;
} forms[] = {
    {"2026-01-31T23:59:59Z", 1769903999000},
    {"2026-01-31t23:59:59z", 1769903999000},
    {"2026-01-31 23:59:59Z", 1769903999000},
    {"2026-02-01T01:59:59+02:00", 1769903999000},
    {"2026-01-31T18:29:59-05:30", 1769903999000},
    {"2026-01-31T23:59:59.1Z", 1769903999100},
    {"2026-01-31T23:59:59.123456789Z", 1769903999123},
    {"2026-01-31T23:59:60Z", 1769904000000}, /* a leap second */
};

START_TEST(other_forms_of_rfc_3339_are_read)
{
    struct wall t;
    ck_assert(wall_from_rfc3339(forms[_i].text, &t));
    ck_assert_uint_eq(t.ms, forms[_i].ms);
}
END_TEST

static const char *const bad[] = {
    "",
    "2026",
    "2026-01-31",
    "2026-01-31T23:59:59",
    "2026-01-31T23:59Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T00:60:00Z",
    "2026-01-31T00:00:61Z",
    "2026-01-31T00:00:00.Z",
    "2026-01-31T00:00:00+24:00",
    "2026-01-31T00:00:00+0100",
    "2026-01-31T00:00:00Zx",
    "26-01-31T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "tomorrow",
};

START_TEST(anything_else_is_refused)
{
    struct wall t;
    ck_assert_msg(!wall_from_rfc3339(bad[_i], &t), "%s", bad[_i]);
}
END_TEST

START_TEST(the_real_clock_does_not_go_back)
{
    struct mono a = clock_mono();
    for (int i = 0; i < 1000; i++) {
        struct mono b = clock_mono();
        ck_assert_uint_ge(b.us, a.us);
        a = b;
    }
}
END_TEST

static struct mono
some_mono(void)
{
    return (struct mono){42};
}

static struct wall
some_wall(void)
{
    return (struct wall){43};
}

START_TEST(both_clocks_can_be_replaced)
{
    clock_fake(some_mono, some_wall);
    ck_assert_uint_eq(clock_mono().us, 42);
    ck_assert_uint_eq(clock_wall().ms, 43);
    clock_fake(NULL, NULL);
    ck_assert_uint_ne(clock_wall().ms, 43);
}
END_TEST

START_TEST(since_is_never_negative)
{
    ck_assert_uint_eq(mono_since_ms((struct mono){5000}, (struct mono){1000}),
                      0);
    ck_assert_uint_eq(mono_since_ms((struct mono){1000}, (struct mono){5999}),
                      4);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("clock");
    tcase_add_loop_test(t, a_time_is_written_and_read_back, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(t, other_forms_of_rfc_3339_are_read, 0,
                        sizeof forms / sizeof *forms);
    tcase_add_loop_test(t, anything_else_is_refused, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(t, the_real_clock_does_not_go_back);
    tcase_add_test(t, both_clocks_can_be_replaced);
    tcase_add_test(t, since_is_never_negative);
    return run_suite("clock", t);
}
