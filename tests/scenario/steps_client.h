/*
 * steps_client.h - what steps of other rooms ask about apps.
 */
#ifndef TESTS_SCENARIO_STEPS_CLIENT_H
#define TESTS_SCENARIO_STEPS_CLIENT_H

struct step;

/* A new scenario: no app is bound, none was told anything. */
void steps_client_reset(void);

void expect_told(const struct step *s);
void expect_heard(const struct step *s);
void expect_owed(const struct step *s);

#endif
