/*
 * still_carrier.c - carrier.h as one ring of parts in the order of hand-over.
 *
 * Promise: as in still_carrier.h. Parts are released, answered and receipted
 * in their order, so that each step is a mark that moves along the ring.
 */
#include "bench/paths/still_carrier.h"

#include <stdlib.h>

#include "bench/paths/paths.h"
#include "engine/carrier/rate_gate.h"
#include "engine/carrier/settings.h"
#include "engine/core/loop.h"

/* Beyond the window: parts that wait for their receipt. */
enum { RING = 8 * STILL_WINDOW, ADDRESS_BYTES = 24, ID_BYTES = 16 };

struct still_part {
    struct part_ref ref;
    uint64_t hold; /* position it waits for */
    unsigned bind;
    uint8_t id[ID_BYTES];
    uint8_t phone[ADDRESS_BYTES], number[ADDRESS_BYTES];
    uint8_t phone_bytes, number_bytes;
};

/* Invariant: receipted <= answered <= left <= held <= taken, which count
 * parts since the beginning; taken - receipted < RING. */
struct carrier {
    const struct carrier_settings *settings;
    const struct carrier_ops *ops;
    void *flow;
    bool closing;
    uint64_t taken, held, left, answered, receipted;
    uint64_t told; /* receipts may be told up to here */
    struct rate_gate gate;
    struct still_part ring[RING];
};

static struct carrier *here;

static struct still_part *
part_at(struct carrier *c, uint64_t n)
{
    return &c->ring[n % RING];
}

/* ---- what the flow asks ---------------------------------------------------
 */

struct carrier *
carrier_create(struct loop *loop, const struct carrier_settings *settings,
               const struct carrier_ops *ops, void *flow,
               struct mono not_before)
{
    (void)loop, (void)not_before;
    struct carrier *c = calloc(1, sizeof *c);
    paths_need(c && !here);
    c->settings = settings;
    c->ops = ops;
    c->flow = flow;
    gate_init(&c->gate);
    here = c;
    return c;
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
    return c->closing && c->answered == c->taken;
}

void
carrier_destroy(struct carrier *c)
{
    free(c);
    here = NULL;
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
    (void)now;
    uint64_t in_flight = c->taken - c->answered;
    uint64_t free_slots = RING - (c->taken - c->receipted);
    uint64_t room = in_flight < STILL_WINDOW ? STILL_WINDOW - in_flight : 0;
    return (unsigned)(room < free_slots ? room : free_slots);
}

struct mono
carrier_room_at(const struct carrier *c, struct mono now)
{
    bool full = c->taken - c->answered >= STILL_WINDOW;
    return full ? (struct mono){UINT64_MAX} : now;
}

static uint8_t
keep(uint8_t to[ADDRESS_BYTES], struct slice from)
{
    paths_need(from.n && from.n <= ADDRESS_BYTES);
    memcpy(to, from.p, from.n);
    return (uint8_t)from.n;
}

static void
make_id(uint8_t id[ID_BYTES], uint64_t n)
{
    uint64_t x = paths_mix(n);
    for (unsigned i = 0; i < ID_BYTES; i++, x >>= 4)
        id[i] = (uint8_t) "0123456789abcdef"[x & 15];
}

int
carrier_submit(struct carrier *c, struct pdu *submit,
               const struct part_ref *ref, int bind_hint, struct mono now)
{
    static uint8_t wire[65536];
    struct writer w = writer_of(wire, sizeof wire);
    if (carrier_room(c, now) == 0)
        return -1;
    submit->sequence = (uint32_t)(c->taken % INT32_MAX) + 1;
    if (pdu_encode(submit, SMPP_V34, &w, NULL) != PDU_OK)
        return CARRIER_CANNOT_ENCODE;
    struct still_part *p = part_at(c, c->taken);
    p->ref = *ref;
    p->bind = bind_hint >= 0 ? (unsigned)bind_hint : c->taken % STILL_BINDS;
    p->phone_bytes = keep(p->phone, pdu_slice(submit, FIELD_DESTINATION_ADDR));
    p->number_bytes = keep(p->number, pdu_slice(submit, FIELD_SOURCE_ADDR));
    make_id(p->id, c->taken++);
    (void)gate_take(&c->gate, now);
    return (int)p->bind;
}

