/*
 * config_text.h - loads settings written inside a test.
 */
#ifndef TESTS_ENGINE_CONFIG_TEXT_H
#define TESTS_ENGINE_CONFIG_TEXT_H

#include "engine/config_inside.h"

#include <check.h>
#include <stdlib.h>

static char errors[16384];

/* Loads a text as "v.yaml"; what it complained of is in `errors`. */
static struct config *
load(const char *text)
{
    struct config *c = NULL;
    FILE *f = fmemopen(errors, sizeof errors, "w");
    errors[0] = 0;
    bool ok = config_load_text("v.yaml", slice_str(text), &c, f);
    fclose(f);
    ck_assert(ok == (c != NULL));
    return c;
}

__attribute__((unused)) static struct config *
load_well(const char *text)
{
    struct config *c = load(text);
    ck_assert_msg(c != NULL, "%s", errors);
    ck_assert_str_eq(errors, "");
    return c;
}

/* The shortest carrier, and what most cases hang on it. */
#define ACME                                                                   \
    "carriers:\n"                                                              \
    "  - name: acme\n"                                                         \
    "    host: 127.0.0.1\n"                                                    \
    "    system_id: volley\n"
static void
set_environment(void)
{
    unsetenv("VOLLEY_TEST_MISSING");
    setenv("VOLLEY_TEST_EMPTY", "", 1);
    setenv("VOLLEY_TEST_SECRET", "hunter2", 1);
    setenv("VOLLEY_TEST_DIR", "/srv", 1);
}

#endif
