/*
 * test_door_dedupe.c - numbers that stand twice in an upload.
 */
#include "engine/door/dedupe.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/engine/run_suite.h"

static char dir[] = "/tmp/volley_dedupe_XXXXXX";

static void
make_dir(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
run(struct dedupe *d)
{
    bool failed;
    while (dedupe_step(d, &failed))
        continue;
    ck_assert(!failed);
}

START_TEST(first_row_of_a_number_is_kept)
{
    static const uint64_t rows[] = {12125550101, 12125550102, 12125550101,
                                    491711234567, 12125550101};
    struct dedupe *d = dedupe_create(dir);
    for (unsigned i = 0; i < 5; i++)
        ck_assert(dedupe_add(d, rows[i], i));
    run(d);
    size_t n;
    uint32_t *twice = dedupe_rows(d, &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(twice[0], 2);
    ck_assert_uint_eq(twice[1], 4);
    ck_assert_uint_eq(dedupe_count(d), 2);
    ck_assert(!dedupe_is_twice(d, 0));
    free(twice);
    dedupe_destroy(d);
}
END_TEST

START_TEST(nothing_twice_gives_no_rows)
{
    struct dedupe *d = dedupe_create(dir);
    size_t n = 9;
    run(d);
    ck_assert_ptr_null(dedupe_rows(d, &n));
    ck_assert_uint_eq(n, 0);
    dedupe_destroy(d);
}
END_TEST

/* Row i names number i % period: rows from period on stand twice. The
 * periods are around the limit where rows move to a file. */
static const unsigned periods[] = {DEDUPE_RAM_ROWS - 1, DEDUPE_RAM_ROWS,
                                   DEDUPE_RAM_ROWS + 1, 200000};

START_TEST(rows_in_a_file_are_found_exactly)
{
    unsigned period = periods[_i], rows = period + 1000;
    struct dedupe *d = dedupe_create(dir);
    for (unsigned i = 0; i < rows; i++)
        ck_assert(dedupe_add(d, 12125000000u + i % period, i));
    run(d);
    size_t n;
    uint32_t *twice = dedupe_rows(d, &n);
    ck_assert_uint_eq(n, 1000);
    for (unsigned i = 0; i < n; i++)
        ck_assert_uint_eq(twice[i], period + i);
    free(twice);
    dedupe_destroy(d);
}
END_TEST

START_TEST(disk_that_takes_nothing_is_told)
{
    struct dedupe *d = dedupe_create("/proc/nowhere");
    bool fine = true;
    for (unsigned i = 0; i <= DEDUPE_RAM_ROWS && fine; i++)
        fine = dedupe_add(d, 12125000000u + i, i);
    ck_assert(!fine);
    dedupe_destroy(d);
}
END_TEST

int
main(void)
{
    TCase *t = tcase_create("dedupe");
    tcase_add_unchecked_fixture(t, make_dir, NULL);
    tcase_add_test(t, first_row_of_a_number_is_kept);
    tcase_add_test(t, nothing_twice_gives_no_rows);
    tcase_add_loop_test(t, rows_in_a_file_are_found_exactly, 0,
                        sizeof periods / sizeof periods[0]);
    tcase_add_test(t, disk_that_takes_nothing_is_told);
    int failed = run_suite("door_dedupe", t);
    rmdir(dir);
    return failed;
}
