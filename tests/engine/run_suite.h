/*
 * run_suite.h - the end of every Check program here.
 */
#ifndef TESTS_ENGINE_RUN_SUITE_H
#define TESTS_ENGINE_RUN_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs one test case as a suite of its name; returns the exit status. */
static inline int
run_suite(const char *name, TCase *t)
{
    Suite *s = suite_create(name);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
