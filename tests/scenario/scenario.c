/*
 * scenario.c - every scenario of the list, each run several ways.
 *
 * plain: as it stands. checkpoint-N: a checkpoint after every N-th step, so
 * that the replay of a copy begins at each possible place. The files marked
 * for it also run with a kill after each of their steps (invariant 5).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenario/script.h"

static const struct {
    const char *name;
    unsigned killed_steps; /* a kill after each of the first so many; 0 */
} files[] = {
#define SCENARIO(name, killed_steps) {name, killed_steps},
#include "tests/scenario/scenarios.def"
#undef SCENARIO
};
enum { FILES = sizeof files / sizeof *files };

static const struct script_way ways[] = {
    {"plain", 0, 0},
    {"checkpoint-1", 1, 0},
    {"checkpoint-2", 2, 0},
    {"checkpoint-3", 3, 0},
};
enum { WAYS = sizeof ways / sizeof *ways };

static const char *
path_of(int file)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s.txt", TEST_DATA, files[file].name);
    return path;
}

/* Invariant 7, after each step of the file; and what the file expects. */
START_TEST(ram_after_replay_equals_ram_before_the_crash)
{
    script_run(path_of(_i / WAYS), &ways[_i % WAYS]);
}
END_TEST

/* Invariant 5: a restart at any step loses no accepted message, and names
 * the parts that may have gone twice. _i: file * 1000 + step. */
START_TEST(restart_at_any_step_loses_nothing)
{
    int file = _i / 1000;
    unsigned at = (unsigned)(_i % 1000) + 1;
    struct script_way way = {"kill", at % 3, at};
    script_run(path_of(file), &way);
}
END_TEST

int
main(int argc, char **argv)
{
    Suite *suite = suite_create("scenario");
    for (int i = 0; i < FILES; i++) {
        if (argc > 1 && strcmp(argv[1], files[i].name) != 0)
            continue;
        TCase *t = tcase_create(files[i].name);
        tcase_set_timeout(t, 120);
        tcase_add_loop_test(t, ram_after_replay_equals_ram_before_the_crash,
                            i * WAYS, (i + 1) * WAYS);
        if (files[i].killed_steps)
            tcase_add_loop_test(t, restart_at_any_step_loses_nothing, i * 1000,
                                i * 1000 + (int)files[i].killed_steps);
        suite_add_tcase(suite, t);
    }
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
