/*
 * throttle.c - cut by what was accepted, climb by one in a hundred.
 *
 * Promise: as in throttle.h. Halving, as TCP does, would get only 75 % of
 * what the carrier gives.
 */
#include "engine/carrier/throttle.h"

#include <string.h>

enum {
    CUT_EACH_US = 1000000,
    PAUSE_US = 100000,
    ECHO_US = 100000, /* parts on their way when the limit was cut */
    PAUSE_MAX_US = 800000,
    AGAIN_US = 500000, /* a refusal so soon after a pause doubles the next */
    REFUSED_AGAIN = 3,
    REFUSED_A_PAUSE = 8, /* a cut that helps is followed by fewer */
    RAISE_EACH_US = 100000,
    CATCH_UP_US = 20000, /* parts that may go together, as time */
    SHORT_US = 100000,   /* the least span that a rate is judged by */
    QUIET_MS = 6000,     /* from 95 % one by one it takes five */
    GROWTH_MAX = 10,
    NOISE_PARTS = 20, /* fewer say nothing */
    NOISE_CUTS = 2,   /* in a row that did not help */
    NOISE_US = 60000000,
    /* No configured rate: so much above what was refused, the carrier has
     * let go. */
    LIFT_AT = 4,
};

/* Brings the slots up to date. */
static void
roll(struct second *s, struct mono now)
{
    uint64_t at = now.us / THROTTLE_SLOT_US;
    if (at <= s->at)
        return;
    if (at - s->at >= THROTTLE_SLOTS) {
        memset(s->slot, 0, sizeof s->slot);
        s->begun = now.us;
    } else {
        for (uint64_t i = s->at + 1; i <= at; i++)
            s->slot[i % THROTTLE_SLOTS] = 0;
    }
    s->at = at;
}

void
second_add(struct second *s, struct mono now, uint32_t n)
{
    roll(s, now);
    s->slot[s->at % THROTTLE_SLOTS] += n;
}

uint32_t
second_count(struct second *s, struct mono now)
{
    roll(s, now);
    uint32_t sum = 0;
    for (int i = 0; i < THROTTLE_SLOTS; i++)
        sum += s->slot[i];
    return sum;
}

double
second_rate(struct second *s, struct mono now)
{
    uint32_t sum = second_count(s, now);
    /* The newest slot is not full yet: the span is 0.9 to 1 second. */
    uint64_t span = (THROTTLE_SLOTS - 1) * (uint64_t)THROTTLE_SLOT_US +
                    now.us % THROTTLE_SLOT_US;
    uint64_t run = now.us - s->begun;
    if (run < span)
        span = run;
    if (span < SHORT_US)
        span = SHORT_US;
    return sum * 1e6 / (double)span;
}

void
throttle_init(struct throttle *t)
{
    memset(t, 0, sizeof *t);
}

/* Parts that left before the cut are answered after it. */
static bool
is_after_cut(const struct throttle *t, struct mono now)
{
    return throttle_is_on(t) && now.us >= t->cut_at.us + ECHO_US &&
           now.us < t->cut_at.us + ECHO_US + CUT_EACH_US;
}

void
throttle_accepted(struct throttle *t, struct mono now)
{
    second_add(&t->accepted, now, 1);
    t->after_good += is_after_cut(t, now);
}

/* ---- noise ----------------------------------------------------------------
 */

/* Above it, no carrier means anything but "slower". */
static const double noise_most = 0.1;
static const double noise_usual = 0.04;

/* The last cut is judged: did the share of refusals fall? */
static bool
cut_was_for_nothing(struct throttle *t)
{
    uint32_t parts = t->after_good + t->after_bad;
    double share = parts ? (double)t->after_bad / parts : 0;
    bool judged = parts >= NOISE_PARTS && share > 0 && share <= noise_most;
    bool alike = judged && t->share > 0 && share > t->share / 2;
    t->alike = alike ? t->alike + 1 : 0;
    t->share = judged ? share : 0;
    t->after_good = t->after_bad = 0;
    return t->alike >= NOISE_CUTS;
}

static void
let_be(struct throttle *t, struct mono now)
{
    t->noise = t->share * 2 + 0.01;
    t->noise_until.us = now.us + NOISE_US;
    t->limit = t->share = 0;
    t->alike = t->refused = 0;
    t->paused_until.us = t->pause_us = 0;
}

/* A few in a hundred come at any rate, from some carriers: what is within
 * chance of that cuts nothing where no rate was agreed, nor does a single one
 * among very few. */
static bool
is_chance(struct throttle *t, struct mono now, uint32_t configured)
{
    double bad = second_count(&t->refusals, now);
    double parts = bad + second_count(&t->accepted, now);
    if (configured)
        return false;
    if (throttle_is_on(t))
        return parts < NOISE_PARTS && bad < 2;
    double usual = parts * noise_usual;
    return bad < 2 || (bad - usual) * (bad - usual) < 9 * usual || bad < usual;
}

/* Is this refusal one of those that come at any rate? */
static bool
is_noise(struct throttle *t, struct mono now)
{
    if (t->noise > 0 && mono_reached(now, t->noise_until))
        t->noise = 0;
    if (t->noise <= 0)
        return false;
    uint32_t bad = second_count(&t->refusals, now);
    uint32_t parts = bad + second_count(&t->accepted, now);
    if (parts < NOISE_PARTS || bad <= parts * t->noise)
        return true;
    t->noise = 0;
    return false;
}

