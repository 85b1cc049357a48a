/*
 * world.h - a flow on a real store, under a fake clock, with fake carriers.
 *
 * A turn is the five phases of flow.h. world_settle() runs turns, waits for
 * commits in between, and stops when nothing moves any more; time stands
 * still meanwhile. world_compare() copies the store's files, replays the
 * copy, audits it and compares what RAM says with what the replay says
 * (invariant 7); it is called after each step of a scenario.
 *
 * Threads: the test's; the store has its own two.
 */
#ifndef TESTS_SCENARIO_WORLD_H
#define TESTS_SCENARIO_WORLD_H

#include "engine/carrier/settings.h"
#include "engine/flow/flow.h"

enum { WORLD_CARRIERS = 4, WORLD_ROUTES = 4 };

struct world {
    char dir[64];
    struct loop *loop;
    struct loop_watch *watch;
    struct store *store;
    struct flow *flow; /* NULL until world_open() */
    struct flow_settings settings;
    struct carrier_settings carrier[WORLD_CARRIERS];
    struct flow_route route[WORLD_ROUTES];
    char names[64][32]; /* texts that settings borrow */
    unsigned names_used;
    uint64_t compared_end; /* the log's end at the last comparison */
    unsigned compared, kills;
    bool disk_full;
};
extern struct world world;

/* Any failure: `place` is the file and line of the step being run. */
_Noreturn void
world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern char world_place[256];

/* A fresh directory; settings may be changed until world_open(). */
void world_init(void);
void world_open(void);
/* Closes all and removes the directory. */
void world_fini(void);
void world_remove_tree(const char *dir);
/* Keeps a text as long as the world. */
const char *world_keep(const char *text);

/* The clock, in milliseconds since the world began. */
uint64_t world_ms(void);
/* Jumps, then settles. */
void world_jump(uint64_t ms);
/* Goes on millisecond by millisecond, settling at each. */
void world_wait(uint64_t ms);

void world_turn(void);
void world_settle(void);

/* Nothing waits to be committed, and the disk takes it. */
bool world_is_settled(void);

/* The process dies and starts again on the same files, 1.1 s later. unsaved:
 * a turn runs first whose facts reach no disk. */
void world_kill(bool unsaved);
/* Down for so long only. */
void world_kill_for(bool unsaved, unsigned down_ms);
/* A checkpoint, on disk when this returns. */
void world_checkpoint(void);

/* The disk takes no more, or does again; see tests/crash/faultio.c. */
void world_set_disk_full(bool full);

/* Posts a mail and waits for its answer; the caller frees it.
 * NULL: the disk is full, and the answer waits for it (world_late_mail). */
struct mail *world_mail(struct mail *m);

/* The answer that waited for the disk. */
struct mail *world_late_mail(void);

/* Replays a copy and compares; audits it. */
void world_compare(void);
/* Counts of each campaign add up to its recipients. */
void world_check_counts(void);
/* Each message came to one final state, once (invariant 3). */
void world_check_ends(void);

/* The log to stderr, for the person who reads a failure. */
void world_print_log(void);

/* dump.c: what RAM holds that a replay must give again, as lines. The
 * caller frees it. */
char *world_dump(struct flow *f);

#endif
