/*
 * ledger.h - a log, words and an index that can be checked against each
 * other, for tests that kill or starve the writer.
 *
 * Fact n (from 0) says its number. For each, word n is n + 1 and index entry
 * n + 1 is n; row "batches" of META counts the batches. Words and index go to
 * disk by checkpoints and are replayed from there.
 */
#ifndef TESTS_STORE_LEDGER_H
#define TESTS_STORE_LEDGER_H

#include "store/index.h"
#include "store/words.h"
#include "tests/store/rig.h"

struct ledger {
    struct rig g;
    struct store_index *index;
    struct store_words *words;
    uint64_t facts;   /* posted, or found at the open */
    uint64_t batches; /* likewise */
};

/* Opens dir and replays; fails the test when anything is not a prefix. */
void ledger_open(struct ledger *l, const char *dir);
void ledger_close(struct ledger *l);

/* Gathers and posts n facts, a control row, and, when `checkpoint` and none
 * is on its way, a checkpoint. */
void ledger_post(struct ledger *l, unsigned n, bool checkpoint);

/* All of it, against the log; the audit too. */
void ledger_check(struct ledger *l);

#endif
