/*
 * client.c - one bind: what its session says, who is let in, how it ends.
 *
 * Promise: each client that the flow was asked about ends with one closed();
 * nothing of the flow is called for the others.
 */
#include "engine/client/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/client/client_inside.h"
#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"

enum {
    WINDOW_IN = 100,
    WINDOW_OUT = 10,
    UNBOUND_PDUS = 16,             /* a bind, some enquire_links, a mistake */
    UNBOUND_BYTES = 1024,          /* no bind is longer */
    BOUND_READ = 64 * 1024,        /* a turn serves all before one floods it */
    BOUND_OUTPUT = 96 * 1024,      /* the longest PDU, and some */
    ANSWER_BYTES = 64,             /* of an answer that a window waits for */
    DELIVERY_BYTES = 1024,         /* of a delivery, mostly */
    BOUND_OUTPUT_MAX = 512 * 1024, /* of each lane */
    UNBIND_WAIT_MS = 10000,        /* at most, for outstanding answers */
};

static const bool may_follow[CLIENT_STATE_N][CLIENT_STATE_N] = {
    [CLIENT_CONNECTED] = {[CLIENT_ASKING] = true, [CLIENT_GONE] = true},
    [CLIENT_ASKING] =
        {[CLIENT_REFUSING] = true, [CLIENT_BOUND] = true, [CLIENT_GONE] = true},
    [CLIENT_REFUSING] = {[CLIENT_GONE] = true},
    [CLIENT_BOUND] = {[CLIENT_LEAVING] = true, [CLIENT_GONE] = true},
    [CLIENT_LEAVING] = {[CLIENT_GONE] = true},
};

void
client_move(struct client *c, enum client_state next)
{
    if (!may_follow[c->state][next]) {
        log_error(ROOM_CLIENT, "client_illegal", "client=%llu from=%d to=%d",
                  (unsigned long long)c->number, (int)c->state, (int)next);
        return;
    }
    c->state = next;
    c->since = loop_wall(c->server->loop);
}

void
client_note(struct client *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->last_error, sizeof c->last_error, format, args);
    va_end(args);
}

/* ---- time ---- */

void
client_due_by(struct client *c, struct mono when)
{
    deadlines_set_nearer(&c->server->due, &c->due, when);
}

struct mono
client_due(const struct client *c)
{
    struct mono due = {UINT64_MAX};
    if (c->session)
        due = session_due(c->session);
    if (c->by.us && c->by.us < due.us)
        due = c->by;
    return due;
}

/* The refusal's moment has come. */
static void
say_no(struct client *c)
{
    char detail[96];
    const char *name = smpp_status_name(c->refusal);
    snprintf(detail, sizeof detail, "bind refused: 0x%02X %s", c->refusal,
             name ? name : "unknown");
    client_note(c, "%s", detail);
    session_bind_answer(c->session, c->refusal, NULL);
    session_close(c->session, CLOSE_ASKED, detail, true);
}

void
client_tick(struct client *c, struct mono now)
{
    if (!c->session)
        return;
    session_tick(c->session, now);
    if (!c->by.us || !mono_reached(now, c->by))
        return;
    c->by.us = 0;
    if (c->state == CLIENT_REFUSING)
        say_no(c);
    else if (c->state == CLIENT_LEAVING)
        session_unbind(c->session, UNBIND_WAIT_MS);
}

/* ---- binding ---- */

void
client_session_settings(const struct clients *s, struct session_settings *out)
{
    const struct clients_settings *t = &s->settings;
    session_settings_default(out, SESSION_SMSC);
    out->pdu_max = (unsigned)t->pdu_max;
    out->unbound_max = UNBOUND_BYTES;
    out->unbound_pdus = UNBOUND_PDUS;
    out->bind_ms = t->bind_ms;
    out->read_ms = t->read_ms;
    /* Who is not bound is not asked: bind_ms ends it. */
    out->enquire_ms = out->enquire_answer_ms = out->idle_ms = 0;
}

static void
on_opened(void *owner)
{
    struct client *c = owner;
    if (c->outbind)
        outbind_opened(c);
}

