/*
 * reassemble.h - parts of long replies, waiting for each other.
 *
 * A joint is one message on its way to be whole: its parts' positions in the
 * log, in any order, repeated parts ignored. One of a single part is whole
 * at once. What waits too long comes out incomplete.
 *
 * Promise: bounded in number and time. A reused 8-bit reference with other
 * content begins a new joint. Rebuilt by replay.
 *
 * Threads: the engine thread only.
 */
#ifndef ENGINE_FLOW_REASSEMBLE_H
#define ENGINE_FLOW_REASSEMBLE_H

#include "engine/flow/map.h"
#include "proto/bytes.h"

/* 40 parts: 6,120 septets; phones stop far earlier. */
enum { JOINT_PARTS_MAX = 40, JOINTS_MAX = 65536 };

struct fact_inbound;

struct joint {
    uint64_t key;
    uint64_t first_ms;             /* when the first of its parts came */
    uint64_t pos[JOINT_PARTS_MAX]; /* by index; 0: not here */
    uint8_t total, have;
    bool whole;
};

struct reassembly {
    struct map by_key;    /* key -> joint */
    struct joint **joint; /* oldest first */
    size_t joints, cap;
    size_t wholes; /* of them, ready to go */
};

void reassembly_fini(struct reassembly *r);

/* A part came. */
void reassembly_add(struct reassembly *r, uint64_t pos,
                    const struct fact_inbound *x);

/* The oldest joint that is whole, or began before `before_ms`; NULL: none. It
 * stays until reassembly_end(). */
struct joint *reassembly_ready(struct reassembly *r, uint64_t before_ms);

/* The parts at these positions were routed (apply). */
void reassembly_end(struct reassembly *r, uint64_t pos);

/* When the oldest began; UINT64_MAX when none waits. */
uint64_t reassembly_oldest_ms(const struct reassembly *r);

#endif
