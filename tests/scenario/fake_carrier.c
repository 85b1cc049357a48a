/*
 * fake_carrier.c - carrier.h without sockets.
 *
 * Promise: as in fake_carrier.h. PDUs are encoded and decoded again, so that
 * what cannot stand on the wire is refused as the real carrier would.
 */
#include "tests/scenario/fake_carrier.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/carrier/rate_gate.h"
#include "engine/carrier/settings.h"
#include "engine/carrier/verdict.h"
#include "engine/core/loop.h"

enum { CARRIERS_MAX = 8, PARTS_MAX = 4096, ACKS_MAX = 512 };

/* The other end: it stays when the flow is killed. */
struct ledger {
    char name[32];
    unsigned window;
    bool up;
    struct carrier *here; /* the flow's object, NULL while it is gone */
};

struct carrier {
    struct loop *loop;
    const struct carrier_settings *settings;
    const struct carrier_ops *ops;
    void *flow;
    struct ledger *ledger;
    struct rate_gate gate;
    struct mono not_before;
    uint64_t durable, backlog;
    unsigned in_flight, next_bind;
    bool paused, closing, reading_paused;
    uint64_t ack_hold[ACKS_MAX]; /* answers to deliver_sm; 0: of this turn */
    unsigned acks;
};

static struct ledger ledgers[CARRIERS_MAX];
static unsigned ledger_count;
static struct fake_part *parts[PARTS_MAX];
static unsigned part_count;
static struct fake_part *lefts[PARTS_MAX];
static unsigned left_count, acked;
static uint64_t moves;

bool (*fake_is_durable)(const struct fake_part *p);
void (*fake_breach)(const char *what);

/* ---- ledgers --------------------------------------------------------------
 */

static struct ledger *
ledger_of(const char *name)
{
    for (unsigned i = 0; i < ledger_count; i++)
        if (strcmp(ledgers[i].name, name) == 0)
            return &ledgers[i];
    if (ledger_count == CARRIERS_MAX)
        abort();
    struct ledger *l = &ledgers[ledger_count++];
    *l = (struct ledger){.window = 100, .up = true};
    snprintf(l->name, sizeof l->name, "%s", name);
    return l;
}

void
fake_reset(void)
{
    for (unsigned i = 0; i < part_count; i++)
        free(parts[i]);
    part_count = left_count = ledger_count = acked = 0;
    moves = 0;
}

unsigned
fake_parts(void)
{
    return part_count;
}

struct fake_part *
fake_part(unsigned i)
{
    return parts[i];
}

unsigned
fake_lefts(void)
{
    return left_count;
}

struct fake_part *
fake_left(unsigned i)
{
    return lefts[i];
}

struct fake_part *
fake_find(uint64_t message, unsigned part)
{
    for (unsigned i = part_count; i-- > 0;)
        if (parts[i]->ref.message == message && parts[i]->ref.part == part)
            return parts[i];
    return NULL;
}

uint64_t
fake_moves(void)
{
    return moves;
}

unsigned
fake_acks(void)
{
    return acked;
}

/* ---- what the flow asks ---------------------------------------------------
 */

struct carrier *
carrier_create(struct loop *loop, const struct carrier_settings *settings,
               const struct carrier_ops *ops, void *flow,
               struct mono not_before)
{
    struct carrier *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->loop = loop;
    c->settings = settings;
    c->ops = ops;
    c->flow = flow;
    c->not_before = not_before;
    c->ledger = ledger_of(settings->name);
    c->ledger->here = c;
    gate_init(&c->gate);
    return c;
}

static bool
is_of(const struct fake_part *p, const struct carrier *c)
{
    return strcmp(p->carrier, c->ledger->name) == 0;
}

static bool
is_open(const struct fake_part *p)
{
    return p->state == FAKE_HELD || p->state == FAKE_OUT;
}

void
carrier_close(struct carrier *c, bool drain)
{
    (void)drain;
    c->closing = true;
}

bool
carrier_is_closed(const struct carrier *c)
{
    return c->closing && c->in_flight == 0;
}

void
carrier_destroy(struct carrier *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < part_count; i++)
        if (is_of(parts[i], c) && is_open(parts[i]))
            parts[i]->state = FAKE_GONE;
    c->ledger->here = NULL;
    free(c);
}

bool
carrier_reload(struct carrier *c, const struct carrier_settings *settings)
{
    c->settings = settings;
    return true;
}

void
carrier_tick(struct carrier *c, struct mono now)
{
    (void)c, (void)now;
}

unsigned
carrier_room(struct carrier *c, struct mono now)
{
    if (!c->ledger->up || c->paused || c->closing ||
        !mono_reached(now, c->not_before) || c->in_flight >= c->ledger->window)
        return 0;
    return c->ledger->window - c->in_flight;
}