static void
take_text(const struct pdu *p, enum smpp_field field, char *dst, size_t cap)
{
    slice_to_str(pdu_slice(p, field), dst, cap);
}

static void
on_bind_asked(void *owner, enum session_mode mode, const struct pdu *bind)
{
    struct client *c = owner;
    char system_id[256], password[256], system_type[256], range[256];
    char certificate[256];
    take_text(bind, FIELD_SYSTEM_ID, system_id, sizeof system_id);
    take_text(bind, FIELD_PASSWORD, password, sizeof password);
    take_text(bind, FIELD_SYSTEM_TYPE, system_type, sizeof system_type);
    take_text(bind, FIELD_ADDRESS_RANGE, range, sizeof range);
    uint32_t version = pdu_u32(bind, FIELD_INTERFACE_VERSION);
    struct client_hello hello = {
        .system_id = system_id,
        .password = password,
        .system_type = system_type,
        .address_range = range,
        .mode = mode,
        .interface_version = version < SMPP_V34 ? SMPP_V33 : (uint8_t)version,
        .peer = session_peer(c->session),
        .tls = session_tls(c->session),
        .certificate =
            session_certificate(c->session, certificate, sizeof certificate),
    };
    snprintf(c->system_id, sizeof c->system_id, "%.16s", system_id);
    snprintf(c->system_type, sizeof c->system_type, "%.13s", system_type);
    list_remove(&c->server->silent, &c->silent);
    client_move(c, CLIENT_ASKING);
    c->asked = true;
    c->server->ops->bind_asked(c->server->flow, c, &hello);
    explicit_bzero(password, sizeof password);
}

static unsigned
or_else(unsigned value, unsigned otherwise)
{
    return value ? value : otherwise;
}

/* What both windows may put into a lane, when the peer reads: one that does
 * not is put off the sooner. */
static size_t
output_max(const struct client_grant *g)
{
    size_t n = BOUND_OUTPUT + (size_t)g->window_in * ANSWER_BYTES +
               (size_t)g->window_out * DELIVERY_BYTES;
    return n < BOUND_OUTPUT_MAX ? n : BOUND_OUTPUT_MAX;
}

static void
set_limits(struct client *c, const struct client_grant *grant)
{
    const struct clients_settings *t = &c->server->settings;
    c->grant = *grant;
    struct client_grant *g = &c->grant;
    g->window_in = or_else(g->window_in, WINDOW_IN);
    g->window_out = or_else(g->window_out, WINDOW_OUT);
    g->enquire_ms = or_else(g->enquire_ms, t->enquire_ms);
    g->idle_ms = or_else(g->idle_ms, t->idle_ms);
    g->response_ms = or_else(g->response_ms, t->response_ms);
    struct session_limits limits = {
        .window = g->window_out,
        .enquire_ms = g->enquire_ms,
        .idle_ms = g->idle_ms,
        .response_ms = g->response_ms,
        .read_turn = BOUND_READ,
        .output_max = output_max(g),
    };
    session_set_limits(c->session, &limits);
}

void
client_accept(struct client *c, const struct client_grant *grant)
{
    if (c->state != CLIENT_ASKING || !c->session)
        return;
    if (session_get_state(c->session) != SESSION_BINDING)
        return; /* it has just left; closed() is on its way */
    set_limits(c, grant);
    client_move(c, CLIENT_BOUND);
    client_leave_unbound(c);
    session_bind_answer(c->session, 0, c->server->settings.system_id);
}

void
client_regrant(struct client *c, const struct client_grant *grant)
{
    if (!c->session || c->state < CLIENT_BOUND)
        return;
    set_limits(c, grant);
    client_read_on(c); /* the window may be wider now */
}

void
client_refuse(struct client *c, uint32_t status, unsigned delay_ms)
{
    if (c->state != CLIENT_ASKING || !c->session)
        return;
    metric_add(METRIC_CLIENTS_REFUSED, 1);
    client_move(c, CLIENT_REFUSING);
    c->refusal = status ? status : ESME_RBINDFAIL;
    session_pause(c->session, true); /* it has said what it had to say */
    if (client_is_crowded(c))
        delay_ms = 0;
    c->by = mono_add_ms(loop_mono(c->server->loop), delay_ms);
    client_due_by(c, c->by);
}

