/*
 * loop.h - turns of the engine: events, then phases in a fixed order.
 *
 * A turn: libevent runs what is readable or writable (reads are bounded per
 * socket), then the jobs that the read phase left (ends of connections), then
 * each phase of the table once, in order, then flush (each conn with output
 * writes), then what was marked dead is freed (reap). A tick wakes the loop
 * every millisecond while somebody asks for it, else the loop sleeps until
 * the next deadline.
 *
 * Promise: only the reap phase frees. The clocks are read once a turn.
 *
 * Threads: one loop, one thread. Others wake it with loop_wake().
 */
#ifndef ENGINE_CORE_LOOP_H
#define ENGINE_CORE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/clock.h"

struct event_base;
struct loop;

struct loop_phase {
    const char *name;
    void (*run)(void *arg);
};

struct loop *loop_create(void);
void loop_destroy(struct loop *l);

/* The phases, run in this order each turn; the table is borrowed. */
void loop_set_phases(struct loop *l, const struct loop_phase *phases,
                     unsigned count, void *arg);

/* Runs turns until loop_stop(). */
void loop_run(struct loop *l);
/* One turn; waits at most wait_ms for an event. For tests. */
void loop_turn(struct loop *l, unsigned wait_ms);
void loop_stop(struct loop *l);

/* Of this turn. */
struct mono loop_mono(const struct loop *l);
struct wall loop_wall(const struct loop *l);
/* When the turn before had written what it had to. */
struct mono loop_flushed(const struct loop *l);

/* The next turn begins no later than this; the earliest asked for since the
 * turn began counts, so ask again in each turn that still needs it. */
void loop_wake_at(struct loop *l, struct mono when);

/* What comes over sockets may wait until then; loop_wake(), loop_wake_at()
 * and signals may not. For the next turn only. */
void loop_rest(struct loop *l, struct mono until);

/* Any thread: a turn begins soon. One eventfd write, cheap when pending. */
void loop_wake(struct loop *l);

/* Calls ready(arg) inside the read phase whenever fd is readable. */
struct loop_watch;
struct loop_watch *
loop_watch_open(struct loop *l, int fd, void (*ready)(void *arg), void *arg);
void loop_watch_close(struct loop_watch *w);

/* Calls fire(arg) inside the read phase when the signal comes. */
void
loop_on_signal(struct loop *l, int signal, void (*fire)(void *arg), void *arg);

/* Frees p through release(p) in this turn's reap phase. */
void loop_reap(struct loop *l, void *p, void (*release)(void *p));

/*
 * Something to do once at a later point of the turn; the struct stands inside
 * its owner. Asking twice before it ran is one run. A job asked for after its
 * point of the turn has passed runs in the next turn, which begins at once.
 */
struct loop_job {
    void (*run)(void *arg);
    void *arg;
    struct loop_job *next;
    bool queued;
};
void loop_after_read(struct loop *l, struct loop_job *job);
void loop_at_flush(struct loop *l, struct loop_job *job);

/*
 * Something costly that can wait (a TLS handshake takes a millisecond or
 * two): in the order asked for, one a turn, and then not for four times what
 * it took, so that a storm of them leaves four fifths of the time to others.
 */
struct loop_chore {
    void (*run)(void *arg);
    void *arg;
    struct loop_chore *next, *prev;
    bool queued;
};
void loop_at_leisure(struct loop *l, struct loop_chore *chore);
void loop_cancel(struct loop *l, struct loop_chore *chore);

/* At least n octets to read into, the same for all, good until the next call.
 * NULL: out of memory. */
uint8_t *loop_scratch(struct loop *l, size_t n);

/* For conn.c: libevent's base, and the resolver made on first use (NULL when
 * out of memory). */
struct event_base *loop_base(struct loop *l);
struct resolver;
struct resolver *loop_resolver(struct loop *l);

#endif
