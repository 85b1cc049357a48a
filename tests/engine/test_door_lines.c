/*
 * test_door_lines.c - lines out of a stream, and answers that spill to disk.
 */
#include "engine/door/lines.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/door/spool.h"
#include "tests/engine/run_suite.h"

struct got {
    char text[512];
    size_t n;
    bool stop;
};

static bool
note(void *arg, uint64_t line, struct slice s, bool too_long)
{
    struct got *g = arg;
    g->n +=
        (size_t)snprintf(g->text + g->n, sizeof g->text - g->n, "%s%llu%s%.*s",
                         g->n ? " " : "", (unsigned long long)line,
                         too_long ? "!" : ":", (int)s.n, (const char *)s.p);
    return !g->stop;
}

static const struct {
    const char *text, *lines;
} cases[] = {
    {"a\nb\n", "1:a 2:b"},
    {"a\r\nb\r\n", "1:a 2:b"},
    {"a\nb", "1:a 2:b"},
    {"\xEF\xBB\xBF{}\n", "1:{}"},
    {"\n \na\n\n", "3:a"},
    {"12345678\n", "1:12345678"},
    {"123456789\nb\n", "1! 2:b"},
    {"12345678901234567890\nb\n1234567890", "1! 2:b 3!"},
    {"", ""},
};

START_TEST(lines_are_the_same_in_any_pieces)
{
    const char *text = cases[_i].text;
    size_t n = strlen(text);
    for (size_t piece = 1; piece <= n + 1; piece++) {
        struct got g = {0};
        struct lines l = {.max = 8, .each = note, .arg = &g};
        for (size_t at = 0; at < n; at += piece)
            lines_feed(&l, text + at, n - at < piece ? n - at : piece);
        lines_end(&l);
        lines_fini(&l);
        ck_assert_str_eq(g.text, cases[_i].lines);
    }
}
END_TEST

START_TEST(feed_stops_where_it_was_told_to)
{
    struct got g = {.stop = true};
    struct lines l = {.max = 8, .each = note, .arg = &g};
    ck_assert_uint_eq(lines_feed(&l, "ab\ncd\n", 6), 3);
    ck_assert_str_eq(g.text, "1:ab");
    lines_fini(&l);
}
END_TEST

START_TEST(small_answer_stays_in_ram)
{
    struct spool s = {.dir = "/nonexistent", .fd = -1};
    int fd;
    uint64_t octets;
    emit_text(&s.out, "hello");
    ck_assert(spool_settle(&s));
    ck_assert(spool_finish(&s, &fd, &octets));
    ck_assert_int_eq(fd, -1);
    ck_assert_uint_eq(octets, 5);
    spool_fini(&s);
}
END_TEST

START_TEST(large_answer_is_whole_in_a_file_without_a_name)
{
    char dir[] = "/tmp/volley_spool_XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct spool s = {.dir = dir, .fd = -1};
    for (unsigned i = 0; i < 100000; i++) {
        emit_format(&s.out, "line %05u\n", i);
        ck_assert(spool_settle(&s));
        ck_assert_uint_le(s.out.n, SPOOL_RAM + 64);
    }
    int fd;
    uint64_t octets;
    char line[12] = "";
    ck_assert(spool_finish(&s, &fd, &octets));
    ck_assert_int_ge(fd, 0);
    ck_assert_uint_eq(octets, 1100000);
    ck_assert_int_eq(pread(fd, line, 11, 1100000 - 11), 11);
    ck_assert_str_eq(line, "line 99999\n");
    close(fd);
    spool_fini(&s);
    ck_assert_int_eq(rmdir(dir), 0); /* nothing stands in it */
}
END_TEST

START_TEST(full_disk_is_told)
{
    struct spool s = {.dir = "/proc/nowhere", .fd = -1};
    ck_assert_ptr_nonnull(emit_room(&s.out, SPOOL_RAM));
    s.out.n = SPOOL_RAM;
    ck_assert(!spool_settle(&s));
    spool_fini(&s);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("lines");
    tcase_add_loop_test(t, lines_are_the_same_in_any_pieces, 0,
                        sizeof cases / sizeof cases[0]);
    tcase_add_test(t, feed_stops_where_it_was_told_to);
    tcase_add_test(t, small_answer_stays_in_ram);
    tcase_add_test(t, large_answer_is_whole_in_a_file_without_a_name);
    tcase_add_test(t, full_disk_is_told);
    return run_suite("door_lines", t);
}
