/*
 * client_requests.c - what a client asks of us, and our answers.
 *
 * Promise: at most window_in requests of a client are between taken and
 * answer released; beyond, reading stops until some have left, so a flood
 * waits in the client's own machine.
 */
#include "engine/client/client_inside.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"

enum {
    TURN_REQUESTS = 2048, /* of all, in a turn, as they come: some ms */
    TURN_BURST = 64,      /* of each, however many there were */
    TURN_SHARE = 8,       /* of one that wanted more in the turn before */
    REFUSED_RUN = 200,    /* errors without a success between: it floods */
    SLOW_MS = 40,         /* then it gets TURN_SHARE in so long */
};

/* ---- the window ---- */

unsigned
client_held_in(const struct client *c)
{
    const struct client_window *w = &c->window;
    return w->unanswered + w->fresh + w->held;
}

void
client_read_on(struct client *c)
{
    struct client_window *w = &c->window;
    if (!w->put_off || client_held_in(c) >= c->grant.window_in ||
        c->server->reading_paused)
        return;
    w->put_off = false;
    session_pause(c->session, false);
}

void
client_hold(struct client *c, uint64_t pos)
{
    struct client_window *w = &c->window;
    session_hold(c->session, pos);
    if (!w->fresh)
        return;
    struct client_mark *last =
        w->marks ? &w->mark[(w->first + w->marks - 1) % CLIENT_MARKS] : NULL;
    /* A full ring lets the last mark swallow the new one, as a lane does. */
    if (last && (last->pos == pos || w->marks == CLIENT_MARKS)) {
        last->pos = pos;
    } else {
        last = &w->mark[(w->first + w->marks++) % CLIENT_MARKS];
        *last = (struct client_mark){.pos = pos};
    }
    last->answers += w->fresh;
    w->held += w->fresh;
    w->fresh = 0;
}

void
client_release(struct client *c, uint64_t durable)
{
    struct client_window *w = &c->window;
    session_release(c->session, durable);
    while (w->marks && w->mark[w->first].pos <= durable) {
        w->held -= w->mark[w->first].answers;
        w->first = (w->first + 1) % CLIENT_MARKS;
        w->marks--;
    }
    client_read_on(c);
}

/* ---- shares of a turn ---- */

/* A flood of many binds may not make turns long: beyond TURN_REQUESTS of all
 * who asks more than TURN_BURST waits for the next turn, and gets TURN_SHARE
 * there, until a turn in which it asks for less. */
static bool
had_its_share(struct client *c)
{
    struct client_share *all = &c->server->share, *own = &c->share;
    if (own->turn != all->turn) {
        bool floods = own->sated && own->turn + 1 == all->turn;
        *own = (struct client_share){.turn = all->turn, .floods = floods};
    }
    unsigned most = own->floods ? TURN_SHARE : TURN_BURST;
    if (all->requests >= TURN_REQUESTS && own->requests >= most) {
        own->sated = true;
        return true;
    }
    all->requests++;
    own->requests++;
    return false;
}

/* Who hears nothing but errors and goes on (above its rate, unknown
 * destinations) is read slowly: a refusal, too, costs time. */
static bool
is_slowed(struct client *c)
{
    struct mono now = loop_mono(c->server->loop);
    if (c->refused_run < REFUSED_RUN)
        return false;
    if (mono_since_ms(c->slow_since, now) >= SLOW_MS) {
        c->slow_since = now;
        c->slow_taken = 0;
    }
    return c->slow_taken++ >= TURN_SHARE;
}

void
client_share_anew(struct clients *s)
{
    struct list_link *k;
    s->share.turn++;
    s->share.requests = 0;
    while ((k = s->sated.first)) {
        struct client *c = k->owner;
        list_remove(&s->sated, k);
        if (c->session && !s->reading_paused && !c->window.put_off)
            session_pause(c->session, false);
    }
}

/* ---- requests ---- */

static bool
is_for_the_flow(uint32_t id)
{
    switch (id) {
    case SMPP_SUBMIT_SM:
    case SMPP_SUBMIT_MULTI:
    case SMPP_DATA_SM:
    case SMPP_QUERY_SM:
    case SMPP_CANCEL_SM:
    case SMPP_REPLACE_SM: return true;
    default: return false;
    }
}

/* What the server answers by itself; 0: it is for the flow. */
static uint32_t
own_answer(const struct client *c, uint32_t id)
{
    if (!is_for_the_flow(id)) /* broadcast_sm, deliver_sm, those of 3.3 */
        return ESME_RINVCMDID;
    if (c->state != CLIENT_BOUND) /* unbind is on its way */
        return ESME_RINVBNDSTS;
    if (id != SMPP_QUERY_SM && c->server->turned_down)
        return c->server->turned_down;
    return c->paused ? ESME_RTHROTTLED : 0;
}

static void
note_answer(struct client *c, uint32_t status)
{
    if (status == 0) {
        c->refused_run = 0;
        return;
    }
    c->refused_run++;
    c->counts.answered_bad++;
    c->counts.last_status = status;
}

enum session_take
client_request(struct client *c, const struct pdu *request)
{
    struct clients *s = c->server;
    uint32_t status = own_answer(c, request->id);
    if (status) {
        session_reject(c->session, request->id, request->sequence, status);
        note_answer(c, status);
        return SESSION_TAKEN;
    }
    if (client_held_in(c) >= c->grant.window_in ||
        !session_can_answer(c->session)) {
        c->window.put_off = true;
        return SESSION_LATER;
    }
    c->window.put_off = false;
    if (is_slowed(c))
        return SESSION_LATER;
    if (had_its_share(c)) {
        list_append(&s->sated, &c->sated, c);
        return SESSION_LATER;
    }
    c->window.unanswered++; /* before: it may be answered from inside */
    if (s->ops->request(s->flow, c, request) == CLIENT_LATER) {
        c->window.unanswered--;
        return SESSION_LATER;
    }
    c->counts.requests++;
    metric_add(METRIC_CLIENT_REQUESTS, 1);
    client_rate_add(&c->counts.in, loop_wall(s->loop).ms / 1000);
    return SESSION_TAKEN;
}

/* ---- answers ---- */

static bool
after_answer(struct client *c, bool queued, uint32_t status)
{
    struct client_window *w = &c->window;
    if (w->unanswered)
        w->unanswered--;
    if (!queued) {
        session_close(c->session, CLOSE_FULL, "no room for an answer", false);
        return false;
    }
    w->fresh++;
    note_answer(c, status);
    client_has_output(c);
    if (c->state == CLIENT_LEAVING && w->unanswered == 0 && c->by.us) {
        c->by = loop_mono(c->server->loop);
        client_due_by(c, c->by);
    }
    return true;
}

bool
client_answer(struct client *c, uint32_t request_id, uint32_t sequence,
              uint32_t status, struct slice message_id)
{
    if (!c->session)
        return false;
    bool queued =
        session_answer(c->session, request_id, sequence, status, message_id);
    return after_answer(c, queued, status);
}

bool
client_answer_pdu(struct client *c, const struct pdu *answer)
{
    if (!c->session)
        return false;
    return after_answer(c, session_answer_pdu(c->session, answer),
                        answer->status);
}
