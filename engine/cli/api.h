/*
 * api.h - one daemon's HTTP API: a request, its JSON answer, its problem.
 *
 * Promise: each call ends in an enum outcome; unless the request is quiet,
 * what went wrong has been printed on stderr by then. The key goes into the
 * Authorization header and nowhere else; redirects are not followed, so it
 * reaches no other host. Bodies stream both ways in constant memory.
 *
 * One thread, one request at a time; connections are kept and used again.
 */
#ifndef ENGINE_CLI_API_H
#define ENGINE_CLI_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/cli/outcome.h"

struct api;
struct settings;

/* Where a streamed body comes from: as fread(); SIZE_MAX gives up. */
typedef size_t api_read(void *arg, char *dst, size_t cap);

/* Where a streamed answer goes; false ends the request well. */
typedef bool api_write(void *arg, const char *octets, size_t n);

struct api_request {
    const char *method; /* NULL: GET */
    const char *path;   /* with its query */
    json_t *body;       /* borrowed; NULL: none */
    const char *idempotency_key;
    const char *accept;       /* NULL: JSON */
    const char *content_type; /* of the streamed body */
    const char *last_event_id;
    api_read *read; /* a streamed body instead of `body` */
    api_write *write;
    void *arg;    /* of read and write */
    bool endless; /* an event stream, or long work: no limit on its time */
    bool quiet;   /* the caller tells what went wrong */
};

/* Never NULL; exits when memory or libcurl is missing. */
struct api *api_open(const struct settings *settings);
void api_close(struct api *api);

/*
 * Carries the request out. *answer is the JSON body (the caller's), NULL for
 * none; `answer` may be NULL. Streamed answers go to request->write instead.
 */
enum outcome
api_call(struct api *api, const struct api_request *request, json_t **answer);

/* The plain cases of api_call(). */
enum outcome api_get(struct api *api, const char *path, json_t **answer);
enum outcome
api_post(struct api *api, const char *path, json_t *body, json_t **answer);

/* One row of a list, borrowed; false ends the walk. */
typedef bool api_row(void *arg, json_t *row);

/*
 * Walks {"data": […], "next_cursor": …} over its pages, at most `limit` rows
 * (0: all). `path` may have a query.
 */
enum outcome api_each(struct api *api, const char *path, long limit,
                      api_row *row, void *arg);

/* HTTP status of the last answer; 0 when there was none. */
long api_status(const struct api *api);

/* Seconds the last answer asked to wait (Retry-After); 0: it did not. */
long api_retry_after_s(const struct api *api);

#endif