static void
cut(struct throttle *t, struct mono now, uint32_t configured)
{
    double accepted = second_rate(&t->accepted, now);
    t->hasty = now.us - t->accepted.begun < CUT_EACH_US;
    double limit = accepted * 0.95;
    if (throttle_is_on(t) && limit > t->limit) /* a cut never raises */
        limit = t->limit * 0.95;
    if (limit < 1)
        limit = 1;
    t->limit = limit;
    t->climb = configured ? configured : accepted > 1 ? accepted : 1;
    t->cut_at = t->raised_at = now;
    t->refused = t->after_good = t->after_bad = 0;
    if (t->next_us < now.us)
        t->next_us = now.us;
    if (t->hasty) { /* it may be far off: see what the carrier says first */
        t->pause_us = PAUSE_US;
        t->paused_until.us = now.us + PAUSE_US;
    }
}

/* The cut did not help: a moment of silence, longer each time, spares the
 * carrier the rest. If even that did not help and the cut was judged by less
 * than a second, in which the carrier had not begun to refuse, then what it
 * took in the last second, counted plainly, is the least it allows. */
static void
hesitate(struct throttle *t, struct mono now)
{
    uint64_t again_us = t->paused_until.us + AGAIN_US;
    bool again = t->paused_until.us && now.us < again_us;
    if (++t->refused < (again ? REFUSED_AGAIN : REFUSED_A_PAUSE))
        return;
    double plain = second_count(&t->accepted, now) * 0.95;
    if (again && t->hasty && plain >= 1 && plain < t->limit)
        t->limit = plain;
    t->refused = 0;
    t->pause_us = again ? t->pause_us * 2 : PAUSE_US;
    if (t->pause_us > PAUSE_MAX_US)
        t->pause_us = PAUSE_MAX_US;
    t->paused_until.us = now.us + t->pause_us;
}

void
throttle_refused(struct throttle *t, struct mono now, uint32_t configured)
{
    second_add(&t->refusals, now, 1);
    t->after_bad += is_after_cut(t, now);
    if (is_noise(t, now) || is_chance(t, now, configured))
        return;
    bool judged = mono_reached(now, (struct mono){t->cut_at.us + CUT_EACH_US});
    if (throttle_is_on(t) && judged && cut_was_for_nothing(t)) {
        let_be(t, now);
        return;
    }
    if (!throttle_is_on(t) ||
        mono_reached(now, (struct mono){t->cut_at.us + CUT_EACH_US})) {
        cut(t, now, configured);
        return;
    }
    /* What was sent before the cut or the pause says nothing new. */
    uint64_t echo_us = t->hasty ? 0 : ECHO_US;
    if (now.us >= t->cut_at.us + echo_us && mono_reached(now, t->paused_until))
        hesitate(t, now);
}

/* Parts per second, each second. When nothing was refused for long, the
 * carrier has more to give again (or the first cut, which saw a fraction of a
 * second, was far too deep): the steps grow. */
static double
climb_of(const struct throttle *t, struct mono now)
{
    double step = t->climb * 0.01;
    uint64_t quiet_ms = mono_since_ms(t->cut_at, now);
    if (quiet_ms < QUIET_MS)
        return step;
    double more = 1 + (double)(quiet_ms - QUIET_MS) / 1000;
    more = more < GROWTH_MAX ? more : GROWTH_MAX;
    double of_limit = t->limit * 0.05;
    return (of_limit > step ? of_limit : step) * more;
}

void
throttle_tick(struct throttle *t, struct mono now, uint32_t configured)
{
    if (!throttle_is_on(t) || now.us < t->raised_at.us + RAISE_EACH_US)
        return;
    double seconds = (double)(now.us - t->raised_at.us) / 1e6;
    t->raised_at = now;
    t->limit += climb_of(t, now) * seconds;
    double top = configured ? configured : t->climb * LIFT_AT;
    if (t->limit >= top)
        t->limit = 0;
}

static double
step_us(const struct throttle *t)
{
    return 1e6 / t->limit;
}

uint32_t
throttle_room(const struct throttle *t, struct mono now)
{
    if (!mono_reached(now, t->paused_until))
        return 0;
    if (!throttle_is_on(t))
        return UINT32_MAX;
    uint64_t from = t->next_us;
    uint64_t least = now.us > CATCH_UP_US ? now.us - CATCH_UP_US : 0;
    if (from < least)
        from = least;
    if (from > now.us)
        return 0;
    return (uint32_t)((double)(now.us - from) / step_us(t)) + 1;
}

void
throttle_take(struct throttle *t, struct mono now, uint32_t n)
{
    if (!throttle_is_on(t))
        return;
    uint64_t least = now.us > CATCH_UP_US ? now.us - CATCH_UP_US : 0;
    if (t->next_us < least)
        t->next_us = least;
    t->next_us += (uint64_t)(n * step_us(t) + 0.5);
}

struct mono
throttle_next(const struct throttle *t, struct mono now)
{
    uint64_t us = t->paused_until.us;
    if (throttle_is_on(t) && t->next_us > us)
        us = t->next_us;
    return us > now.us ? (struct mono){us} : now;
}
