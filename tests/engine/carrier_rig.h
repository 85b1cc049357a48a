/*
 * carrier_rig.h - a carrier, the centre that it binds to over loopback, the
 * flow that listens, and a fake clock: for the tests of engine/carrier/.
 */
#ifndef TESTS_ENGINE_CARRIER_RIG_H
#define TESTS_ENGINE_CARRIER_RIG_H

#include "engine/carrier/carrier.h"
#include "engine/carrier/settings.h"
#include "engine/carrier/throttle.h"
#include "engine/core/listen.h"
#include "engine/core/loop.h"
#include "engine/session/session.h"
#include "tests/engine/run_suite.h"

enum { CENTRE_MAX = 64, PARTS_MAX = 4096 };

/* One connection as the centre sees it. */
struct seat {
    struct session *s;
    bool live, bound;
    enum session_mode mode;
    uint8_t version;
    unsigned submits;
    uint32_t unanswered[PARTS_MAX];
    unsigned unanswered_n;
};

/* How the centre behaves. */
struct centre {
    struct seat seat[CENTRE_MAX];
    unsigned seats; /* ever */
    unsigned live, live_peak;
    uint32_t bind_status;
    uint8_t refuse_version; /* binds that name it, with bind_status */
    bool mute;              /* submits are not answered */
    bool silent_bind;       /* nor are binds */
    uint32_t status;        /* of answers */
    unsigned limit;         /* accepts so many a second; 0: all */
    struct second accepted;
    uint64_t submits, throttled, delivered;
    uint64_t *at; /* when each submit came, us */
    size_t at_n, at_cap;
};

/* What the flow heard. */
struct heard {
    unsigned answered, late, lost[3], delivered, changed;
    uint32_t status;
    enum verdict verdict;
    char id[32];
    uint64_t message;
    uint8_t seen[PARTS_MAX]; /* words about each message */
    uint32_t deliver_answer;
    enum carrier_state state;
    uint64_t delivered_session;
};

extern struct centre centre;
extern struct heard flow;
extern struct loop *loop;
extern struct listener *listener;
extern struct mono fake_now;
extern struct carrier_settings settings;
extern struct carrier *carrier;
extern const struct carrier_ops flow_ops;
extern uint64_t position; /* of the last turn */

/* For a listener of the test's own. */
void rig_accept(void *arg, int fd);
/* The centre sends a message to the carrier's seat. */
bool rig_deliver(struct seat *x);
/* One turn of an engine: what was handed over is durable at once. */
void rig_turn(void);
void rig_turns(int n);
/* The fake clock goes on in steps of a millisecond. */
void rig_pass_ms(unsigned ms);
/* Far, in few steps, for long waits. */
void rig_leap_ms(uint64_t ms);
unsigned rig_bound_binds(void);
void rig_await_bound(unsigned n);
int rig_submit(uint64_t message, int hint);
/* Fills whatever room there is; the next message number is returned. */
uint64_t rig_fill(uint64_t next);
void rig_set_up(void);
void rig_tear_down(void);
void rig_create(void);

#endif
