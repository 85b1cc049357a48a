/*
 * health.c - counts, the usual, and the way back by probes.
 *
 * Promise: as in health.h.
 */
#include "engine/flow/health.h"

enum {
    LEARN = 1024,        /* answers that the usual latency is a mean of */
    LEARN_FIRST = 16,    /* fewer say nothing */
    SLOW_LEAST_MS = 500, /* faster is never slow */
    STALL_LEAST_MS = 800,
    STALL_UNKNOWN_MS = 5000, /* nothing is known of it yet */
    FAULTS_LEAST = 5,
    PROBES = 4,
    PROBE_FIRST_MS = 500,
    PROBE_MOST_MS = 30000,
    STEADY_US = 60000000, /* good for so long: the waits begin anew */
    FADE_US = 30000000,   /* receipts count half after so long */
    RECEIPTS_LEAST = 100,
    TICK_US = 50000, /* stalls and receipts are looked at so often */
};

const char *
health_name(enum health_state s)
{
    static const char *const name[HEALTH_N] = {
        [HEALTH_GOOD] = "good",       [HEALTH_STRAINED] = "throttled",
        [HEALTH_PROBING] = "probing", [HEALTH_SKIPPED] = "skipped",
        [HEALTH_OUT] = "out",
    };
    return s < HEALTH_N ? name[s] : "?";
}

void
health_sent(struct health *h, struct mono now)
{
    if (h->in_flight++ == 0)
        h->moved_us = now.us;
    if (h->state == HEALTH_PROBING && h->probes_left) {
        h->probes_left--;
        h->probes_out++;
    }
}

static double
slow_above(const struct health *h, unsigned times)
{
    double ms = h->usual_ms * times;
    return ms > SLOW_LEAST_MS ? ms : SLOW_LEAST_MS;
}

/* The usual follows slowly, and hardly at all upwards: a bad hour must not
 * become what is usual. */
static void
learn(struct health *h, double ms)
{
    if (h->answers < LEARN)
        h->answers++;
    double part = 1.0 / h->answers;
    if (h->answers == LEARN && ms > h->usual_ms * 2)
        part /= 16;
    h->usual_ms += (ms - h->usual_ms) * part;
    h->latency_ms = h->answers == 1 ? ms : h->latency_ms * 0.9 + ms * 0.1;
}

void
health_answered(struct health *h, struct mono now, uint64_t wall_ms,
                uint64_t sent_ms, bool good, bool fault)
{
    double ms = wall_ms > sent_ms ? (double)(wall_ms - sent_ms) : 0;
    if (h->in_flight)
        h->in_flight--;
    h->moved_us = now.us;
    learn(h, ms);
    if (good)
        second_add(&h->good, now, 1);
    if (fault)
        second_add(&h->faults, now, 1);
    if (h->state != HEALTH_PROBING || sent_ms < h->probing_ms)
        return;
    if (h->probes_out)
        h->probes_out--;
    bool slow = h->answers >= LEARN_FIRST && ms > slow_above(h, 4);
    if (fault || slow)
        h->probes_good = 0;
    else
        h->probes_good++;
    if (fault || slow)
        h->probe_us = 0; /* failed: health_judge() sees it */
}

void
health_lost(struct health *h, struct mono now, enum part_loss loss)
{
    if (h->in_flight)
        h->in_flight--;
    if (loss == LOSS_NOT_SENT)
        return;
    second_add(&h->faults, now, 1);
    if (h->state == HEALTH_PROBING)
        h->probe_us = 0;
}

static void
fade(struct health *h, struct mono now)
{
    if (h->faded_us == 0)
        h->faded_us = now.us;
    while (now.us - h->faded_us >= FADE_US) {
        h->delivered /= 2;
        h->receipts /= 2;
        h->faded_us += FADE_US;
        if (h->receipts < 1)
            h->faded_us = now.us;
    }
}

void
health_receipt(struct health *h, struct mono now, bool delivered)
{
    fade(h, now);
    h->receipts += 1;
    h->delivered += delivered;
    h->usual_delivered +=
        ((delivered ? 1.0 : 0.0) - h->usual_delivered) * 0.001;
}

/* ---- judging --------------------------------------------------------------
 */

static bool
is_refusing(struct health *h, unsigned percent, struct mono now)
{
    uint32_t faults = second_count(&h->faults, now);
    uint32_t good = second_count(&h->good, now);
    return percent && faults >= FAULTS_LEAST &&
           (uint64_t)faults * 100 >= (uint64_t)(faults + good) * percent;
}

