/*
 * guest.h - one connection that is no load: an app that only stays bound, or
 * one of those that a server on the internet meets.
 *
 * Promise: a guest does what its role says until it is told to end; one whose
 * connection ended comes again after a while, so that as many stand at the
 * door as were asked for. What became of each is counted by role.
 *
 * Threads: one.
 */
#ifndef BENCH_LOAD_GUEST_H
#define BENCH_LOAD_GUEST_H

#include "bench/load/hist.h"
#include "bench/load/tally.h"
#include "bench/smsc/wire.h"

/* role, and what it does */
#define GUEST_ROLES(X)                                                         \
    X(idle, "bound; answers what it is asked, and nothing else")               \
    X(mute, "connects and says nothing")                                       \
    X(drip, "an octet a second: every other one of its bind")                  \
    X(wrong, "binds with a wrong password")                                    \
    X(oversized, "says 2 GiB will follow, and begins to send them")            \
    X(malformed, "binds, then ten PDUs a second that are not well-formed")     \
    X(deaf, "binds, submits without end and never reads")

enum guest_role {
#define X(role, help) GUEST_##role,
    GUEST_ROLES(X)
#undef X
        GUEST_ROLE_N
};

struct guest_options {
    const char *host, *source, *system_id, *password, *from;
    uint64_t port, sources, logins, dial, again_ms, seconds;
    uint64_t guests[GUEST_ROLE_N];
    bool json;
};

/* What became of the guests of a role. */
struct guest_counts {
    uint64_t here, bound; /* now */
    uint64_t most_here;
    uint64_t opened, binds; /* ever */
    uint64_t unopened;      /* never came to be connected */
    uint64_t answers, nacks;
    uint64_t octets_out;
    struct tally refused; /* statuses other than success */
    struct hist lived_us; /* connections that ended */
};

struct guests {
    struct guest_options o;
    struct hub *hub;
    struct guest *guest;
    size_t count;
    uint64_t dialled; /* since the start */
    uint64_t began_us;
    struct guest_counts counts[GUEST_ROLE_N];
    char why[WIRE_WHY_BYTES]; /* of the last that could not dial */
};

/* One guest. Invariant: wire is NULL when it is not connected nor about to
 * be. */
struct guest {
    struct guests *all;
    struct wire *wire;
    enum guest_role role;
    uint32_t n;      /* among all */
    uint32_t step;   /* what it said since it is connected */
    uint64_t due_us; /* monotonic: has something to do */
    uint64_t opened_us;
    bool open, bound;
};

/* Connects; false: it could not even begin. */
bool guest_dial(struct guest *g);
/* Does what is due. */
void guest_act(struct guest *g, uint64_t now_us);

#endif
