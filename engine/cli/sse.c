/*
 * sse.c - takes Server-Sent Events out of a stream of octets.
 *
 * HTML standard, 9.2.6: an event ends at an empty line; an event without
 * data is not handed on, but its id counts; a cut one at the end is dropped.
 */
#include "engine/cli/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *p;
    size_t n;
    size_t cap;
};

struct sse {
    sse_take *take;
    void *arg;
    struct text line;
    struct text data;
    char id[128];   /* ids are evt_ and some 30 letters */
    char seen[128]; /* id of the last whole event */
    char type[64];  /* the longest is thread.transferred */
    bool any_data;  /* of the event being gathered */
    bool after_cr;  /* an LF now belongs to the CR before it */
    bool too_long;  /* this line or event is being dropped */
    long retry_ms;
    unsigned long dropped;
};

static bool
text_put(struct text *text, const char *p, size_t n)
{
    if (text->n + n + 1 > text->cap) {
        size_t cap = text->cap ? text->cap : 256;
        while (cap < text->n + n + 1)
            cap *= 2;
        if (cap > SSE_EVENT_MAX)
            return false;
        char *grown = realloc(text->p, cap);
        if (grown == NULL)
            return false;
        text->p = grown;
        text->cap = cap;
    }
    memcpy(text->p + text->n, p, n);
    text->n += n;
    text->p[text->n] = '\0';
    return true;
}

struct sse *
sse_create(sse_take *take, void *arg)
{
    struct sse *sse = calloc(1, sizeof *sse);
    if (sse == NULL) {
        perror("volley");
        exit(EXIT_FAILURE);
    }
    sse->take = take;
    sse->arg = arg;
    return sse;
}

void
sse_destroy(struct sse *sse)
{
    if (sse == NULL)
        return;
    free(sse->line.p);
    free(sse->data.p);
    free(sse);
}

/* The empty line: hand on what was gathered and begin anew. */
static bool
end_event(struct sse *sse)
{
    bool more = true;
    /* Only now: to resume behind an event that was cut would lose it. */
    memcpy(sse->seen, sse->id, sizeof sse->seen);
    if (sse->too_long) {
        sse->dropped++;
    } else if (sse->any_data) {
        struct sse_event event = {sse->id, sse->type[0] ? sse->type : "message",
                                  sse->data.p};
        more = sse->take(sse->arg, &event);
    }
    sse->data.n = 0;
    sse->any_data = sse->too_long = false;
    sse->type[0] = '\0';
    return more;
}

static void
take_field(struct sse *sse, const char *name, const char *value)
{
    if (strcmp(name, "data") == 0) {
        if (sse->any_data && !text_put(&sse->data, "\n", 1))
            sse->too_long = true;
        if (!text_put(&sse->data, value, strlen(value)))
            sse->too_long = true;
        sse->any_data = true;
    } else if (strcmp(name, "id") == 0) {
        snprintf(sse->id, sizeof sse->id, "%s", value);
    } else if (strcmp(name, "event") == 0) {
        snprintf(sse->type, sizeof sse->type, "%s", value);
    } else if (strcmp(name, "retry") == 0) {
        sse->retry_ms = strtol(value, NULL, 10);
    }
}

static bool
end_line(struct sse *sse)
{
    char *line = sse->line.n > 0 ? sse->line.p : NULL;
    sse->line.n = 0;
    if (line == NULL)
        return end_event(sse);
    if (line[0] == ':')
        return true;
    char *colon = strchr(line, ':');
    const char *value = "";
    if (colon != NULL) {
        *colon = '\0';
        value = colon + 1 + (colon[1] == ' ');
    }
    take_field(sse, line, value);
    return true;
}

bool
sse_feed(struct sse *sse, const char *octets, size_t n)
{
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        char c = octets[i];
        bool pair = sse->after_cr && c == '\n';
        sse->after_cr = c == '\r';
        if (c != '\n' && c != '\r')
            continue;
        if (!pair) {
            if (!text_put(&sse->line, octets + from, i - from))
                sse->too_long = true;
            if (!end_line(sse))
                return false;
        }
        from = i + 1;
    }
    if (from < n && !text_put(&sse->line, octets + from, n - from)) {
        sse->too_long = true;
        /* Keep one octet: an empty line would end the event here. */
        sse->line.n = sse->line.n > 0 ? 1 : 0;
    }
    return true;
}

const char *
sse_last_id(const struct sse *sse)
{
    return sse->seen;
}

void
sse_restart(struct sse *sse, const char *last_id)
{
    char id[sizeof sse->id];
    snprintf(id, sizeof id, "%s", last_id);
    memcpy(sse->id, id, sizeof id);
    memcpy(sse->seen, id, sizeof id);
    sse->line.n = sse->data.n = 0;
    sse->any_data = sse->after_cr = sse->too_long = false;
    sse->type[0] = '\0';
}

long
sse_retry_ms(const struct sse *sse)
{
    return sse->retry_ms;
}

unsigned long
sse_dropped(const struct sse *sse)
{
    return sse->dropped;
}
