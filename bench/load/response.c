/*
 * response.c - HTTP responses as a stream; see response.h.
 */
#include "bench/load/response.h"

#include <stdlib.h>
#include <strings.h>

enum { HEAD_MAX_BYTES = 32 * 1024 };

void
response_init(struct response *r,
              void (*line)(void *owner, unsigned status, struct slice line),
              void *owner)
{
    r->state = RESPONSE_HEAD;
    r->status = 0;
    r->closes = false;
    r->left = 0;
    r->line_n = 0;
    r->line = line;
    r->owner = owner;
}

static void
end_line(struct response *r)
{
    if (r->line_n && r->line_room[r->line_n - 1] == '\r')
        r->line_n--;
    if (r->line_n)
        r->line(r->owner, r->status, slice_of(r->line_room, r->line_n));
    r->line_n = 0;
}

static void
take_body(struct response *r, struct slice body)
{
    struct cursor c = cursor_of(body);
    while (cursor_left(&c)) {
        const uint8_t *end = memchr(c.at, '\n', cursor_left(&c));
        size_t n = end ? (size_t)(end - c.at) : cursor_left(&c);
        struct slice piece = cursor_take(&c, n);
        size_t room = RESPONSE_LINE_BYTES - r->line_n;
        size_t kept = piece.n < room ? piece.n : room;
        memcpy(r->line_room + r->line_n, piece.p, kept);
        r->line_n += kept;
        if (end) {
            (void)cursor_take(&c, 1);
            end_line(r);
        }
    }
}

/* The value of a header line, or NULL. */
static const char *
header(const char *line, const char *name)
{
    size_t n = strlen(name);
    if (strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    line += n + 1;
    return line + strspn(line, " \t");
}

static void
begin_body(struct response *r, bool chunked, bool has_length)
{
    if (r->status < 200) /* 100 Continue: the real one follows */
        r->state = RESPONSE_HEAD;
    else if (chunked)
        r->state = RESPONSE_CHUNK_SIZE;
    else if (has_length || r->status == 204 || r->status == 304)
        r->state = RESPONSE_LENGTH;
    else
        r->state = RESPONSE_TO_END;
}

/* The whole head stands in text, NUL-terminated. */
static bool
read_head(struct response *r, char *text)
{
    if (strncmp(text, "HTTP/1.", 7) != 0 || strlen(text) < 12)
        return false;
    r->status = (unsigned)strtoul(text + 9, NULL, 10);
    r->closes = text[7] == '0';
    r->left = 0;
    bool chunked = false, has_length = false;
    char *save = NULL;
    for (char *line = strtok_r(text, "\r\n", &save); line;
         line = strtok_r(NULL, "\r\n", &save)) {
        const char *v;
        if ((v = header(line, "Content-Length"))) {
            r->left = strtoull(v, NULL, 10);
            has_length = true;
        } else if ((v = header(line, "Transfer-Encoding"))) {
            chunked = strncasecmp(v, "chunked", 7) == 0;
        } else if ((v = header(line, "Connection"))) {
            r->closes = strncasecmp(v, "close", 5) == 0;
        }
    }
    begin_body(r, chunked, has_length);
    return r->status >= 100 && r->status < 600;
}

static enum response_result
take_head(struct response *r, struct cursor *c)
{
    const uint8_t *end = memmem(c->at, cursor_left(c), "\r\n\r\n", 4);
    if (!end)
        return cursor_left(c) < HEAD_MAX_BYTES ? RESPONSE_MORE : RESPONSE_BAD;
    static char text[HEAD_MAX_BYTES + 8];
    size_t n = (size_t)(end - c->at) + 4;
    if (n > HEAD_MAX_BYTES)
        return RESPONSE_BAD;
    slice_to_str(cursor_take(c, n), text, sizeof text);
    return read_head(r, text) ? RESPONSE_DONE : RESPONSE_BAD;
}

/* A line of the framing itself; false when it is not whole yet. */
static bool
take_line(struct cursor *c, struct slice *out)
{
    const uint8_t *end = memchr(c->at, '\n', cursor_left(c));
    if (!end)
        return false;
    *out = cursor_take(c, (size_t)(end - c->at) + 1);
    return true;
}

/* One step in a chunked body: MORE, DONE: go on, or BAD. */
static enum response_result
take_chunk_frame(struct response *r, struct cursor *c, bool *over)
{
    struct slice line;
    if (!take_line(c, &line))
        return cursor_left(c) < HEAD_MAX_BYTES ? RESPONSE_MORE : RESPONSE_BAD;
    char text[32];
    slice_to_str(line, text, sizeof text);
    if (r->state == RESPONSE_CHUNK_END) {
        r->state = RESPONSE_CHUNK_SIZE;
    } else if (r->state == RESPONSE_TRAILER) {
        *over = line.n <= 2;
    } else {
        char *end = NULL;
        r->left = strtoull(text, &end, 16);
        if (end == text)
            return RESPONSE_BAD;
        r->state = r->left ? RESPONSE_CHUNK : RESPONSE_TRAILER;
    }
    return RESPONSE_DONE;
}

static void
take_counted(struct response *r, struct cursor *c)
{
    size_t n = cursor_left(c);
    if (r->left < n)
        n = (size_t)r->left;
    take_body(r, cursor_take(c, n));
    r->left -= n;
}

enum response_result
response_feed(struct response *r, struct slice in, size_t *used)
{
    struct cursor c = cursor_of(in);
    enum response_result step = RESPONSE_DONE;
    bool over = false;
    while (step == RESPONSE_DONE && !over) {
        switch (r->state) {
        case RESPONSE_HEAD: step = take_head(r, &c); break;
        case RESPONSE_LENGTH:
            take_counted(r, &c);
            over = r->left == 0;
            step = over ? RESPONSE_DONE : RESPONSE_MORE;
            break;
        case RESPONSE_TO_END:
            take_body(r, cursor_rest(&c));
            step = RESPONSE_MORE;
            break;
        case RESPONSE_CHUNK:
            take_counted(r, &c);
            if (r->left)
                step = RESPONSE_MORE;
            else
                r->state = RESPONSE_CHUNK_END;
            break;
        case RESPONSE_CHUNK_SIZE:
        case RESPONSE_CHUNK_END:
        case RESPONSE_TRAILER: step = take_chunk_frame(r, &c, &over); break;
        }
    }
    *used = in.n - cursor_left(&c);
    if (over) {
        end_line(r);
        r->state = RESPONSE_HEAD;
    }
    return step;
}

bool
response_end(struct response *r)
{
    if (r->state != RESPONSE_TO_END)
        return false;
    end_line(r);
    r->state = RESPONSE_HEAD;
    return true;
}