static bool
is_silent(const struct health *h, unsigned times, struct mono now)
{
    uint64_t ms = STALL_UNKNOWN_MS;
    if (h->answers >= LEARN_FIRST) {
        ms = (uint64_t)(h->usual_ms * times);
        ms = ms < STALL_LEAST_MS ? STALL_LEAST_MS : ms;
    }
    return times && h->in_flight && now.us - h->moved_us > ms * 1000;
}

static bool
is_slow(const struct health *h, unsigned times)
{
    return times && h->answers >= LEARN_FIRST * 2 &&
           h->latency_ms > slow_above(h, times);
}

static bool
delivers_nothing(const struct health *h, unsigned percent)
{
    return percent && h->receipts >= RECEIPTS_LEAST &&
           h->usual_delivered * 100 > percent * 2 &&
           h->delivered * 100 < h->receipts * percent;
}

static const char *
fault_of(struct health *h, const struct health_settings *s, struct mono now)
{
    if (is_refusing(h, s->faults_percent, now))
        return "refuses what it gets";
    if (is_silent(h, s->latency_times, now))
        return "does not answer";
    if (is_slow(h, s->latency_times))
        return "answers much slower than usual";
    if (delivers_nothing(h, s->receipts_percent))
        return "its receipts say undelivered";
    return NULL;
}

static void
skip(struct health *h, const char *why, struct mono now)
{
    h->state = HEALTH_SKIPPED;
    h->why = why;
    h->wait_ms = h->wait_ms ? h->wait_ms * 2 : PROBE_FIRST_MS;
    if (h->wait_ms > PROBE_MOST_MS)
        h->wait_ms = PROBE_MOST_MS;
    h->probe_us = now.us + (uint64_t)h->wait_ms * 1000;
}

static void
probe(struct health *h, struct mono now, uint64_t wall_ms)
{
    h->state = HEALTH_PROBING;
    h->probes_left = PROBES;
    h->probes_out = h->probes_good = 0;
    h->probe_us = now.us;
    h->probing_ms = wall_ms;
}

/* What was counted of the bad time says nothing any more. */
static void
recover(struct health *h, struct mono now)
{
    h->state = HEALTH_GOOD;
    h->why = "";
    h->good = h->faults = (struct second){0};
    h->latency_ms = h->usual_ms;
    h->delivered = h->receipts = 0;
    h->moved_us = h->good_us = now.us;
}

static void
judge_probe(struct health *h, const struct health_settings *s, struct mono now)
{
    bool failed = h->probe_us == 0;
    uint64_t most_ms = STALL_LEAST_MS;
    if (h->usual_ms * s->latency_times > (double)most_ms)
        most_ms = (uint64_t)(h->usual_ms * s->latency_times);
    bool late = h->probe_us && now.us - h->probe_us > most_ms * 1000;
    if (failed || (late && h->probes_out && h->probes_good == 0))
        skip(h, h->why, now);
    else if (h->probes_good >= PROBES ||
             (late && h->probes_good && h->probes_out == 0))
        recover(h, now);
}

/* A bind is back. What died with parts under way is tried with a few. */
static void
come_back(struct health *h, struct mono now, uint64_t wall_ms)
{
    bool suspect = second_count(&h->faults, now) > 0 || h->in_flight;
    recover(h, now);
    if (suspect) {
        h->why = "its binds came back";
        probe(h, now, wall_ms);
    }
}

bool
health_judge(struct health *h, bool up, bool throttled,
             const struct health_settings *s, struct mono now, uint64_t wall_ms)
{
    enum health_state before = h->state;
    if (!h->why)
        h->why = "";
    if (!up) {
        h->state = HEALTH_OUT;
        h->why = "";
        return before != h->state;
    }
    if (before == HEALTH_OUT)
        come_back(h, now, wall_ms);
    if (h->state == HEALTH_SKIPPED && now.us >= h->probe_us)
        probe(h, now, wall_ms);
    else if (h->state == HEALTH_PROBING)
        judge_probe(h, s, now);
    if (h->state <= HEALTH_STRAINED) {
        h->state = throttled ? HEALTH_STRAINED : HEALTH_GOOD;
        const char *why = fault_of(h, s, now);
        if (why)
            skip(h, why, now);
        else if (now.us - h->good_us > STEADY_US)
            h->wait_ms = 0;
    }
    return before != h->state;
}

struct mono
health_next(const struct health *h, struct mono now)
{
    uint64_t soon = now.us + TICK_US;
    if (h->state == HEALTH_SKIPPED)
        return (struct mono){h->probe_us > now.us ? h->probe_us : now.us};
    if (h->state == HEALTH_PROBING)
        return (struct mono){soon};
    return (struct mono){h->in_flight ? soon : UINT64_MAX};
}