struct mono
carrier_room_at(const struct carrier *c, struct mono now)
{
    if (!c->ledger->up || c->paused || c->closing ||
        c->in_flight >= c->ledger->window)
        return (struct mono){UINT64_MAX};
    return c->not_before.us > now.us ? c->not_before : now;
}

static void
copy(struct slice from, char *to, size_t cap)
{
    size_t n = from.n < cap - 1 ? from.n : cap - 1;
    memcpy(to, from.p ? (const char *)from.p : "", n);
    to[n] = 0;
}

/* As the other end reads it. */
static bool
take_pdu(struct fake_part *p, const struct pdu *submit)
{
    uint8_t room[8192];
    struct pdu seen;
    struct pdu_error error;
    struct writer w = writer_of(room, sizeof room);
    if (pdu_encode(submit, 0x34, &w, &error) != PDU_OK ||
        pdu_decode(writer_slice(&w), PDU_STRICT, &seen, &error) != PDU_OK)
        return false;
    copy(pdu_slice(&seen, FIELD_SOURCE_ADDR), p->from, sizeof p->from);
    copy(pdu_slice(&seen, FIELD_DESTINATION_ADDR), p->to, sizeof p->to);
    copy(pdu_slice(&seen, FIELD_VALIDITY_PERIOD), p->validity,
         sizeof p->validity);
    p->esm_class = (uint8_t)pdu_u32(&seen, FIELD_ESM_CLASS);
    p->data_coding = (uint8_t)pdu_u32(&seen, FIELD_DATA_CODING);
    p->registered = (uint8_t)pdu_u32(&seen, FIELD_REGISTERED_DELIVERY);
    struct slice text = pdu_user_data(&seen);
    if (text.n > sizeof p->octets)
        return false;
    memcpy(p->octets, text.p ? text.p : (const uint8_t *)"", text.n);
    p->used = text.n;
    return true;
}

int
carrier_submit(struct carrier *c, struct pdu *submit,
               const struct part_ref *part, int bind_hint, struct mono now)
{
    if (carrier_room(c, now) == 0)
        return -1;
    if (part_count == PARTS_MAX)
        abort();
    struct fake_part *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->ref = *part;
    snprintf(p->carrier, sizeof p->carrier, "%s", c->ledger->name);
    submit->sequence = part_count + 1;
    if (!take_pdu(p, submit)) {
        free(p);
        return CARRIER_CANNOT_ENCODE;
    }
    unsigned binds = c->settings->binds ? c->settings->binds : 1;
    p->bind = bind_hint >= 0 ? (unsigned)bind_hint : c->next_bind++ % binds;
    parts[part_count++] = p;
    moves++;
    if (++c->in_flight > c->ledger->window)
        fake_breach("more in flight than the window");
    (void)gate_take(&c->gate, now);
    return (int)p->bind;
}

/* ---- held output ----------------------------------------------------------
 */

void
carrier_hold(struct carrier *c, uint64_t pos)
{
    gate_hold(&c->gate, pos, clock_mono());
    for (unsigned i = 0; i < part_count; i++)
        if (is_of(parts[i], c) && parts[i]->state == FAKE_HELD &&
            parts[i]->hold == 0)
            parts[i]->hold = pos;
    for (unsigned i = 0; i < c->acks; i++)
        if (c->ack_hold[i] == 0)
            c->ack_hold[i] = pos;
}

static void
leave(struct fake_part *p)
{
    if (fake_is_durable && !fake_is_durable(p))
        fake_breach("a part left before its fact was durable");
    p->state = FAKE_OUT;
    p->left = true;
    p->left_us = clock_mono().us;
    lefts[left_count++] = p;
    moves++;
}

void
carrier_release(struct carrier *c, uint64_t durable)
{
    if (durable > c->durable)
        c->durable = durable;
    uint64_t upto = gate_release(&c->gate, c->durable, clock_mono());
    struct mono next = gate_next(&c->gate);
    if (next.us != UINT64_MAX)
        loop_wake_at(c->loop, next);
    for (unsigned i = 0; i < part_count; i++)
        if (is_of(parts[i], c) && parts[i]->state == FAKE_HELD &&
            parts[i]->hold && parts[i]->hold <= upto)
            leave(parts[i]);
    unsigned kept = 0;
    for (unsigned i = 0; i < c->acks; i++) {
        if (c->ack_hold[i] && c->ack_hold[i] <= c->durable) {
            acked++;
            moves++;
        } else {
            c->ack_hold[kept++] = c->ack_hold[i];
        }
    }
    c->acks = kept;
}

void
carrier_pause_reading(struct carrier *c, bool paused)
{
    c->reading_paused = paused;
}

