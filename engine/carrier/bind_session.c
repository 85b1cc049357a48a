/*
 * bind_session.c - a bind and its session: dialling, logging in, and what the
 * carrier's answers mean for the bind.
 *
 * Promise: each part of the session is told to the flow once, with how far it
 * got; a refusal is worded with its number and name.
 */
#include <stdio.h>
#include <string.h>

#include "engine/carrier/carrier_inside.h"
#include "engine/carrier/verdict.h"
#include "engine/core/log.h"
#include "engine/core/loop.h"
#include "engine/core/metrics.h"
#include "engine/core/tls.h"

_Static_assert(sizeof(struct part_ref) <= sizeof(struct session_note),
               "a part travels in the window slot of its request");

static struct part_ref
part_of(const struct session_note *note)
{
    struct part_ref part;
    memcpy(&part, note, sizeof part);
    return part;
}

static void
on_opened(void *owner)
{
    bind_move(owner, BIND_EV_OPENED);
}

void
bind_log_in(struct bind *b)
{
    const struct carrier_settings *s = b->carrier->settings;
    struct session_login login = {
        .system_id = s->system_id,
        .password = s->password,
        .system_type = s->system_type,
        .addr_ton = s->addresses.bind_ton,
        .addr_npi = s->addresses.bind_npi,
        .address_range = s->addresses.address_range,
    };
    session_bind(b->session, b->mode, &login);
}

static void
on_bound(void *owner, const struct pdu *answer)
{
    (void)answer;
    struct bind *b = owner;
    if (b->carrier->reading_paused)
        session_pause(b->session, true);
    bind_move(b, BIND_EV_ACCEPTED);
}

/* 5.0 was not understood, it seems: 3.4 next. */
static bool
lower_version(struct bind *b, uint32_t status)
{
    if (b->version <= SMPP_V34 || !verdict_is_version_refusal(status))
        return false;
    b->version = SMPP_V34;
    log_info(ROOM_CARRIER, "bind_version",
             "carrier=%s bind=%u offers=3.4 reason=\"5.0 was refused\"",
             b->carrier->settings->name, b->index);
    return true;
}

static void
on_refused(void *owner, uint32_t status)
{
    struct bind *b = owner;
    const char *name = smpp_status_name(status);
    bind_note(b, "bind refused: 0x%02X %s, %s", status, name ? name : "unknown",
              smpp_status_text(status));
    metric_add(METRIC_BINDS_REFUSED, 1);
    b->refusals++;
    if (!lower_version(b, status))
        backoff_floor(&b->backoff, verdict_bind_floor_ms(b->carrier->settings,
                                                         status, b->refusals));
    log_warn(ROOM_CARRIER, "bind_refused", "carrier=%s bind=%u error=\"%s\"",
             b->carrier->settings->name, b->index, b->last_error);
    bind_move(b, BIND_EV_REFUSED);
}

static enum session_take
on_request(void *owner, const struct pdu *p)
{
    struct bind *b = owner;
    struct carrier *c = b->carrier;
    if (p->id == SMPP_ALERT_NOTIFICATION || p->id == SMPP_OUTBIND)
        return SESSION_TAKEN; /* nothing here waits for them; no answer */
    if (!session_can_answer(b->session))
        return SESSION_LATER;
    uint32_t status = ESME_RINVCMDID;
    if (p->id == SMPP_DELIVER_SM || p->id == SMPP_DATA_SM) {
        status = c->ops->delivered(c->flow, c, b->index,
                                   session_number(b->session), p);
        if (status == CARRIER_NO_ANSWER_NOW)
            return SESSION_LATER;
        b->delivered_in++;
        metric_add(METRIC_DELIVERIES_IN, 1);
    }
    if (!session_answer(b->session, p->id, p->sequence, status,
                        slice_of(NULL, 0)))
        log_warn(ROOM_CARRIER, "answer_lost", "carrier=%s bind=%u seq=%u",
                 c->settings->name, b->index, p->sequence);
    return SESSION_TAKEN;
}

static void
mind_verdict(struct bind *b, enum verdict v, uint32_t status, struct mono now)
{
    struct carrier *c = b->carrier;
    if (v == VERDICT_OK) {
        throttle_accepted(&c->throttle, now);
        return;
    }
    metric_add(METRIC_PARTS_REFUSED, 1);
    if (v == VERDICT_SLOW) {
        metric_add(METRIC_PARTS_THROTTLED, 1);
        throttle_refused(&c->throttle, now, c->settings->rate);
        log_info(ROOM_CARRIER, "carrier_slowed",
                 "carrier=%s bind=%u status=0x%02X %s limit_per_s=%.0f",
                 c->settings->name, b->index, status,
                 smpp_status_name(status) ? smpp_status_name(status) : "?",
                 c->throttle.limit);
        c->credit = 0;
    } else if (v == VERDICT_STOP_BIND && b->state == BIND_BOUND) {
        bind_note(b, "closed: a part was answered 0x%02X %s", status,
                  smpp_status_name(status) ? smpp_status_name(status) : "?");
        bind_stop(b, 0);
    }
}

