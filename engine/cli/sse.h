/*
 * sse.h - takes Server-Sent Events out of a stream of octets.
 *
 * Octets may come cut anywhere, with LF, CRLF or CR. Pure but for its own
 * buffers. A line or event past SSE_EVENT_MAX is dropped and counted, so an
 * endless one costs no memory.
 */
#ifndef ENGINE_CLI_SSE_H
#define ENGINE_CLI_SSE_H

#include <stdbool.h>
#include <stddef.h>

/* A message of 255 parts of 153 letters as JSON stays well below. */
enum { SSE_EVENT_MAX = 1 << 20 };

/* Borrowed until the call returns. */
struct sse_event {
    const char *id;   /* "" when none came yet */
    const char *type; /* "message" when not named */
    const char *data; /* lines joined by LF */
};

/* False ends the stream: sse_feed() returns false at once. */
typedef bool sse_take(void *arg, const struct sse_event *event);

struct sse;

struct sse *sse_create(sse_take *take, void *arg);
void sse_destroy(struct sse *sse);
bool sse_feed(struct sse *sse, const char *octets, size_t n);

/* Id of the last whole event, to resume with; "" when none came. Borrowed. */
const char *sse_last_id(const struct sse *sse);

/* Sets where to resume, before the first octet or after a new connection. */
void sse_restart(struct sse *sse, const char *last_id);

/* The server's wish for the pause before a new connection; 0: none. */
long sse_retry_ms(const struct sse *sse);

/* Events dropped for their length. */
unsigned long sse_dropped(const struct sse *sse);

#endif
