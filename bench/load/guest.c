/*
 * guest.c - one guest's life; see guest.h.
 */
#include "bench/load/guest.h"

#include "bench/load/crowd.h"
#include "bench/load/guest_pdu.h"
#include "proto/frame.h"
#include "proto/pdu.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PDU_MAX_BYTES = 70000,
    SAY_BYTES = 512,
    DRIP_US = 1000 * 1000,
    MALFORMED_US = 100 * 1000,
    PUSH_BYTES = 16 * 1024, /* of deaf and oversized, when all before left */
    PUSH_US = 20 * 1000,
    HUGE_BYTES = 4 * 1024 * 1024, /* then it waits to be thrown out */
    NEVER_S = 1000000,
};

static struct guest_counts *
counts_of(const struct guest *g)
{
    return &g->all->counts[g->role];
}

static const char *
login_of(const struct guest *g, char room[CROWD_NAME_BYTES])
{
    return crowd_name(g->all->o.system_id, g->n % g->all->o.logins, room);
}

static void
say(struct guest *g, const struct writer *w)
{
    counts_of(g)->octets_out += writer_used(w);
    wire_put(g->wire, writer_slice(w));
}

static void
say_bind(struct guest *g)
{
    uint8_t room[SAY_BYTES];
    char name[CROWD_NAME_BYTES], wrong[CROWD_NAME_BYTES];
    struct writer w = writer_of(room, sizeof room);
    snprintf(wrong, sizeof wrong, "no%u", g->n % 1000000);
    guest_put_bind(&w, login_of(g, name),
                   g->role == GUEST_wrong ? wrong : g->all->o.password, 1);
    say(g, &w);
}

static void
say_header(struct guest *g, uint32_t command, uint32_t sequence)
{
    uint8_t room[PDU_HEADER_BYTES + 1];
    struct writer w = writer_of(room, sizeof room);
    guest_put_header(&w, command, sequence);
    say(g, &w);
}

/* deliver_sm is answered with an empty message_id. */
static void
say_delivered(struct guest *g, uint32_t sequence)
{
    uint8_t room[PDU_HEADER_BYTES + 1];
    struct writer w = writer_of(room, sizeof room);
    guest_put_header(&w, SMPP_DELIVER_SM_RESP, sequence);
    writer_u8(&w, 0);
    writer_patch_be32(&w, 0, (uint32_t)writer_used(&w));
    say(g, &w);
}

/* One octet of a bind, or, once bound, of a submit_sm. */
static void
say_octet(struct guest *g)
{
    uint8_t room[SAY_BYTES];
    char name[CROWD_NAME_BYTES];
    struct writer w = writer_of(room, sizeof room);
    if (g->bound)
        guest_put_submit(&w, g->all->o.from, 2);
    else
        guest_put_bind(&w, login_of(g, name), g->all->o.password, 1);
    struct writer one = writer_of(room, sizeof room);
    writer_u8(&one, room[g->step++ % writer_used(&w)]);
    say(g, &one);
}

static void
say_submits(struct guest *g)
{
    while (wire_pending(g->wire) < PUSH_BYTES) {
        uint8_t room[SAY_BYTES];
        struct writer w = writer_of(room, sizeof room);
        guest_put_submit(&w, g->all->o.from, ++g->step + 1);
        say(g, &w);
    }
}

static void
say_more_of_huge(struct guest *g)
{
    static const uint8_t zeros[PUSH_BYTES];
    if (wire_pending(g->wire) || g->step * PUSH_BYTES >= HUGE_BYTES)
        return;
    g->step++;
    counts_of(g)->octets_out += sizeof zeros;
    wire_put(g->wire, slice_of(zeros, sizeof zeros));
}

/* What the role says when it is connected, and when again. */
static void
begin(struct guest *g, uint64_t now_us)
{
    uint8_t room[SAY_BYTES];
    struct writer w = writer_of(room, sizeof room);
    switch (g->role) {
    case GUEST_mute: break;
    case GUEST_drip:
        if (g->n & 1)
            say_bind(g);
        g->due_us = now_us + DRIP_US;
        break;
    case GUEST_oversized:
        guest_put_huge(&w);
        say(g, &w);
        g->due_us = now_us + PUSH_US;
        break;
    default: say_bind(g); break;
    }
}