static void
on_bound(void *owner, const struct pdu *answer)
{
    (void)answer;
    struct client *c = owner;
    struct clients *s = c->server;
    metric_add(METRIC_CLIENTS_BOUND, 1);
    log_info(ROOM_CLIENT, "client_bound",
             "client=%llu system_id=%s peer=%s tls=%s version=%x mode=%s",
             (unsigned long long)c->number, c->system_id,
             session_peer(c->session), session_tls(c->session),
             session_version(c->session),
             session_mode_name(session_get_mode(c->session)));
    if (c->outbind)
        outbind_bound(c);
    if (s->reading_paused)
        session_pause(c->session, true);
    s->ops->bound(s->flow, c);
}

/* ---- the end ---- */

static void
on_closed(void *owner, enum close_reason why, const char *detail)
{
    struct client *c = owner;
    struct clients *s = c->server;
    bool was_bound = c->state == CLIENT_BOUND || c->state == CLIENT_LEAVING;
    if (was_bound) {
        metric_add(METRIC_CLIENTS_BOUND, -1);
        log_info(ROOM_CLIENT, "client_closed",
                 "client=%llu system_id=%s why=%s detail=\"%s\"",
                 (unsigned long long)c->number, c->system_id,
                 close_reason_name(why), detail);
    } else {
        log_debug(ROOM_CLIENT, "connection_closed",
                  "client=%llu peer=%s why=%s detail=\"%s\"",
                  (unsigned long long)c->number, session_peer(c->session),
                  close_reason_name(why), detail);
    }
    client_move(c, CLIENT_GONE);
    client_leave_unbound(c);
    if (c->outbind)
        outbind_closed(c);
    if (c->asked)
        s->ops->closed(s->flow, c, why, detail);
    c->session = NULL;
    client_destroy(c);
}

void
client_kick(struct client *c, const char *text, bool drain)
{
    if (!c->session || c->state == CLIENT_GONE)
        return;
    client_note(c, "%s", text);
    if (!drain || c->state < CLIENT_BOUND) {
        session_close(c->session, CLOSE_ASKED, text, false);
        return;
    }
    if (c->state == CLIENT_LEAVING)
        return;
    client_move(c, CLIENT_LEAVING);
    session_pause(c->session, false); /* answers must be heard */
    struct mono now = loop_mono(c->server->loop);
    c->by = c->window.unanswered ? mono_add_ms(now, UNBIND_WAIT_MS) : now;
    client_due_by(c, c->by);
}

void
client_unbind_now(struct client *c)
{
    if (c->state == CLIENT_BOUND)
        client_move(c, CLIENT_LEAVING);
    session_pause(c->session, false);
    session_unbind(c->session, 0);
}

void
client_pause(struct client *c, bool paused)
{
    c->paused = paused;
}

/* ---- ears ---- */

static enum session_take
on_request(void *owner, const struct pdu *request)
{
    return client_request(owner, request);
}

static void
on_answered(void *owner, const struct session_note *note,
            const struct pdu *answer, bool late)
{
    client_answered(owner, note, answer, late);
}

static void
on_lost(void *owner, const struct session_note *note, enum session_loss loss)
{
    client_lost(owner, note, loss);
}

static bool
on_owes(void *owner)
{
    struct client *c = owner;
    c->window.put_off = client_held_in(c) > 0; /* read on when they left */
    return c->window.put_off;
}

static void
on_due(void *owner, struct mono when)
{
    client_due_by(owner, when);
}

const struct session_ops client_session_ops = {
    .opened = on_opened,
    .bind_asked = on_bind_asked,
    .bound = on_bound,
    .request = on_request,
    .answered = on_answered,
    .lost = on_lost,
    .closed = on_closed,
    .owes = on_owes,
    .due = on_due,
};
