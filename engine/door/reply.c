/*
 * reply.c - the answer of a request.
 *
 * Promise: as in reply.h.
 */
#include "engine/door/reply.h"

#include <microhttpd.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/core/clock.h"
#include "engine/door/page.h"
#include "engine/door/routes.h"

/* 5 ms: long enough to be worth the switch, short enough that nobody on the
 * same thread notices. */
enum { SLICE_US = 5000, STREAM_BLOCK = 32 * 1024 };

void
reply_header(struct request *r, const char *name, const char *value)
{
    if (r->response &&
        MHD_add_response_header(r->response, name, value) != MHD_YES)
        problem_set(&r->problem, "internal", "No memory for a header.");
}

static void
settle(struct request *r, unsigned status, const char *type,
       struct MHD_Response *response)
{
    r->response = response;
    r->status = status;
    if (type)
        reply_header(r, "Content-Type", type);
    reply_header(r, "Cache-Control", "no-store");
    reply_header(r, "X-Content-Type-Options", "nosniff");
}

void
reply_emit(struct request *r, unsigned status, const char *type, struct emit *e)
{
    if (r->response || e->failed) {
        emit_fini(e);
        if (!r->response)
            problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(e->n, e->p, MHD_RESPMEM_MUST_FREE);
    if (response)
        *e = (struct emit){0};
    emit_fini(e);
    if (response)
        settle(r, status, type, response);
}

void
reply_json(struct request *r, unsigned status, struct emit *e)
{
    emit_raw(e, "\n", 1);
    reply_emit(r, status, TYPE_JSON, e);
}

void
reply_empty(struct request *r, unsigned status)
{
    if (r->response)
        return;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response)
        settle(r, status, NULL, response);
}

void
reply_problem(struct request *r, const struct problem *p)
{
    struct emit e = {0};
    char text[16];
    if (r->response)
        return;
    unsigned status = problem_status(p);
    problem_emit(p, &e);
    emit_raw(&e, "\n", 1);
    reply_emit(r, status, TYPE_PROBLEM, &e);
    if (status == 401)
        reply_header(r, "WWW-Authenticate", "Bearer realm=\"volley\"");
    if (status == 405)
        routes_allow(r);
    unsigned after = p->retry_after_s;
    if (after == 0 && (status == 503 || status == 429))
        after = 1;
    if (after) {
        snprintf(text, sizeof text, "%u", after);
        reply_header(r, "Retry-After", text);
    }
}

void
reply_file(struct request *r, unsigned status, const char *type, int fd,
           uint64_t octets)
{
    if (r->response) {
        close(fd);
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_fd64(octets, fd);
    if (!response) {
        close(fd);
        return;
    }
    settle(r, status, type, response);
}

/* Copies what out holds. */
static ssize_t
hand_out(struct request *r, char *to, size_t max)
{
    size_t n = r->out.n - r->out_at;
    n = n < max ? n : max;
    memcpy(to, r->out.p + r->out_at, n);
    r->out_at += n;
    if (r->out_at == r->out.n) {
        emit_reset(&r->out);
        r->out_at = 0;
    }
    return (ssize_t)n;
}

/* libmicrohttpd has room for more of a stream. */
static ssize_t
on_room(void *arg, uint64_t pos, char *to, size_t max)
{
    struct request *r = arg;
    uint64_t began = clock_mono().us;
    (void)pos;
    for (;;) {
        /* Cut short, so that the client sees that something is missing. */
        if (r->out.failed || r->problem.code)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (r->out_at)
            return hand_out(r, to, max);
        bool slice_over = clock_mono().us - began > SLICE_US;
        if (r->out.n >= STREAM_BLOCK || (r->out.n && slice_over) ||
            (r->out.n && r->out_done))
            return hand_out(r, to, max);
        if (r->out_done)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (slice_over) {
            request_yield(r);
            return 0;
        }
        if (request_deliver(r))
            continue;
        enum turn turn = r->fill(r);
        if (turn == TURN_DONE)
            r->out_done = true;
        if (turn == TURN_WAIT) {
            if (r->out.n)
                return hand_out(r, to, max);
            return request_wait(r) ? 0 : MHD_CONTENT_READER_END_WITH_ERROR;
        }
    }
}

void
reply_stream(struct request *r, unsigned status, const char *type,
             enum turn (*fill)(struct request *r))
{
    if (r->response)
        return;
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, on_room, r, NULL);
    if (!response)
        return;
    r->fill = fill;
    settle(r, status, type, response);
}

void
reply_list_begin(struct emit *e)
{
    emit_open(e, '{');
    emit_key(e, "data");
    emit_open(e, '[');
}

void
reply_list_end(struct emit *e, const char *list, bool more, uint64_t a,
               uint64_t b)
{
    char cursor[PAGE_CURSOR_BYTES];
    emit_close(e, ']');
    emit_key(e, "next_cursor");
    if (more)
        page_cursor_write(list, a, b, cursor);
    emit_word(e, more ? cursor : NULL);
    emit_close(e, '}');
}

/* Which rows stand on the page that was asked for. False with 400 as the
 * answer. The cursor's number is the row to begin with. */
static bool
reply_window(struct request *r, const char *list, unsigned count,
             unsigned *from, unsigned *to)
{
    unsigned limit;
    uint64_t first, unused;
    if (!request_page(r, list, &limit, &first, &unused))
        return false;
    *from = first < count ? (unsigned)first : count;
    *to = count - *from > limit ? *from + limit : count;
    return true;
}

static void
reply_window_end(struct request *r, struct emit *e, const char *list,
                 unsigned count, unsigned to)
{
    reply_list_end(e, list, to < count, to, 0);
    reply_json(r, 200, e);
}

void
reply_rows(struct request *r, const struct mail *m, const char *list,
           unsigned count,
           void (*row)(struct request *r, struct emit *e, const struct mail *m,
                       unsigned i))
{
    struct emit e = {0};
    unsigned from, to;
    if (!request_is_ok(r, m) || !reply_window(r, list, count, &from, &to))
        return;
    reply_list_begin(&e);
    for (unsigned i = from; i < to; i++)
        row(r, &e, m, i);
    reply_window_end(r, &e, list, count, to);
}
