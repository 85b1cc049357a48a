/*
 * trace.h - PDUs of one bind or of one phone number, as they pass.
 *
 * A trace is shared by the engine, which copies PDUs into its ring, and one
 * intake thread, which reads them. A reader that is too slow misses some and
 * is told how many; nobody waits for it.
 *
 * Promise: costs nothing while no trace runs. Passwords are blanked before
 * they are copied. Both sides may let go at any time, in either order.
 *
 * Threads: trace_begin(), trace_tick() and trace_end_all() the engine's; the
 * rest one intake thread's.
 */
#ifndef ENGINE_FLOW_TRACE_H
#define ENGINE_FLOW_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"

struct flow;
struct mail;
struct trace;

enum { TRACE_RING = 1 << 20, TRACES_MAX = 8, TRACE_LABEL = 48 };

/* One PDU as it passed. */
struct trace_pdu {
    uint64_t at_us; /* wall clock */
    bool out;       /* from us to the peer */
    bool client;    /* of an app that is bound to us, else of a carrier */
    uint64_t session;
    char bind[TRACE_LABEL]; /* "acme/0", "app1#12" */
    char peer[64];
    struct slice octets; /* the whole PDU, borrowed until the next call */
};

/* NULL: out of memory. */
struct trace *trace_create(void);
/* The oldest one that was not read yet; false: none for now. */
bool trace_next(struct trace *t, struct trace_pdu *out);
uint64_t trace_missed(const struct trace *t);
/* The engine ended it (it stops). */
bool trace_is_over(const struct trace *t);
/* The reader wants no more; t is gone for it. */
void trace_close(struct trace *t);

/* MAIL_TRACE: takes its share of mail.trace when it answers MAIL_OK. */
void trace_begin(struct flow *f, struct mail *m);
/* Each turn: taps binds that are new, lets go of traces that were closed. */
void trace_tick(struct flow *f);
void trace_end_all(struct flow *f);

#endif
