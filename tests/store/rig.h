/*
 * rig.h - a store in a directory of its own, for tests.
 *
 * The directory is made below the working directory, so that tests run on
 * the disk of the build tree and never on a RAM disk.
 */
#ifndef TESTS_STORE_RIG_H
#define TESTS_STORE_RIG_H

#include <check.h>

#include "store/store.h"

struct rig {
    char dir[64];
    struct store_settings settings;
    struct store *s;
    struct store_reader *r; /* opened with the store */
    struct store_batch *b;  /* the one being gathered */
};

/* Like ck_assert, but also for programs that are no Check test. */
#define rig_assert(truth)                                                      \
    do {                                                                       \
        if (!(truth))                                                          \
            rig_fail(__FILE__, __LINE__, #truth);                              \
    } while (0)
_Noreturn void rig_fail(const char *file, int line, const char *what);

/* A fresh directory, nothing opened yet; settings may then be changed. */
void rig_init(struct rig *g);
/* Closes what is open and removes the directory. */
void rig_fini(struct rig *g);

/* Opens, starts, opens the reader; fails the test when that fails. */
void rig_open(struct rig *g);
/* Stops and closes. */
void rig_close(struct rig *g);
void rig_reopen(struct rig *g);

/*
 * A fact of n octets that says its number: checked by rig_check_fact().
 * Takes a batch when none is being gathered. Returns its position.
 */
uint64_t rig_fact(struct rig *g, uint64_t number, size_t n);
void rig_make_fact(uint8_t *p, uint64_t number, size_t n);
bool rig_fact_is(struct slice fact, uint64_t number);
uint64_t rig_fact_number(struct slice fact);

/* Takes the gathering batch, waiting for one to come back if need be. */
struct store_batch *rig_batch(struct rig *g);
/* Posts what was gathered. */
void rig_post(struct rig *g);
/* Posts and waits (at most 20 s) until all of it is durable. */
void rig_commit(struct rig *g);
/* Gives back what is done; waits up to ms for the first. */
void rig_drain(struct rig *g, int ms);
/* A checkpoint of all that was gathered, carried by the gathering batch. */
struct store_checkpoint *rig_checkpoint(struct rig *g);
/* Waits until no checkpoint is on its way. */
void rig_wait_checkpoint(struct rig *g);
/* Commits, and waits for the checkpoint that went with it. */
void rig_commit_checkpoint(struct rig *g);

/* Runs one case; its fixture sets up and tears down. */
#define RIG_MAIN(name, add_tests)                                              \
    int main(void)                                                             \
    {                                                                          \
        Suite *suite = suite_create(name);                                     \
        TCase *tc = tcase_create(name);                                        \
        tcase_set_timeout(tc, 120);                                            \
        tcase_add_checked_fixture(tc, set_up, tear_down);                      \
        add_tests(tc);                                                         \
        suite_add_tcase(suite, tc);                                            \
        SRunner *runner = srunner_create(suite);                               \
        srunner_run_all(runner, CK_ENV);                                       \
        int failed = srunner_ntests_failed(runner);                            \
        srunner_free(runner);                                                  \
        return failed == 0 ? 0 : 1;                                            \
    }

void rig_sleep_ms(unsigned ms);
uint64_t rig_now_us(void);

/* xorshift: the same numbers for the same seed. */
uint64_t rig_random(uint64_t *seed);

#endif
