/*
 * script.h - scenarios: one step a line.
 *
 * A line is words; "a text" is one word, # begins a comment. The first word
 * names the step; words after it come in a fixed order first, then as pairs
 * of a key and a value, in any order. README.md lists the steps.
 *
 * Threads: the test's.
 */
#ifndef TESTS_SCENARIO_SCRIPT_H
#define TESTS_SCENARIO_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/flow/mail.h"

enum { WORDS_MAX = 64, NAMES_MAX = 512, REFUSED_AS_MAX = 64 };

struct step {
    unsigned line;
    unsigned words;
    char *word[WORDS_MAX];
    char text[4096]; /* the words borrow from it */
};

/* How a scenario is run: the same file, several ways. */
struct script_way {
    const char *name;
    unsigned checkpoint_each; /* a checkpoint after every so many steps */
    unsigned kill_at;         /* the last step: then a kill and a drain */
    bool drain;               /* after the last step of the file too */
};

/* Runs a file; fails the test when a step fails. Returns how many steps
 * there were. */
unsigned script_run(const char *path, const struct script_way *way);

/* ---- for the steps --------------------------------------------------------
 */

/* The i-th word; fails when there is none. */
const char *step_word(const struct step *s, unsigned i);
/* The word after `key`, NULL when the key is not there. */
const char *step_value(const struct step *s, const char *key);
bool step_has(const struct step *s, const char *word);
/* step_value() as a number or as otherwise. */
uint64_t step_number(const struct step *s, const char *key, uint64_t otherwise);
/* "250ms", "3s", "2m", "1h", "31d" in milliseconds. */
uint64_t step_duration(const char *text);

/* Names that steps gave to messages, replies, campaigns. 0: not known. */
void script_name(const char *name, uint64_t number);
uint64_t script_find(const char *name);
/* "m1" or "m1/2", "c1.5" (row 5 of c1) or "c1.5/2"; fails when unknown. */
uint64_t script_message(const char *ref, unsigned *part);

/* "admin", an account's name, or a sender's. */
struct who script_who(const char *name);
uint32_t script_account(const char *name);
uint32_t script_sender(const char *name);

/* The answer of a mail is as the step says: OK, or `refused CODE`. Frees the
 * mail when told. */
void script_judge(const struct step *s, enum mail_result result,
                  const char *code, const char *detail);

/* The steps, by room. */
struct step_row {
    const char *name;
    void (*run)(const struct step *s);
};
extern const struct step_row steps_lookup[];
extern const struct step_row steps_setup[], steps_send[], steps_campaign[],
    steps_carrier[], steps_thread[], steps_time[], steps_client[],
    steps_expect[];

#endif