static void
on_answered(void *owner, const struct session_note *note,
            const struct pdu *answer, bool late)
{
    struct bind *b = owner;
    struct carrier *c = b->carrier;
    struct mono now = loop_mono(c->loop);
    struct part_ref part = part_of(note);
    uint32_t status = answer->status;
    /* A nack without a status still refuses. */
    if (answer->id == SMPP_GENERIC_NACK && status == 0)
        status = ESME_RUNKNOWNERR;
    enum verdict v = verdict_of_submit(c->settings, status);
    b->moved_at = now;
    b->waits_since_answer = false;
    b->answered++;
    metric_add(METRIC_PARTS_ANSWERED, 1);
    c->ops->answered(c->flow, c, b->index, &part, status, v,
                     pdu_slice(answer, FIELD_MESSAGE_ID), late);
    mind_verdict(b, v, status, now);
}

static void
on_lost(void *owner, const struct session_note *note, enum session_loss how)
{
    static const enum part_loss loss[] = {
        [SESSION_NOT_SENT] = LOSS_NOT_SENT,
        [SESSION_UNKNOWN] = LOSS_UNKNOWN,
        [SESSION_TIMED_OUT] = LOSS_TIMED_OUT,
    };
    struct bind *b = owner;
    struct carrier *c = b->carrier;
    struct part_ref part = part_of(note);
    if (how == SESSION_TIMED_OUT) {
        b->waits_since_answer = true;
        metric_add(METRIC_PARTS_TIMED_OUT, 1);
    } else {
        metric_add(METRIC_PARTS_LOST, 1);
    }
    c->ops->lost(c->flow, c, b->index, &part, loss[how]);
}

static void
on_closed(void *owner, enum close_reason why, const char *detail)
{
    struct bind *b = owner;
    bool silent_50 = b->state == BIND_BINDING && b->refusals == 0 &&
                     (why == CLOSE_PEER || why == CLOSE_NO_ANSWER);
    if (silent_50) /* some centres close on a version they do not know */
        lower_version(b, ESME_RBINDFAIL);
    if (b->state != BIND_UNBINDING && !(why == CLOSE_ASKED && b->erred))
        bind_note(b, "%s: %s", close_reason_name(why), detail);
    log_info(ROOM_CARRIER, "bind_closed",
             "carrier=%s bind=%u peer=%s reason=%s detail=\"%s\"",
             b->carrier->settings->name, b->index, session_peer(b->session),
             close_reason_name(why), detail);
    b->session = NULL;
    bind_move(b, BIND_EV_LOST);
}

static const struct session_ops ops = {
    .opened = on_opened,
    .bound = on_bound,
    .refused = on_refused,
    .request = on_request,
    .answered = on_answered,
    .lost = on_lost,
    .closed = on_closed,
};

/* False with the words in last_error. */
static bool
make_tls(struct bind *b)
{
    struct carrier *c = b->carrier;
    const struct carrier_tls *t = &c->settings->tls;
    if (!t->enabled || c->tls)
        return true;
    struct tls_settings settings = {
        .verify = t->verify, .ca = t->ca, .cert = t->cert, .key = t->key};
    char error[TLS_ERROR_BYTES];
    c->tls = tls_context_create(&settings, error);
    if (c->tls)
        return true;
    bind_note(b, "tls: %.120s", error);
    log_error(ROOM_CARRIER, "tls_settings", "carrier=%s error=\"%s\"",
              c->settings->name, error);
    return false;
}

void
bind_dial(struct bind *b)
{
    struct carrier *c = b->carrier;
    const struct carrier_settings *s = c->settings;
    if (!make_tls(b))
        return;
    struct conn_settings where = {
        .host = s->host,
        .port = s->port,
        .tls = c->tls,
        .server_name = s->tls.server_name,
        .connect_ms = s->timers.connect_ms,
        .input_max = PDU_DEFAULT_MAX_BYTES * 2,
    };
    struct session_settings how = {
        .side = SESSION_ESME,
        .version = b->version,
        .strict = !s->lenient,
        .enquire_unanswered = s->enquire_unanswered,
        .window = s->window,
        .pdu_max = PDU_DEFAULT_MAX_BYTES + 4464, /* with a full payload TLV */
        .bind_ms = s->timers.bind_ms,
        .response_ms = s->timers.response_ms,
        .enquire_ms = s->timers.enquire_ms,
        .enquire_answer_ms = s->timers.enquire_answer_ms,
        .idle_ms = s->timers.idle_ms,
        .read_ms = 10000, /* a PDU that began is whole in 10 s */
        .unbind_ms = s->timers.unbind_ms,
    };
    b->session = session_dial(c->loop, &where, &how, &ops, b);
    if (!b->session)
        bind_note(b, "out of memory");
}