static void
move_state(struct carrier *c, enum carrier_state before)
{
    enum carrier_state now = carrier_get_state(c);
    if (c->ops->changed && before != now)
        c->ops->changed(c->flow, c, 0, before, now);
}

void
carrier_pause(struct carrier *c, bool paused)
{
    enum carrier_state before = carrier_get_state(c);
    c->paused = paused;
    move_state(c, before);
}

void
carrier_rebind(struct carrier *c)
{
    fake_set_up(c->ledger->name, false);
    fake_set_up(c->ledger->name, true);
}

void
carrier_drain(struct carrier *c)
{
    carrier_pause(c, true);
}

bool
carrier_kick(struct carrier *c, int bind)
{
    if (bind > 0)
        return false;
    carrier_rebind(c);
    return true;
}

void
carrier_set_backlog(struct carrier *c, uint64_t backlog)
{
    c->backlog = backlog;
}

struct rate_gate *
carrier_gate(struct carrier *c)
{
    return &c->gate;
}

const char *
carrier_name(const struct carrier *c)
{
    return c->settings->name;
}

const struct carrier_settings *
carrier_get_settings(const struct carrier *c)
{
    return c->settings;
}

enum carrier_state
carrier_get_state(const struct carrier *c)
{
    return c->paused       ? CARRIER_PAUSED
           : c->ledger->up ? CARRIER_UP
                           : CARRIER_DOWN;
}

/* It has no sessions that could be traced. */
unsigned
carrier_binds(const struct carrier *c)
{
    (void)c;
    return 0;
}

struct session *
carrier_session(const struct carrier *c, unsigned bind)
{
    (void)c, (void)bind;
    return NULL;
}

const char *
carrier_state_name(enum carrier_state state)
{
    static const char *const names[] = {"up", "degraded", "down", "paused"};
    return names[state];
}

void
carrier_look(const struct carrier *c, struct carrier_view *out)
{
    *out = (struct carrier_view){.name = carrier_name(c),
                                 .state = carrier_get_state(c),
                                 .backlog = c->backlog,
                                 .binds = 1};
}

void
carrier_look_bind(const struct carrier *c, unsigned bind, struct bind_view *out)
{
    *out = (struct bind_view){.index = bind,
                              .state = c->ledger->up ? "bound" : "down",
                              .kind = "transceiver",
                              .tls = "",
                              .window = c->ledger->window,
                              .in_flight = c->in_flight};
}

/* ---- what the other end does ----------------------------------------------
 */

static struct carrier *
here(const char *name)
{
    return ledger_of(name)->here;
}

void
fake_answer(struct fake_part *p, uint32_t status, const char *id, bool late)
{
    struct carrier *c = here(p->carrier);
    if (p->state == FAKE_OUT)
        c->in_flight--;
    p->state = FAKE_ANSWERED;
    p->taken = status == 0;
    snprintf(p->smsc_id, sizeof p->smsc_id, "%s", id);
    moves++;
    c->ops->answered(c->flow, c, p->bind, &p->ref, status,
                     verdict_of_submit(c->settings, status), slice_str(id),
                     late);
}

void
fake_lose(struct fake_part *p, enum part_loss loss)
{
    struct carrier *c = here(p->carrier);
    c->in_flight--;
    p->state = FAKE_LOST;
    p->unsent = loss == LOSS_NOT_SENT;
    moves++;
    c->ops->lost(c->flow, c, p->bind, &p->ref, loss);
}

uint32_t
fake_deliver(const char *carrier, uint64_t session, const struct pdu *pdu)
{
    struct carrier *c = here(carrier);
    uint32_t status = c->ops->delivered(c->flow, c, 0, session, pdu);
    if (status == CARRIER_NO_ANSWER_NOW)
        return status;
    if (c->acks == ACKS_MAX)
        abort();
    c->ack_hold[c->acks++] = 0;
    moves++;
    return status;
}

void
fake_set_window(const char *carrier, unsigned window)
{
    ledger_of(carrier)->window = window;
    moves++;
}

void
fake_set_up(const char *carrier, bool up)
{
    struct ledger *l = ledger_of(carrier);
    struct carrier *c = l->here;
    enum carrier_state before = c ? carrier_get_state(c) : CARRIER_DOWN;
    l->up = up;
    moves++;
    for (unsigned i = 0; !up && c && i < part_count; i++)
        if (is_of(parts[i], c) && is_open(parts[i]))
            fake_lose(parts[i], parts[i]->state == FAKE_HELD ? LOSS_NOT_SENT
                                                             : LOSS_UNKNOWN);
    if (!up && c)
        c->acks = 0;
    if (c)
        move_state(c, before);
}
