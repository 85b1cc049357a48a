/*
 * when.h - moments: RFC 3339 from the daemon, local time for people.
 *
 * Pure but for the time zone of the process. Moments are milliseconds since
 * 1970 UTC; the caller says what "now" is.
 */
#ifndef ENGINE_CLI_WHEN_H
#define ENGINE_CLI_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define WHEN_CAP 40

/* The clock of the machine, read here and nowhere else. */
int64_t when_now_ms(void);

/* 2025-11-21T14:03:22[.123](Z|+01:00); false on anything else. */
bool when_parse(const char *rfc3339, int64_t *ms);

/* 2025-11-21T14:03:22Z, with milliseconds when there are any. */
char *when_rfc3339(char buf[WHEN_CAP], int64_t ms);

/* Local: 14:03:22 on the same day as now, else 2025-11-21 14:03. */
char *when_local(char buf[WHEN_CAP], int64_t ms, int64_t now_ms);

/*
 * What people type: RFC 3339, a local "2025-12-01 09:00[:30]", a local
 * "09:00" (the next one), or "+30m" from now. False when it is none of them.
 */
bool when_parse_typed(const char *text, int64_t now_ms, int64_t *ms);

/* 500ms, 30s, 15m, 12h, 3d, 2w; false on anything else or no unit. */
bool when_parse_span(const char *text, int64_t *ms);

#endif