void
carrier_hold(struct carrier *c, uint64_t pos)
{
    gate_hold(&c->gate, pos, clock_mono());
    for (; c->held < c->taken; c->held++)
        part_at(c, c->held)->hold = pos;
}

void
carrier_release(struct carrier *c, uint64_t durable)
{
    uint64_t upto = gate_release(&c->gate, durable, clock_mono());
    while (c->left < c->held && part_at(c, c->left)->hold <= upto)
        c->left++;
}

void
carrier_pause_reading(struct carrier *c, bool paused)
{
    (void)c;
    paths_need(!paused);
}

void
carrier_pause(struct carrier *c, bool paused)
{
    (void)c, (void)paused;
}

void
carrier_drain(struct carrier *c)
{
    (void)c;
}

bool
carrier_kick(struct carrier *c, int bind)
{
    (void)c, (void)bind;
    return false;
}

void
carrier_rebind(struct carrier *c)
{
    (void)c;
}

void
carrier_set_backlog(struct carrier *c, uint64_t backlog)
{
    (void)c, (void)backlog;
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
    (void)c;
    return CARRIER_UP;
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
    return state == CARRIER_UP ? "up" : "down";
}

void
carrier_look(const struct carrier *c, struct carrier_view *out)
{
    *out = (struct carrier_view){.name = c->settings->name};
}

void
carrier_look_bind(const struct carrier *c, unsigned bind, struct bind_view *out)
{
    (void)c;
    *out = (struct bind_view){.index = bind, .state = "bound"};
}

/* ---- what the other end does ----------------------------------------------
 */

static void
begin_delivery(struct pdu *p, struct slice phone, struct slice number,
               uint32_t esm_class, struct slice text)
{
    pdu_init(p, SMPP_DELIVER_SM, 0, 1);
    pdu_set_u32(p, FIELD_SOURCE_ADDR_TON, 1);
    pdu_set_u32(p, FIELD_SOURCE_ADDR_NPI, 1);
    pdu_set_slice(p, FIELD_SOURCE_ADDR, phone);
    pdu_set_u32(p, FIELD_DEST_ADDR_TON, 1);
    pdu_set_u32(p, FIELD_DEST_ADDR_NPI, 1);
    pdu_set_slice(p, FIELD_DESTINATION_ADDR, number);
    pdu_set_u32(p, FIELD_ESM_CLASS, esm_class);
    pdu_set_u32(p, FIELD_DATA_CODING, 0);
    pdu_set_slice(p, FIELD_SHORT_MESSAGE, text);
}

static void
deliver(struct carrier *c, unsigned bind, const struct pdu *p)
{
    paths_need(c->ops->delivered(c->flow, c, bind, bind + 1, p) == ESME_ROK);
}

/* SMPP 3.4, appendix B; the id stands behind "id:". */
static void
tell_receipt(struct carrier *c, const struct still_part *part)
{
    static struct pdu p;
    static uint8_t text[] =
        "id:0123456789abcdef sub:001 dlvrd:001 submit date:2603020800 "
        "done date:2603020801 stat:DELIVRD err:000 text:Hi Francesca, your c";
    memcpy(text + 3, part->id, ID_BYTES);
    begin_delivery(&p, slice_of(part->phone, part->phone_bytes),
                   slice_of(part->number, part->number_bytes), 4,
                   slice_of(text, sizeof text - 1));
    deliver(c, part->bind, &p);
}

void
still_read(void)
{
    struct carrier *c = here;
    while (c->receipted < c->told)
        tell_receipt(c, part_at(c, c->receipted++));
    while (c->answered < c->left) {
        struct still_part *p = part_at(c, c->answered++);
        c->ops->answered(c->flow, c, p->bind, &p->ref, ESME_ROK, VERDICT_OK,
                         slice_of(p->id, ID_BYTES), false);
    }
    c->told = c->answered;
}

void
still_hear(struct slice phone, struct slice number, struct slice text)
{
    static struct pdu p;
    begin_delivery(&p, phone, number, 0, text);
    deliver(here, 0, &p);
}

uint64_t
still_receipts(void)
{
    return here->receipted;
}
