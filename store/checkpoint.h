/*
 * checkpoint.h - what one transaction of the state environment takes.
 *
 * Private to store/. Built by the engine thread, then the checkpoint
 * thread's.
 */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "store/pages.h"
#include "store/room.h"
#include "store/runs.h"

struct checkpoint_page {
    uint64_t number;
    struct store_page *page; /* held */
};

struct checkpoint_table {
    struct store_runs *runs;
    struct store_frozen *frozen; /* held */
    struct store_run *run;       /* written in this attempt, or NULL */
};

struct store_checkpoint {
    struct store *s;
    uint64_t pos;
    uint64_t seq; /* counts checkpoints begun since the open; from 1 */
    struct store_puts puts;
    struct checkpoint_page *pages;
    size_t pages_n, pages_cap;
    struct checkpoint_table *tables;
    size_t tables_n;
};

/* Holds f for itself. At most one of each index. */
void
store_checkpoint_add_frozen(struct store_checkpoint *c, struct store_runs *runs,
                            struct store_frozen *f);
/* Takes the hold on page. */
void store_checkpoint_add_page(struct store_checkpoint *c, uint64_t number,
                               struct store_page *page);

#endif
