/*
 * http.c - what libmicrohttpd calls: headers, pieces of the body, the end.
 *
 * Promise: nothing here waits; a request that must wait is suspended and
 * called again. A body is bounded in RAM or fed to its resource as it comes.
 * libmicrohttpd takes an answer only before the body or after it, so a fault
 * found inside a body is kept, the rest of the body read and dropped, and
 * the fault answered at its end.
 */
#include "engine/door/http.h"

#include <stdlib.h>
#include <strings.h>

#include "engine/core/clock.h"
#include "engine/door/auth.h"
#include "engine/door/reply.h"
#include "engine/door/routes.h"
#include "engine/door/tls.h"
#include "engine/door/watch.h"

enum {
    HEADERS_MAX = 64,
    HEADER_OCTETS_MAX = 16 * 1024 + 8 * 1024, /* headers, request line */
    URL_MAX = 8 * 1024,
    DROPPED_MAX = 64 * 1024 * 1024, /* of a body nobody wants; then closed */
    SLICE_US = 5000,                /* as in reply.c */
};

static enum MHD_Result
queue(struct request *r)
{
    enum MHD_Result result =
        MHD_queue_response(r->connection, r->status, r->response);
    MHD_destroy_response(r->response);
    r->response = NULL;
    unsigned hundreds = r->status / 100;
    if (result == MHD_YES && hundreds < 6)
        atomic_fetch_add(&r->door->answered[hundreds], 1);
    watch_mark(r->watch, WATCH_BUSY);
    return result;
}

/* Suspends, or gives up the connection when nothing would wake it. */
static enum MHD_Result
wait_or_close(struct request *r)
{
    watch_mark(r->watch, WATCH_BUSY);
    return request_wait(r) ? MHD_YES : MHD_NO;
}

/* Goes on with a request whose body is read, until it is answered, waits, or
 * has had its slice. */
static enum MHD_Result
step(struct request *r)
{
    uint64_t began = clock_mono().us;
    for (;;) {
        if (!r->response && r->problem.code)
            reply_problem(r, &r->problem);
        if (r->response)
            return queue(r);
        if (atomic_load(&r->door->closing))
            return MHD_NO;
        if (request_deliver(r))
            continue;
        enum turn turn = r->work ? r->work(r) : TURN_WAIT;
        if (r->problem.code || r->response)
            continue;
        if (turn == TURN_DONE)
            r->work = NULL;
        if (turn == TURN_WAIT) {
            if (wait_or_close(r) == MHD_YES)
                return MHD_YES;
            problem_set(&r->problem, "internal", "Nothing to wait for.");
        }
        if (clock_mono().us - began > SLICE_US) {
            request_yield(r);
            return MHD_YES;
        }
    }
}

/* Octets of the body as announced; 0 when not. */
static uint64_t
content_length(struct request *r)
{
    struct slice v = request_header(r, "Content-Length");
    return v.n ? strtoull((const char *)v.p, NULL, 10) : 0;
}

static bool
has_body(struct request *r)
{
    return content_length(r) > 0 || request_header(r, "Transfer-Encoding").n;
}

/* Sums up one parameter of the query string. */
static enum MHD_Result
add_length(void *arg, enum MHD_ValueKind kind, const char *key,
           const char *value)
{
    size_t *octets = arg;
    (void)kind;
    *octets += strlen(key) + (value ? strlen(value) : 0) + 2;
    return MHD_YES;
}

static void
check_headers(struct request *r, const char *url)
{
    size_t octets = strlen(url);
    MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, add_length,
                              &octets);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    int count =
        MHD_get_connection_values(r->connection, MHD_HEADER_KIND, NULL, NULL);
    if (octets > URL_MAX)
        problem_set(&r->problem, "uri_too_long", "At most %d octets.", URL_MAX);
    if (count > HEADERS_MAX || (info && info->header_size > HEADER_OCTETS_MAX))
        problem_set(&r->problem, "headers_too_large",
                    "At most %d headers and %d octets with the request line.",
                    HEADERS_MAX, HEADER_OCTETS_MAX);
    struct slice coding = request_header(r, "Content-Encoding");
    if (coding.n && strcasecmp((const char *)coding.p, "identity") != 0)
        problem_set(&r->problem, "unsupported_media_type",
                    "Bodies are read as they are, without Content-Encoding.");
}

static void
check_route(struct request *r, const char *method)
{
    struct slice type = request_header(r, "Content-Type");
    const char *text = type.n ? (const char *)type.p : "";
    switch (route_find(method, r->path, text, &r->route, r->param)) {
    case ROUTE_FOUND: break;
    case ROUTE_NO_PATH: problem_not_found(&r->problem); break;
    case ROUTE_NO_METHOD:
        problem_set(&r->problem, "method_not_allowed",
                    "See the header Allow for those that are known.");
        break;
    case ROUTE_NO_TYPE:
        problem_set(&r->problem, "unsupported_media_type",
                    "Say what the body is: Content-Type %s.",
                    r->route->body == BODY_ROWS
                        ? "text/csv or application/x-ndjson"
                    : r->route->body == BODY_LINES
                        ? "application/json or application/x-ndjson"
                        : "application/json");
        break;
    }
}

static bool
is_stream(const struct request *r)
{
    return r->route &&
           (r->route->body == BODY_LINES || r->route->body == BODY_ROWS);
}

