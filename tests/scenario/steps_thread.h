/*
 * steps_thread.h - threads by the words of a step.
 */
#ifndef TESTS_SCENARIO_STEPS_THREAD_H
#define TESTS_SCENARIO_STEPS_THREAD_H

#include <stdint.h>

/* The thread that this sender began with this phone; fails when none. */
uint64_t thread_named(const char *sender, const char *phone);
uint64_t phone_key(const char *phone);

#endif
