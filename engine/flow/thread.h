/*
 * thread.h - conversations: one sender, one subscriber.
 *
 * A thread's head stands in RAM: who has it, what is unread, when it was
 * last heard of. Its messages are the talk of its subscriber (talk.h), seen
 * by its sender. Heads that changed go into each checkpoint.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_THREAD_H
#define ENGINE_FLOW_THREAD_H

#include "engine/flow/mail.h"
#include "engine/flow/map.h"

struct flow;
struct fact_reply;
struct fact_thread;
struct fact_reassign;

/* Invariant: on the list of its assignee and on that of its account, each
 * with the newest activity first. */
struct thread {
    uint64_t id;
    uint64_t subscriber;
    uint64_t last_ms, waiting_ms, last_message;
    uint32_t account, sender, assignee, number;
    uint32_t unread;
    uint8_t closed, dirty, pad[2];
    struct thread_link {
        uint32_t newer, older; /* thread ids; 0: none */
    } by_sender, by_account;
};

/* Newest and no more: threads of one sender or account. */
struct thread_list {
    uint32_t newest;
    uint32_t threads;
};

struct threads {
    struct thread **row; /* by id */
    uint32_t rows, cap;
    struct map by_pair;           /* sender, subscriber -> id */
    struct map senders, accounts; /* id -> index into list */
    struct thread_list *list;
    uint32_t lists, list_cap;
};

/* As `act` of a THREAD fact: the thread was made. Others: enum thread_act. */
enum { THREAD_MADE = 100 };

void threads_fini(struct threads *t);

struct thread *thread_find(const struct flow *f, uint64_t id);
/* The thread when this key may see it, else NULL. */
struct thread *thread_for(const struct flow *f, struct who who, uint64_t id);

/* The thread of this sender and subscriber, made when there is none. */
struct thread *thread_open(struct flow *f, uint32_t account, uint32_t sender,
                           uint64_t subscriber, uint32_t number);
/* A message of ours was added: newest activity, nobody waits any more. */
void thread_touch(struct flow *f, uint64_t id, uint64_t message, uint64_t at_ms,
                  uint64_t number);

/* Puts a row there as it was (checkpoint). */
void thread_restore(struct flow *f, const struct thread *row);

void thread_apply(struct flow *f, uint64_t pos, const struct fact_thread *x);
void
thread_apply_reply(struct flow *f, uint64_t pos, const struct fact_reply *x);
void thread_apply_reassign(struct flow *f, uint64_t pos,
                           const struct fact_reassign *x);

void thread_on_list(struct flow *f, struct mail *m);
void thread_on_look(struct flow *f, struct mail *m);
void thread_on_act(struct flow *f, struct mail *m);

/* unmatched.c */
void unmatched_on_list(struct flow *f, struct mail *m);
void unmatched_on_reassign(struct flow *f, struct mail *m);

#endif