/* The headers are here: who asks for what, and may they? */
static void
begin(struct request *r, const char *url, const char *method)
{
    r->path = strdup(url);
    if (!r->path) {
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    if (atomic_load(&r->door->stopping))
        problem_set(&r->problem, "stopping", "Try again in a few seconds.");
    check_headers(r, url);
    if (!r->problem.code)
        tls_check_client(r);
    if (!r->problem.code)
        check_route(r, method);
    if (!r->problem.code)
        auth_check(r);
    if (!r->problem.code && !is_stream(r) &&
        content_length(r) > r->door->limits.body_max)
        problem_set(&r->problem, "body_too_large", "At most %llu octets.",
                    (unsigned long long)r->door->limits.body_max);
    if (!r->problem.code && is_stream(r))
        r->route->run(r);
}

/* The head phase: until the resource has made up its mind. */
static enum MHD_Result
on_head(struct request *r, const char *url, const char *method)
{
    if (!r->begun) {
        r->begun = true;
        begin(r, url, method);
    }
    while (!r->problem.code && !r->response && request_deliver(r))
        continue;
    if (!r->problem.code && !r->response && request_is_asking(r))
        return wait_or_close(r);
    r->phase = PHASE_BODY;
    watch_mark(r->watch, has_body(r) ? WATCH_BODY : WATCH_BUSY);
    /* Answered before a body that the client holds back until it is asked
     * for, or that is too large to be read and dropped. Otherwise it is
     * dropped first: many clients write all before they read a word. */
    bool early =
        content_length(r) > DROPPED_MAX || request_header(r, "Expect").n;
    if (r->problem.code && early)
        return step(r);
    return MHD_YES;
}

/* Drops what comes of a body that nobody wants. */
static enum MHD_Result
drop(struct request *r, size_t *size)
{
    *size = 0;
    emit_fini(&r->body);
    return r->octets > DROPPED_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result
keep(struct request *r, const char *data, size_t *size)
{
    if (r->body.n + *size > r->door->limits.body_max)
        problem_set(&r->problem, "body_too_large", "At most %llu octets.",
                    (unsigned long long)r->door->limits.body_max);
    else
        emit_raw(&r->body, data, *size);
    if (r->body.failed)
        problem_set(&r->problem, "unavailable", "Out of memory.");
    *size = 0;
    return MHD_YES;
}

/* A piece of the body. What is not used up comes again after the wait. */
static enum MHD_Result
on_body(struct request *r, const char *data, size_t *size)
{
    if (atomic_load(&r->door->closing))
        return MHD_NO;
    while (request_deliver(r))
        continue;
    size_t offered = *size;
    if (atomic_load(&r->door->stopping))
        problem_set(&r->problem, "stopping", "Try again in a few seconds.");
    enum MHD_Result result = MHD_YES;
    if (r->problem.code || r->response) {
        r->octets += offered;
        result = drop(r, size);
    } else if (r->feed) {
        *size -= r->feed(r, data, offered);
        r->octets += offered - *size;
    } else {
        r->octets += offered;
        result = keep(r, data, size);
    }
    atomic_fetch_add(&r->door->octets_in, offered - *size);
    watch_count(r->watch, r->octets);
    if (*size == 0)
        return result;
    if (r->problem.code)
        return MHD_YES == result ? drop(r, size) : result;
    return wait_or_close(r);
}

/* The body is read. */
static void
on_end(struct request *r)
{
    r->phase = PHASE_END;
    watch_mark(r->watch, WATCH_BUSY);
    if (r->problem.code || r->response)
        return;
    if (r->ended)
        r->ended(r);
    else if (r->route && !is_stream(r))
        r->route->run(r);
}

enum MHD_Result
http_on_request(void *arg, struct MHD_Connection *c, const char *url,
                const char *method, const char *version, const char *data,
                size_t *size, void **slot)
{
    struct request *r = *slot;
    (void)version;
    if (!r) {
        r = request_create(arg, c);
        if (!r)
            return MHD_NO;
        *slot = r;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        r->watch = info ? info->socket_context : NULL;
    }
    if (r->phase == PHASE_HEAD)
        return on_head(r, url, method);
    if (*size > 0) {
        watch_mark(r->watch, WATCH_BODY);
        return on_body(r, data, size);
    }
    if (r->phase == PHASE_BODY)
        on_end(r);
    return step(r);
}

enum MHD_Result
http_on_accept(void *arg, const struct sockaddr *peer, socklen_t length)
{
    (void)length;
    return watch_may_open(arg, peer) ? MHD_YES : MHD_NO;
}

void
http_on_completed(void *arg, struct MHD_Connection *c, void **slot,
                  enum MHD_RequestTerminationCode why)
{
    struct request *r = *slot;
    (void)arg;
    (void)c;
    (void)why;
    if (!r)
        return;
    *slot = NULL;
    watch_mark(r->watch, WATCH_IDLE);
    request_leave(r);
}

void
http_on_connection(void *arg, struct MHD_Connection *c, void **slot,
                   enum MHD_ConnectionNotificationCode what)
{
    struct door *d = arg;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        watch_close(d, *slot);
        *slot = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    int fd = info ? info->connect_fd : -1;
    info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    *slot = fd >= 0 ? watch_open(d, fd, info ? info->client_addr : NULL) : NULL;
}
