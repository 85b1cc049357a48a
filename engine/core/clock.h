/*
 * clock.h - time for waiting and time for people, which do not mix.
 *
 * Promise: monotonic time never goes back. A test may replace both clocks.
 * Threads: any; the replacement is set before threads start.
 */
#ifndef ENGINE_CORE_CLOCK_H
#define ENGINE_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds since an unknown start: for waiting and pacing. */
struct mono {
    uint64_t us;
};

/* Milliseconds since 1970-01-01T00:00:00Z: for people and the wire. */
struct wall {
    uint64_t ms;
};

struct mono clock_mono(void);
struct wall clock_wall(void);

/* Replaces both clocks (tests); NULL restores the real ones. */
void clock_fake(struct mono (*mono)(void), struct wall (*wall)(void));

static inline struct mono
mono_add_ms(struct mono t, uint64_t ms)
{
    return (struct mono){t.us + ms * 1000};
}

static inline bool
mono_reached(struct mono now, struct mono when)
{
    return now.us >= when.us;
}

/* Milliseconds from then to now, 0 when then is later. */
static inline uint64_t
mono_since_ms(struct mono then, struct mono now)
{
    return now.us > then.us ? (now.us - then.us) / 1000 : 0;
}

/* "2026-01-31T23:59:59.123Z"; dst needs 25 octets. Returns dst. */
char *wall_to_rfc3339(struct wall t, char dst[25]);
/* Accepts any offset and fraction (RFC 3339); false when it is not one. */
bool wall_from_rfc3339(const char *text, struct wall *out);

#endif