void
guest_act(struct guest *g, uint64_t now_us)
{
    uint8_t room[SAY_BYTES];
    struct writer w = writer_of(room, sizeof room);
    g->due_us = now_us + (uint64_t)NEVER_S * 1000000;
    if (!g->open || wire_is_closing(g->wire))
        return;
    switch (g->role) {
    case GUEST_drip:
        say_octet(g);
        g->due_us = now_us + DRIP_US;
        break;
    case GUEST_oversized:
        say_more_of_huge(g);
        g->due_us = now_us + PUSH_US;
        break;
    case GUEST_malformed:
        if (!g->bound)
            break;
        guest_put_malformed(&w, g->n + g->step++);
        say(g, &w);
        g->due_us = now_us + MALFORMED_US;
        break;
    case GUEST_deaf:
        if (!g->bound)
            break;
        say_submits(g);
        g->due_us = now_us + PUSH_US;
        break;
    default: break;
    }
}

static void
on_bound(struct guest *g, uint32_t status)
{
    struct guest_counts *c = counts_of(g);
    if (status != ESME_ROK || g->bound)
        return;
    g->bound = true;
    g->step = 0;
    c->binds++;
    c->bound++;
    g->due_us = hub_mono_us(g->all->hub);
    if (g->role == GUEST_deaf)
        wire_pause(g->wire, true);
}

static void
on_pdu(struct guest *g, struct slice pdu)
{
    struct guest_counts *c = counts_of(g);
    struct cursor in = cursor_of(pdu);
    (void)cursor_be32(&in);
    uint32_t command = cursor_be32(&in);
    uint32_t status = cursor_be32(&in);
    uint32_t sequence = cursor_be32(&in);
    if (status != ESME_ROK)
        tally_refused(&c->refused, status, 1);
    switch (command) {
    case SMPP_BIND_TRANSCEIVER_RESP: on_bound(g, status); break;
    case SMPP_DELIVER_SM: say_delivered(g, sequence); break;
    case SMPP_ENQUIRE_LINK:
        say_header(g, SMPP_ENQUIRE_LINK_RESP, sequence);
        break;
    case SMPP_UNBIND: say_header(g, SMPP_UNBIND_RESP, sequence); break;
    case SMPP_GENERIC_NACK: c->nacks++; break;
    default: c->answers++; break;
    }
}

static size_t
on_readable(void *owner, struct slice input, uint64_t arrived_us)
{
    struct guest *g = owner;
    size_t used = 0;
    (void)arrived_us;
    for (;;) {
        struct cursor c = cursor_of(input);
        (void)cursor_take(&c, used);
        struct slice pdu;
        enum frame_result found =
            frame_next(cursor_rest(&c), PDU_MAX_BYTES, &pdu);
        if (found == FRAME_BAD_LENGTH)
            wire_reset(g->wire, "bad command_length");
        if (found != FRAME_WHOLE)
            return found == FRAME_BAD_LENGTH ? input.n : used;
        used += pdu.n;
        on_pdu(g, pdu);
    }
}

static void
on_opened(void *owner)
{
    struct guest *g = owner;
    struct guest_counts *c = counts_of(g);
    g->open = true;
    g->opened_us = hub_mono_us(g->all->hub);
    g->due_us = g->opened_us + (uint64_t)NEVER_S * 1000000;
    c->opened++;
    if (++c->here > c->most_here)
        c->most_here = c->here;
    begin(g, g->opened_us);
}

static void
on_closed(void *owner, const char *why)
{
    struct guest *g = owner;
    struct guest_counts *c = counts_of(g);
    uint64_t now_us = hub_mono_us(g->all->hub);
    if (g->open) {
        c->here--;
        c->bound -= g->bound;
        hist_add(&c->lived_us, now_us - g->opened_us);
    } else {
        c->unopened++;
        snprintf(g->all->why, sizeof g->all->why, "%s", why);
    }
    g->wire = NULL;
    g->open = g->bound = false;
    g->step = 0;
    g->due_us = now_us + g->all->o.again_ms * 1000;
}

bool
guest_dial(struct guest *g)
{
    static const struct wire_ops ops = {on_opened, on_readable, on_closed};
    const struct guest_options *o = &g->all->o;
    /* "127.0.2.1" is the first of those that it leaves from. */
    char source[32], *dot;
    if (o->source) {
        snprintf(source, sizeof source, "%.20s", o->source);
        dot = strrchr(source, '.');
        if (!dot)
            return false;
        unsigned last = (unsigned)strtoul(dot + 1, NULL, 10);
        snprintf(dot, 8, ".%u", (unsigned)(last + g->n % o->sources) & 0xFF);
    }
    hub_leave_from(g->all->hub, o->source ? source : NULL);
    g->wire = wire_dial(g->all->hub, o->host, (uint16_t)o->port, NULL, &ops, g,
                        g->all->why);
    hub_leave_from(g->all->hub, NULL);
    return g->wire != NULL;
}
