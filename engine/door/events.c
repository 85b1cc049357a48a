/*
 * events.c - what an app is told: Server-Sent Events, or a long poll.
 *
 * A listener is a position in the log: no queue, no state that could be
 * lost. Last-Event-ID or ?after= say where to go on, and each event comes at
 * least once. A listener that does not read is closed by the time limit of
 * its connection, with at most one block of output held for it.
 */
#include <stdlib.h>
#include <strings.h>

#include "engine/core/clock.h"
#include "engine/door/page.h"
#include "engine/door/reply.h"
#include "engine/door/resources.h"
#include "engine/door/view.h"

enum {
    HEARTBEAT_MS = 15000,
    WAIT_MAX_S = 60,
    BUDGET = 2000, /* facts looked at in one go, of all accounts */
    EVENTS_A_CALL = 64,
    TYPES_MAX = 512, /* octets of ?types= */
};

struct listener {
    uint64_t pos;   /* looked at next */
    uint64_t after; /* the event that was seen already; 0: none */
    char types[TYPES_MAX];
    uint64_t beat_ms;  /* SSE: when a sign of life is due */
    uint64_t until_ms; /* poll: when to give up */
    unsigned limit, found;
    struct door *door;
    struct emit out; /* poll: the list */
    bool streams;
};

static void
listener_free(void *state)
{
    struct listener *l = state;
    if (l->streams)
        atomic_fetch_sub(&l->door->streams, 1);
    emit_fini(&l->out);
    free(l);
}

static uint64_t
now_ms(void)
{
    return clock_mono().us / 1000;
}

/* Is the type in the list "a,b,c"? An entry may end in `*`. */
static bool
type_is_wanted(const char *types, const char *type)
{
    const char *p = types;
    while (*p) {
        size_t n = strcspn(p, ",");
        bool star = n && p[n - 1] == '*';
        size_t length = star ? n - 1 : n;
        if (strncmp(p, type, length) == 0 && (star || type[length] == 0))
            return true;
        p += n + (p[n] == ',');
    }
    return types[0] == 0;
}

/* The next event that is wanted. TURN_MORE: *v is one, when v->pos is set;
 * else the budget is used up. TURN_WAIT: nothing for now. */
static enum turn
next_event(struct request *r, struct listener *l, struct event_view *v)
{
    bool more = false;
    struct query *q = door_query(r->door);
    v->pos = 0;
    if (!q)
        return TURN_DONE;
    uint64_t end = query_events_end(q);
    if (!query_event(q, r->who, &l->pos, BUDGET, v, &more)) {
        v->pos = 0;
        if (more)
            return TURN_MORE;
        uint64_t seen = l->pos > end ? l->pos : end;
        r->wake_event = seen ? seen : 1;
        return TURN_WAIT;
    }
    if (v->pos == l->after || !type_is_wanted(l->types, v->type))
        v->pos = 0;
    return TURN_MORE;
}

/* --- Server-Sent Events */

static void
stream_event(struct emit *e, const struct event_view *v)
{
    char id[ID_BYTES];
    emit_format(e,
                "id: %s\nevent: %s\ndata: ", id_to_text(ID_EVENT, v->pos, id),
                v->type);
    e->comma = false;
    view_event(e, v);
    emit_raw(e, "\n\n", 2);
}

static enum turn
stream_fill(struct request *r)
{
    struct listener *l = r->state;
    struct event_view v;
    if (atomic_load(&r->door->stopping))
        return TURN_DONE;
    for (unsigned i = 0; i < EVENTS_A_CALL; i++) {
        enum turn turn = next_event(r, l, &v);
        if (v.pos)
            stream_event(&r->out, &v);
        if (turn == TURN_MORE)
            continue;
        uint64_t now = now_ms();
        if (turn == TURN_WAIT && r->out.n == 0 && now >= l->beat_ms) {
            emit_text(&r->out, ": still here\n\n");
            l->beat_ms = now + HEARTBEAT_MS;
        }
        if (r->out.n)
            l->beat_ms = now + HEARTBEAT_MS;
        r->wake_ms = l->beat_ms;
        return turn;
    }
    return TURN_MORE;
}

