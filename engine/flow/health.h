/*
 * health.h - is this carrier doing its work? Measured, per carrier.
 *
 * What is counted: answers that took a part against refusals and losses that
 * are the carrier's fault, over the last second; how long an answer takes,
 * against what it usually takes; how long nothing was answered; how many of
 * the last receipts said delivered. A carrier that fails is skipped by routes
 * that have another one, and then tried with a few messages at growing
 * intervals until those go well.
 *
 * Promise: a carrier that stops answering, refuses half of what it gets or
 * becomes eight times slower is skipped within 2 s; one that is well again is
 * back by itself. A part is never sent just to probe: probes are messages.
 *
 * Threads: plain values, the engine thread's. Told the time.
 */
#ifndef ENGINE_FLOW_HEALTH_H
#define ENGINE_FLOW_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/carrier/carrier.h"
#include "engine/carrier/throttle.h"

/* What a route may do with a carrier. In order: the better ones first. */
enum health_state {
    HEALTH_GOOD,
    HEALTH_STRAINED, /* throttled: it takes what it can, the rest moves on */
    HEALTH_PROBING,  /* a few messages tell */
    HEALTH_SKIPPED,  /* failing: until the next probe */
    HEALTH_OUT,      /* no bind that sends, or paused */
    HEALTH_N,
};

/* Thresholds; 0 turns one off. */
struct health_settings {
    unsigned faults_percent;   /* of the answers of a second; 50 */
    unsigned latency_times;    /* of its usual; 8 */
    unsigned receipts_percent; /* delivered, at least; 20 */
};

struct health {
    enum health_state state;
    const char *why; /* static: what made it SKIPPED; "" */
    struct second good, faults;
    double latency_ms; /* of the last answers */
    double usual_ms;   /* over a long time; 0: not known yet */
    uint32_t answers;  /* that usual_ms was learnt from, up to LEARN */
    uint32_t in_flight;
    uint64_t moved_us; /* an answer came, or the first part of a run left */
    double delivered, receipts; /* of the recent ones, fading */
    double usual_delivered;     /* share over a long time */
    uint64_t faded_us;
    /* probing */
    unsigned probes_left, probes_out, probes_good;
    uint64_t probe_us;   /* SKIPPED: when the next begins; else: began */
    uint64_t probing_ms; /* wall time of its beginning */
    uint32_t wait_ms;    /* before the next probe, doubling */
    uint64_t good_us;    /* since when it is GOOD */
};

const char *health_name(enum health_state s);

/* A part was handed over. */
void health_sent(struct health *h, struct mono now);
/* It was answered; fault: refused for a reason that lies with the carrier.
 * sent_ms: when it was handed over. */
void health_answered(struct health *h, struct mono now, uint64_t wall_ms,
                     uint64_t sent_ms, bool good, bool fault);
/* Its answer will not come. */
void health_lost(struct health *h, struct mono now, enum part_loss loss);
/* A final receipt. */
void health_receipt(struct health *h, struct mono now, bool delivered);

/* Each turn. up: some bind of it sends. True: the state changed. */
bool health_judge(struct health *h, bool up, bool throttled,
                  const struct health_settings *settings, struct mono now,
                  uint64_t wall_ms);

/* When health_judge() has something to do by time alone. */
struct mono health_next(const struct health *h, struct mono now);

#endif
