/*
 * test_log_line.c - tests engine/core/log.h through a pipe.
 */
#include "engine/core/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "tests/engine/run_suite.h"

static int ends[2];
static struct wall now = {1769903999123};

static struct wall
fake_wall(void)
{
    return now;
}

static struct mono
fake_mono(void)
{
    return (struct mono){now.ms * 1000};
}

static void
set_up(void)
{
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    log_to(ends[1]);
    clock_fake(fake_mono, fake_wall);
    log_set_level(LEVEL_INFO);
}

static void
tear_down(void)
{
    log_to(STDERR_FILENO);
    clock_fake(NULL, NULL);
    close(ends[0]);
    close(ends[1]);
}

static const char *
written(void)
{
    static char text[65536];
    ssize_t n = read(ends[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    return text;
}

static unsigned
lines(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

START_TEST(a_line_is_time_level_verb_and_values)
{
    log_warn(ROOM_CARRIER, "bind_refused", "carrier=%s status=0x%02X", "acme",
             0x0E);
    ck_assert_str_eq(written(), "2026-01-31T23:59:59.123Z warn bind_refused "
                                "carrier=acme status=0x0E\n");
}
END_TEST

START_TEST(a_level_that_is_off_writes_nothing)
{
    log_debug(ROOM_FLOW, "part", "msg=%d", 1);
    ck_assert_str_eq(written(), "");
    log_set_room_level(ROOM_FLOW, LEVEL_DEBUG);
    log_debug(ROOM_DOOR, "part", "msg=%d", 2);
    ck_assert_str_eq(written(), "");
    log_debug(ROOM_FLOW, "part", "msg=%d", 3);
    ck_assert_ptr_nonnull(strstr(written(), "msg=3"));
    log_set_level(LEVEL_ERROR);
    log_warn(ROOM_FLOW, "part", "msg=%d", 4);
    ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(a_cause_that_repeats_is_counted_not_written)
{
    unsigned seen = 0;
    for (int second = 0; second < 2; second++) {
        for (int i = 0; i < 1000; i++)
            log_info(ROOM_CORE, "again", "i=%d", i);
        seen += lines(written());
        now.ms += 1000;
    }
    ck_assert_uint_eq(seen, 20);
    log_info(ROOM_CORE, "other", "x=%d", 1); /* another cause is heard */
    ck_assert_uint_eq(lines(written()), 1);
}
END_TEST

START_TEST(the_next_line_owns_up_to_what_was_left_out)
{
    char last[256] = "";
    for (int i = 0; i < 26; i++) {
        if (i == 25)
            now.ms += 1000;
        log_info(ROOM_CORE, "again", "i=%d", i);
        const char *text = written();
        if (*text)
            snprintf(last, sizeof last, "%.255s", text);
    }
    ck_assert_ptr_nonnull(strstr(last, "left_out=15"));
}
END_TEST

START_TEST(what_a_peer_says_cannot_forge_a_line)
{
    log_info(ROOM_CORE, "peer", "text=\"%s\"", "a\nb\r\x1b[31m");
    const char *text = written();
    ck_assert_uint_eq(lines(text), 1);
    ck_assert_ptr_nonnull(strstr(text, "a?b??[31m"));
}
END_TEST

START_TEST(a_line_too_long_is_cut)
{
    char far[5000];
    memset(far, 'x', sizeof far - 1);
    far[sizeof far - 1] = 0;
    log_info(ROOM_CORE, "long", "text=%s", far);
    const char *text = written();
    ck_assert_uint_le(strlen(text), 1024);
    ck_assert_uint_eq(lines(text), 1);
}
END_TEST

START_TEST(levels_have_names)
{
    enum log_level level;
    ck_assert(log_level_by_name("debug", &level));
    ck_assert_int_eq(level, LEVEL_DEBUG);
    ck_assert(!log_level_by_name("loud", &level));
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("log");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_line_is_time_level_verb_and_values);
    tcase_add_test(t, a_level_that_is_off_writes_nothing);
    tcase_add_test(t, a_cause_that_repeats_is_counted_not_written);
    tcase_add_test(t, the_next_line_owns_up_to_what_was_left_out);
    tcase_add_test(t, what_a_peer_says_cannot_forge_a_line);
    tcase_add_test(t, a_line_too_long_is_cut);
    tcase_add_test(t, levels_have_names);
    return run_suite("log", t);
}