static void
stream(struct request *r, struct listener *l)
{
    l->streams = true;
    l->beat_ms = now_ms() + HEARTBEAT_MS;
    atomic_fetch_add(&r->door->streams, 1);
    emit_text(&r->out, ": events of volley\nretry: 1000\n\n");
    reply_stream(r, 200, TYPE_EVENTS, stream_fill);
    reply_header(r, "X-Accel-Buffering", "no");
}

/* --- long poll */

static void
poll_answer(struct request *r, struct listener *l)
{
    reply_list_end(&l->out, "events", true, l->pos, l->after);
    reply_json(r, 200, &l->out);
}

static enum turn
poll_work(struct request *r)
{
    struct listener *l = r->state;
    struct event_view v;
    enum turn turn = TURN_MORE;
    for (unsigned i = 0; i < EVENTS_A_CALL && turn == TURN_MORE; i++) {
        turn = l->found < l->limit ? next_event(r, l, &v) : TURN_WAIT;
        if (turn == TURN_MORE && v.pos) {
            view_event(&l->out, &v);
            l->found++;
        }
    }
    if (turn == TURN_MORE)
        return turn;
    bool over = now_ms() >= l->until_ms || atomic_load(&r->door->stopping);
    if (l->found || over) {
        poll_answer(r, l);
        return TURN_DONE;
    }
    r->wake_ms = l->until_ms;
    return TURN_WAIT;
}

static void
poll(struct request *r, struct listener *l, struct slice wait)
{
    char none[1] = "", *end = none;
    unsigned long seconds =
        wait.n ? strtoul((const char *)wait.p, &end, 10) : 0;
    if (*end) {
        problem_set(&r->problem, "bad_parameter",
                    "`wait` is a number of seconds, up to %d.", WAIT_MAX_S);
        return;
    }
    if (seconds > WAIT_MAX_S)
        seconds = WAIT_MAX_S;
    l->until_ms = now_ms() + seconds * 1000;
    reply_list_begin(&l->out);
    r->work = poll_work;
}

/* --- where to begin */

/* An event's id, "0" for the oldest, or next_cursor of a long poll. */
static bool
read_after(struct listener *l, struct query *q, struct slice text)
{
    if (slice_eq(text, slice_str("0"))) {
        l->pos = query_events_oldest(q);
        return true;
    }
    if (page_cursor_read("events", text, &l->pos, &l->after))
        return true;
    if (!id_from_text(ID_EVENT, text, &l->after))
        return false;
    l->pos = l->after;
    return true;
}

static bool
read_begin(struct request *r, struct listener *l, struct query *q)
{
    struct slice after = request_header(r, "Last-Event-ID");
    if (!after.n)
        after = request_query(r, "after");
    if (!after.n)
        after = request_query(r, "cursor");
    l->pos = query_events_end(q);
    if (!after.n || read_after(l, q, after))
        return true;
    problem_set(&r->problem, "bad_parameter",
                "`after` is the id of an event, or 0 for the oldest kept.");
    return false;
}

static bool
read_types(struct request *r, struct listener *l)
{
    struct slice types = request_query(r, "types");
    if (types.n < sizeof l->types) {
        slice_to_str(types, l->types, sizeof l->types);
        return true;
    }
    problem_set(&r->problem, "bad_parameter", "`types` is too long.");
    return false;
}

void
events_get(struct request *r)
{
    uint64_t unused[2];
    unsigned limit;
    struct query *q = door_query(r->door);
    struct listener *l = calloc(1, sizeof *l);
    if (!l || !q) {
        free(l);
        problem_set(&r->problem, "unavailable", "Out of memory.");
        return;
    }
    r->state = l;
    r->state_free = listener_free;
    l->door = r->door;
    struct slice wait = request_query(r, "wait");
    struct slice cursor = request_query(r, "limit");
    limit = PAGE_LIMIT;
    if (cursor.n && !request_page(r, "events", &limit, &unused[0], &unused[1]))
        return;
    l->limit = limit;
    if (!read_begin(r, l, q) || !read_types(r, l))
        return;
    if (wait.p)
        poll(r, l, wait);
    else
        stream(r, l);
}
